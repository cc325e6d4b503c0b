"""The people at a distributor: personal data in rows of their own; the audit trail holds references only (D1)."""

from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy.orm import Session

from portal.db import lock, now
from portal.domain.audit import services as audit
from portal.domain.distributors import search
from portal.domain.distributors.facts import CONTACT_BY_NAME, CONTACT_FACTS, empty_contact
from portal.domain.distributors.models import Contact, Distributor
from portal.domain.errors import DomainError, Stale
from portal.domain.i18n import N_
from portal.domain.users.models import User


class Erasure(StrEnum):
    """Why a person's data went; free text could name the person again."""

    LEFT = "left"
    ASKED = "asked"
    MISTAKE = "mistake"
    NOT_NEEDED = "not_needed"


def add(
    session: Session, actor: User | None, distributor: Distributor, facts: Mapping[str, str | bool]
) -> Contact:
    """A new contact (values by `facts.CONTACT_FACTS`, and `is_primary`); the first one is the primary one.

    The same person with the same facts is refused: a form that was sent twice.
    """
    lock(session, distributor)
    contact = Contact(distributor_id=distributor.id, name="")
    named = _apply(contact, facts)
    if not contact.name:
        raise DomainError(N_("Enter the contact's name."), field="name")
    if any(facts_of(other) == facts_of(contact) for other in distributor.people):
        raise DomainError(N_("This contact is already on record."), field="name")
    contact.is_primary = bool(facts.get("is_primary")) or not distributor.people
    distributor.contacts.append(contact)
    session.flush()
    if contact.is_primary:
        _only_primary(distributor, contact)
    _written(session, actor, "distributor.contact_added", distributor, contact, named)
    return contact


def begin_with(distributor: Distributor, facts: Mapping[str, str]) -> list[str]:
    """Give a record that is not written yet its first contact, and say which facts are known of the person."""
    contact = Contact(name="", is_primary=True)
    named = _apply(contact, facts)
    if not contact.name:
        raise DomainError(N_("Enter the contact's name."), field="name")
    distributor.contacts.append(contact)
    return named


def record_first(session: Session, actor: User | None, distributor: Distributor, named: list[str]) -> None:
    """Tell of that contact once the record is written."""
    person = distributor.contacts[0].id
    audit.record(session, actor, "distributor.contact_added", distributor, contact_id=person, personal=named)


def edit(
    session: Session,
    actor: User,
    distributor: Distributor,
    contact: Contact,
    facts: Mapping[str, str | bool],
    *,
    opened: Mapping[str, str] | None = None,
) -> None:
    """Change what differs; the audit trail says which facts, not what they say.

    `opened` is what the facts were when the form was opened; if they are not that any more, it raises Stale.
    """
    _hold(session, distributor, contact)
    if opened is not None and opened != facts_of(contact):
        raise Stale(N_("Somebody else changed this contact after you opened it."))
    if "name" in facts and not facts["name"]:
        raise DomainError(N_("Enter the contact's name."), field="name")
    changed = _apply(contact, facts)
    is_promoted = bool(facts.get("is_primary")) and not contact.is_primary
    if is_promoted:
        contact.is_primary = True
        _only_primary(distributor, contact)
        changed.append("is_primary")
    if changed:
        _written(session, actor, "distributor.contact_changed", distributor, contact, changed)


def erase(session: Session, actor: User, distributor: Distributor, contact: Contact, why: Erasure) -> None:
    """Take a person's data out for good; the row stays so that references hold, the next one is primary."""
    _hold(session, distributor, contact)
    empty_contact(contact)
    was_primary, contact.is_primary, contact.ended_at = contact.is_primary, False, now()
    if was_primary and distributor.people:
        distributor.people[0].is_primary = True
    distributor.updated_at = now()
    session.flush()
    search.index(session, [distributor.id])
    audit.record(session, actor, "distributor.contact_erased", distributor, contact_id=contact.id, why=why)
    session.refresh(distributor)


def facts_of(contact: Contact) -> dict[str, str]:
    """The person's facts by name."""
    return {fact.name: str(getattr(contact, fact.name) or "") for fact in CONTACT_FACTS}


def _hold(session: Session, distributor: Distributor, contact: Contact) -> None:
    lock(session, distributor)
    lock(session, contact)
    if contact.ended_at is not None:
        raise DomainError(N_("This contact has been erased."))


def _apply(contact: Contact, facts: Mapping[str, str | bool]) -> list[str]:
    changed = []
    for fact in CONTACT_FACTS:
        if fact.name not in facts:
            continue
        value = _checked(fact.name, str(facts[fact.name]))
        if value != (getattr(contact, fact.name) or ""):
            setattr(contact, fact.name, value)
            changed.append(fact.name)
    return changed


def _checked(name: str, value: str) -> str:
    try:
        return str(CONTACT_BY_NAME[name].read(value))
    except DomainError as error:
        raise DomainError(error.msgid, field=name, **error.params) from error


def _only_primary(distributor: Distributor, contact: Contact) -> None:
    for other in distributor.people:
        if other is not contact:
            other.is_primary = False


def _written(
    session: Session,
    actor: User | None,
    action: str,
    distributor: Distributor,
    contact: Contact,
    personal: list[str],
) -> None:
    distributor.updated_at = now()
    session.flush()
    search.index(session, [distributor.id])
    audit.record(session, actor, action, distributor, contact_id=contact.id, personal=personal)
    session.refresh(distributor)
