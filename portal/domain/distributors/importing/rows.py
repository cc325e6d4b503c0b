"""What becomes of one row: a new record, changes of a known one, nothing, or a refusal."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from portal.domain.distributors.facts import LABELS
from portal.domain.distributors.importing.drafts import Draft
from portal.domain.distributors.importing.matching import Known
from portal.domain.distributors.importing.owners import OwnerBook
from portal.domain.distributors.importing.parents import Parent, ParentBook
from portal.domain.distributors.importing.places import RegionBook, TerritoryBook
from portal.domain.distributors.models import Channel, Level, Standing
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.importing.report import Action, Change, Flag, RowReport
from portal.domain.regions.models import Region
from portal.domain.text import Phone
from portal.domain.users.models import User


@dataclass(slots=True)
class Decision:
    """One row, decided: `values` are columns to write, `phones` and `contact` what changes beside."""

    draft: Draft
    known: Known | None
    report: RowReport
    region: Region | None = None
    values: dict[str, Any] = field(default_factory=dict)
    phones: list[Phone] | None = None
    contact: dict[str, str] = field(default_factory=dict)
    contact_id: int | None = None
    owner: User | None = None
    stand_in: User | None = None  # gets the new record because its office has no manager
    assumed: dict[str, StrEnum] = field(default_factory=dict)
    parent: Parent | None = None  # a row of this file, linked when every row has its record
    id: int | None = None
    is_shown: bool = True  # whether its changes are kept for the preview

    @property
    def action(self) -> Action:
        """What becomes of the row."""
        return self.report.action

    @property
    def looks_new(self) -> bool:
        """Whether the row brings a name or a credit code that others may have."""
        return self.action is Action.CREATED or (
            self.action is Action.UPDATED and bool({"name", "uscc"} & self.values.keys())
        )

    @property
    def needs_link(self) -> bool:
        """Whether its supplier is a row of this file that had no record yet."""
        return self.parent is not None and self.action is not Action.REFUSED

    def flag(self, message: str, **params: Any) -> None:
        """Note what somebody should look at."""
        self.report.flags.append(Flag(self.draft.sheet, self.draft.row, message, params))


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a new record is where the list does not say."""

    level: Level = Level.GENERAL
    channel: Channel = Channel.DISTRIBUTOR


@dataclass(slots=True)
class Books:
    """What rows refer to."""

    regions: RegionBook
    territories: TerritoryBook
    owners: OwnerBook
    parents: ParentBook
    actor: User | None
    fallback: Region | None  # the office of new records where the file has no such column
    defaults: Defaults


def decide(books: Books, draft: Draft, known: Known | None, *, is_shown: bool = True) -> Decision:
    """Decide about a row; every reason against it is collected, so that it can be mended in one go."""
    report = RowReport(draft.sheet, draft.row, Action.REFUSED, draft.code, draft.name)
    decision = Decision(draft, known, report, is_shown=is_shown)
    if known is not None:
        decision.id = known.id
        home = books.regions.all[known.facts["region_id"]]
        if not books.regions.is_open(home):
            draft.refusals.clear()
            draft.refuse(
                "code" if draft.code else "name",
                DomainError(
                    N_("%(code)s belongs to %(office)s, whose records you cannot edit."),
                    code=known.facts["code"],
                    office=home.name,
                ),
            )
            report.refusals = draft.refusals
            return decision
        report.code = known.facts["code"]
        report.name = report.name or known.facts["name"]
    elif not draft.name and not any(
        refusal.column == draft.headings.get("name") for refusal in draft.refusals
    ):
        draft.refuse("name", DomainError(N_("The name is missing.")))
    # What is made (an office, a territory) comes last, so that a refused row leaves nothing behind.
    steps = (("parent", _parent), ("owner", _named_owner), ("region", _region), ("owner", _owner))
    for name, step in (*steps, ("territory", _territory)):
        try:
            step(books, decision)
        except DomainError as error:
            draft.refuse(name, error)
    if draft.refusals:
        report.refusals = draft.refusals
        return decision
    _facts(decision)
    _phones(decision)
    _contact(decision)
    if known is None:
        report.action = Action.CREATED
        _assume(books, decision)
    else:
        report.action = Action.UPDATED if report.changes else Action.UNCHANGED
    for phone in decision.phones or ():
        if not phone.is_understood:
            decision.flag(
                N_("%(text)s was not recognised as a telephone number; it is kept as typed."),
                text=phone.display,
            )
    return decision


def _change(decision: Decision, name: str, label: str, before: Any, after: Any) -> None:
    if decision.known is None and not decision.is_shown:
        return  # nobody looks at what the thousandth new record says
    decision.report.changes.append(Change(name, label, before, after))


def _region(books: Books, decision: Decision) -> None:
    """A new record needs its office; a known one moves only to an office that it is not in already."""
    known = decision.known
    named = decision.draft.references.get("region")
    home = books.regions.all[known.facts["region_id"]] if known else None
    region = home or books.fallback
    if named is not None:
        wanted = books.regions.find_or_make(named, may_make=not decision.draft.refusals)
        if wanted is None:
            return
        # A list by 大区 says nothing against the office below it that keeps the record.
        region = home if home is not None and wanted.contains(home) else wanted
    if region is None:
        raise DomainError(N_("The office is missing."))
    if not books.regions.is_open(region):
        raise DomainError(N_("You cannot edit the records of %(office)s."), office=region.name)
    decision.region = region
    if home is not region:
        decision.values["region_id"] = region.id
        _change(decision, "region_id", LABELS["region_id"], home.name if home else None, region.name)


