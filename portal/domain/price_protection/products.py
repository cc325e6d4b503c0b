"""Products and the prices that new agreements propose (P1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from portal.db import lock, now, today
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError, Stale
from portal.domain.i18n import N_
from portal.domain.money import DAXIE_LIMIT_FEN
from portal.domain.papers.fill import validate
from portal.domain.price_protection.approvals import valid_approvals
from portal.domain.price_protection.models import (
    BINDING,
    Agreement,
    AgreementPrice,
    AgreementTerms,
    PriceApproval,
    PriceKind,
    Product,
    ProductPrice,
)
from portal.domain.text import clean
from portal.domain.users.models import User

# The paper's own limits and characters hold for what is printed on it.
_PRINTED_AS = {
    "code": "price.product_code",
    "name": "price.product_name",
    "name_en": "price.product_name_en",
    "unit": "price.unit",
}


@dataclass(frozen=True)
class ProductFacts:
    """What a person says of a product; `prices` are fen by kind, None or absent where there is none."""

    code: str
    name: str
    unit: str
    name_en: str = ""
    prices: Mapping[PriceKind, int | None] = field(default_factory=dict)


@dataclass(frozen=True)
class ProductFilter:
    """What a list is narrowed to; `state` is "current", "discontinued" or empty for both."""

    q: str = ""
    state: str = ""


@dataclass(frozen=True)
class ProposedRow:
    """A row that a new agreement proposes for annex 1; a binding kind has the approval in force, or None."""

    product: Product
    kind: PriceKind
    amount_fen: int
    approval: PriceApproval | None


SORTS = {"code": Product.code, "name": Product.name, "unit": Product.unit}


def products(wanted: ProductFilter | None = None) -> sa.Select[Product]:
    """All products that a filter leaves; they are the whole company's, so no region narrows them."""
    wanted = wanted or ProductFilter()
    statement = sa.select(Product)
    for part in wanted.q.split():
        like = "%" + part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        columns = (Product.code, Product.name, Product.name_en)
        statement = statement.where(sa.or_(*(column.ilike(like, escape="\\") for column in columns)))
    if wanted.state == "current":
        statement = statement.where(Product.discontinued_at.is_(None))
    elif wanted.state == "discontinued":
        statement = statement.where(Product.discontinued_at.is_not(None))
    return statement


def product_rows(wanted: ProductFilter | None = None, on: date | None = None) -> sa.Select[Any]:
    """The columns of the list of products: the facts, `price_<kind>` in fen, and how far approvals reach.

    `approved_until` is the last day of the longest approval in force `on` that day (today).
    """
    on = on or today()
    prices = (
        sa.select(ProductPrice.amount_fen)
        .where(ProductPrice.product_id == Product.id, ProductPrice.kind == kind)
        .correlate(Product)
        .scalar_subquery()
        .label(f"price_{kind.value}")
        for kind in PriceKind
    )
    approved_until = (
        sa.select(sa.func.max(PriceApproval.valid_until))
        .where(
            PriceApproval.product_id == Product.id,
            PriceApproval.revoked_at.is_(None),
            PriceApproval.valid_from <= on,
            PriceApproval.valid_until >= on,
        )
        .correlate(Product)
        .scalar_subquery()
        .label("approved_until")
    )
    columns = (Product.id, Product.code, Product.name, Product.name_en, Product.unit, Product.discontinued_at)
    return products(wanted).with_only_columns(*columns, *prices, approved_until)


def proposed_rows(session: Session, on: date | None = None) -> list[ProposedRow]:
    """What an agreement beginning `on` (today) may take into annex 1: current products and their prices."""
    on = on or today()
    rows = session.execute(
        sa.select(Product, ProductPrice)
        .join(ProductPrice, ProductPrice.product_id == Product.id)
        .where(Product.discontinued_at.is_(None))
        .order_by(Product.code)
    ).all()
    order = list(PriceKind)
    approvals = valid_approvals(session, {row.Product.id for row in rows}, on)
    return [
        ProposedRow(
            row.Product,
            row.ProductPrice.kind,
            row.ProductPrice.amount_fen,
            approvals.get((row.Product.id, row.ProductPrice.kind))
            if row.ProductPrice.kind.needs_approval
            else None,
        )
        for row in sorted(rows, key=lambda row: (row.Product.code, order.index(row.ProductPrice.kind)))
    ]


def create_product(session: Session, actor: User, facts: ProductFacts) -> Product:
    """A new product with its proposed prices; DomainError when a fact is missing or the code is taken."""
    checked = _checked(facts)
    _refuse_taken_code(session, checked.code)
    product = Product(
        code=checked.code, name=checked.name, name_en=checked.name_en, unit=checked.unit, created_at=now()
    )
    _set_prices(product, checked.prices)
    session.add(product)
    session.flush()
    audit.record(session, actor, "product.created", product, **_facts_of(product))
    return product


