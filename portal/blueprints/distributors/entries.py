"""Between form and record: what a record looks like in the form, what the form says, what two of us wrote."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session
from wtforms import Field

from portal.blueprints.distributors.forms import GRADE_WHY, GROUPS, SLOTS, STANDINGS, DistributorForm
from portal.domain import text
from portal.domain.distributors import choices, mentions
from portal.domain.distributors.facts import BY_NAME, FACTS, OTHER_LABELS, phones_text
from portal.domain.distributors.models import Distributor
from portal.domain.regions.models import Region
from portal.domain.users.models import User
from portal.web.tables import as_id
from portal.web.words import WORDS

_CHOSEN = ("level", "grade", "channel", "standing")
CONTACT = "contact_"


def of_record(session: Session, actor: User, distributor: Distributor) -> dict[str, Any]:
    """The record as the form's data."""
    return {fact.name: getattr(distributor, fact.name) for fact in FACTS} | {
        "code": distributor.code,
        "parent": _supplier(session, actor, distributor),
        "territory": distributor.territory.name if distributor.territory else "",
        "region_id": distributor.region_id,
        "owner_id": distributor.owner_id,
        "phones": [
            text.Phone(phone.display, phone.digits, phone.label, phone.extension)
            for phone in distributor.phones
        ],
        "version": distributor.version,
        "opened": json.dumps(typed(session, actor, distributor), ensure_ascii=False),
    }


def _supplier(session: Session, actor: User, distributor: Distributor) -> str:
    if distributor.parent_id is None:
        return ""
    return str(mentions.mentions(session, actor, [distributor.parent_id])[distributor.parent_id])


def typed(session: Session, actor: User, distributor: Distributor) -> dict[str, str]:
    """The record as texts, each as one would type it."""
    return {fact.name: fact.write(getattr(distributor, fact.name)) for fact in FACTS} | {
        "code": distributor.code,
        "parent": _supplier(session, actor, distributor),
        "territory": distributor.territory.name if distributor.territory else "",
        "region_id": str(distributor.region_id),
        "owner_id": str(distributor.owner_id),
        "phones": phones_text(distributor.phones),
    }


def _typed_in(form: DistributorForm) -> dict[str, str]:
    """The form's entries as texts, in the same manner."""
    entries = {}
    for name in [*BY_NAME, "code", "parent", "territory", "region_id", "owner_id", "phones"]:
        field = form[name]
        if name in _CHOSEN or name.endswith("_id"):
            entries[name] = str(field.data or "")
        elif name == "phones":
            entries[name] = field.show(field.data)
        elif name in BY_NAME and not field.errors:
            entries[name] = BY_NAME[name].write(field.data)
        else:
            entries[name] = field._value().strip()
    return entries


def _raw(field: Field) -> str:
    """The entry as it was sent, with the line ends that the server writes."""
    return str(field.raw_data[0]).replace("\r\n", "\n").strip() if field.raw_data else ""


def offer_standings(form: DistributorForm, distributor: Distributor | None) -> None:
    """Fill the one choice that is checked against what was offered."""
    standings = list(STANDINGS)
    if distributor is not None and distributor.standing not in standings:
        standings.append(distributor.standing)
    form.standing.choices = [(standing.value, WORDS[standing]) for standing in standings]


def offer(
    session: Session, actor: User, form: DistributorForm, distributor: Distributor | None
) -> Region | None:
    """Fill the form's choices, to be shown; gives the office that is chosen, None when the user keeps no office."""
    offer_standings(form, distributor)
    offices = choices.offices(session, actor)
    if distributor is not None and all(office.id != distributor.region_id for office in offices):
        offices.append(distributor.region)
    top = min((office.depth for office in offices), default=0)
    form.region_id.choices = [(office.id, "　" * (office.depth - top) + office.name) for office in offices]
    office = next((office for office in offices if office.id == form.region_id.data), None)
    form.owner_id.choices = _owners(session, office)
    if distributor is not None and all(value != distributor.owner_id for value, _ in form.owner_id.choices):
        form.owner_id.choices.append((distributor.owner_id, distributor.owner.name))
    return office


