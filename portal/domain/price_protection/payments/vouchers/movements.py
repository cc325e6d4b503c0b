"""What was booked and stands in no voucher yet: of some days, and what came too late for a file of earlier days."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Account, Book, Transfer
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payments.marking import holds
from portal.domain.price_protection.payments.models import Mark, Payout, PayoutMark, Repayment
from portal.domain.price_protection.payments.vouchers.models import (
    Grouping,
    VoucherFile,
    VoucherOffice,
    VoucherTransfer,
)
from portal.domain.users.models import User

A, T = AccountKind, TransferKind
MOST_DAYS = 366
MOST = 200_000
_PAYING = (T.PAY, T.WITHHOLD, T.OFFSET, T.COLLECT)
_SOURCES = ("payout", "repayment")


@dataclass(frozen=True)
class Asked:
    """Which days (inclusive, of booking), what of them, and what one voucher holds."""

    first_on: date
    last_on: date
    only_payments: bool = True
    grouping: Grouping = Grouping.SINGLE


@dataclass(frozen=True)
class Movement:
    """A transfer as a voucher needs it. `is_sealed`: paid to somebody whom a case keeps sealed, or for a purpose."""

    id: int
    booked_on: date
    is_late: bool
    kind: TransferKind
    debit: tuple[AccountKind, str]
    credit: tuple[AccountKind, str]
    fen: int
    document: str
    invoice: str
    code: str
    distributor: str
    agreement: str

    @property
    def is_sealed(self) -> bool:
        """Whether neither whom it went to nor of which case is told."""
        return self.kind in (T.PAY, T.WITHHOLD, T.RELIEVE, T.CORRECT) and bool(
            {self.debit[0], self.credit[0]} & {A.AWARD, A.UNAWARDED}
        )


def require_range(first_on: date | None, last_on: date | None) -> tuple[date, date]:
    """The days asked for, or DomainError that says what is wrong with them."""
    if first_on is None or last_on is None:
        raise DomainError("Enter the first and the last day.", field="first_on")
    if first_on > last_on:
        raise DomainError("The first day lies after the last.", field="first_on")
    if (last_on - first_on).days >= MOST_DAYS:
        raise DomainError("Choose at most one year.", field="last_on")
    return first_on, last_on


def movements(session: Session, user: User, asked: Asked) -> list[Movement]:
    """What a file of these days takes, in the offices where the user pays: in the order of days and documents.

    Raises DomainError where it is more than a program takes at once.
    """
    rows = session.execute(_new(user, asked).limit(MOST + 1)).all()
    if len(rows) > MOST:
        raise DomainError(
            "More was booked on these days than one file takes. Choose fewer days.", field="last_on"
        )
    return [
        Movement(
            id=row.id,
            booked_on=row.booked_on,
            is_late=row.booked_on < asked.first_on,
            kind=row.kind,
            debit=(row.from_kind, row.from_part),
            credit=(row.to_kind, row.to_part),
            fen=row.amount_fen,
            document=row.document,
            invoice=row.invoice,
            code=row.code,
            distributor=row.distributor,
            agreement=row.agreement,
        )
        for row in rows
    ]


def _new(user: User, asked: Asked) -> sa.Select[Any]:
    debit, credit, invoice = aliased(Account), aliased(Account), aliased(PayoutMark)
    is_payment = sa.or_(
        Transfer.kind.in_(_PAYING), sa.and_(Transfer.kind == T.CORRECT, Transfer.source.in_(_SOURCES))
    )
    # A file of these days was taken in this office, with movements of this kind in it.
    covered = (
        sa.exists()
        .where(
            VoucherOffice.file_id == VoucherFile.id,
            VoucherOffice.region_id == Agreement.region_id,
            Transfer.booked_on.between(VoucherFile.first_on, VoucherFile.last_on),
            sa.or_(VoucherFile.only_payments.is_(False), is_payment),
        )
        .correlate(Transfer, Agreement)
    )
    columns: tuple[Any, ...] = (
        Transfer.id,
        Transfer.booked_on,
        Transfer.kind,
        Transfer.amount_fen,
        debit.kind.label("from_kind"),
        debit.part.label("from_part"),
        credit.kind.label("to_kind"),
        credit.part.label("to_part"),
        sa.func.coalesce(Payout.number, Repayment.number, sa.literal_column("''")).label("document"),
        sa.func.coalesce(invoice.value, sa.literal_column("''")).label("invoice"),
        Agreement.number.label("agreement"),
        Distributor.code,
        Distributor.name.label("distributor"),
    )
    statement: sa.Select[Any] = (
        sa.select(*columns)
        .select_from(Transfer)
        .join(Book, Book.id == Transfer.book_id)
        .join(Agreement, Agreement.id == Book.agreement_id)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .join(debit, debit.id == Transfer.debit_id)
        .join(credit, credit.id == Transfer.credit_id)
        .outerjoin(Payout, sa.and_(Transfer.source == "payout", Payout.id == Transfer.source_id))
        .outerjoin(Repayment, sa.and_(Transfer.source == "repayment", Repayment.id == Transfer.source_id))
        .outerjoin(
            invoice,
            sa.and_(invoice.payout_id == Payout.id, invoice.what == Mark.INVOICE, holds(invoice)),
        )
        .where(
            Agreement.region_id.in_(visible(user, P.PAYMENTS_MAKE)),
            ~sa.exists().where(VoucherTransfer.transfer_id == Transfer.id),
            sa.or_(
                Transfer.booked_on.between(asked.first_on, asked.last_on),
                sa.and_(Transfer.booked_on < asked.first_on, covered),
            ),
        )
    )
    if asked.only_payments:
        statement = statement.where(is_payment)
    return statement.order_by(Transfer.booked_on, Agreement.number, Transfer.id)
