"""Closing a quarter and releasing its fund: once per agreement and quarter, from wherever it is started (P3, 4.3)."""

from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.errors import DomainError
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.services import Draft, Held
from portal.domain.money import PPM
from portal.domain.price_protection.funds import suspending
from portal.domain.price_protection.funds.cover import calendar_of_agreement, frozen_values
from portal.domain.price_protection.funds.models import FundRelease, QuarterClose
from portal.domain.price_protection.funds.quarters import Quarter
from portal.domain.price_protection.models import Agreement
from portal.domain.users.models import User

SOURCE = "fund_release"
_YEAR_DAYS = 365


def quarter_of_agreement(session: Session, agreement_id: int, name: str) -> Quarter:
    """The quarter that 2026Q3 is for this agreement, by its own calendar and within its term (1.4)."""
    calendar = calendar_of_agreement(session, agreement_id)
    agreement = session.get_one(Agreement, agreement_id)
    return calendar.own(calendar.named(name), agreement.effective_on, agreement.ends_on)


def close(session: Session, actor: User | None, agreement_id: int, name: str) -> QuarterClose:
    """Close the quarter: what is dated in it and comes later is booked in an open one. Once; never undone."""
    ledger.hold(session, agreement_id)
    return _close(session, actor, agreement_id, name)


def _close(session: Session, actor: User | None, agreement_id: int, name: str) -> QuarterClose:
    """The same, of an agreement whose book this transaction holds."""
    quarter = quarter_of_agreement(session, agreement_id, name)
    name = str(quarter)
    known = closed(session, agreement_id, name)
    if known is not None:
        return known
    if quarter.last_on >= today():
        raise DomainError(
            "%(quarter)s lasts until %(day)s; it can be closed from the day after.",
            quarter=name,
            day=quarter.last_on.isoformat(),
        )
    made = QuarterClose(
        agreement_id=agreement_id, quarter=name, closed_on=today(), by_id=actor.id if actor else None
    )
    session.add(made)
    session.flush()
    return made


def closed(session: Session, agreement_id: int, name: str) -> QuarterClose | None:
    """The closing of this quarter, if there was one."""
    return session.scalar(
        sa.select(QuarterClose).where(QuarterClose.agreement_id == agreement_id, QuarterClose.quarter == name)
    )


def release(session: Session, actor: User | None, agreement_id: int, name: str) -> FundRelease | None:
    """Close the quarter and release what its fund holds, with interest; None while a case holds it back.

    However often and from wherever: the release that stands is returned and nothing is booked again.
    """
    held = ledger.hold(session, agreement_id)
    quarter = quarter_of_agreement(session, agreement_id, name)
    name = str(quarter)  # 2026q3 is no other quarter
    known = suspending.released(session, agreement_id, name)
    if known is not None:
        return known
    _close(session, actor, agreement_id, name)
    if suspending.holds(session, agreement_id, name):
        return None
    # What accrued under earlier words is released by them (S 2.1).
    values = frozen_values(session, agreement_id, quarter.last_on)
    amount_fen = held.balance(AccountKind.FUND, name)
    made = FundRelease(
        agreement_id=agreement_id,
        quarter=name,
        amount_fen=amount_fen,
        interest_fen=interest(
            amount_fen, int(values.get("fund_interest_rate") or 0), quarter.last_on, today()
        ),
        released_on=today(),
        due_on=quarter.last_on + timedelta(days=int(values.get("release_days") or 0)),
        by_id=actor.id if actor else None,
    )
    session.add(made)
    session.flush()
    _post(held, actor, made)
    return made


def release_restored(session: Session, actor: User | None, agreement_id: int, name: str) -> int:
    """Pay on what came back into the fund of a quarter that was released before (8.4); returns the sum, in fen."""
    held = ledger.hold(session, agreement_id)
    known = suspending.released(session, agreement_id, name)
    amount_fen = held.balance(AccountKind.FUND, name)
    if known is None or amount_fen == 0:
        return 0
    # The book's number tells one restoration from the next.
    key = f"{SOURCE}:{known.id}:restored:{held.book.last_no}"
    ledger.post(held, actor, [_draft(known, TransferKind.RELEASE, amount_fen, key)])
    return amount_fen


def interest(amount_fen: int, rate_ppm: int, ended_on: date, on: date) -> int:
    """Interest at a yearly rate from the day after a quarter's end up to a day, rounded half up to the fen (4.2)."""
    days = max(0, (on - ended_on).days)
    divisor = PPM * _YEAR_DAYS
    return (2 * amount_fen * rate_ppm * days + divisor) // (2 * divisor)


def _post(held: Held, actor: User | None, made: FundRelease) -> None:
    drafts = []
    if made.amount_fen:
        drafts.append(_draft(made, TransferKind.RELEASE, made.amount_fen, f"{SOURCE}:{made.id}:release"))
    if made.interest_fen:
        drafts.append(_draft(made, TransferKind.INTEREST, made.interest_fen, f"{SOURCE}:{made.id}:interest"))
    ledger.post(held, actor, drafts)


def _draft(made: FundRelease, kind: TransferKind, fen: int, key: str) -> Draft:
    quarter = made.quarter
    is_release = kind is TransferKind.RELEASE
    return Draft(
        kind=kind,
        debit=(AccountKind.FUND, quarter) if is_release else (AccountKind.INTEREST, ""),
        credit=(AccountKind.RELEASED if is_release else AccountKind.INTEREST_DUE, quarter),
        amount_fen=fen,
        key=key,
        source=SOURCE,
        source_id=made.id,
        facts=made.facts,
    )
