"""What somebody writes into an agreement, and the agreement that says it: for saving and for the preview."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.asked_once import once
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.papers.fill import is_empty, validate
from portal.domain.papers.model import LibraryRow
from portal.domain.price_protection import texts
from portal.domain.price_protection.approvals import valid_approvals
from portal.domain.price_protection.defaults import (
    COUNSEL_ONLY,
    Values,
    default_values,
    differing,
    paper_of,
    terms_of,
)
from portal.domain.price_protection.models import (
    Agreement,
    AgreementPrice,
    AgreementTerms,
    AgreementViolation,
    PriceKind,
    Product,
    Status,
)
from portal.domain.templates.models import Template


@dataclass(frozen=True)
class PriceEntry:
    """A row of annex 1 as entered; fen."""

    product_id: int
    kind: PriceKind
    amount_fen: int


@dataclass(frozen=True)
class ViolationEntry:
    """A kind of violation that was ticked, with its share of the fund in ppm."""

    code: str
    share_ppm: int


@dataclass(frozen=True)
class Entry:
    """What somebody writes into an agreement; `values` holds stored values by placeholder, columns apart.

    A rebate of 0 is one that was not said yet.
    """

    template_id: int
    effective_on: date
    expires_on: date
    rebate_ppm: int
    base_share: int
    award_ppm: int
    values: Values = field(default_factory=dict)
    prices: Sequence[PriceEntry] = ()
    violations: Sequence[ViolationEntry] = ()


def assemble(
    session: Session,
    distributor: Distributor,
    entry: Entry,
    *,
    into: Agreement | None = None,
    template: Template | None = None,
) -> Agreement:
    """An agreement as the entry says it, not added to the session; with `into`, that one is made to say it.

    Used by saving and by the preview of what is not saved, which may show a `template` not kept yet.
    """
    template = template or session.get(Template, entry.template_id)
    if template is None:
        raise DomainError("Choose a template.", field="template_id")
    agreement = into if into is not None else Agreement(status=Status.DRAFT, number="")
    terms = into.terms[0] if into is not None else AgreementTerms(no=0)
    agreement.distributor = distributor
    if into is None:
        agreement.region = distributor.region
        agreement.terms = [terms]
    agreement.template = template
    agreement.effective_on = terms.effective_on = entry.effective_on
    agreement.expires_on = agreement.ends_on = entry.expires_on
    terms.rebate_ppm = int(validate("rebate_rate", entry.rebate_ppm)) if entry.rebate_ppm else 0
    terms.base_share = int(validate("base_share", entry.base_share))
    terms.award_ppm = int(validate("award_share", entry.award_ppm))
    terms.values = _own_values(session, agreement, terms.values or {}, entry.values)
    _write_prices(session, terms, entry)
    _write_violations(session, terms, entry, texts.kinds(session, template))
    return agreement


def _own_values(session: Session, agreement: Agreement, before: Values, said: Values) -> Values:
    """Check each value as the registry says, and keep what differs from the defaults.

    Counsel's terms that nobody spoke of stay as they were.
    """
    names = {entry.name for entry in terms_of(paper_of(agreement.template))}
    kept = {name: before[name] for name in COUNSEL_ONLY & names if name in before and name not in said}
    checked = {
        name: validate(name, value) for name, value in said.items() if name in names and not is_empty(value)
    }
    return differing({**kept, **checked}, default_values(session, agreement.region))


def _write_prices(session: Session, terms: AgreementTerms, entry: Entry) -> None:
    ids = frozenset(row.product_id for row in entry.prices)
    products = once(session, ("products", ids), lambda: _products(session, ids))
    approvals = valid_approvals(session, products, entry.effective_on)
    kept = {(row.product_id, row.kind): row for row in terms.prices}
    rows: list[AgreementPrice] = []
    seen: set[tuple[int, PriceKind]] = set()
    for no, said in enumerate(entry.prices):
        key = (said.product_id, said.kind)
        product = products.get(said.product_id)
        if product is None:
            raise DomainError("Choose a product from the list.", field=f"prices-{no}-product_id")
        if key in seen:
            raise DomainError(
                "%(product)s is in the list twice with the same kind of price.",
                field=f"prices-{no}-product_id",
                product=product.name,
            )
        seen.add(key)
        row = kept.get(key) or AgreementPrice(product_id=product.id, kind=said.kind, product=product)
        row.no, row.amount_fen = no + 1, said.amount_fen
        approval = approvals.get(key) if said.kind.needs_approval else None
        row.approval_id = approval.id if approval else None
        rows.append(row)
    terms.prices = rows


def _products(session: Session, ids: frozenset[int]) -> dict[int, Product]:
    found = session.scalars(sa.select(Product).where(Product.id.in_(sorted(ids))))
    return {product.id: product for product in found}


def _write_violations(
    session: Session, terms: AgreementTerms, entry: Entry, library: Sequence[LibraryRow]
) -> None:
    known = {row.code: row for row in library}
    chosen = {said.code: said.share_ppm for said in entry.violations}
    for code in chosen:
        if code not in known:
            raise DomainError(
                "The template has no violation of the kind %(code)s.", field="violations", code=code
            )
    if any(known[code].needs_approval for code in chosen) and not has_approved_price(session, entry):
        raise DomainError(
            "Breach of an approved price can be chosen only with a price that counsel approved for the first day.",
            field="violations",
        )
    kept = {row.code: row for row in terms.violations}
    rows: list[AgreementViolation] = []
    for source in library:  # in the order of counsel's list, whatever was ticked first
        if source.code not in chosen:
            continue
        row = kept.get(source.code) or AgreementViolation(code=source.code)
        row.no = len(rows) + 1
        row.kind, row.kind_en = source.kind, source.kind_en
        row.definition, row.definition_en = source.definition, source.definition_en
        row.share_ppm = int(validate("violation.share", chosen[source.code]))
        rows.append(row)
    terms.violations = rows


def has_approved_price(session: Session, entry: Entry) -> bool:
    """Whether a row of annex 1 binds under an approval in force on the first day (PLACEHOLDERS 4.1)."""
    binding = [row for row in entry.prices if row.kind.needs_approval]
    approvals = valid_approvals(session, [row.product_id for row in binding], entry.effective_on)
    return any((row.product_id, row.kind) in approvals for row in binding)


def snapshot(agreement: Agreement) -> dict[str, Any]:
    """What an agreement says, in one flat dict, to tell two states apart."""
    terms = agreement.terms[0]
    return {
        "template": f"{agreement.template.key} {agreement.template.version}",
        "effective_on": agreement.effective_on,
        "expires_on": agreement.expires_on,
        "rebate_rate": terms.rebate_ppm,
        "base_share": terms.base_share,
        "award_share": terms.award_ppm,
        "prices": [
            [row.product.code, row.kind.value, row.amount_fen]
            for row in sorted(terms.prices, key=lambda row: row.no)
        ],
        "violations": [[row.code, row.share_ppm] for row in sorted(terms.violations, key=lambda row: row.no)],
        **terms.values,
    }