def edit_product(
    session: Session, actor: User, product: Product, facts: ProductFacts, *, seen_version: int
) -> None:
    """Change a product; raises Stale when somebody saved it after the version that the form showed.

    What agreements already say of it stays as it is: their papers are frozen.
    """
    lock(session, product)
    if product.version != seen_version:
        raise Stale(
            N_("Somebody else saved this product a moment ago. Compare, then save again to replace it.")
        )
    checked = _checked(facts)
    _refuse_taken_code(session, checked.code, besides=product)
    before = _facts_of(product)
    product.code, product.name = checked.code, checked.name
    product.name_en, product.unit = checked.name_en, checked.unit
    _set_prices(product, checked.prices)
    differing = audit.changes(before, _facts_of(product))
    if differing:
        # A price alone leaves the product's own row as it was; its version must rise all the same.
        flag_modified(product, "name")
        session.flush()
        audit.record(session, actor, "product.edited", product, changes=differing)


def discontinue(session: Session, actor: User, product: Product, *, reason: str) -> None:
    """Propose a product to new agreements no more; those that name it keep it."""
    lock(session, product)
    if product.discontinued_at is not None:
        raise DomainError(N_("This product has already been discontinued."))
    reason = reason_of(reason)
    product.discontinued_at = now()
    audit.record(session, actor, "product.discontinued", product, code=product.code, reason=reason)


def resume(session: Session, actor: User, product: Product) -> None:
    """Propose a discontinued product to new agreements again."""
    lock(session, product)
    if product.discontinued_at is None:
        raise DomainError(N_("This product is not discontinued."))
    product.discontinued_at = None
    audit.record(session, actor, "product.resumed", product, code=product.code)


def agreements_naming(session: Session, product: Product, *, on: date | None = None) -> int:
    """How many agreements in force or still to come name the product, those of all regions."""
    on = on or today()
    return (
        session.scalar(
            sa.select(sa.func.count(sa.distinct(Agreement.id)))
            .join(AgreementTerms, AgreementTerms.agreement_id == Agreement.id)
            .join(AgreementPrice, AgreementPrice.terms_id == AgreementTerms.id)
            .where(
                AgreementPrice.product_id == product.id,
                Agreement.status.in_(BINDING),
                Agreement.ends_on >= on,
            )
        )
        or 0
    )


def _checked(facts: ProductFacts) -> ProductFacts:
    given = {name: clean(getattr(facts, name)) for name in _PRINTED_AS}
    missing = {
        "code": N_("Enter a code for the product."),
        "name": N_("Enter a name for the product."),
        "unit": N_("Enter the unit in which it is sold."),
    }
    for name, msgid in missing.items():
        if not given[name]:
            raise DomainError(msgid, field=name)
    for name, placeholder in _PRINTED_AS.items():
        given[name] = printable(given[name], placeholder, name)
    prices = {kind: fen for kind, fen in facts.prices.items() if fen is not None}
    for kind, fen in prices.items():
        if not 0 < fen <= DAXIE_LIMIT_FEN:
            raise DomainError(N_("The price must be greater than 0."), field=f"price_{kind.value}")
    return ProductFacts(**given, prices=prices)


def printable(text: str, placeholder: str, field_name: str) -> str:
    """The text as the paper takes it: a refusal of the placeholder's limits names the form's field."""
    try:
        return str(validate(placeholder, text)) if text else ""
    except DomainError as error:
        raise DomainError(error.msgid, field=field_name, **error.params) from error


def reason_of(reason: str) -> str:
    """A reason as it is kept; raises DomainError when none is given."""
    reason = clean(reason)
    if not reason:
        raise DomainError(N_("Enter a reason."), field="reason")
    if len(reason) > 200:
        raise DomainError(N_("The reason has at most %(limit)s characters."), field="reason", limit=200)
    return reason


def _refuse_taken_code(session: Session, code: str, *, besides: Product | None = None) -> None:
    taken = sa.select(Product.id).where(sa.func.lower(Product.code) == code.lower())
    if besides is not None:
        taken = taken.where(Product.id != besides.id)
    if session.scalar(taken) is not None:
        raise DomainError(N_("The product code %(code)s is taken. Choose another."), field="code", code=code)


def _set_prices(product: Product, prices: Mapping[PriceKind, int | None]) -> None:
    kept = {price.kind: price for price in product.prices}
    for kind, price in kept.items():
        if prices.get(kind) is None:
            product.prices.remove(price)
    for kind, fen in prices.items():
        if fen is None:
            continue
        if kind in kept:
            kept[kind].amount_fen = fen
        else:
            product.prices.append(ProductPrice(kind=kind, amount_fen=fen))


def _facts_of(product: Product) -> dict[str, Any]:
    prices: dict[str, Any] = dict.fromkeys((f"price_{kind.value}" for kind in PriceKind), None)
    prices.update({f"price_{price.kind.value}": price.amount_fen for price in product.prices})
    return {
        "code": product.code,
        "name": product.name,
        "name_en": product.name_en,
        "unit": product.unit,
        **prices,
    }
