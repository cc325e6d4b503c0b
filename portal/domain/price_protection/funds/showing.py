"""A fund as people look at it: by quarter, with what happened in it (the transfers behind it: `behind`)."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Account, Book, Transfer
from portal.domain.price_protection.funds.cover import calendar_of_agreement
from portal.domain.price_protection.funds.models import FundHold, FundRelease, QuarterClose
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.purchases.models import Accrual

T, A = TransferKind, AccountKind


class Figure(NamedTuple):
    """A figure of a quarter: which transfers count for it and with which sign."""

    key: str
    kinds: dict[TransferKind, int]


# In the order of the columns. What a correction took back counts with the kind that it corrects.
FIGURES = (
    Figure("base", {T.ACCRUE_BASE: 1, T.REVERSE_BASE: -1, T.CLAW_BACK_BASE: -1}),
    Figure("accrued", {T.ACCRUE_FUND: 1}),
    Figure("reversed", {T.REVERSE_FUND: 1, T.REVERSE_DEDUCTION: 1, T.CLAW_BACK_FUND: 1}),
    Figure("deducted", {T.DEDUCT: 1, T.RESTORE: -1, T.REVERSE_DEDUCTION: -1}),
    Figure("released", {T.RELEASE: 1, T.CLAW_BACK_FUND: -1}),
)
BY_KEY = {figure.key: figure for figure in FIGURES}
# What lists show besides: what was accrued less all that took it back, and what accounts hold for the distributor.
NET = {T.ACCRUE_FUND: 1, T.REVERSE_FUND: -1, T.REVERSE_DEDUCTION: -1, T.CLAW_BACK_FUND: -1}
PAYABLE = (A.BASE, A.RELEASED, A.INTEREST_DUE)


def goes_straight_on(credit: Any, kind: Any = Transfer.kind) -> sa.ColumnElement[bool]:
    """Whether a transfer is a fen that a return added to a fund after its release: accrued and released at once.

    `credit` is the account that the transfer is joined to as its credit (funds.returning).
    """
    return sa.and_(kind == T.ACCRUE_FUND, credit.kind == A.RELEASED)


@dataclass
class QuarterSums:
    """One quarter of an agreement, in fen: accrued = reversed + deducted + released + held."""

    quarter: str
    first_on: date | None = None
    last_on: date | None = None
    base: int = 0
    accrued: int = 0
    reversed: int = 0
    deducted: int = 0
    released: int = 0
    closed_on: date | None = None
    release: FundRelease | None = None
    holds: list[FundHold] = field(default_factory=list)
    # Which of the figures something was moved for, also where it came to nothing in the end.
    moved: set[str] = field(default_factory=set)

    @property
    def held(self) -> int:
        """What its fund holds now."""
        return self.accrued - self.reversed - self.deducted - self.released


# Ids of agreements: some, or a statement that selects them.
Ids = Collection[int] | sa.Select[int]


def moved(
    session: Session, agreement_ids: Ids, before_no: int | None = None
) -> dict[int, dict[str, dict[TransferKind, int]]]:
    """What was moved in each agreement's quarters, by kind, in fen; three statements for all of them.

    `before_no` stops before that number of the book.
    """
    found: dict[int, dict[str, dict[TransferKind, int]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(int))
    )
    for statement in (_by_purchase(agreement_ids), _straight_on(agreement_ids), _by_fund(agreement_ids)):
        if before_no is not None:
            statement = statement.where(Transfer.no < before_no)
        for agreement_id, quarter, kind, fen in session.execute(statement):
            found[agreement_id][quarter][kind] += fen
    return found


def _by_purchase(agreement_ids: Ids) -> sa.Select[int, str, TransferKind, int]:
    total = sa.cast(sa.func.sum(Transfer.amount_fen), sa.BigInteger)
    return (
        sa.select(Book.agreement_id, Accrual.quarter, Transfer.kind, total)
        .join(Book, Book.id == Transfer.book_id)
        .join(Accrual, Accrual.purchase_id == Transfer.source_id)
        .where(Transfer.source == "purchase", Book.agreement_id.in_(agreement_ids))
        .group_by(Book.agreement_id, Accrual.quarter, Transfer.kind)
    )


def _straight_on(agreement_ids: Ids) -> sa.Select[int, str, TransferKind, int]:
    """What was released as it accrued, once more: as a release."""
    total = sa.cast(sa.func.sum(Transfer.amount_fen), sa.BigInteger)
    return (
        sa.select(
            Book.agreement_id, Account.part, sa.literal(T.RELEASE, Transfer.__table__.c.kind.type), total
        )
        .join(Book, Book.id == Transfer.book_id)
        .join(Account, Account.id == Transfer.credit_id)
        .where(goes_straight_on(Account), Book.agreement_id.in_(agreement_ids))
        .group_by(Book.agreement_id, Account.part)
    )


def _by_fund(agreement_ids: Ids) -> sa.Select[int, str, TransferKind, int]:
    """Releases, deductions and restorations: their quarter is the fund's account."""
    total = sa.cast(sa.func.sum(Transfer.amount_fen), sa.BigInteger)
    return (
        sa.select(Book.agreement_id, Account.part, Transfer.kind, total)
        .join(Book, Book.id == Transfer.book_id)
        .join(
            Account,
            sa.and_(Account.id.in_((Transfer.debit_id, Transfer.credit_id)), Account.kind == A.FUND),
        )
        .where(
            Transfer.source != "purchase",
            Transfer.kind.in_((T.RELEASE, T.DEDUCT, T.RESTORE)),
            Book.agreement_id.in_(agreement_ids),
        )
        .group_by(Book.agreement_id, Account.part, Transfer.kind)
    )


