"""Writing an agreement: what was entered becomes a draft, a draft is changed, a new one is proposed from an old."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now, today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor, Standing
from portal.domain.errors import DomainError, Stale
from portal.domain.i18n import N_
from portal.domain.numbering.services import Numbered, new_number
from portal.domain.price_protection import texts
from portal.domain.price_protection.defaults import (
    COUNSEL_ONLY,
    Values,
    default_term,
    default_values,
    distributor_values,
    following_term,
    paper_of,
    terms_of,
)
from portal.domain.price_protection.entries import (
    Entry,
    PriceEntry,
    ViolationEntry,
    assemble,
    has_approved_price,
    snapshot,
)
from portal.domain.price_protection.models import Agreement, AgreementEvent, AgreementWriter, Status
from portal.domain.regions.models import Region
from portal.domain.templates.models import Template
from portal.domain.users.models import User

# What may have a successor.
RENEWABLE = (Status.SIGNED, Status.TERMINATED)


def draft(
    session: Session,
    actor: User,
    distributor: Distributor,
    entry: Entry,
    *,
    follows: Agreement | None = None,
    said_by: Iterable[int] = (),
) -> Agreement:
    """Write a new agreement down under a number of its own (P1).

    An entry may have holes, which submitting lists; what it says must be sayable: DomainError names the field.
    `said_by` are the ids of those whose words the terms are besides the actor's: they do not approve it either.
    """
    if distributor.standing is Standing.ELIMINATED:
        raise DomainError("%(name)s is eliminated; no agreement is written with it.", name=distributor.name)
    check_entry(entry)
    agreement = assemble(session, distributor, entry)
    _refuse_counsels_terms(actor, {}, agreement.terms[0].values)
    agreement.number = _free_number(session, agreement.region)
    agreement.author_id = actor.id
    agreement.follows_id = _followed(session, follows, distributor)
    session.add(agreement)
    session.flush()
    session.add_all(
        AgreementWriter(agreement_id=agreement.id, user_id=id) for id in sorted({actor.id, *said_by})
    )
    note(session, actor, agreement, "created", follows=follows.number if follows else None)
    return agreement


def _free_number(session: Session, office: Region) -> str:
    """The next number that no agreement has: another rule may have given it out before."""
    while True:
        number = new_number(session, office, Numbered.AGREEMENT)
        if session.scalar(sa.select(Agreement.id).where(Agreement.number == number)) is None:
            return number


def edit(session: Session, actor: User, agreement: Agreement, entry: Entry, *, version: int) -> Agreement:
    """Replace what a draft says; Stale when somebody saved it after this version was opened.

    Only a draft changes; what was submitted is sent back or withdrawn first.
    """
    lock(session, agreement)
    if agreement.status is not Status.DRAFT:
        raise DomainError("%(number)s is no longer a draft and cannot be changed.", number=agreement.number)
    if agreement.version != version:
        raise Stale(N_("Somebody else saved this agreement after you opened it."))
    check_entry(entry)
    before, terms_before = snapshot(agreement), dict(agreement.terms[0].values)
    assemble(session, agreement.distributor, entry, into=agreement)
    _refuse_counsels_terms(actor, terms_before, agreement.terms[0].values)
    # Its rows are others than this one: the version must rise whichever of them changed.
    agreement.updated_at = now()
    session.flush()
    # A term that went back to its default is no longer named: that is a change too.
    changes = audit.changes(before, {**dict.fromkeys(before), **snapshot(agreement)})
    if changes:
        if session.get(AgreementWriter, (agreement.id, actor.id)) is None:
            session.add(AgreementWriter(agreement_id=agreement.id, user_id=actor.id))
        note(session, actor, agreement, "edited", changes=changes)
    return agreement


def check_entry(entry: Entry) -> None:
    """Refuse what the database would refuse; a preview shows it as missing or wrong."""
    if entry.effective_on >= entry.expires_on:
        raise DomainError("The last day must be after the first day.", field="expires_on")
    if not 0 < entry.rebate_ppm <= 1_000_000:
        raise DomainError("Enter a rebate rate above 0 and up to 100 percent.", field="rebate_rate")
    for no, row in enumerate(entry.prices):
        if row.amount_fen <= 0:
            raise DomainError(
                "Enter the price: the product has no default of this kind.", field=f"prices-{no}-amount"
            )


def _refuse_counsels_terms(actor: User, before: Values, after: Values) -> None:
    if actor.can(Permission.TEMPLATES_RELEASE):
        return
    for name in sorted(COUNSEL_ONLY):
        if name in after and before.get(name) != after[name]:
            raise DomainError("This term belongs to counsel; only counsel can change it.", field=name)


def why_not_renewed(agreement: Agreement) -> DomainError | None:
    """Why no agreement may follow this one yet, with what to do instead; None when one may."""
    if agreement.status not in RENEWABLE:
        return DomainError(
            "%(number)s was not signed; only a signed agreement is renewed.", number=agreement.number
        )
    if agreement.status is Status.SIGNED and agreement.effective_on > today():
        return DomainError(
            N_(
                "%(number)s takes effect only on %(day)s and can be renewed from then on. "
                "To change its terms before, amend it."
            ),
            number=agreement.number,
            day=agreement.effective_on.isoformat(),
        )
    return None


def _followed(session: Session, follows: Agreement | None, distributor: Distributor) -> int | None:
    if follows is None:
        return None
    if follows.distributor_id != distributor.id:
        raise DomainError(
            "%(number)s belongs to another distributor and cannot be renewed here.", number=follows.number
        )
    refusal = why_not_renewed(follows)
    if refusal is not None:
        raise refusal
    # Two renewals at once: the second finds the first. What the old one says is not needed afresh.
    session.execute(sa.select(Agreement.id).where(Agreement.id == follows.id).with_for_update())
    taken = session.scalar(
        sa.select(Agreement.number).where(Agreement.follows_id == follows.id, Agreement.status != Status.VOID)
    )
    if taken is not None:
        raise DomainError("%(number)s already renews it.", number=taken)
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
            for row in texts.kinds(session, template)
            if row.is_enabled and not row.needs_approval
        ],
    )


def renewal(
    session: Session, agreement: Agreement, template: Template, *, period: tuple[date, date] | None = None
) -> Entry:
    """What the successor of an agreement proposes: the same terms for a year from the day after its last.

    With `period` for these days instead. Products no longer sold and violations that the template no longer knows
    are left out.
    """
    effective_on, expires_on = period or following_term(agreement.ends_on)
    base = _proposed(session, agreement.distributor, template, effective_on, expires_on)
    old = entry_of(session, agreement)
    names = {entry.name for entry in terms_of(paper_of(template))} - COUNSEL_ONLY
    library = {row.code: row for row in texts.kinds(session, template)}
    prices = [
        PriceEntry(row.product_id, row.kind, row.amount_fen)
        for row in agreement.last_terms.prices
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
    """What an agreement says with its last amendment, its defaults included, as a form shows it."""
    terms = agreement.last_terms
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


# Writing begins with these, wherever they stand.
__all__ = [
    "Entry",
    "PriceEntry",
    "ViolationEntry",
    "assemble",
    "draft",
    "edit",
    "entry_of",
    "has_approved_price",
    "note",
    "proposal",
    "renewal",
]
