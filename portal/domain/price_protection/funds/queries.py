"""What the books say, within the regions of who asks."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.access.queries import visible, within
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Account, Book, Transfer
from portal.domain.price_protection.funds.showing import goes_straight_on
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
    books = books_visible_to(user)
    found: dict[AccountKind, int] = dict.fromkeys(AccountKind, 0)
    for side, sign in ((Transfer.debit_id, 1), (Transfer.credit_id, -1)):
        for kind, fen in session.execute(
            sa.select(Account.kind, sa.cast(sa.func.sum(Transfer.amount_fen), sa.BigInteger))
            .join(Transfer, side == Account.id)
            .where(Transfer.book_id.in_(books))
            .group_by(Account.kind)
        ):
            found[kind] += fen * (sign if kind.is_debit else -sign)
    return found


def held_by_quarter(session: Session, user: User) -> dict[str, int]:
    """What the funds of each quarter hold together in the books that the user may see, in fen; only what is held."""
    books = books_visible_to(user)
    found: dict[str, int] = {}
    for side, sign in ((Transfer.credit_id, 1), (Transfer.debit_id, -1)):
        for part, fen in session.execute(
            sa.select(Account.part, sa.cast(sa.func.sum(Transfer.amount_fen), sa.BigInteger))
            .join(Transfer, side == Account.id)
            .where(Account.kind == A.FUND, Account.book_id.in_(books))
            .group_by(Account.part)
        ):
            found[part] = found.get(part, 0) + sign * fen
    return {part: fen for part, fen in found.items() if fen}


@dataclass(frozen=True)
class FundFilter:
    """What the list of funds is narrowed to; an empty field narrows nothing."""

    q: str = ""
    region_id: int | None = None
    distributor_id: int | None = None


# What the columns of the list count: the kinds of transfers with their signs, or an account's balance.
_ACCRUED = {T.ACCRUE_FUND: 1, T.REVERSE_FUND: -1, T.REVERSE_DEDUCTION: -1, T.CLAW_BACK_FUND: -1}
_RELEASED = {T.RELEASE: 1, T.CLAW_BACK_FUND: -1}
_DEDUCTED = {T.DEDUCT: 1, T.RESTORE: -1, T.REVERSE_DEDUCTION: -1}
_PAYABLE = (A.BASE, A.RELEASED, A.INTEREST_DUE)


def _moved(kinds: dict[TransferKind, int]) -> sa.ColumnElement[int]:
    signed = sa.case(
        *((Transfer.kind == kind, Transfer.amount_fen * sign) for kind, sign in kinds.items()), else_=0
    )
    return sa.cast(sa.func.sum(signed), sa.BigInteger)


def _balance(kinds: tuple[AccountKind, ...], sign: int) -> sa.ColumnElement[int]:
    debit, credit = _debit.kind.in_(kinds), _credit.kind.in_(kinds)
    signed = sa.case((credit, Transfer.amount_fen * sign), else_=0) - sa.case(
        (debit, Transfer.amount_fen * sign), else_=0
    )
    return sa.cast(sa.func.sum(signed), sa.BigInteger)


_debit, _credit = aliased(Account), aliased(Account)


def _straight_on() -> sa.ColumnElement[int]:
    signed = sa.case((goes_straight_on(_credit), Transfer.amount_fen), else_=0)
    return sa.cast(sa.func.sum(signed), sa.BigInteger)


def _sums(user: User) -> sa.Subquery:
    """The figures of each book that the user may see."""
    return (
        sa.select(
            Book.agreement_id,
            _moved(_ACCRUED).label("accrued"),
            _balance((A.FUND,), 1).label("held"),
            (_moved(_RELEASED) + _straight_on()).label("released"),
            _moved(_DEDUCTED).label("deducted"),
            _balance(_PAYABLE, 1).label("payable"),
            _balance((A.CLAWBACK,), -1).label("owed"),
        )
        .join(Transfer, Transfer.book_id == Book.id)
        .join(_debit, _debit.id == Transfer.debit_id)
        .join(_credit, _credit.id == Transfer.credit_id)
        .where(Book.id.in_(books_visible_to(user)))
        .group_by(Book.agreement_id)
        .subquery()
    )


def fund_rows(user: User, wanted: FundFilter) -> sa.Select[Any]:
    """The agreements whose books hold anything, one row each with its figures in fen."""
    sums = _sums(user)
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