def quarters(session: Session, agreement: Agreement) -> list[QuarterSums]:
    """The quarters of an agreement in which anything happened, the latest first; shorter at its ends (1.4)."""
    agreement_id = agreement.id
    calendar = calendar_of_agreement(session, agreement_id)
    found: dict[str, QuarterSums] = {}

    def of(name: str) -> QuarterSums:
        if name not in found:
            quarter = calendar.named(name)
            # What came after the last day (returns, late lines) keeps its quarter as the calendar has it.
            is_within = quarter.first_on <= agreement.ends_on
            found[name] = QuarterSums(
                name,
                max(quarter.first_on, agreement.effective_on),
                min(quarter.last_on, agreement.ends_on) if is_within else quarter.last_on,
            )
        return found[name]

    for name, kinds in moved(session, [agreement_id]).get(agreement_id, {}).items():
        add(of(name), kinds)
    for close in session.scalars(sa.select(QuarterClose).where(QuarterClose.agreement_id == agreement_id)):
        of(close.quarter).closed_on = close.closed_on
    for release in session.scalars(sa.select(FundRelease).where(FundRelease.agreement_id == agreement_id)):
        of(release.quarter).release = release
    for hold in session.scalars(
        sa.select(FundHold).where(FundHold.agreement_id == agreement_id, FundHold.lifted_on.is_(None))
    ):
        of(hold.quarter).holds.append(hold)
    return [found[name] for name in sorted(found, reverse=True)]


def quarters_of_all(session: Session, agreement_ids: Ids) -> list[QuarterSums]:
    """The quarters of several agreements added up by their names, the latest first: 2026Q3 of each is one line."""
    found: dict[str, QuarterSums] = {}
    for by_quarter in moved(session, agreement_ids).values():
        for name, kinds in by_quarter.items():
            add(found.setdefault(name, QuarterSums(name)), kinds)
    return [found[name] for name in sorted(found, reverse=True)]


def quarter_before(session: Session, agreement_id: int, name: str, no: int) -> QuarterSums:
    """One quarter as it stood before a number of the agreement's book."""
    sums = QuarterSums(name)
    add(sums, moved(session, [agreement_id], no).get(agreement_id, {}).get(name, {}))
    return sums


def add(sums: QuarterSums, kinds: dict[TransferKind, int]) -> None:
    """Count what was moved, by kind, among a quarter's figures."""
    for figure in FIGURES:
        fen = sum(sign * kinds.get(kind, 0) for kind, sign in figure.kinds.items())
        setattr(sums, figure.key, getattr(sums, figure.key) + fen)
        if any(kinds.get(kind) for kind in figure.kinds):
            sums.moved.add(figure.key)


def whole(many: Sequence[QuarterSums]) -> QuarterSums:
    """The sum of several quarters."""
    total = QuarterSums("")
    for one in many:
        for figure in FIGURES:
            setattr(total, figure.key, getattr(total, figure.key) + getattr(one, figure.key))
        total.moved |= one.moved
    return total
