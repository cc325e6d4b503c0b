"""What the books say, within the regions of who asks."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.access.queries import visible, within
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Account, Book
from portal.domain.ledger.sums import moved, net
from portal.domain.price_protection.funds.showing import BY_KEY, NET, PAYABLE, goes_straight_on
from portal.domain.price_protection.models import Agreement
from portal.domain.regions.models import Region
from portal.domain.users.models import User

T, A = TransferKind, AccountKind


def books_visible_to(user: User) -> sa.Select[int]:
    """Ids of the books of agreements in the user's regions, as a Select for `.in_()`."""
    return (
        sa.select(Book.id)
        .join(Agreement, Agreement.id == Book.agreement_id)
        .where(Agreement.region_id.in_(visible(user, P.FUNDS_READ)))
    )


def totals(session: Session, user: User) -> dict[AccountKind, int]:
    """What all accounts of a kind hold together in the books that the user may see, in fen."""
    sums = net(books_visible_to(user))
    found: dict[AccountKind, int] = dict.fromkeys(AccountKind, 0)
    for kind, fen in session.execute(
        sa.select(Account.kind, sa.cast(sa.func.sum(sums.c.fen), sa.BigInteger))
        .join(sums, sums.c.account_id == Account.id)
        .group_by(Account.kind)
    ):
        found[kind] = fen if kind.is_debit else -fen
    return found


def held_by_quarter(session: Session, user: User) -> dict[str, int]:
    """What the funds of each quarter hold together in the books that the user may see, in fen; only what is held."""
    sums = net(books_visible_to(user))
    rows = session.execute(
        sa.select(Account.part, sa.cast(-sa.func.sum(sums.c.fen), sa.BigInteger))
        .join(sums, sums.c.account_id == Account.id)
        .where(Account.kind == A.FUND)
        .group_by(Account.part)
    )
    return {part: fen for part, fen in rows if fen}


@dataclass(frozen=True)
class FundFilter:
    """What the list of funds is narrowed to; an empty field narrows nothing."""

    q: str = ""
    region_id: int | None = None
    distributor_id: int | None = None


def _moved(sums: sa.CTE, kinds: dict[TransferKind, int]) -> sa.ColumnElement[int]:
    signed = sa.case(*((sums.c.kind == kind, sums.c.fen * sign) for kind, sign in kinds.items()), else_=0)
    return sa.cast(sa.func.sum(signed), sa.BigInteger)


def _balance(sums: sa.CTE, kinds: tuple[AccountKind, ...], sign: int) -> sa.ColumnElement[int]:
    debit, credit = _debit.kind.in_(kinds), _credit.kind.in_(kinds)
    signed = sa.case((credit, sums.c.fen * sign), else_=0) - sa.case((debit, sums.c.fen * sign), else_=0)
    return sa.cast(sa.func.sum(signed), sa.BigInteger)


_debit, _credit = aliased(Account), aliased(Account)


def _straight_on(sums: sa.CTE) -> sa.ColumnElement[int]:
    signed = sa.case((goes_straight_on(_credit, sums.c.kind), sums.c.fen), else_=0)
    return sa.cast(sa.func.sum(signed), sa.BigInteger)


def _sums(user: User, distributor_id: int | None = None) -> sa.Subquery:
    """The figures of each book that the user may see, or of a distributor's."""
    books = books_visible_to(user)
    if distributor_id is not None:
        books = books.where(Agreement.distributor_id == distributor_id)
    sums = moved(books)
    return (
        sa.select(
            Book.agreement_id,
            _moved(sums, NET).label("accrued"),
            _balance(sums, (A.FUND,), 1).label("held"),
            (_moved(sums, BY_KEY["released"].kinds) + _straight_on(sums)).label("released"),
            _moved(sums, BY_KEY["deducted"].kinds).label("deducted"),
            _balance(sums, PAYABLE, 1).label("payable"),
            _balance(sums, (A.CLAWBACK,), -1).label("owed"),
        )
        .join(sums, sums.c.book_id == Book.id)
        .join(_debit, _debit.id == sums.c.debit_id)
        .join(_credit, _credit.id == sums.c.credit_id)
        .group_by(Book.agreement_id)
        .subquery()
    )


def count_books(session: Session, user: User) -> int:
    """How many books that the user may see hold anything."""
    return (
        session.scalar(
            sa.select(sa.func.count())
            .select_from(Book)
            .where(Book.id.in_(books_visible_to(user)), Book.last_no > 0)
        )
        or 0
    )


def fund_rows(user: User, wanted: FundFilter) -> sa.Select[Any]:
    """The agreements whose books hold anything, one row each with its figures in fen."""
    sums = _sums(user, wanted.distributor_id)
    statement = (
        sa.select(
            Agreement.id,
            Agreement.number,
            Distributor.code.label("distributor_code"),
            Distributor.name.label("distributor_name"),
            Region.name.label("region_name"),
            *(sums.c[name] for name in FIGURES),
        )
        .select_from(sums)
        .join(Agreement, Agreement.id == sums.c.agreement_id)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .join(Region, Region.id == Agreement.region_id)
    )
    if wanted.region_id is not None:
        statement = statement.where(Agreement.region_id.in_(within(wanted.region_id)))
    if wanted.distributor_id is not None:
        statement = statement.where(Agreement.distributor_id == wanted.distributor_id)
    if wanted.q:
        words = f"%{wanted.q.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"
        statement = statement.where(
            sa.or_(
                Agreement.number.ilike(words, escape="!"),
                Distributor.name.ilike(words, escape="!"),
                Distributor.code.ilike(words, escape="!"),
            )
        )
    return statement


FIGURES = ("accrued", "held", "released", "deducted", "payable", "owed")
SORTS: dict[str, Any] = {
    "number": Agreement.number,
    "distributor": Distributor.name,
    **{name: sa.literal_column(name) for name in FIGURES},
}


def by_region(session: Session, user: User, region_id: int | None = None) -> list[Any]:
    """The same figures for each office, or those of one and below it, in the order of the tree."""
    sums = _sums(user)
    statement = (
        sa.select(
            Region.id,
            Region.name,
            sa.func.count().label("agreements"),
            *(sa.cast(sa.func.sum(sums.c[name]), sa.BigInteger).label(name) for name in FIGURES),
        )
        .select_from(sums)
        .join(Agreement, Agreement.id == sums.c.agreement_id)
        .join(Region, Region.id == Agreement.region_id)
        .group_by(Region.id, Region.name, Region.path)
        .order_by(Region.path)
    )
    if region_id is not None:
        statement = statement.where(Agreement.region_id.in_(within(region_id)))
    return list(session.execute(statement).all())
