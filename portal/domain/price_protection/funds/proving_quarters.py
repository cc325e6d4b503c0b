"""Proving quarters: which one each line went into, what was closed, and what each release comes to (1.4, 4.2, 4.3)."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.i18n import N_
from portal.domain.ledger.verify import Break
from portal.domain.price_protection.funds.models import FundRelease, QuarterClose
from portal.domain.price_protection.funds.proof import half_up
from portal.domain.price_protection.models import AgreementPaper
from portal.domain.price_protection.purchases.models import Accrual, Purchase

_AT_ONCE = 5000
_NUMBER = re.compile(r"\d+")


class _Said(NamedTuple):
    """What an agreement's original says: first month and day of the year's first quarter, and of the release."""

    month: int = 1
    day: int = 1
    interest_ppm: int = 0
    release_days: int = 0

    def quarter(self, on: date) -> str:
        """The quarter of a day, by counting months."""
        months = on.year * 12 + on.month - self.month - (on.day < self.day)
        return f"{months // 12}Q{months % 12 // 3 + 1}"

    def last_day(self, quarter: str) -> date | None:
        """The last day of a quarter; None for what is none."""
        year, _, number = quarter.partition("Q")
        if not (year.isdecimal() and number in ("1", "2", "3", "4")):
            return None
        months = int(year) * 12 + self.month - 1 + 3 * int(number)
        return date(months // 12, months % 12 + 1, self.day) - timedelta(days=1)


def prove(session: Session) -> int:
    """Recompute the quarter of each accrual, what was closed, and each release; returns how many were looked at."""
    closed = {
        (row.agreement_id, row.quarter): row.closed_on
        for row in session.execute(
            sa.select(QuarterClose.agreement_id, QuarterClose.quarter, QuarterClose.closed_on)
        )
    }
    said = _said(session)
    for (agreement_id, quarter), closed_on in sorted(closed.items()):
        last_on = said.get(agreement_id, _Said()).last_day(quarter)
        if last_on is None or last_on >= closed_on:
            raise Break(
                N_("%(quarter)s of agreement %(agreement)s is closed and was not over."),
                quarter=quarter,
                agreement=agreement_id,
            )
    return len(closed) + _accruals(session, said, closed) + _releases(session, said, closed)


def _said(session: Session) -> dict[int, _Said]:
    values = AgreementPaper.payload["values"]
    rows = session.execute(
        sa.select(
            AgreementPaper.agreement_id,
            values["quarter_starts"].as_string(),
            values["fund_interest_rate"].as_string(),
            values["release_days"].as_string(),
        ).where(
            AgreementPaper.withdrawn_at.is_(None),
            AgreementPaper.agreement_id.in_(
                sa.union(sa.select(Accrual.agreement_id), sa.select(QuarterClose.agreement_id))
            ),
        )
    )
    found = {}
    for agreement_id, starts, interest, days in rows:
        numbers: Sequence[str] = _NUMBER.findall(starts or "") or ("1", "1")
        found[agreement_id] = _Said(int(numbers[0]), int(numbers[-1]), int(interest or 0), int(days or 0))
    return found


def _accruals(session: Session, said: dict[int, _Said], closed: dict[tuple[int, str], date]) -> int:
    origin = aliased(Accrual)
    count, last = 0, 0
    while True:
        rows = session.execute(
            sa.select(
                Accrual.id,
                Accrual.agreement_id,
                Accrual.quarter,
                Accrual.booked_on,
                Purchase.purchased_on,
                Purchase.document_number,
                Purchase.line_no,
                Purchase.returns_id,
            )
            .join(Purchase, Purchase.id == Accrual.purchase_id)
            .outerjoin(origin, origin.purchase_id == Purchase.returns_id)
            .where(Accrual.id > last)
            .order_by(Accrual.id)
            .limit(_AT_ONCE)
        ).all()
        for row in rows:
            calendar = said.get(row.agreement_id, _Said())
            own = calendar.quarter(row.purchased_on)
            into = own
            if row.booked_on != row.purchased_on:
                closed_on = closed.get((row.agreement_id, own))
                is_late = closed_on is not None and closed_on <= row.booked_on
                into = calendar.quarter(row.booked_on) if is_late else ""
            # A return comes out of the quarter of its purchase, whichever day it has.
            if not into or (row.returns_id is None and row.quarter != into):
                raise Break(
                    N_("Line %(line)s of %(document)s stands in a quarter that it does not belong to."),
                    line=row.line_no,
                    document=row.document_number,
                )
        count += len(rows)
        if len(rows) < _AT_ONCE:
            break
        last = rows[-1].id
    # Nothing is left without its accrual or a reason why it has none.
    reasons = (Purchase.unprotected.is_(None)) == sa.exists().where(Accrual.purchase_id == Purchase.id)
    odd = session.execute(
        sa.select(Purchase.document_number, Purchase.line_no).where(sa.not_(reasons)).limit(1)
    ).first()
    if odd is not None:
        raise Break(
            N_("Line %(line)s of %(document)s says of its accrual what is not so."),
            line=odd.line_no,
            document=odd.document_number,
        )
    return count


def _releases(session: Session, said: dict[int, _Said], closed: dict[tuple[int, str], date]) -> int:
    rows = session.execute(
        sa.select(
            FundRelease.agreement_id,
            FundRelease.quarter,
            FundRelease.amount_fen,
            FundRelease.interest_fen,
            FundRelease.released_on,
            FundRelease.due_on,
        ).order_by(FundRelease.id)
    ).all()
    for row in rows:
        agreement = said.get(row.agreement_id, _Said())
        closed_on, last_on = closed.get((row.agreement_id, row.quarter)), agreement.last_day(row.quarter)
        named = {"quarter": row.quarter, "agreement": row.agreement_id}
        if closed_on is None or last_on is None or closed_on > row.released_on:
            raise Break(N_("%(quarter)s of agreement %(agreement)s is released and not closed."), **named)
        days = (row.released_on - last_on).days
        interest = half_up(Fraction(row.amount_fen * agreement.interest_ppm * days, 365 * 10**6))
        due_on = last_on + timedelta(days=agreement.release_days)
        if (row.interest_fen, row.due_on) != (interest, due_on):
            raise Break(
                N_(
                    "The release of %(quarter)s of agreement %(agreement)s has other interest, or another day, "
                    "than the agreement says."
                ),
                **named,
            )
    return len(rows)
