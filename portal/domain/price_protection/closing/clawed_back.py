"""What returns of a statement's quarter made a debt of the distributor: its lines change no fund, so they stand apart.

The paper says nothing of it: its text is the contract's. The statement's page names each return, with the settlement
that tells the distributor of it (9.1).
"""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.ledger.accounts import TransferKind
from portal.domain.ledger.models import Book, Transfer
from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.payments.models import ClawbackSettlement
from portal.domain.price_protection.purchases.models import Purchase

T = TransferKind


@dataclass(frozen=True)
class ClawedBack:
    """A return and what of its rebate is to be paid back, in fen; the settlement that names it, if there is one."""

    purchase_id: int
    document: str
    on: date
    goods_fen: int
    base_fen: int
    fund_fen: int
    settlement: ClawbackSettlement | None

    @property
    def sum_fen(self) -> int:
        """What is to be paid back."""
        return self.base_fen + self.fund_fen


def clawed_back(session: Session, statement: Statement) -> list[ClawedBack]:
    """The returns booked on days of the statement's quarter that took back what had been paid or released."""
    values = statement.payload["values"]
    first_on, last_on = (date.fromisoformat(str(values[name])) for name in ("quarter_from", "quarter_to"))
    base, fund = (
        sa.cast(
            sa.func.sum(sa.case((Transfer.kind == kind, Transfer.amount_fen), else_=0)), sa.BigInteger
        ).label(name)
        for kind, name in ((T.CLAW_BACK_BASE, "base"), (T.CLAW_BACK_FUND, "fund"))
    )
    rows = session.execute(
        sa.select(
            Purchase.id,
            Purchase.document_number,
            Purchase.line_no,
            Purchase.amount_fen,
            Transfer.booked_on,
            sa.func.max(Transfer.no).label("no"),
            base,
            fund,
        )
        .join(Book, Book.id == Transfer.book_id)
        .join(Purchase, sa.and_(Transfer.source == "purchase", Purchase.id == Transfer.source_id))
        .where(
            Book.agreement_id == statement.agreement_id,
            Transfer.kind.in_((T.CLAW_BACK_BASE, T.CLAW_BACK_FUND)),
            Transfer.booked_on.between(first_on, last_on),
        )
        .group_by(
            Purchase.id, Purchase.document_number, Purchase.line_no, Purchase.amount_fen, Transfer.booked_on
        )
        .order_by(Transfer.booked_on, Purchase.id)
    ).all()
    if not rows:
        return []
    settlements = session.scalars(
        sa.select(ClawbackSettlement)
        .where(ClawbackSettlement.agreement_id == statement.agreement_id)
        .order_by(ClawbackSettlement.id)
    ).all()
    return [
        ClawedBack(
            row.id,
            f"{row.document_number}-{row.line_no}",
            row.booked_on,
            -row.amount_fen,
            row.base,
            row.fund,
            next((one for one in settlements if one.book_no >= row.no), None),
        )
        for row in rows
    ]
