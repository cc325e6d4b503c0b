"""Writing the register: a record's own facts (D1); contacts, licences, documents and flags have own modules.

Facts come as values, as the readers of `facts` give them; what a dict does not name stays as it is.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now
from portal.domain import text
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.distributors import choices, contacts, duplicates, search, tree
from portal.domain.distributors.facts import BY_NAME, FACTS, code_key, code_of, line, lines
from portal.domain.distributors.models import Distributor, DistributorPhone, series_no
from portal.domain.errors import DomainError, Stale
from portal.domain.i18n import N_
from portal.domain.regions.models import Region
from portal.domain.users.models import User

GRADE_WHY_LIMIT = 200
GENERATED = re.compile(r"D-(\d{5,})")
_TERRITORY = line(200)
_GRADE_WHY = lines(GRADE_WHY_LIMIT)
_REFERENCES = ("parent_id", "region_id", "territory_id")

_HIGHEST = sa.select(sa.func.max(Distributor.series_no))
_HOLDER = sa.select(Distributor.id).where(Distributor.code_key == sa.bindparam("key"))
_REGISTER = sa.select(Region.id).where(Region.parent_id.is_(None)).with_for_update(key_share=True)


def lock_register(session: Session) -> None:
    """Let one transaction at a time number, compare and rearrange the register; taken before any row's lock.

    The head office's row stands for the register. Its lock lets foreign keys to it pass; on SQLite the
    transaction holds the whole database anyhow.
    """
    if session.get_bind().dialect.name != "sqlite":
        session.execute(_REGISTER)


def create(
    session: Session,
    actor: User | None,
    facts: Mapping[str, Any],
    *,
    contact: Mapping[str, str] | None = None,
    accepted: Collection[int] = (),
) -> Distributor:
    """A new record; without a `code` it gets the next free one of the series D-00001.

    Beside the names of `facts.FACTS` the dict knows `code` (text), `region` (Region), `owner` (User),
    `parent` (Distributor or None), `territory` (its name), `phones` (list of Phone) and `grade_why`, for the
    history. `accepted` holds the
    ids of records like this one that somebody has looked at and found to be other companies; any other raises
    LooksKnown. Those accepted are flagged. The actor None is the system (an import by command).
    """
    lock_register(session)
    region = _region(actor, facts.get("region"))
    owner = _owner(facts.get("owner"), region)
    name = _checked("name", facts.get("name") or "")
    if not name:
        raise DomainError(N_("Enter the full name, as on the business licence."), field="name")
    code = _free_code(session, facts.get("code") or "")
    found = _unknown(session, actor, name, facts.get("uscc") or "", accepted, besides=())
    why = _grade_why(facts)
    distributor = Distributor(
        code=code,
        code_key=code_key(code),
        name=name,
        name_key=text.name_key(name),
        region_id=region.id,
        owner_id=owner.id,
        contacts=[],  # it has none yet, which need not be asked
    )
    _apply(session, distributor, facts, region)
    named = _first_contact(distributor, contact) if contact and any(contact.values()) else None
    session.add(distributor)
    session.flush()
    search.index_new(session, distributor)
    if found:
        duplicates.flag(session, distributor, found)
    known = {
        name: value
        for name, value in _snapshot(distributor).items()
        if value not in (None, "") and not (name in BY_NAME and BY_NAME[name].is_personal)
    }
    audit.record(
        session,
        actor,
        "distributor.created",
        distributor,
        facts=known,
        owner_id=owner.id,
        near_same=[likeness.mention.id for likeness in found],
        **why,
    )
    if named is not None:
        contacts.record_first(session, actor, distributor, named)
    return distributor


def _first_contact(distributor: Distributor, contact: Mapping[str, str]) -> list[str]:
    try:
        return contacts.begin_with(distributor, contact)
    except DomainError as error:
        raise DomainError(error.msgid, field=f"contact_{error.field}", **error.params) from error


def edit(
    session: Session,
    actor: User | None,
    distributor: Distributor,
    facts: Mapping[str, Any],
    *,
    version: int,
    accepted: Collection[int] = (),
) -> bool:
    """Change what differs; gives whether anything did. The dict is that of `create`.

    Raises Stale when the record is no longer at `version`, LooksKnown when a new name or credit code is like
    another record's. A change of owner is an event of its own, as is a move to another office.
    """
    lock_register(session)
    lock(session, distributor)
    if distributor.version != version:
        raise Stale(N_("Somebody else saved this record after you opened it."))
    _region(actor, distributor.region)
    region = _region(actor, facts["region"]) if "region" in facts else distributor.region
    owner = _owner(facts.get("owner", distributor.owner), region, distributor)
    if "name" in facts and not facts["name"]:
        raise DomainError(N_("Enter the full name, as on the business licence."), field="name")
    tree.check_supplier(session, distributor.id, facts.get("parent"))
    why = _grade_why(facts)
    before, owner_before = _snapshot(distributor), distributor.owner_id
    phones_before = _numbers(distributor.phones)
    if facts.get("code"):
        _recode(session, distributor, facts["code"])
    found = _newly_like(session, actor, distributor, facts, accepted)
    _apply(session, distributor, facts, region)
    distributor.owner_id = owner.id
    session.flush()
    changes = audit.changes(before, _snapshot(distributor))
    touched = [name for name in changes if name in BY_NAME and BY_NAME[name].is_personal]
    business = {name: pair for name, pair in changes.items() if name not in touched}
    if _numbers(distributor.phones) != phones_before:
        touched.append("phones")
    if not changes and not touched and not why and owner_before == owner.id:
        return False
    distributor.updated_at = now()  # numbers stand in rows of their own; the record's version counts them too
    session.flush()
    duplicates.flag(session, distributor, found)
    search.index(session, [distributor.id])
    if "region_id" in business:
        audit.record(
            session,
            actor,
            "distributor.moved",
            distributor,
            region_id=before["region_id"],
            to_id=region.id,
        )
    if business or touched or why:
        audit.record(
            session, actor, "distributor.updated", distributor, changes=business, personal=touched, **why
        )
    if owner_before != owner.id:
        audit.record(
            session,
            actor,
            "distributor.owner_changed",
            distributor,
            from_id=owner_before,
            to_id=owner.id,
        )
    session.refresh(distributor)
    return True


def next_code(session: Session) -> str:
    """The code after the highest one of the series; the caller holds the register's lock."""
    number = (session.connection().scalar(_HIGHEST) or 0) + 1
    if session.connection().scalar(_HOLDER, {"key": f"D-{number:05d}"}) is not None:
        # By some other program, which knows nothing of the series: what it wrote is gone through, once.
        strange = session.scalars(sa.select(Distributor.code).where(Distributor.series_no.is_(None)))
        number = max(number, *(series_no(code) or 0 for code in strange)) + 1
    return f"D-{number:05d}"


