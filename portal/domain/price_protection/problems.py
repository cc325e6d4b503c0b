"""What keeps an agreement from being printed or approved, each with the place where it is mended (PLACEHOLDERS 5)."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
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
)
from portal.domain.price_protection.payload import payload
from portal.domain.templates.models import Template
from portal.domain.templates.offers import holds_work
from portal.domain.templates.services import is_released


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
    """Another agreement that protects a product of this one on the same day, and from when to when it does."""

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
    found = text_obstacles(agreement.template)
    if agreement.distributor.standing is Standing.ELIMINATED:
        found.append(
            Problem(
                N_("%(name)s is eliminated; no agreement is written with it."),
                Place.DISTRIBUTOR,
                params={"name": agreement.distributor.name},
            )
        )
    found += [told(conflict) for conflict in conflicts(session, agreement)]
    return found


def text_obstacles(template: Template) -> list[Problem]:
    """What keeps anything from being approved on a text: counsel has not released it, or took it out of use (P8)."""
    params = {"key": template.key, "version": template.version}
    if not is_released(template):
        msgid = N_("Counsel has not released the template %(key)s %(version)s.")
    elif (word := holds_work(template)) is not None:
        msgid = N_("Counsel has taken the template %(key)s %(version)s out of use: %(reason)s")
        params["reason"] = word.reason
    else:
        return []
    return [Problem(msgid, Place.TEMPLATE, template.key, params, template.id)]


def told(conflict: Conflict) -> Problem:
    """A conflict as something to mend, in the other agreement."""
    return Problem(
        N_("%(other)s already protects %(product)s, from %(first)s to %(last)s."),
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


def conflicts(session: Session, agreement: Agreement) -> list[Conflict]:
    """Agreements of the same distributor that hold a product of this one on one of its days (P1).

    An agreement holds its products from approval on, from its first day to its last in fact. This one may be
    one that is not saved.
    """
    products = {row.product_id or row.product.id for row in agreement.terms[0].prices}
    return held_by_others(session, agreement, products, agreement.effective_on, agreement.ends_on)


def held_by_others(
    session: Session, agreement: Agreement, products: Iterable[int], first: date, last: date
) -> list[Conflict]:
    """Agreements of the same distributor, this one apart, that hold one of these products on one of these days.

    Each with the days on which it does: its terms name a product from their own day until the next ones take effect,
    so that one taken out by an amendment is free from then on, and one added held only from then on.
    """
    later = aliased(AgreementTerms)
    next_on = (
        # None is effective before an earlier one: the first of the later days is that of the next terms.
        sa.select(sa.func.min(later.effective_on))
        .where(later.agreement_id == AgreementTerms.agreement_id, later.no > AgreementTerms.no)
        .scalar_subquery()
    )
    rows = session.execute(
        sa.select(
            Agreement.id,
            Agreement.number,
            Agreement.ends_on,
            Product.id,
            Product.name,
            AgreementTerms.no,
            AgreementTerms.effective_on,
            next_on,
        )
        .join(AgreementTerms, AgreementTerms.agreement_id == Agreement.id)
        .join(AgreementPrice, AgreementPrice.terms_id == AgreementTerms.id)
        .join(Product, Product.id == AgreementPrice.product_id)
        .where(
            Agreement.distributor_id == agreement.distributor.id,
            Agreement.id != agreement.id,
            Agreement.status.in_(BINDING),
            AgreementPrice.product_id.in_(list(products)),
            Agreement.effective_on <= last,
            Agreement.ends_on >= first,
        )
        .distinct()  # a product may be named with two kinds of price
        .order_by(Agreement.number, Product.name, Product.id, AgreementTerms.no)
    )
    spans: list[tuple[int, Conflict]] = []
    for agreement_id, number, ends_on, product_id, name, _no, begins_on, following in rows:
        until = min(ends_on, following - timedelta(days=1)) if following is not None else ends_on
        if until < begins_on:  # overtaken, or ended, before they took effect: they never hold anything
            continue
        before = spans[-1] if spans else None
        if (
            before is not None
            and (before[0], before[1].agreement_id) == (product_id, agreement_id)
            and before[1].ends_on == begins_on - timedelta(days=1)
        ):
            spans[-1] = (product_id, replace(before[1], ends_on=until))
        else:
            spans.append((product_id, Conflict(agreement_id, number, begins_on, until, name)))
    return [held for _product, held in spans if held.effective_on <= last and held.ends_on >= first]


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
