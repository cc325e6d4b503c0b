"""Writing an agreement: what was entered becomes a draft, a draft is changed, a new one is proposed from an old."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor, Standing
from portal.domain.errors import DomainError, Stale
from portal.domain.i18n import N_
from portal.domain.papers.fill import is_empty, validate
from portal.domain.papers.model import LibraryRow
from portal.domain.price_protection.approvals import valid_approvals
from portal.domain.price_protection.defaults import (
    COUNSEL_ONLY,
    Values,
    default_term,
    default_values,
    differing,
    distributor_values,
    following_term,
    paper_of,
    terms_of,
)
from portal.domain.price_protection.models import (
    Agreement,
    AgreementEvent,
    AgreementPrice,
    AgreementTerms,
    AgreementViolation,
    PriceKind,
    Product,
    Status,
    Template,
)
from portal.domain.price_protection.numbers import agreement_number
from portal.domain.users.models import User


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


def draft(
    session: Session,
    actor: User,
    distributor: Distributor,
    entry: Entry,
    *,
    follows: Agreement | None = None,
) -> Agreement:
    """Write a new agreement down under a number of its own (P1).

    An entry may have holes, which submitting lists; what it says must be sayable: DomainError names the field.
    """
    if distributor.standing is Standing.ELIMINATED:
        raise DomainError("%(name)s is eliminated; no agreement is written with it.", name=distributor.name)
    _check(entry)
    agreement = assemble(session, distributor, entry)
    _refuse_counsels_terms(actor, {}, agreement.terms[0].values)
    agreement.number = agreement_number(session)
    agreement.author_id = actor.id
    agreement.follows_id = _followed(follows, distributor)
    session.add(agreement)
    session.flush()
    note(session, actor, agreement, "created", follows=follows.number if follows else None)
    return agreement


def edit(session: Session, actor: User, agreement: Agreement, entry: Entry, *, version: int) -> Agreement:
    """Replace what a draft says; Stale when somebody saved it after this version was opened.

    Only a draft changes; what was submitted is sent back or withdrawn first.
    """
    lock(session, agreement)
    if agreement.status is not Status.DRAFT:
        raise DomainError("%(number)s is no draft any more; it cannot be changed.", number=agreement.number)
    if agreement.version != version:
        raise Stale(N_("Somebody else saved this agreement after you opened it."))
    _check(entry)
    before, terms_before = snapshot(agreement), dict(agreement.terms[0].values)
    assemble(session, agreement.distributor, entry, into=agreement)
    _refuse_counsels_terms(actor, terms_before, agreement.terms[0].values)
    # Its rows are others than this one: the version must rise whichever of them changed.
    agreement.updated_at = now()
    session.flush()
    changes = audit.changes(before, snapshot(agreement))
    if changes:
        note(session, actor, agreement, "edited", changes=changes)
    return agreement


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
    _write_violations(session, terms, entry, paper_of(template).library)
    return agreement


def _check(entry: Entry) -> None:
    """Refuse what the database would refuse; a preview shows it as missing or wrong."""
    if entry.effective_on >= entry.expires_on:
        raise DomainError("The last day comes after the first.", field="expires_on")
    if not 0 < entry.rebate_ppm <= 1_000_000:
        raise DomainError("Say the rebate rate: above 0 and at most 100 percent.", field="rebate_rate")
    for no, row in enumerate(entry.prices):
        if row.amount_fen <= 0:
            raise DomainError(
                "Enter the price: the product proposes none of this kind.", field=f"prices-{no}-amount"
            )


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


def _refuse_counsels_terms(actor: User, before: Values, after: Values) -> None:
    if actor.can(Permission.TEMPLATES_RELEASE):
        return
    for name in sorted(COUNSEL_ONLY):
        if name in after and before.get(name) != after[name]:
            raise DomainError("This term is counsel's; only counsel changes it.", field=name)


def _write_prices(session: Session, terms: AgreementTerms, entry: Entry) -> None:
    products = {
        product.id: product
        for product in session.scalars(
            sa.select(Product).where(Product.id.in_([row.product_id for row in entry.prices]))
        )
    }
    approvals = valid_approvals(session, products, entry.effective_on)
    kept = {(row.product_id, row.kind): row for row in terms.prices}
    rows: list[AgreementPrice] = []
    seen: set[tuple[int, PriceKind]] = set()
    for no, said in enumerate(entry.prices):
        key = (said.product_id, said.kind)
        product = products.get(said.product_id)
        if product is None:
            raise DomainError("Choose a product of the list.", field=f"prices-{no}-product_id")
        if key in seen:
            raise DomainError(
                "%(product)s stands in the list twice with the same kind of price.",
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


def _followed(follows: Agreement | None, distributor: Distributor) -> int | None:
    if follows is None:
        return None
    if follows.distributor_id != distributor.id:
        raise DomainError(
            "%(number)s is with another distributor and cannot be followed.", number=follows.number
        )
    return follows.id


def proposal(session: Session, distributor: Distributor, template: Template) -> Entry:
    """What a new agreement proposes before anybody writes: the company's terms, the register's territory."""
    effective_on, expires_on = default_term()
    return _proposed(session, distributor, template, effective_on, expires_on)


def _proposed(
    session: Session, distributor: Distributor, template: Template, effective_on: date, expires_on: date
) -> Entry:
    paper = paper_of(template)
    values = {**default_values(session, distributor.region), **distributor_values(distributor)}
    return Entry(
        template_id=template.id,
        effective_on=effective_on,
        expires_on=expires_on,
        rebate_ppm=int(values.get("rebate_rate", 0)),
        base_share=int(values["base_share"]),
        award_ppm=int(values["award_share"]),
        values={entry.name: values[entry.name] for entry in terms_of(paper) if entry.name in values},
        violations=[
            ViolationEntry(row.code, row.share_ppm)
            for row in paper.library
            if row.is_enabled and not row.needs_approval
        ],
    )


def renewal(session: Session, agreement: Agreement, template: Template) -> Entry:
    """What the successor of an agreement proposes: the same terms for a year from the day after its last.

    Products no longer sold and violations that the template no longer knows are left out.
    """
    effective_on, expires_on = following_term(agreement.ends_on)
    base = _proposed(session, agreement.distributor, template, effective_on, expires_on)
    old = entry_of(session, agreement)
    names = {entry.name for entry in terms_of(paper_of(template))} - COUNSEL_ONLY
    library = {row.code: row for row in paper_of(template).library}
    prices = [
        PriceEntry(row.product_id, row.kind, row.amount_fen)
        for row in agreement.terms[0].prices
        if row.product.discontinued_at is None
    ]
    proposed = Entry(
        template_id=template.id,
        effective_on=effective_on,
        expires_on=expires_on,
        rebate_ppm=old.rebate_ppm,
        base_share=old.base_share,
        award_ppm=old.award_ppm,
        values={**base.values, **{name: value for name, value in old.values.items() if name in names}},
        prices=prices,
        violations=[row for row in old.violations if row.code in library],
    )
    if has_approved_price(session, proposed):
        return proposed
    kept = [row for row in proposed.violations if not library[row.code].needs_approval]
    return Entry(**{**proposed.__dict__, "violations": kept})


def entry_of(session: Session, agreement: Agreement) -> Entry:
    """What a draft says, its defaults included, as a form shows it."""
    terms = agreement.terms[0]
    defaults = {
        **default_values(session, agreement.region),
        **distributor_values(agreement.distributor),
    }
    values = {**defaults, **terms.values}
    names = [entry.name for entry in terms_of(paper_of(agreement.template))]
    return Entry(
        template_id=agreement.template_id,
        effective_on=agreement.effective_on,
        expires_on=agreement.expires_on,
        rebate_ppm=terms.rebate_ppm,
        base_share=terms.base_share,
        award_ppm=terms.award_ppm,
        values={name: values[name] for name in names if name in values},
        prices=[PriceEntry(row.product_id, row.kind, row.amount_fen) for row in terms.prices],
        violations=[ViolationEntry(row.code, row.share_ppm) for row in terms.violations],
    )


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


def note(
    session: Session, actor: User | None, agreement: Agreement, kind: str, reason: str = "", **params: Any
) -> None:
    """Write a step of the agreement's life and its audit event."""
    said: dict[str, Any] = audit.plain({key: value for key, value in params.items() if value is not None})
    session.add(
        AgreementEvent(
            agreement_id=agreement.id,
            kind=kind,
            at=now(),
            by_id=actor.id if actor else None,
            reason=reason,
            params=said,
        )
    )
    if reason:
        said = {**said, "reason": reason}
    audit.record(session, actor, f"agreement.{kind}", agreement, number=agreement.number, **said)
    session.flush()
    session.expire(agreement, ["events"])
