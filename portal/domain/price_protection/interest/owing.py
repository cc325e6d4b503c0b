"""What interest a payment owes: what of it was late, since when, by which clause (4.3, 8.1, 8.4).

- A base rebate is late after `base_payment_days` working days of its booking, line by line (3.2).
- A fund is late after the day of its release (4.3), or, where a proven case held it back, `restore_days` working days
  after the case ended (8.1).
- What a case held back or took for nothing bears the plain LPR from the day of the release until it is paid, and the
  late rate for what is paid after `restore_days` (8.4).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Account, Book, Transfer
from portal.domain.price_protection.funds.cover import frozen_values
from portal.domain.price_protection.funds.models import FundHold, FundRelease
from portal.domain.price_protection.funds.releasing import SOURCE as RELEASE
from portal.domain.price_protection.funds.suspending import case_part
from portal.domain.price_protection.interest.reckoning import WHOLE, Rate, Span, interest, spans
from portal.domain.price_protection.payments.models import PaymentCorrection, Payout, PayoutKind
from portal.domain.price_protection.purchases.models import Purchase
from portal.domain.price_protection.violations.models import Case, State
from portal.domain.workdays.services import working_days_after

A, T = AccountKind, TransferKind


class Ground(StrEnum):
    """Why interest runs."""

    LATE = "late"  # 4.3: at the agreed share of the LPR
    RESTORED = "restored"  # 8.4: at the LPR


@dataclass(frozen=True)
class Claim:
    """So much was owed from the end of one day and paid on another: its interest in fen."""

    principal_fen: int
    from_on: date
    to_on: date
    share_ppm: int
    ground: Ground
    fen: int

    @property
    def days(self) -> int:
        """How many days count."""
        return (self.to_on - self.from_on).days

    def spans(self, rates: Sequence[Rate]) -> list[Span]:
        """The days by their rates."""
        return list(spans(self.from_on, self.to_on, rates))

    def as_json(self) -> dict[str, Any]:
        """As the books keep it."""
        said = asdict(self)
        return said | {
            "from_on": self.from_on.isoformat(),
            "to_on": self.to_on.isoformat(),
            "ground": str(self.ground),
        }


@dataclass
class _Owed:
    """A sum that was due on a day, of which less and less is left."""

    fen: int
    due_on: date
    ground: Ground = Ground.LATE
    # Until when the plain rate of 8.4 runs; the late one begins after it.
    plain_until: date | None = None


def claims(session: Session, payout: Payout, rates: Sequence[Rate]) -> list[Claim]:
    """The interest that a payment owes, claim by claim; empty where nothing of it was late."""
    if payout.kind not in (PayoutKind.BASE, PayoutKind.RELEASED):
        return []
    values = frozen_values(session, payout.agreement_id, payout.paid_on)
    owed = (
        _base(session, payout, values) if payout.kind is PayoutKind.BASE else _fund(session, payout, values)
    )
    _settle(owed, sum(one.fen for one in owed) - payout.paid_fen)
    share = int(values.get("late_lpr_percent") or WHOLE)
    found: list[Claim] = []
    for one in owed:
        if one.ground is Ground.RESTORED:
            until = min(payout.paid_on, one.plain_until or payout.paid_on)
            found += _claim(one, one.due_on, until, WHOLE, Ground.RESTORED, rates)
            found += _claim(one, max(until, one.due_on), payout.paid_on, share, Ground.LATE, rates)
        else:
            found += _claim(one, one.due_on, payout.paid_on, share, Ground.LATE, rates)
    return found


def _claim(
    one: _Owed, from_on: date, to_on: date, share: int, ground: Ground, rates: Sequence[Rate]
) -> list[Claim]:
    if one.fen <= 0 or to_on <= from_on:
        return []
    fen = interest(one.fen, from_on, to_on, rates, share)
    return [Claim(one.fen, from_on, to_on, share, ground, fen)]


def _settle(owed: list[_Owed], fen: int) -> None:
    """Take off what was set off, the oldest first (9.1)."""
    for one in sorted(owed, key=lambda one: one.due_on):
        taken = min(max(fen, 0), one.fen)
        one.fen, fen = one.fen - taken, fen - taken


def _moves(session: Session, payout: Payout, kind: AccountKind) -> list[tuple[Transfer, bool]]:
    """What went into the account that a payment emptied, and what came out of it by returns, since the payment before
    it that stands: (transfer, into it)."""
    account = (
        sa.select(Account.id)
        .join(Book, Book.id == Account.book_id)
        .where(Book.agreement_id == payout.agreement_id, Account.kind == kind, Account.part == payout.part)
        .scalar_subquery()
    )
    paid = aliased(Transfer)
    standing = ~sa.exists().where(PaymentCorrection.payout_id == paid.source_id)
    own = sa.select(sa.func.min(paid.no)).where(
        paid.source == "payout", paid.source_id == payout.id, paid.debit_id == account
    )
    before = sa.select(sa.func.max(paid.no)).where(
        paid.debit_id == account,
        paid.source == "payout",
        paid.source_id != payout.id,
        paid.kind.in_((T.PAY, T.OFFSET)),
        paid.no < own.scalar_subquery(),
        standing,
    )
    rows = session.scalars(
        sa.select(Transfer)
        .where(
            sa.or_(Transfer.debit_id == account, Transfer.credit_id == account),
            Transfer.kind.not_in((T.PAY, T.OFFSET, T.CORRECT)),
            Transfer.no < own.scalar_subquery(),
            Transfer.no > sa.func.coalesce(before.scalar_subquery(), 0),
        )
        .order_by(Transfer.no)
    ).all()
    ids = {row.credit_id for row in rows} & {session.scalar(sa.select(account))}
    return [(row, row.credit_id in ids) for row in rows]


def _base(session: Session, payout: Payout, values: dict[str, Any]) -> list[_Owed]:
    days = int(values.get("base_payment_days") or 0)
    moves = _moves(session, payout, A.BASE)
    origins = {
        row.id: row.returns_id
        for row in session.execute(
            sa.select(Purchase.id, Purchase.returns_id).where(
                Purchase.id.in_({one.source_id for one, _ in moves if one.source == "purchase"})
            )
        )
    }
    found: dict[int, _Owed] = {}
    back = 0
    for one, is_into in moves:
        if is_into:
            due_on = working_days_after(session, one.booked_on, days)
            known = found.setdefault(one.source_id, _Owed(0, due_on))
            known.fen += one.amount_fen
            continue
        # A return lessens the line that it returns; where that was paid before, what is owed longest.
        bought = found.get(origins.get(one.source_id) or 0)
        taken = min(bought.fen, one.amount_fen) if bought else 0
        if bought:
            bought.fen -= taken
        back += one.amount_fen - taken
    owed = list(found.values())
    _settle(owed, back)
    return owed


def _fund(session: Session, payout: Payout, values: dict[str, Any]) -> list[_Owed]:
    release = session.scalar(
        sa.select(FundRelease).where(
            FundRelease.agreement_id == payout.agreement_id, FundRelease.quarter == payout.part
        )
    )
    if release is None:
        return []
    days = int(values.get("restore_days") or 0)
    first = f"{RELEASE}:{release.id}:release"
    found, back = [], 0
    for one, is_into in _moves(session, payout, A.RELEASED):
        if not is_into:
            back += one.amount_fen
        elif one.source == RELEASE and one.key != first:
            found.append(
                _Owed(
                    one.amount_fen,
                    release.due_on,
                    Ground.RESTORED,
                    max(release.due_on, working_days_after(session, one.booked_on, days)),
                )
            )
        else:
            found.append(_released(session, release, one.amount_fen, days))
    _settle(found, back)
    return found


def _released(session: Session, release: FundRelease, fen: int, days: int) -> _Owed:
    """The release itself: due on its day, unless a case held it back beyond that."""
    of_quarter = {"agreement_id": release.agreement_id, "quarter": release.quarter}
    held = set(session.scalars(sa.select(FundHold.case_part).filter_by(**of_quarter)))
    ended_cases = session.scalars(sa.select(Case).filter_by(**of_quarter).where(Case.ended_on.is_not(None)))
    cases = [case for case in ended_cases if case_part(case.id) in held]
    ended = max((case.ended_on for case in cases if case.ended_on), default=None)
    if ended is None or release.released_on <= release.due_on:
        return _Owed(fen, release.due_on)
    until = max(release.due_on, working_days_after(session, ended, days))
    if any(case.state is State.EFFECTIVE for case in cases):
        return _Owed(fen, until)
    return _Owed(fen, release.due_on, Ground.RESTORED, until)
