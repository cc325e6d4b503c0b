"""Proving payments: what every payout and repayment says is what the books moved for it, no more (3.2, 9.1)."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.i18n import N_
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Account, Book, Transfer
from portal.domain.ledger.verify import Break
from portal.domain.price_protection.payments.models import PaymentCorrection, Payout, Repayment

T, A = TransferKind, AccountKind
_AT_ONCE = 500
_WRONG = N_("The books say something else of payment %(number)s than it says itself.")
_CHANGED = N_("Payment %(number)s was changed after it was booked.")
_TAKEN_BACK = N_(
    "Payment %(number)s is taken back in the books and not by a correction, or the other way round."
)


class _Moved(NamedTuple):
    id: int
    kind: TransferKind
    debit: tuple[AccountKind, str]
    credit: tuple[AccountKind, str]
    fen: int
    agreement_id: int
    reverses_id: int | None

    @property
    def body(self) -> tuple[object, ...]:
        return self.kind, self.debit, self.credit, self.fen


def prove(session: Session) -> int:
    """Compare every payout and repayment with its transfers; returns how many; raises Break for the first."""
    count = 0
    payments: tuple[type[Payout] | type[Repayment], ...] = (Payout, Repayment)
    for payment in payments:
        count += _payments(session, payment)
        lost = session.scalar(
            sa.select(Transfer.id)
            .where(
                Transfer.source == payment.__tablename__,
                ~sa.exists().where(payment.id == Transfer.source_id),
            )
            .limit(1)
        )
        if lost is not None:
            raise Break(N_("Transfer %(id)s pays what no payment says."), id=lost)
    return count


def _payments(session: Session, model: type[Payout] | type[Repayment]) -> int:
    last, count = 0, 0
    mine = PaymentCorrection.payout_id if model is Payout else PaymentCorrection.repayment_id
    while True:
        wanted: sa.Select[Any] = (
            sa.select(model)
            .where(model.id > last)
            .order_by(model.id)
            .limit(_AT_ONCE)
            .execution_options(populate_existing=True)
        )
        rows: Sequence[Payout | Repayment] = session.scalars(wanted).all()
        if not rows:
            return count
        ids = [row.id for row in rows]
        moved, facts = _moved(session, model.__tablename__, ids)
        corrected = set(session.scalars(sa.select(mine).where(mine.in_(ids))))
        for row in rows:
            _one(row, moved.get(row.id, []), facts.get(row.id, set()), is_corrected=row.id in corrected)
        last, count = ids[-1], count + len(rows)


def _one(
    row: Payout | Repayment, moved: list[_Moved], facts: set[tuple[str, object]], *, is_corrected: bool
) -> None:
    booked = [one for one in moved if one.kind is not T.CORRECT]
    back = [one for one in moved if one.kind is T.CORRECT]
    if {one.body for one in booked} != _said(row) or len(booked) != len(_said(row)):
        raise Break(_WRONG, number=row.number)
    if any(one.agreement_id != row.agreement_id for one in moved):
        raise Break(_WRONG, number=row.number)
    day = row.paid_on if isinstance(row, Payout) else row.received_on
    if facts - {(row.facts, day)}:
        raise Break(_CHANGED, number=row.number)
    reversed_ = {one.reverses_id for one in back}
    if reversed_ != ({one.id for one in booked} if is_corrected else set()):
        raise Break(_TAKEN_BACK, number=row.number)


def _said(row: Payout | Repayment) -> set[tuple[object, ...]]:
    """The transfers that this payment must have, reckoned from what it says alone."""
    means = {"money": A.MONEY, "credit_note": A.CREDIT_NOTE, "goods": A.GOODS}[row.means]
    if isinstance(row, Repayment):
        return {(T.COLLECT, (means, ""), (A.CLAWBACK, ""), row.amount_fen)}
    owed = {
        "base": A.BASE,
        "released": A.RELEASED,
        "interest": A.INTEREST_DUE,
        "award": A.AWARD,
        "unawarded": A.UNAWARDED,
    }[row.kind]
    said: set[tuple[object, ...]] = set()
    if row.offset_fen:
        said.add((T.OFFSET, (owed, row.part), (A.CLAWBACK, ""), row.offset_fen))
    if row.tax_fen:
        said.add((T.WITHHOLD, (owed, row.part), (A.TAX, ""), row.tax_fen))
    if paid_fen := row.amount_fen - row.offset_fen - row.tax_fen:
        said.add((T.PAY, (owed, row.part), (means, ""), paid_fen))
    return said


def _moved(
    session: Session, source: str, ids: list[int]
) -> tuple[dict[int, list[_Moved]], dict[int, set[tuple[str, object]]]]:
    """The transfers of these payments, and of those that are no corrections what was hashed and the day booked."""
    debit, credit = aliased(Account), aliased(Account)
    found: dict[int, list[_Moved]] = defaultdict(list)
    facts: dict[int, set[tuple[str, object]]] = defaultdict(set)
    for row in session.execute(
        sa.select(
            Transfer.source_id,
            Transfer.id,
            Transfer.kind,
            debit.kind.label("from_kind"),
            debit.part.label("from_part"),
            credit.kind.label("to_kind"),
            credit.part.label("to_part"),
            Transfer.amount_fen,
            Book.agreement_id,
            Transfer.reverses_id,
            Transfer.facts,
            Transfer.booked_on,
        )
        .join(Book, Book.id == Transfer.book_id)
        .join(debit, debit.id == Transfer.debit_id)
        .join(credit, credit.id == Transfer.credit_id)
        .where(Transfer.source == source, Transfer.source_id.in_(ids))
        .order_by(Transfer.id)
    ):
        found[row.source_id].append(
            _Moved(
                row.id,
                row.kind,
                (row.from_kind, row.from_part),
                (row.to_kind, row.to_part),
                row.amount_fen,
                row.agreement_id,
                row.reverses_id,
            )
        )
        if row.kind is not T.CORRECT:
            facts[row.source_id].add((row.facts, row.booked_on))
    return found, facts
