"""Reading and changing settings: what the papers say of the company, its offices and its terms."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError, Stale
from portal.domain.i18n import N_, Msgid
from portal.domain.papers.fill import is_empty
from portal.domain.regions.models import Region
from portal.domain.settings.catalogue import COMPANY_NAMES, ENTRIES, YES, Entry
from portal.domain.settings.models import Setting
from portal.domain.text import clean
from portal.domain.users.models import User


def values(session: Session, region: Region) -> dict[str, Any]:
    """What holds in this region: shipped defaults, the company's values, then those of the offices below it.

    The contracting company is taken whole: an office that names its own inherits no fact of another one.
    A default in English stands only beside the Chinese default that it translates.
    """
    return _held(session, region.ancestor_ids())


def inherited(session: Session, region: Region) -> dict[str, Any]:
    """What would hold in this region if it said nothing itself: the office above's values, or defaults."""
    return _held(session, region.ancestor_ids()[:-1])


def _held(session: Session, ids: list[int]) -> dict[str, Any]:
    said: dict[int, dict[str, Any]] = {id: {} for id in ids}
    for row in session.execute(
        sa.select(Setting.region_id, Setting.key, Setting.value).where(Setting.region_id.in_(ids))
    ):
        said[row.region_id][row.key] = row.value
    found: dict[str, Any] = {}
    for id in ids:
        if any(name in said[id] for name in COMPANY_NAMES):
            found = {key: value for key, value in found.items() if key not in COMPANY_NAMES}
        found |= said[id]
    defaults = {name: entry.default for name, entry in ENTRIES.items() if entry.default is not None}
    for name, entry in ENTRIES.items():
        chinese = entry.placeholder.empty_from
        if (
            chinese
            and name in defaults
            and found.get(chinese, defaults.get(chinese)) != defaults.get(chinese)
        ):
            del defaults[name]
    return defaults | found


def own_values(session: Session, region: Region) -> dict[str, Any]:
    """What is said at this very node."""
    rows = session.execute(sa.select(Setting.key, Setting.value).where(Setting.region_id == region.id))
    return {row.key: row.value for row in rows}


def prints(session: Session, option: str) -> bool:
    """Whether the company prints the optional part of this name (`option-account` of a text: `account`)."""
    own = session.scalar(
        sa.select(Setting.value)
        .join(Region, Region.id == Setting.region_id)
        .where(Region.parent_id.is_(None), Setting.key == f"option_{option}")
    )
    return (own or ENTRIES[f"option_{option}"].default) == YES


def holes(session: Session, region: Region) -> list[Entry]:
    """What somebody must still say before an agreement of this region can be printed."""
    known = values(session, region)
    return [entry for name, entry in ENTRIES.items() if entry.is_required and is_empty(known.get(name))]


def may_change(user: User, entry: Entry) -> bool:
    """Whether this user may say otherwise; facts are administrators', some terms counsel's alone."""
    return any(user.can(permission) for permission in entry.keeper.permissions)


def has_own_company(session: Session, region: Region) -> bool:
    """Whether this very office contracts through a company of its own."""
    return any(name in COMPANY_NAMES for name in own_values(session, region))


def change(
    session: Session,
    actor: User | None,
    region: Region,
    new: Mapping[str, Any],
    *,
    seen: Mapping[str, Any] | None = None,
) -> dict[str, list[Any]]:
    """Set these values at this node (None and "" take one back); gives and audits what differs.

    Values may be typed text or stored ones. Raises DomainError, with the setting as its field, for what the
    paper would not take, for what is not this actor's to change (None is the system), and for sets that do
    not fit: an office below the head office has a whole company of its own or none, and nothing else.
    With `seen`, the values that the form showed, what somebody said meanwhile is not overwritten: Stale.
    """
    lock(session, region)  # two administrators at once: the second finds what the first wrote
    old = own_values(session, region)
    read = {key: _read(key, value) for key, value in new.items()}
    differing = {
        key: [old.get(key), value]
        for key, value in read.items()
        if (value is None and key in old) or (value is not None and old.get(key) != value)
    }
    for key in differing:
        entry = ENTRIES.get(key)
        if seen is not None and seen.get(key) != old.get(key):
            raise Stale(N_("Somebody else changed this a moment ago. Check it again."), field=key)
        if actor is not None and entry is not None and not may_change(actor, entry):
            raise DomainError(
                N_("You cannot change %(label)s."), field=key, label=Msgid(entry.placeholder.label)
            )
    for key, (_before, value) in differing.items():
        _write(session, actor, region, key, value)
    if differing:
        session.flush()
        _check_together(session, region)
        audit.record(session, actor, "settings.changed", region, region_id=region.id, changes=differing)
    return differing


def _read(key: str, value: Any) -> Any:
    """The value to store; None for what is taken back."""
    entry = ENTRIES.get(key)
    if isinstance(value, str):
        value = clean(value)
    if value is None or value == "":
        return None
    if entry is None:
        return value
    stored = entry.placeholder.validate(value)
    # A proposal that may be any number of copies would print half a copy for each party.
    if key == "copies_total" and int(stored) % 2:
        raise DomainError(N_("Both parties get the same number of copies: an even number."), field=key)
    return stored


def keep(session: Session, actor: User | None, region: Region, key: str, value: Any) -> None:
    """Keep a value that is no placeholder's (None takes it back); who asks has checked and audits it."""
    _write(session, actor, region, key, value)
    session.flush()


def _write(session: Session, actor: User | None, region: Region, key: str, value: Any) -> None:
    row = session.get(Setting, (region.id, key))
    if value is None:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(
            Setting(
                region_id=region.id,
                key=key,
                value=value,
                changed_at=now(),
                changed_by_id=actor.id if actor else None,
            )
        )
    else:
        row.value, row.changed_at, row.changed_by_id = value, now(), actor.id if actor else None


def _check_together(session: Session, region: Region) -> None:
    own = own_values(session, region)
    if region.parent_id is not None:
        for key in own:
            if key in ENTRIES and key not in COMPANY_NAMES:
                raise DomainError(
                    N_("%(label)s is the same for the whole company; change it at the head office."),
                    field=key,
                    label=Msgid(ENTRIES[key].placeholder.label),
                )
        if any(key in COMPANY_NAMES for key in own):
            for key in COMPANY_NAMES:
                if ENTRIES[key].is_required and key not in own:
                    raise DomainError(
                        N_("Another contracting company needs all its details: %(label)s is missing."),
                        field=key,
                        label=Msgid(ENTRIES[key].placeholder.label),
                    )
    known = values(session, region)
    if known["statement_days"] > known["release_days"]:
        raise DomainError(
            N_("The statement comes before the release: at most %(days)s days."),
            field="statement_days",
            days=known["release_days"],
        )
