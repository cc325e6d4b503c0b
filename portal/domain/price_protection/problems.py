"""What keeps an agreement from being printed or approved, each with the place where it is mended (PLACEHOLDERS 5)."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.distributors.models import Standing
from portal.domain.i18n import N_
from portal.domain.papers.agreement import AgreementPaperData
from portal.domain.papers.checks import check_agreement
from portal.domain.papers.placeholders import Source
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.price_protection.defaults import paper_of
from portal.domain.price_protection.models import (
    BINDING,
    Agreement,
    AgreementPrice,
    AgreementTerms,
    Product,
    Template,
)
from portal.domain.price_protection.payload import payload


class Place(StrEnum):
    """Where something is mended."""

    TERMS = "terms"
    PRICES = "prices"
    VIOLATIONS = "violations"
    DISTRIBUTOR = "distributor"
    COMPANY = "company"
    TEMPLATE = "template"
    OTHER_AGREEMENT = "other_agreement"


@dataclass(frozen=True)
class Problem:
    """One thing to mend: a msgid with its params, where to go, and the field or record there."""

    msgid: str
    place: Place
    name: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    record_id: int | None = None


@dataclass(frozen=True)
class Conflict:
    """Another agreement that protects a product of this one on the same day."""

    agreement_id: int
    number: str
    effective_on: date
    ends_on: date
    product_name: str


def problems(session: Session, agreement: Agreement) -> list[Problem]:
    """Everything that is missing or wrong on the paper itself; empty when it can be printed."""
    return problems_of(agreement, payload(session, agreement))


def problems_of(agreement: Agreement, data: AgreementPaperData) -> list[Problem]:
    """The same for data at hand."""
    return [
        Problem(error.msgid, place_of(error.field or ""), error.field or "", dict(error.params))
        for error in check_agreement(paper_of(agreement.template), data)
    ]


def obstacles(session: Session, agreement: Agreement) -> list[Problem]:
    """What keeps a well-formed agreement from being approved: its template, its distributor, other agreements."""
    found = []
    if not is_released(agreement.template):
        found.append(
            Problem(
                N_("Counsel has not released the template %(key)s %(version)s."),
                Place.TEMPLATE,
                agreement.template.key,
                {"key": agreement.template.key, "version": agreement.template.version},
                agreement.template_id,
            )
        )
    if agreement.distributor.standing is Standing.ELIMINATED:
        found.append(
            Problem(
                N_("%(name)s is eliminated; no agreement is written with it."),
                Place.DISTRIBUTOR,
                params={"name": agreement.distributor.name},
            )
        )
    found += [
        Problem(
            N_("%(other)s protects %(product)s already, from %(first)s to %(last)s."),
            Place.OTHER_AGREEMENT,
            conflict.number,
            {
                "other": conflict.number,
                "product": conflict.product_name,
                "first": conflict.effective_on.isoformat(),
                "last": conflict.ends_on.isoformat(),
            },
            conflict.agreement_id,
        )
        for conflict in conflicts(session, agreement)
    ]
    return found


def conflicts(session: Session, agreement: Agreement) -> list[Conflict]:
    """Agreements of the same distributor that hold a product of this one on one of its days (P1).

    An agreement holds its products from approval on, from its first day to its last in fact.
    """
    mine, theirs = aliased(AgreementTerms), aliased(AgreementTerms)
    my_price, their_price = aliased(AgreementPrice), aliased(AgreementPrice)
    rows = session.execute(
        sa.select(Agreement.id, Agreement.number, Agreement.effective_on, Agreement.ends_on, Product.name)
        .join(theirs, theirs.agreement_id == Agreement.id)
        .join(their_price, their_price.terms_id == theirs.id)
        .join(my_price, my_price.product_id == their_price.product_id)
        .join(mine, sa.and_(mine.id == my_price.terms_id, mine.agreement_id == agreement.id))
        .join(Product, Product.id == their_price.product_id)
        .where(
            Agreement.distributor_id == agreement.distributor_id,
            Agreement.id != agreement.id,
            Agreement.status.in_(BINDING),
            Agreement.effective_on <= Agreement.ends_on,  # ended before it began: it never holds anything
            Agreement.effective_on <= agreement.ends_on,
            Agreement.ends_on >= agreement.effective_on,
        )
        .distinct()
        .order_by(Agreement.number, Product.name)
    )
    return [Conflict(*row) for row in rows]


def is_released(template: Template) -> bool:
    """Whether counsel released this very text (P8)."""
    return template.release is not None and template.release.sha256 == template.sha256


def place_of(name: str) -> Place:
    """Where the value of a placeholder is mended."""
    part = name.split(".")[0]
    if part in ("price", "violation"):
        return Place.PRICES if part == "price" else Place.VIOLATIONS
    entry = PLACEHOLDERS.get(name)
    if entry is None:
        return Place.TERMS
    if entry.source is Source.DISTRIBUTOR:
        return Place.DISTRIBUTOR
    return Place.COMPANY if entry.source is Source.COMPANY else Place.TERMS