def _owners(session: Session, office: Region | None) -> list[tuple[int, str]]:
    if office is None:
        return []
    return [
        (choice.id, f"{choice.name}（{choice.office}）" if choice.office else choice.name)
        for choice in choices.owners(session, office)
    ]


def stated(session: Session, form: DistributorForm) -> dict[str, Any]:
    """What the form says, as the services take it; raises DomainError for a supplier that cannot be found."""
    said: dict[str, Any] = {name: form[name].data for name in BY_NAME}
    for name in _CHOSEN:
        said[name] = BY_NAME[name].read(said[name])
    return said | {
        "grade_why": form.grade_why.data,
        "code": form.code.data,
        "parent": mentions.resolve(session, form.parent.data, field="parent"),
        "territory": form.territory.data,
        "region": session.get(Region, form.region_id.data) if form.region_id.data else None,
        "owner": session.get(User, form.owner_id.data) if form.owner_id.data else None,
        "phones": form.phones.data,
    }


def contact_in(form: DistributorForm) -> dict[str, str]:
    """The main contact as the form of a new record says it."""
    names = [name.removeprefix(CONTACT) for name in SLOTS if name.startswith(CONTACT)]
    return {name: form[CONTACT + name].data or "" for name in names}


@dataclass(frozen=True, slots=True)
class Part:
    """A group of the form in the index beside it: how many entries it has, and how many are to be mended."""

    id: str
    title: str
    filled: int
    total: int
    refused: int


def parts(form: DistributorForm, *, is_new: bool) -> list[Part]:
    """The index beside the form."""
    found = []
    for group in GROUPS:
        slots = [slot for slot in group.slots if is_new or slot.name not in group.new_only]
        fields = [form[slot.name] for slot in slots if slot.name != GRADE_WHY]
        filled = sum(bool(field._value() if hasattr(field, "_value") else field.data) for field in fields)
        refused = sum(1 for field in fields if field.errors)
        found.append(Part(group.id, str(group.title), filled, len(fields), refused))
    return found


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact that somebody else changed meanwhile; `is_mine` when this form changed it as well."""

    name: str
    label: str
    opened: str
    theirs: str
    mine: str
    is_mine: bool


def compare(
    session: Session, actor: User, form: DistributorForm, distributor: Distributor
) -> list[Difference]:
    """What somebody else changed since this form was opened; what only they changed is taken over into it.

    From then on the form stands on the record as it is now: sent again, it is saved over it.
    """
    now, mine = typed(session, actor, distributor), _typed_in(form)
    opened = _opened(form)
    differences = []
    taken = of_record(session, actor, distributor)
    for name, theirs in now.items():
        before = opened.get(name)
        if theirs == before or theirs == mine[name]:
            continue
        # Left as it was, or read as what it was: not this user's doing.
        is_mine = before not in (mine[name], _raw(form[name]))
        label = BY_NAME[name].label if name in BY_NAME else _LABELS[name]
        differences.append(
            Difference(
                name,
                label,
                _shown(session, name, before or ""),
                _shown(session, name, theirs),
                _shown(session, name, mine[name]),
                is_mine,
            )
        )
        if not is_mine:
            form[name].data, form[name].raw_data = taken[name], None
            form[name].errors = []
    form.version.data, form.version.raw_data = distributor.version, None
    form.opened.data, form.opened.raw_data = taken["opened"], None
    return differences


_LABELS: Mapping[str, str] = OTHER_LABELS | {
    "parent": OTHER_LABELS["parent_id"],
    "territory": OTHER_LABELS["territory_id"],
}


def _opened(form: DistributorForm) -> dict[str, str]:
    try:
        opened = json.loads(form.opened.data or "{}")
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in opened.items()} if isinstance(opened, dict) else {}


def _shown(session: Session, name: str, entry: str) -> str:
    """An entry as people read it: words for codes, names for ids."""
    if name in _CHOSEN:
        return str(WORDS.get(entry, entry))  # type: ignore[call-overload]
    if name in ("region_id", "owner_id") and (id := as_id(entry)) is not None:
        row = session.get(Region if name == "region_id" else User, id)
        return row.name if row else ""
    return entry
