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
from portal.domain.price_protection.models import Agreement, AgreementPaper, AgreementTerms
from portal.domain.price_protection.proving.proof import half_up
from portal.domain.price_protection.purchases.models import Accrual, Purchase

_AT_ONCE = 5000
_NUMBER = re.compile(r"\d+")


class _Said(NamedTuple):
    """What an agreement says: first month and day of the year's first quarter, interest and days of the release by
    the day since when (the original's since ever), and its last day."""

    month: int = 1
    day: int = 1
    terms: tuple[tuple[date, int, int], ...] = ((date.min, 0, 0),)
    ends_on: date = date.max

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

    def last_days(self, quarter: str) -> list[date]:
        """On which day it may have ended: that of the calendar, or the agreement's last in it; none of what is none.

        Both count: a notice that is recorded after a close can end the agreement before it.
        """
        last_on = self.last_day(quarter)
        if last_on is None:
            return []
        return [last_on, self.ends_on] if self.quarter(self.ends_on) == quarter else [last_on]

    def following(self, quarter: str) -> str:
        """The quarter after one."""
        year, _, number = quarter.partition("Q")
        return f"{int(year) + int(number) // 4}Q{int(number) % 4 + 1}"

    def terms_on(self, on: date) -> tuple[int, int]:
        """Yearly interest in ppm and days to release, as they hold on a day."""
        return [(ppm, days) for since_on, ppm, days in self.terms if since_on <= on][-1]


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
        last_days = said.get(agreement_id, _Said()).last_days(quarter)
        if not last_days or min(last_days) >= closed_on:
            raise Break(
                N_("%(quarter)s of agreement %(agreement)s is closed and was not over."),
                quarter=quarter,
                agreement=agreement_id,
            )
    return len(closed) + _accruals(session, said, closed) + _releases(session, said, closed)


def _said(session: Session) -> dict[int, _Said]:
    values = AgreementPaper.payload["values"]
    looked_at = sa.union(sa.select(Accrual.agreement_id), sa.select(QuarterClose.agreement_id)).subquery()
    wanted = sa.select(looked_at.c.agreement_id)
    rows = session.execute(
        sa.select(
            AgreementPaper.agreement_id,
            values["quarter_starts"].as_string(),
            values["fund_interest_rate"].as_string(),
            values["release_days"].as_string(),
            Agreement.ends_on,
        )
        .join(Agreement, Agreement.id == AgreementPaper.agreement_id)
        .where(AgreementPaper.withdrawn_at.is_(None), AgreementPaper.agreement_id.in_(wanted))
    )
    found = {}
    for agreement_id, starts, interest, days, ends_on in rows:
        numbers: Sequence[str] = _NUMBER.findall(starts or "") or ("1", "1")
        terms = ((date.min, int(interest or 0), int(days or 0)),)
        found[agreement_id] = _Said(int(numbers[0]), int(numbers[-1]), terms, ends_on)
    amended = sa.select(
        AgreementTerms.agreement_id, AgreementTerms.effective_on, AgreementTerms.values
    ).where(AgreementTerms.no > 0, AgreementTerms.agreement_id.in_(wanted))
    for agreement_id, since_on, changed in session.execute(amended.order_by(AgreementTerms.no)):
        said = found[agreement_id]
        _, interest, days = said.terms[-1]
        later = (
            since_on,
            int(changed.get("fund_interest_rate", interest)),
            int(changed.get("release_days", days)),
        )
        found[agreement_id] = said._replace(terms=(*said.terms, later))
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
            into = {own}
            if row.booked_on != row.purchased_on:
                closed_on = closed.get((row.agreement_id, own))
                is_late = closed_on is not None and closed_on <= row.booked_on
                into = _open_on(row.booked_on, row.agreement_id, calendar, closed) if is_late else set()
            # A return comes out of the quarter of its purchase, whichever day it has.
            if not into or (row.returns_id is None and row.quarter not in into):
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


def _open_on(on: date, agreement_id: int, calendar: _Said, closed: dict[tuple[int, str], date]) -> set[str]:
    """Where a late line may have gone on a day: into its quarter, or the next one that was not closed by then."""
    quarter, found = calendar.quarter(on), set[str]()
    while (closed_on := closed.get((agreement_id, quarter))) is not None and closed_on <= on:
        if closed_on == on:  # before it was closed, that day
            found.add(quarter)
        quarter = calendar.following(quarter)
    return {*found, quarter}


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
        closed_on, last_days = closed.get((row.agreement_id, row.quarter)), agreement.last_days(row.quarter)
        named = {"quarter": row.quarter, "agreement": row.agreement_id}
        if closed_on is None or not last_days or closed_on > row.released_on:
            raise Break(N_("%(quarter)s of agreement %(agreement)s is released and not closed."), **named)
        if (row.interest_fen, row.due_on) not in [
            _interest_and_day(row.amount_fen, row.released_on, last_on, agreement) for last_on in last_days
        ]:
            raise Break(
                N_(
                    "The release of %(quarter)s of agreement %(agreement)s has other interest, or another day, "
                    "than the agreement says."
                ),
                **named,
            )
    return len(rows)


def _interest_and_day(
    amount_fen: int, released_on: date, last_on: date, agreement: _Said
) -> tuple[int, date]:
    """What a release of this day comes to, and by when it was due, for a quarter that ended so."""
    ppm, days = agreement.terms_on(last_on)
    interest = half_up(Fraction(amount_fen * ppm * max(0, (released_on - last_on).days), 365 * 10**6))
    return interest, last_on + timedelta(days=days)