def _named_owner(books: Books, decision: Decision) -> None:
    if named := decision.draft.references.get("owner"):
        decision.owner = books.owners.named(named)


def _owner(books: Books, decision: Decision) -> None:
    known, owner = decision.known, decision.owner
    if decision.region is None:
        return
    if owner is None:
        if known is not None:
            return
        owner = books.owners.default(decision.region)
        if books.owners.owner is None and not books.owners.is_managed(decision.region):
            decision.stand_in = owner
    if known is None or known.facts["owner_id"] != owner.id:
        books.owners.check(owner, decision.region)
        before = books.owners.names.get(known.facts["owner_id"]) if known else None
        decision.values["owner_id"] = owner.id
        _change(decision, "owner_id", LABELS["owner_id"], before, owner.name)


def _parent(books: Books, decision: Decision) -> None:
    typed = decision.draft.references.get("parent")
    if typed is None:
        return
    parent, known = books.parents.find(typed), decision.known
    if parent.id is None:
        if parent.key in (decision.draft.code_key, decision.draft.name):
            raise DomainError(N_("A distributor cannot be its own supplier."))
        decision.parent = parent
    elif known is not None and known.facts["parent_id"] == parent.id:
        return
    else:
        if known is not None:
            books.parents.check(known.id, parent.id)
            books.parents.link(known.id, parent.id)
        decision.values["parent_id"] = parent.id
    _change(decision, "parent_id", LABELS["parent_id"], None, parent.shown)


def _territory(books: Books, decision: Decision) -> None:
    """A territory belongs to its office: after a move one of the same name is found or made there."""
    known, region = decision.known, decision.region
    name = decision.draft.references.get("territory")
    before = known.facts["territory_id"] if known else None
    if (
        region is None
        or decision.draft.refusals
        or (name is None and (before is None or "region_id" not in decision.values))
    ):
        return
    shown = books.territories.names.get(before) if before is not None else None
    wanted = books.territories.find_or_make(region, name if name is not None else shown or "")
    if wanted is None or wanted != before:
        decision.values["territory_id"] = wanted
        _change(decision, "territory_id", LABELS["territory_id"], shown, name or shown)


def _assume(books: Books, decision: Decision) -> None:
    """Level, channel and standing of a new record are never open; what the list does not say is told."""
    for name, value in (
        ("level", books.defaults.level),
        ("channel", books.defaults.channel),
        ("standing", Standing.ACTIVE),
    ):
        if name not in decision.values:
            decision.values[name] = decision.assumed[name] = value


def _facts(decision: Decision) -> None:
    before = decision.known.facts if decision.known else {}
    if not before and not decision.is_shown:
        decision.values |= {name: value for name, value in decision.draft.values.items() if value is not None}
        return
    for name, value in decision.draft.values.items():
        if before.get(name) != value:
            decision.values[name] = value
            _change(decision, name, LABELS[name], before.get(name), value)


def _phones(decision: Decision) -> None:
    """The numbers of the list replace those known, but no remark is lost.

    A number keeps the remark it had where the list gives none, and a number with a remark that the list does
    not have stays, behind the list's: somebody wrote the remark by hand.
    """
    given = decision.draft.phones
    if not given:
        return
    if decision.known is None and not decision.is_shown:
        decision.phones = given
        return
    before = decision.known.phones if decision.known else []
    remarks = {_number(phone): phone.label for phone in before}
    wanted = [
        phone if phone.label else Phone(
            phone.display, phone.digits, remarks.get(_number(phone), ""), phone.extension, phone.is_understood
        )
        for phone in given
    ]  # fmt: skip
    numbers = {_number(phone) for phone in wanted}
    wanted += [phone for phone in before if phone.label and _number(phone) not in numbers]
    if [_written(phone) for phone in wanted] != [_written(phone) for phone in before]:
        decision.phones = wanted
        shown = " · ".join(map(str, before)) or None
        _change(decision, "phones", LABELS["phones"], shown, " · ".join(map(str, wanted)))


def _number(phone: Phone) -> tuple[str, str]:
    return (phone.digits or phone.display, phone.extension)


def _written(phone: Phone) -> tuple[str, str, str, str]:
    return (phone.display, phone.digits, phone.extension, phone.label)


def _contact(decision: Decision) -> None:
    """A person of this name is brought up to date, another one is added; nobody is replaced."""
    given = decision.draft.contact
    if not given.get("name"):
        return
    people = decision.known.contacts if decision.known else []
    same = next((person for person in people if person["name"] == given["name"]), None)
    if same is None:
        decision.contact = {**given, "is_primary": "" if people else "1"}
        _change(decision, "contact", N_("Contact"), None, given["name"])
        return
    differing = {name: value for name, value in given.items() if same[name] != value}
    if differing:
        decision.contact, decision.contact_id = differing, same["id"]
        _change(
            decision, "contact", N_("Contact"), same["name"], "、".join((same["name"], *differing.values()))
        )
