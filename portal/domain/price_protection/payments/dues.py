"""By when a released fund is to be paid: on the day of its release, or so many working days after what kept it (4.3).

What a case held back beyond that day, and what came back because a case ended otherwise, is due `restore_days` working
days after that (8.1, 8.4); interest runs from then on as `interest.owing` reckons it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.ledger.accounts import AccountKind
from portal.domain.price_protection.funds.models import FundHold, FundRelease
from portal.domain.price_protection.payments.since import Place, Span
from portal.domain.price_protection.violations.models import Case
from portal.domain.workdays.services import working_days_after


@dataclass(frozen=True)
class Due:
    """A quarter's release: its day by the agreement, when it was released, and when the last case on it ended."""

    due_on: date
    released_on: date
    ended_on: date | None


def of_releases(session: Session, agreements: sa.Select[int]) -> dict[tuple[int, str], Due]:
    """The releases of these agreements, by agreement and quarter."""
    rows = session.execute(
        sa.select(
            FundRelease.agreement_id,
            FundRelease.quarter,
            FundRelease.due_on,
            FundRelease.released_on,
            sa.func.max(Case.ended_on),
        )
        .outerjoin(
            FundHold,
            sa.and_(
                FundHold.agreement_id == FundRelease.agreement_id,
                FundHold.quarter == FundRelease.quarter,
                FundRelease.released_on > FundRelease.due_on,
            ),
        )
        .outerjoin(
            Case,
            sa.and_(
                Case.agreement_id == FundHold.agreement_id,
                # As `case_part` names it.
                FundHold.case_part == sa.literal("C").concat(sa.cast(Case.id, sa.String)),
            ),
        )
        .where(FundRelease.agreement_id.in_(agreements))
        .group_by(FundRelease.agreement_id, FundRelease.quarter, FundRelease.due_on, FundRelease.released_on)
    )
    return {(id_, quarter): Due(due, released, ended) for id_, quarter, due, released, ended in rows}


def due_on(
    session: Session,
    known: Due | None,
    place: Place,
    owed: Mapping[Place, Span],
    values: Mapping[str, Any],
) -> date | None:
    """By when what an account of a quarter owes is to be paid; `owed` says since when, `values` what was agreed."""
    if known is None or place[1] is not AccountKind.RELEASED:
        return known.due_on if known is not None else None
    span, days = owed.get(place), int(values.get("restore_days") or 0)
    kept_until = known.ended_on
    if span is not None and span.oldest_on > known.released_on:
        kept_until = span.oldest_on
    if kept_until is None:
        return known.due_on
    return max(known.due_on, working_days_after(session, kept_until, days))
