"""追回结算单: what a distributor owes back for returned goods, as a paper with a number (9.1).

It is written once and prints the same for ever: the returns, what was set off and paid back since, what is left, to
which account and within how many days of its receipt.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload

from portal.db import today
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Account, Book, Transfer
from portal.domain.numbering.services import Numbered, new_number
from portal.domain.price_protection.funds.cover import frozen_values
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payments.models import ClawbackSettlement, Payout, Repayment
from portal.domain.price_protection.purchases.models import Purchase
from portal.domain.regions import services as regions
from portal.domain.text import clean
from portal.domain.users.models import User

A, T = AccountKind, TransferKind
_LONGEST = 120


@dataclass(frozen=True)
class Row:
    """A line of the paper: a return with what it takes back, or what was set off or paid back of it (negative)."""

    on: date
    kind: TransferKind
    document: str
    # Of a return: the document that it returns, and its goods, in fen.
    returned: str
    goods_fen: int
    base_fen: int
    fund_fen: int
    less_fen: int

    @property
    def sum_fen(self) -> int:
        """How it changes what is owed."""
        return self.base_fen + self.fund_fen - self.less_fen


def settle(session: Session, actor: User, agreement: Agreement, pay_to: str) -> ClawbackSettlement:
    """Write the settlement of what is owed back now; the one that stands where nothing changed since.

    The caller commits. Raises DomainError where nothing is owed, and without an account to pay to.
    """
    if not actor.can(P.PAYMENTS_MAKE, agreement.region):
        raise DomainError("You make no payments for this office. Ask its finance to do it.")
    account = clean(pay_to)
    if not 0 < len(account) <= _LONGEST:
        raise DomainError(
            "Enter the account to pay to: name, bank and number, at most %(most)s characters.",
            field="pay_to",
            most=_LONGEST,
        )
    held = ledger.hold(session, agreement.id)
    owed = held.balance(A.CLAWBACK)
    if owed == 0:
        raise DomainError("The distributor owes nothing back under this agreement.")
    rows = _rows(session, agreement.id)
    lines = [_kept(row) for row in rows]
    last = latest(session, agreement.id)
    if last is not None and (last.payload["lines"], last.payload["pay_to"]) == (lines, account):
        return last
    frozen = frozen_values(session, agreement.id, today())
    made = ClawbackSettlement(
        number=new_number(session, regions.head_office(session), Numbered.CLAWBACK),
        agreement_id=agreement.id,
        issued_on=today(),
        amount_fen=owed,
        days=int(frozen.get("clawback_days") or 0),
        book_no=held.book.last_no,
        payload={
            "manufacturer": str(frozen.get("manufacturer_name") or ""),
            "distributor": agreement.distributor.name,
            "agreement": agreement.number,
            "pay_to": account,
            "by": actor.name,
            "lines": lines,
        },
        by_id=actor.id,
    )
    session.add(made)
    session.flush()
    audit.record(
        session,
        actor,
        "clawback.settled",
        agreement,
        region_id=agreement.region_id,
        number=made.number,
        value=made.number,
        paid_fen=owed,
    )
    session.flush()
    return made


def latest(session: Session, agreement_id: int) -> ClawbackSettlement | None:
    """The last settlement of an agreement."""
    return session.scalar(
        sa.select(ClawbackSettlement)
        .where(ClawbackSettlement.agreement_id == agreement_id)
        .order_by(ClawbackSettlement.id.desc())
        .limit(1)
    )


def paid_to_last(session: Session, agreement: Agreement) -> str:
    """The account that the last settlement of this office names, to be proposed for the next."""
    found = session.scalar(
        sa.select(ClawbackSettlement)
        .join(Agreement, Agreement.id == ClawbackSettlement.agreement_id)
        .where(Agreement.region_id == agreement.region_id)
        .order_by(ClawbackSettlement.id.desc())
        .limit(1)
    )
    return str(found.payload["pay_to"]) if found is not None else ""


def settlements_visible_to(user: User) -> sa.Select[ClawbackSettlement]:
    """The settlements that this user may see, the latest first."""
    return (
        sa.select(ClawbackSettlement)
        .join(Agreement, Agreement.id == ClawbackSettlement.agreement_id)
        .where(Agreement.region_id.in_(visible(user, P.FUNDS_READ)))
        .options(joinedload(ClawbackSettlement.agreement).joinedload(Agreement.distributor))
        .order_by(ClawbackSettlement.id.desc())
    )


def numbered(user: User, number: str) -> sa.Select[Any]:
    """The settlements with such a number, or part of it."""
    columns: tuple[Any, ...] = (
        ClawbackSettlement.id,
        ClawbackSettlement.number,
        ClawbackSettlement.issued_on,
        ClawbackSettlement.amount_fen,
        Agreement.number.label("agreement"),
        Distributor.name.label("distributor"),
    )
    statement: sa.Select[Any] = (
        sa.select(*columns)
        .join(Agreement, Agreement.id == ClawbackSettlement.agreement_id)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .where(
            Agreement.region_id.in_(visible(user, P.FUNDS_READ)),
            ClawbackSettlement.number.icontains(number, autoescape=True),
        )
    )
    return statement.order_by(ClawbackSettlement.id.desc())


def pay_by(settlement: ClawbackSettlement) -> date:
    """The last day where it is received on the day of its making; each day later moves it (9.1)."""
    return settlement.issued_on + timedelta(days=settlement.days)


def rows_of(settlement: ClawbackSettlement) -> list[Row]:
    """Its lines as they were written."""
    return [
        Row(date.fromisoformat(on), TransferKind(kind), *rest)
        for on, kind, *rest in settlement.payload["lines"]
    ]


def _kept(row: Row) -> list[Any]:
    return [
        row.on.isoformat(),
        row.kind.value,
        row.document,
        row.returned,
        row.goods_fen,
        row.base_fen,
        row.fund_fen,
        row.less_fen,
    ]


def _rows(session: Session, agreement_id: int) -> list[Row]:
    """All that made up the debt since nothing was owed last; what was taken back together with its mirror left out."""
    debit, credit, undone, origin = aliased(Account), aliased(Account), aliased(Transfer), aliased(Purchase)
    found = session.execute(
        sa.select(
            Transfer.kind,
            Transfer.booked_on,
            Transfer.amount_fen,
            debit.kind.label("from_kind"),
            Transfer.source,
            Transfer.source_id,
            Purchase.document_number,
            Purchase.line_no,
            Purchase.amount_fen.label("goods_fen"),
            origin.document_number.label("origin"),
            origin.line_no.label("origin_line"),
            sa.func.coalesce(Payout.number, Repayment.number, sa.literal_column("''")).label("payment"),
        )
        .join(Book, Book.id == Transfer.book_id)
        .join(debit, debit.id == Transfer.debit_id)
        .join(credit, credit.id == Transfer.credit_id)
        .outerjoin(Purchase, sa.and_(Transfer.source == "purchase", Purchase.id == Transfer.source_id))
        .outerjoin(origin, origin.id == Purchase.returns_id)
        .outerjoin(Payout, sa.and_(Transfer.source == "payout", Payout.id == Transfer.source_id))
        .outerjoin(Repayment, sa.and_(Transfer.source == "repayment", Repayment.id == Transfer.source_id))
        .where(
            Book.agreement_id == agreement_id,
            sa.or_(debit.kind == A.CLAWBACK, credit.kind == A.CLAWBACK),
            Transfer.kind != T.CORRECT,
            ~sa.exists().where(undone.reverses_id == Transfer.id),
        )
        .order_by(Transfer.no)
    ).all()
    rows: dict[tuple[str, int, date], Row] = {}
    owed = 0
    for one in found:
        owed += one.amount_fen if one.from_kind is A.CLAWBACK else -one.amount_fen
        key = one.source, one.source_id, one.booked_on
        before = rows.get(key)
        rows[key] = Row(
            on=one.booked_on,
            kind=one.kind,
            document=f"{one.document_number}-{one.line_no}" if one.document_number else one.payment,
            returned=f"{one.origin}-{one.origin_line}" if one.origin else "",
            goods_fen=-int(one.goods_fen) if one.goods_fen else 0,
            base_fen=(before.base_fen if before else 0)
            + (one.amount_fen if one.kind is T.CLAW_BACK_BASE else 0),
            fund_fen=(before.fund_fen if before else 0)
            + (one.amount_fen if one.kind is T.CLAW_BACK_FUND else 0),
            less_fen=(before.less_fen if before else 0)
            + (one.amount_fen if one.from_kind is not A.CLAWBACK else 0),
        )
        if owed == 0:
            rows.clear()
    return sorted(rows.values(), key=lambda row: row.on)
