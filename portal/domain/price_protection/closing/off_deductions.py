"""What returns took off deductions (9.1): it changes no fund, so no line of a statement tells of it; its page does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.ledger.accounts import TransferKind
from portal.domain.ledger.models import Account, Book, Transfer
from portal.domain.price_protection.closing.cases import case_names
from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.funds.deducting import SOURCE as DEDUCTION
from portal.domain.price_protection.funds.models import FundDeduction
from portal.domain.price_protection.purchases.models import Purchase


@dataclass(frozen=True)
class Off:
    """A return of goods whose fund a decision had taken: by so much the deduction is smaller, in fen.

    Whether it was awarded is one sum with what was not (`funds.behind`).
    """

    on: date
    purchase_id: int
    document: str
    case: str
    fen: int


def off_deductions(session: Session, statement: Statement) -> Sequence[Off]:
    """What came in the statement's days, and what came before them off a deduction that its lines name."""
    values = statement.payload["values"]
    first_on, last_on = (date.fromisoformat(str(values[name])) for name in ("quarter_from", "quarter_to"))
    named = {int(line["source_id"]) for line in statement.payload["lines"] if line["source"] == DEDUCTION}
    parts = sa.select(FundDeduction.case_part).where(
        FundDeduction.agreement_id == statement.agreement_id, FundDeduction.id.in_(named)
    )
    rows = session.execute(
        sa.select(
            Transfer.booked_on,
            Purchase.id,
            Purchase.document_number,
            Account.part,
            sa.cast(sa.func.sum(Transfer.amount_fen), sa.BigInteger),
        )
        .join(Book, Book.id == Transfer.book_id)
        .join(Account, Account.id == Transfer.debit_id)
        .join(Purchase, Purchase.id == Transfer.source_id)
        .where(
            Book.agreement_id == statement.agreement_id,
            Transfer.kind == TransferKind.REVERSE_DEDUCTION,
            Transfer.booked_on <= last_on,
            sa.or_(Transfer.booked_on >= first_on, Account.part.in_(parts)),
        )
        .group_by(Transfer.booked_on, Purchase.id, Purchase.document_number, Account.part)
        .order_by(Transfer.booked_on, Purchase.id, Account.part)
    ).all()
    names = case_names(session, {row[3] for row in rows}) if rows else {}
    return [Off(on, id_, document, names[part], fen) for on, id_, document, part, fen in rows]
