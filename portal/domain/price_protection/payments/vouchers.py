"""Vouchers for the company's books: what was booked in a range of days, as entries whose debits equal their credits."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.db import lock
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Account, Book, Transfer
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payments.models import Payout, Repayment
from portal.domain.regions import services as regions
from portal.domain.settings import services as settings
from portal.domain.text import clean
from portal.domain.users.models import User

A, T = AccountKind, TransferKind
_KEY = "voucher_subjects"
MOST_DAYS = 366
_PAYING = (T.PAY, T.OFFSET, T.COLLECT)
_SOURCES = ("payout", "repayment", "case_award")


class Subject(NamedTuple):
    """会计科目: its code in 用友 and in 金蝶, and its name."""

    yonyou: str
    kingdee: str
    name: str


# Proposals after the subjects of the Accounting Standards for Business Enterprises; a company's own differ.
SUBJECTS: dict[AccountKind, Subject] = {
    A.REBATE: Subject("600109", "6001.09", "主营业务收入-销售返利"),
    A.BASE: Subject("224101", "2241.01", "其他应付款-应付基本利润"),
    A.FUND: Subject("224102", "2241.02", "其他应付款-价格保护基金"),
    A.RELEASED: Subject("224103", "2241.03", "其他应付款-已释放基金"),
    A.AWARD: Subject("224104", "2241.04", "其他应付款-应付奖励"),
    A.UNAWARDED: Subject("224105", "2241.05", "其他应付款-未奖励扣减款"),
    A.CLAWBACK: Subject("122101", "1221.01", "其他应收款-应收退回返利"),
    A.BORNE: Subject("671109", "6711.09", "营业外支出-承担的奖励"),
    A.INTEREST: Subject("660301", "6603.01", "财务费用-利息支出"),
    A.INTEREST_DUE: Subject("223101", "2231.01", "应付利息-基金利息"),
    A.MONEY: Subject("1002", "1002", "银行存款"),
    A.CREDIT_NOTE: Subject("1122", "1122", "应收账款"),
    A.GOODS: Subject("1405", "1405", "库存商品"),
}


@dataclass(frozen=True)
class Line:
    """One entry of a voucher: a debit or a credit, in fen, the other is 0."""

    voucher: int
    day: date
    kind: TransferKind
    document: str
    account: AccountKind
    part: str
    debit_fen: int
    credit_fen: int
    # Empty where a case paid somebody: neither whom nor of which case is told.
    code: str
    distributor: str
    agreement: str


def subjects(session: Session) -> dict[AccountKind, Subject]:
    """The subjects that the company uses: its own, else the proposals."""
    said = settings.own_values(session, regions.head_office(session)).get(_KEY)
    own = (
        {AccountKind(kind): Subject(*parts) for kind, parts in said.items()} if isinstance(said, dict) else {}
    )
    return SUBJECTS | own


def change_subjects(session: Session, actor: User, new: dict[AccountKind, Subject]) -> bool:
    """Let vouchers use these subjects from now on; False when nothing differs. The caller commits."""
    office = regions.head_office(session)
    lock(session, office)
    if not actor.can(P.PAYMENTS_MAKE, office):
        raise DomainError(
            "The subjects are one for the whole company: finance of the head office changes them."
        )
    old = subjects(session)
    read = {kind: Subject(*(clean(part) for part in subject)) for kind, subject in new.items()}
    for kind, subject in read.items():
        for name, code in (("yonyou", subject.yonyou), ("kingdee", subject.kingdee)):
            if not code or len(code) > 30 or not all(c.isalnum() or c in ".-_" for c in code):
                raise DomainError(
                    "A subject code consists of letters, digits and dots, at most 30.", field=f"{name}-{kind}"
                )
        if not 0 < len(subject.name) <= 60:
            raise DomainError("Enter the subject's name, at most 60 characters.", field=f"name-{kind}")
    if read == old:
        return False
    settings.keep(session, actor, office, _KEY, {kind.value: list(subject) for kind, subject in read.items()})
    audit.record(
        session,
        actor,
        "subjects.changed",
        office,
        region_id=office.id,
        changes={
            kind.value: [" ".join(old[kind]), " ".join(subject)]
            for kind, subject in read.items()
            if old[kind] != subject
        },
    )
    return True


def lines(
    session: Session, user: User, first_on: date, last_on: date, *, only_payments: bool
) -> Iterator[Line]:
    """The entries of all vouchers of these days in the offices where the user pays, two or more a voucher.

    A voucher is a day, an agreement and one kind of booking, or one payment; equal entries are added up.
    """
    number, last = 0, None
    for row in session.execute(_sums(user, first_on, last_on, only_payments=only_payments)):
        this = row.booked_on, row.agreement, row.kind, row.document
        if this != last:
            number, last = number + 1, this
        for account, part, debit_fen, credit_fen in (
            (row.from_kind, row.from_part, row.fen, 0),
            (row.to_kind, row.to_part, 0, row.fen),
        ):
            is_sealed = _is_of_case(row.from_kind, row.to_kind, row.kind)
            yield Line(
                voucher=number,
                day=row.booked_on,
                kind=row.kind,
                document=row.document,
                account=account,
                part="" if is_sealed else part,
                debit_fen=debit_fen,
                credit_fen=credit_fen,
                code="" if is_sealed else row.code,
                distributor="" if is_sealed else row.distributor,
                agreement="" if is_sealed else row.agreement,
            )


def _is_of_case(debit: AccountKind, credit: AccountKind, kind: TransferKind) -> bool:
    """Whether money went to somebody whom a case keeps sealed, or to a purpose, and not to the distributor."""
    return kind in (T.PAY, T.CORRECT) and bool({debit, credit} & {A.AWARD, A.UNAWARDED})


def _sums(user: User, first_on: date, last_on: date, *, only_payments: bool) -> sa.Select[Any]:
    debit, credit = aliased(Account), aliased(Account)
    document = sa.func.coalesce(Payout.number, Repayment.number, sa.literal_column("''")).label("document")
    columns: tuple[Any, ...] = (
        Transfer.booked_on,
        Agreement.number.label("agreement"),
        Transfer.kind,
        document,
        debit.kind.label("from_kind"),
        debit.part.label("from_part"),
        credit.kind.label("to_kind"),
        credit.part.label("to_part"),
        Distributor.code,
        Distributor.name.label("distributor"),
        sa.cast(sa.func.sum(Transfer.amount_fen), sa.BigInteger).label("fen"),
    )
    statement: sa.Select[Any] = (
        sa.select(*columns)
        .join(Book, Book.id == Transfer.book_id)
        .join(Agreement, Agreement.id == Book.agreement_id)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .join(debit, debit.id == Transfer.debit_id)
        .join(credit, credit.id == Transfer.credit_id)
        .outerjoin(Payout, sa.and_(Transfer.source == "payout", Payout.id == Transfer.source_id))
        .outerjoin(Repayment, sa.and_(Transfer.source == "repayment", Repayment.id == Transfer.source_id))
        .where(
            Agreement.region_id.in_(visible(user, P.PAYMENTS_MAKE)),
            Transfer.booked_on.between(first_on, last_on),
        )
    )
    if only_payments:
        statement = statement.where(
            sa.or_(
                Transfer.kind.in_(_PAYING), sa.and_(Transfer.kind == T.CORRECT, Transfer.source.in_(_SOURCES))
            )
        )
    keys = (
        Transfer.booked_on,
        Agreement.number,
        Transfer.kind,
        document,
        debit.kind,
        debit.part,
        credit.kind,
        credit.part,
    )
    return statement.group_by(*keys, Distributor.code, Distributor.name).order_by(*keys)


def require_range(first_on: date | None, last_on: date | None) -> tuple[date, date]:
    """The days asked for, or DomainError that says what is wrong with them."""
    if first_on is None or last_on is None:
        raise DomainError("Enter the first and the last day.", field="first_on")
    if first_on > last_on:
        raise DomainError("The first day lies after the last.", field="first_on")
    if (last_on - first_on).days >= MOST_DAYS:
        raise DomainError("Choose at most one year.", field="last_on")
    return first_on, last_on
