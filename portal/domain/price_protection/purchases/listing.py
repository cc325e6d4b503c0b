"""Purchases as a list: its rows, what it is narrowed and sorted by, and what it comes to.

A company has a million lines after some years: a page finds its ids along an index first, and the sums of a list that
is narrowed by days at most are read from indexes alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.queries import visible, within
from portal.domain.access.roles import Permission
from portal.domain.distributors import search
from portal.domain.distributors.listing import sees_everything
from portal.domain.distributors.models import Distributor
from portal.domain.distributors.queries import Columns, Expected, tested
from portal.domain.price_protection.models import Agreement, Product
from portal.domain.price_protection.purchases.entries import Key
from portal.domain.price_protection.purchases.models import Accrual, Purchase, Unprotected
from portal.domain.regions.models import Region
from portal.domain.text import clean, half_width
from portal.domain.users.models import User

PROTECTED, UNPROTECTED = "protected", "unprotected"
PURCHASES, RETURNS = "purchases", "returns"


@dataclass(frozen=True)
class PurchaseFilter:
    """What the list is narrowed to; an empty field narrows nothing.

    `state` is PROTECTED, UNPROTECTED or a value of Unprotected, `kind` PURCHASES or RETURNS; the days are inclusive.
    """

    q: str = ""
    region_id: int | None = None
    distributor_id: int | None = None
    product_id: int | None = None
    first_on: date | None = None
    last_on: date | None = None
    state: str = ""
    kind: str = ""


SORTS: dict[str, Any] = {
    "day": Purchase.purchased_on,
    "document": Purchase.document_number,
    "distributor": sa.select(Distributor.name)
    .where(Distributor.id == Purchase.distributor_id)
    .correlate(Purchase)
    .scalar_subquery(),
    "product": sa.select(Product.code)
    .where(Product.id == Purchase.product_id)
    .correlate(Purchase)
    .scalar_subquery(),
    "amount": Purchase.amount_fen,
}

# What a row shows.
SHOWN: Columns = (
    sa.select(
        Purchase.id,
        Purchase.purchased_on,
        Purchase.document_number,
        Purchase.line_no,
        Distributor.code.label("distributor_code"),
        Distributor.name.label("distributor"),
        Region.name.label("office"),
        Product.code.label("product_code"),
        Product.name.label("product"),
        Product.unit,
        Purchase.quantity_milli,
        Purchase.amount_fen,
        Purchase.returns_id,
        Purchase.unprotected,
        Accrual.rebate_fen,
        Accrual.base_fen,
        Accrual.fund_fen,
        Accrual.quarter,
        Purchase.note,
    )
    .join(Distributor, Distributor.id == Purchase.distributor_id)
    .join(Region, Region.id == Distributor.region_id)
    .join(Product, Product.id == Purchase.product_id)
    .join(Accrual, Accrual.purchase_id == Purchase.id, isouter=True)
)


def found(session: Session, user: User, wanted: PurchaseFilter) -> sa.Select[int]:
    """Ids of the lines that a user sees and the filter leaves."""
    return sa.select(Purchase.id).where(*_left(session, user, wanted))


def rows(session: Session, user: User, wanted: PurchaseFilter) -> Columns:
    """What is shown of all of them."""
    return SHOWN.where(*_left(session, user, wanted))


def rows_with_agreements(session: Session, user: User, wanted: PurchaseFilter) -> Columns:
    """The same with the number of the agreement that each line accrued under."""
    return (
        rows(session, user, wanted)
        .outerjoin(Agreement, Agreement.id == Accrual.agreement_id)
        .add_columns(Agreement.number.label("agreement"))
    )


def of_lines(session: Session, user: User, lines: Iterable[Key]) -> dict[Key, sa.Row[Any]]:
    """What is shown of these lines, by document and line, as far as the user reads them."""
    named = sa.tuple_(Purchase.document_number, Purchase.line_no).in_(list(lines))
    found = session.execute(
        SHOWN.where(named, Distributor.region_id.in_(visible(user, Permission.PURCHASES_READ)))
    )
    return {(row.document_number, row.line_no): row for row in found}


class Totals(NamedTuple):
    """What the lines of a list come to, in fen."""

    lines: int
    amount_fen: int
    rebate_fen: int
    base_fen: int
    fund_fen: int


def totals(session: Session, user: User, wanted: PurchaseFilter) -> Totals:
    """The sums over all that the filter leaves."""
    left = _left(session, user, wanted)
    lines = session.execute(sa.select(sa.func.count(), _total(Purchase.amount_fen)).where(*left)).one()
    sums = sa.select(*map(_total, (Accrual.rebate_fen, Accrual.base_fen, Accrual.fund_fen)))
    if wanted == PurchaseFilter(region_id=wanted.region_id, distributor_id=wanted.distributor_id):
        # All lines of whole distributors: what their agreements accrued, without a look at each line.
        if left:
            agreements = sa.select(Agreement.id).where(Agreement.distributor_id.in_(_buyers(user, wanted)))
            sums = sums.where(Accrual.agreement_id.in_(agreements))
    else:
        sums = sums.select_from(Purchase).join(Accrual, Accrual.purchase_id == Purchase.id).where(*left)
    return Totals(*lines, *session.execute(sums).one())


def _total(column: Any) -> Any:
    return sa.cast(sa.func.coalesce(sa.func.sum(column), 0), sa.BigInteger)


def _sees_everything(user: User) -> bool:
    return sees_everything(user, Permission.PURCHASES_READ)


def _buyers(user: User, wanted: PurchaseFilter) -> sa.Select[int]:
    statement = sa.select(Distributor.id).where(
        Distributor.region_id.in_(visible(user, Permission.PURCHASES_READ))
    )
    if wanted.region_id is not None:
        statement = statement.where(Distributor.region_id.in_(within(wanted.region_id)))
    if wanted.distributor_id is not None:
        statement = statement.where(Distributor.id == wanted.distributor_id)
    return statement


def _left(session: Session, user: User, wanted: PurchaseFilter) -> list[sa.ColumnElement[bool]]:
    """What holds of every line that a user sees and the filter leaves."""
    left: list[sa.ColumnElement[bool]] = []
    if wanted.region_id is not None or wanted.distributor_id is not None or not _sees_everything(user):
        # Whole offices are looked up by the index only where it holds all that is asked for: to look at half a
        # million lines one by one takes ten times as long as to read them in a row.
        is_alone = wanted == replace(wanted, q="", product_id=None, state="", kind="")
        expected = Expected.SOME if is_alone or wanted.distributor_id is not None else Expected.MANY
        left.append(tested(session, Purchase.distributor_id, expected).in_(_buyers(user, wanted)))
    if words := half_width(clean(wanted.q)):
        named = Purchase.document_number.icontains(words, autoescape=True)
        known = search.matching(session, words)
        left.append(named if known is None else sa.or_(named, Purchase.distributor_id.in_(known)))
    if wanted.product_id is not None:
        left.append(Purchase.product_id == wanted.product_id)
    if wanted.first_on is not None:
        left.append(Purchase.purchased_on >= wanted.first_on)
    if wanted.last_on is not None:
        left.append(Purchase.purchased_on <= wanted.last_on)
    if wanted.state:
        accrued = sa.exists().where(Accrual.purchase_id == Purchase.id).correlate(Purchase)
        left.append(accrued if wanted.state == PROTECTED else ~accrued)
        if wanted.state == UNPROTECTED:
            left.append(Purchase.unprotected.is_not(None))  # an index knows them
        elif wanted.state != PROTECTED:
            left.append(Purchase.unprotected == Unprotected(wanted.state))
    if wanted.kind:
        # "> 0" where "is not null" is meant: SQLite looks the former up in the index.
        left.append(Purchase.returns_id > 0 if wanted.kind == RETURNS else Purchase.returns_id.is_(None))
    return left
