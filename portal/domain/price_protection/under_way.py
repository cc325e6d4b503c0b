"""Amendments that are not signed yet: a renewal that is written meanwhile does not have their terms (P1)."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.models import OPEN, Agreement, Amendment


def amendments_under_way(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """The amendment that is drafted, submitted or approved and not signed, by its agreement's id: its title."""
    rows = session.execute(
        sa.select(Agreement.id, Agreement.number, Amendment.no)
        .join(Amendment, Amendment.agreement_id == Agreement.id)
        .where(Agreement.id.in_(list(ids)), Amendment.status.in_(OPEN))
    )
    return {row.id: f"{row.number}-S{row.no}" for row in rows}


def notice(title: str) -> DomainError:
    """What whoever renews has to know of such an amendment, and what becomes of it."""
    return DomainError(
        N_(
            "Amendment %(number)s of the old agreement is still under way and not in this renewal. It goes on by "
            "itself and changes the old agreement only: once it is signed, take its terms over into the renewal."
        ),
        number=title,
    )