def _free_code(session: Session, wanted: str) -> str:
    code = code_of(wanted)
    if not code:
        return next_code(session)
    taken = session.scalar(sa.select(Distributor).where(Distributor.code_key == code_key(code)))
    if taken is not None:
        raise DomainError(
            N_("The code %(code)s belongs to %(name)s (%(office)s). Choose another."),
            field="code",
            code=code,
            name=taken.name,
            office=taken.region.name,
        )
    return code


def _recode(session: Session, distributor: Distributor, wanted: str) -> None:
    code = code_of(wanted)
    if code_key(code) != distributor.code_key:
        code = _free_code(session, code)
    distributor.code, distributor.code_key = code, code_key(code)
    distributor.series_no = series_no(code)


def _region(actor: User | None, region: Region | None) -> Region:
    if region is None:
        raise DomainError(N_("Choose the office."), field="region_id")
    if actor is not None and not actor.can(Permission.DISTRIBUTORS_WRITE, region):
        raise DomainError(
            N_("You cannot edit the records of %(office)s."), field="region_id", office=region.name
        )
    return region


def _owner(owner: User | None, region: Region, distributor: Distributor | None = None) -> User:
    if owner is None:
        raise DomainError(N_("Choose the owner: every distributor has one."), field="owner_id")
    # An owner who has left must not stop others from mending an address; a new one, or a move, is checked.
    unchanged = distributor and distributor.owner_id == owner.id and distributor.region_id == region.id
    if not unchanged:
        choices.check_owner(owner, region)
    return owner


