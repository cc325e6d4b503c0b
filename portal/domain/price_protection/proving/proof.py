"""What proofs of the fund share: the transfers of a source, and rounding by exact fractions."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Account, Book, Transfer


class Booked(NamedTuple):
    """A transfer as its source must find it."""

    kind: TransferKind
    debit: tuple[AccountKind, str]
    credit: tuple[AccountKind, str]
    fen: int
    agreement_id: int
    booked_on: date
    facts: str
    no: int
    key: str


def booked(session: Session, source: str, ids: Sequence[int]) -> dict[int, list[Booked]]:
    """What was booked for these records, by record, in the order of booking."""
    debit, credit = aliased(Account), aliased(Account)
    found: dict[int, list[Booked]] = defaultdict(list)
    for start in range(0, len(ids), 500):
        for row in session.execute(
            sa.select(
                Transfer.source_id,
                Transfer.kind,
                debit.kind,
                debit.part,
                credit.kind,
                credit.part,
                Transfer.amount_fen,
                Book.agreement_id,
                Transfer.booked_on,
                Transfer.facts,
                Transfer.no,
                Transfer.key,
            )
            .join(Book, Book.id == Transfer.book_id)
            .join(debit, debit.id == Transfer.debit_id)
            .join(credit, credit.id == Transfer.credit_id)
            .where(Transfer.source == source, Transfer.source_id.in_(ids[start : start + 500]))
            .order_by(Transfer.id)
        ):
            kind, debit_kind, debit_part, credit_kind, credit_part, fen, agreement_id, on, facts, no, key = (
                row[1:]
            )
            places = (debit_kind, debit_part), (credit_kind, credit_part)
            found[row[0]].append(Booked(kind, *places, fen, agreement_id, on, facts, no, key))
    return found


def half_up(value: Fraction) -> int:
    """The nearest whole number, the half away from zero."""
    return int(value + Fraction(1, 2)) if value >= 0 else -int(-value + Fraction(1, 2))
