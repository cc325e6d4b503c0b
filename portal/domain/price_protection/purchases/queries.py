"""Reading purchases, always within the regions of whoever asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.domain import money
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor
from portal.domain.distributors.queries import DistributorFilter, narrowed
from portal.domain.ledger.accounts import AccountKind
from portal.domain.ledger.models import Account, Transfer
from portal.domain.price_protection.funds.behind import TAKEN
from portal.domain.price_protection.models import AgreementTerms, Product
from portal.domain.price_protection.purchases.models import Accrual, Purchase
from portal.domain.regions.models import Region
from portal.domain.users.models import User


def purchases_visible_to(
    user: User, permission: Permission = Permission.PURCHASES_READ
) -> sa.Select[Purchase]:
    """Every line of a distributor in whose region `user` has the permission."""
    return (
        sa.select(Purchase)
        .join(Distributor, Distributor.id == Purchase.distributor_id)
        .where(Distributor.region_id.in_(visible(user, permission)))
    )


def numbered(user: User, number: str) -> sa.Select[Any]:
    """The lines of documents with such a number, or part of it, the latest first."""
    columns: tuple[Any, ...] = (
        Purchase.id,
        Purchase.document_number,
        Purchase.line_no,
        Purchase.purchased_on,
        Purchase.amount_fen,
        Purchase.returns_id,
        Distributor.name.label("distributor"),
        Region.name.label("office"),
    )
    # Who types a line's number too, as pages and papers write it, means that line.
    document, _dash, line = number.rpartition("-")
    named = Purchase.document_number.icontains(number, autoescape=True)
    if document and line.isdigit() and len(line) < 6:
        of_line = sa.and_(
            sa.func.upper(Purchase.document_number) == document.upper(), Purchase.line_no == int(line)
        )
        named = sa.or_(named, of_line)
    return (
        purchases_visible_to(user)
        .join(Region, Region.id == Distributor.region_id)
        .with_only_columns(*columns)
        .where(named)
        .order_by(Purchase.id.desc())
    )


def purchase_with_all(user: User, id: int) -> sa.Select[Purchase]:
    """One line with what its page shows."""
    return (
        purchases_visible_to(user)
        .where(Purchase.id == id)
        .options(
            joinedload(Purchase.distributor, innerjoin=True).joinedload(Distributor.region, innerjoin=True),
            joinedload(Purchase.product, innerjoin=True),
            joinedload(Purchase.accrual).joinedload(Accrual.agreement),
            joinedload(Purchase.returns),
            joinedload(Purchase.entered_by),
            selectinload(Purchase.codes),
        )
    )


def returns_of(session: Session, purchase: Purchase) -> Sequence[Purchase]:
    """What was returned of a line, in the order of entry."""
    return session.scalars(
        sa.select(Purchase)
        .where(Purchase.returns_id == purchase.id)
        .options(joinedload(Purchase.accrual))
        .order_by(Purchase.id)
    ).all()


def left_to_return(session: Session, purchase: Purchase) -> int:
    """What is left of a line after its returns, in fen."""
    taken = session.scalar(
        sa.select(sa.cast(sa.func.sum(Purchase.amount_fen), sa.BigInteger)).where(
            Purchase.returns_id == purchase.id
        )
    )
    return purchase.amount_fen + (taken or 0)


class Posted(NamedTuple):
    """A transfer as a page shows it."""

    no: int
    kind: Any
    debit: Any
    debit_part: str
    credit: Any
    credit_part: str
    amount_fen: int
    booked_on: date


def transfers_of(session: Session, purchase: Purchase, *, is_told: bool) -> list[Posted]:
    """The transfers that follow from a line, in the order of its agreement's book.

    To those who are not told of awards (`is_told`, see `funds.behind`) what decisions took is one account.
    """
    debit, credit = sa.orm.aliased(Account), sa.orm.aliased(Account)
    rows = session.execute(
        sa.select(
            Transfer.no,
            Transfer.kind,
            debit.kind,
            debit.part,
            credit.kind,
            credit.part,
            Transfer.amount_fen,
            Transfer.booked_on,
        )
        .join(debit, debit.id == Transfer.debit_id)
        .join(credit, credit.id == Transfer.credit_id)
        .where(Transfer.source == "purchase", Transfer.source_id == purchase.id)
        .order_by(Transfer.no)
    )
    posted = [Posted(*row) for row in rows]
    return posted if is_told else _told_to_all(posted)


def _told_to_all(posted: list[Posted]) -> list[Posted]:
    found: dict[tuple[Any, ...], Posted] = {}
    for one in posted:
        one = one._replace(
            debit=AccountKind.UNAWARDED if one.debit in TAKEN else one.debit,
            credit=AccountKind.UNAWARDED if one.credit in TAKEN else one.credit,
        )
        key = one._replace(no=0, amount_fen=0)
        known = found.get(key)
        found[key] = one._replace(amount_fen=one.amount_fen + known.amount_fen, no=known.no) if known else one
    return list(found.values())


@dataclass(frozen=True)
class Arithmetic:
    """How the accrual of a line came about: rates of its terms, what counted before it and after it, in fen.

    A purchase's `before` is 0; a return's is what was left of its purchase (9.1).
    """

    rebate_ppm: int
    base_share: int
    before_fen: int
    after_fen: int
    before: money.Accrual
    after: money.Accrual

    @property
    def base_ppm(self) -> int:
        """The base part of the rebate, in ppm."""
        return self.base_share * 10_000

    @property
    def fund_ppm(self) -> int:
        """The fund's part of the rebate, in ppm."""
        return (100 - self.base_share) * 10_000

    @property
    def is_whole(self) -> bool:
        """Whether one product says it all: a purchase, or the return of everything that was left."""
        return 0 in (self.before_fen, self.after_fen)


def arithmetic(session: Session, purchase: Purchase) -> Arithmetic | None:
    """How the accrual of a line came about; None for one that accrued nothing."""
    accrual = purchase.accrual
    if accrual is None:
        return None
    terms = session.get_one(AgreementTerms, accrual.terms_id)
    before = 0
    if purchase.returns is not None:
        taken = session.scalar(
            sa.select(sa.cast(sa.func.sum(Purchase.amount_fen), sa.BigInteger))
            .join(Accrual, Accrual.purchase_id == Purchase.id)
            .where(Purchase.returns_id == purchase.returns_id, Accrual.id < accrual.id)
        )
        before = purchase.returns.amount_fen + (taken or 0)
    after = before + purchase.amount_fen
    return Arithmetic(
        terms.rebate_ppm,
        terms.base_share,
        before,
        after,
        money.accrue(before, terms.rebate_ppm, terms.base_share),
        money.accrue(after, terms.rebate_ppm, terms.base_share),
    )


def buyers(session: Session, user: User, q: str = "") -> sa.Select[Distributor]:
    """The distributors of `user`'s offices, narrowed by what finds one; of an eliminated one only goods come back."""
    statement = (
        sa.select(Distributor)
        .where(Distributor.region_id.in_(visible(user, Permission.PURCHASES_WRITE)))
        .options(joinedload(Distributor.region, innerjoin=True))
    )
    return narrowed(session, statement, DistributorFilter(q=q)).order_by(Distributor.code_key)


def product_choices(session: Session) -> list[tuple[int, str]]:
    """Every product by id, those on sale first: goods of a discontinued one are sold and returned for a while."""
    rows = session.execute(
        sa.select(Product.id, Product.code, Product.name).order_by(
            Product.discontinued_at.is_not(None), Product.code
        )
    )
    return [(row.id, f"{row.code} {row.name}") for row in rows]