def _newly_like(
    session: Session,
    actor: User | None,
    distributor: Distributor,
    facts: Mapping[str, Any],
    accepted: Collection[int],
) -> list[duplicates.Likeness]:
    """Records that the new name or credit code is like, and the old ones were not."""
    name, uscc = facts.get("name", distributor.name), facts.get("uscc", distributor.uscc)
    if (name, uscc) == (distributor.name, distributor.uscc):
        return []
    besides = duplicates.flagged_with(session, distributor) | {distributor.id}
    return _unknown(session, actor, name, uscc, accepted, besides=besides)


def _unknown(
    session: Session,
    actor: User | None,
    name: str,
    uscc: str,
    accepted: Collection[int],
    *,
    besides: Collection[int],
) -> list[duplicates.Likeness]:
    found = duplicates.find(session, actor, name=name, uscc=uscc, besides=besides)
    if any(likeness.mention.id not in accepted for likeness in found):
        raise duplicates.LooksKnown(found)
    return found


def _checked(name: str, value: Any) -> Any:
    """The value as its own reader gives it: whoever calls, what is kept can be read and printed."""
    fact = BY_NAME[name]
    try:
        return fact.read(fact.write(value))
    except DomainError as error:
        raise DomainError(error.msgid, field=name, **error.params) from error


def _apply(session: Session, distributor: Distributor, facts: Mapping[str, Any], region: Region) -> None:
    for fact in FACTS:
        if fact.name in facts:
            setattr(distributor, fact.name, _checked(fact.name, facts[fact.name]))
    distributor.name_key, distributor.sound = (
        text.name_key(distributor.name),
        text.sound_mark(distributor.name),
    )
    if "parent" in facts:
        distributor.parent_id = facts["parent"].id if facts["parent"] else None
    if "territory" in facts or distributor.region_id != region.id:
        distributor.territory_id = _territory_id(session, distributor, facts, region)
    distributor.region_id = region.id
    if "phones" in facts:
        _set_phones(distributor, facts["phones"])


def _territory_id(
    session: Session, distributor: Distributor, facts: Mapping[str, Any], region: Region
) -> int | None:
    """A territory belongs to its office: after a move one of the same name is found or made there."""
    name = facts.get("territory")
    if name is None:
        name = distributor.territory.name if distributor.territory else ""
    try:
        wanted = _TERRITORY(name)
    except DomainError as error:
        raise DomainError(error.msgid, field="territory", **error.params) from error
    found = choices.territory(session, region, wanted)
    return found.id if found else None


def _grade_why(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Why the grade is what it is, as the history keeps it; nothing where nobody says."""
    try:
        why = _GRADE_WHY(facts.get("grade_why") or "")
    except DomainError as error:
        raise DomainError(error.msgid, field="grade_why", **error.params) from error
    return {"grade_why": why} if why else {}


def _set_phones(distributor: Distributor, phones: Sequence[text.Phone]) -> None:
    wanted = [(phone.display, phone.digits, phone.extension, phone.label) for phone in phones]
    if wanted != _numbers(distributor.phones):
        distributor.phones = [
            DistributorPhone(no=no, display=display, digits=digits, extension=extension, label=label)
            for no, (display, digits, extension, label) in enumerate(wanted)
        ]


def _numbers(phones: Sequence[DistributorPhone]) -> list[tuple[str, str, str, str]]:
    return [(phone.display, phone.digits, phone.extension, phone.label) for phone in phones]


def _snapshot(distributor: Distributor) -> dict[str, Any]:
    """What the audit trail compares; personal facts are in it and are taken out before they are written."""
    names = ("code", *(fact.name for fact in FACTS), *_REFERENCES)
    return {name: getattr(distributor, name) for name in names}
