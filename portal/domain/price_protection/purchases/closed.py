"""Why a line counts in another quarter than that of its day: its own was closed when it was entered (9.1)."""

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.price_protection.funds.cover import said_over_time
from portal.domain.price_protection.funds.quarters import Calendar, calendar_of
from portal.domain.price_protection.purchases.models import Accrual, Purchase


class Elsewhere(NamedTuple):
    """The quarter of a line's day, and that in which it counts."""

    own: str
    counts: str


def elsewhere(session: Session, ids: Sequence[int]) -> dict[int, Elsewhere]:
    """Of these purchases, by id, those that count in another quarter; a return counts where its purchase does."""
    usual = Calendar()
    rows = [
        row
        for row in session.execute(
            sa.select(Purchase.id, Purchase.purchased_on, Accrual.agreement_id, Accrual.quarter)
            .join(Accrual, Accrual.purchase_id == Purchase.id)
            .where(Purchase.id.in_(ids), Purchase.returns_id.is_(None))
        )
        if str(usual.of(row.purchased_on)) != row.quarter
    ]
    if not rows:
        return {}
    said = said_over_time(session, sorted({row.agreement_id for row in rows}))
    found = {}
    for row in rows:
        terms = said.get(row.agreement_id)
        starts = terms.on(today()).get("quarter_starts") if terms is not None else None
        own = str(calendar_of(starts).of(row.purchased_on))
        if own != row.quarter:
            found[row.id] = Elsewhere(own, row.quarter)
    return found
