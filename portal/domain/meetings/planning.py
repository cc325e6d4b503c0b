"""Planning a meeting: what, where, when, with which agenda; copied from an old one, changed, called off (M1)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from portal.db import CHINA, lock, now
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError, Stale
from portal.domain.i18n import N_
from portal.domain.mail import services as mail
from portal.domain.mail.models import Mail
from portal.domain.meetings.models import AgendaItem, Attendance, Meeting, MeetingKind
from portal.domain.numbering.services import Numbered, new_number
from portal.domain.regions import services as regions
from portal.domain.regions.models import Region
from portal.domain.text import clean
from portal.domain.users.models import User

LONGEST = timedelta(days=7)
MOST_ITEMS = 60
# Doors open so long before the start, and devices end so long after the end.
DOORS_BEFORE = timedelta(hours=6)
DOORS_AFTER = timedelta(hours=3)


@dataclass(frozen=True)
class Item:
    """A line of the agenda: the instant it begins at, what is spoken about, by whom."""

    starts_at: datetime
    topic: str
    speaker: str = ""


@dataclass(frozen=True)
class Facts:
    """What a meeting is, as somebody typed it; instants with their zone, sums in fen."""

    kind: MeetingKind
    title: str
    host: User
    starts_at: datetime
    ends_at: datetime
    place: str = ""
    address: str = ""
    late_after_minutes: int = 10
    reply_by_on: date | None = None
    seats: int | None = None
    budget_fen: int | None = None
    note: str = ""
    agenda: Sequence[Item] = field(default_factory=tuple)


def china_at(on: date, at: time) -> datetime:
    """The instant of a clock time on a day in China."""
    return datetime.combine(on, at, CHINA)


def plan(
    session: Session, actor: User, region: Region, facts: Facts, *, copied_from: Meeting | None = None
) -> Meeting:
    """Plan a meeting that this office answers for; nobody is invited yet. The caller commits.

    DomainError: times out of order, a host who has nothing to do with the office, a start that is past.
    """
    _require_may(actor, region)
    checked = _checked(facts, region)
    if checked.ends_at <= now():
        raise DomainError(N_("The meeting would be over already. Enter days that are to come."), "starts_on")
    made = Meeting(
        number=new_number(session, regions.head_office(session), Numbered.MEETING),
        region_id=region.id,
        created_by_id=actor.id,
        copied_from_id=copied_from.id if copied_from else None,
        agenda=[],
        **_columns(checked),
    )
    _set_agenda(made, checked.agenda)
    session.add(made)
    session.flush()
    audit.record(session, actor, "meeting.planned", made, number=made.number, title=made.title)
    return made


def change(session: Session, actor: User, meeting: Meeting, facts: Facts, *, seen_version: int) -> None:
    """Change what was planned; raises Stale where somebody saved it after the version that the form showed.

    Once guests have arrived its times stay: lateness follows from them.
    """
    lock(session, meeting)
    require_host(actor, meeting)
    if meeting.version != seen_version:
        raise Stale(
            N_("Somebody else saved this meeting a moment ago. Compare, then save again to replace it.")
        )
    if meeting.cancelled_at is not None:
        raise DomainError(N_("The meeting was called off. Copy it to hold it on another day."))
    checked = _checked(facts, meeting.region)
    times = (checked.starts_at, checked.ends_at, checked.late_after_minutes)
    if times != (meeting.starts_at, meeting.ends_at, meeting.late_after_minutes) and _has_arrivals(
        session, meeting
    ):
        raise DomainError(
            N_("Guests have arrived already, so its times stay: who is late follows from them."), "starts_on"
        )
    before = _said(meeting, meeting.host)
    for name, value in _columns(checked).items():
        setattr(meeting, name, value)
    _set_agenda(meeting, checked.agenda)
    differing = audit.changes(before, _said(meeting, checked.host))
    if differing:
        # The agenda alone leaves the meeting's own row as it was; its version must rise all the same.
        flag_modified(meeting, "title")
        session.flush()
        audit.record(session, actor, "meeting.changed", meeting, changes=differing)


def call_off(session: Session, actor: User, meeting: Meeting, reason: str) -> None:
    """Call it off, once, with a reason that those who were invited are told; refused once guests have arrived."""
    lock(session, meeting)
    require_host(actor, meeting)
    said = clean(reason)
    if len(said) < 4:
        raise DomainError(N_("Enter why it is called off: those who were invited are told."), "reason")
    if meeting.cancelled_at is not None:
        raise DomainError(N_("The meeting was called off already."))
    if _has_arrivals(session, meeting):
        raise DomainError(N_("Guests have arrived already, so the meeting cannot be called off any more."))
    meeting.cancelled_at, meeting.cancelled_by_id, meeting.cancelled_reason = now(), actor.id, said[:200]
    session.flush()
    mail.hold_back(session, Mail.meeting_id == meeting.id)
    audit.record(session, actor, "meeting.called_off", meeting, why=said)


def again(meeting: Meeting, starts_at: datetime, host: User) -> Facts:
    """The same once more from this instant on: the agenda and the last day for replies move along."""
    by = starts_at - meeting.starts_at
    days = starts_at.astimezone(CHINA).date() - meeting.starts_at.astimezone(CHINA).date()
    return Facts(
        kind=meeting.kind,
        title=meeting.title,
        host=host,
        starts_at=starts_at,
        ends_at=meeting.ends_at + by,
        place=meeting.place,
        address=meeting.address,
        late_after_minutes=meeting.late_after_minutes,
        reply_by_on=meeting.reply_by_on + days if meeting.reply_by_on else None,
        seats=meeting.seats,
        budget_fen=meeting.budget_fen,
        note=meeting.note,
        agenda=tuple(Item(one.starts_at + by, one.topic, one.speaker) for one in meeting.agenda),
    )


def require_host(actor: User, meeting: Meeting) -> None:
    """Refuse whoever does not hold meetings for the office of this one."""
    _require_may(actor, meeting.region)


def _require_may(actor: User, region: Region) -> None:
    if not actor.can(Permission.MEETINGS_WRITE, region):
        raise DomainError(
            N_("You hold no meetings for %(office)s. Ask its staff to do it."), "region", office=region.name
        )


def _checked(facts: Facts, region: Region) -> Facts:
    title = clean(facts.title)
    if not title:
        raise DomainError(N_("Enter what the meeting is called."), "title")
    if facts.ends_at <= facts.starts_at:
        raise DomainError(N_("The end lies before the start."), "ends_at")
    if facts.ends_at - facts.starts_at > LONGEST:
        raise DomainError(N_("A meeting lasts seven days at most."), "ends_on")
    if facts.seats is not None and not 0 < facts.seats <= 100_000:
        raise DomainError(N_("Enter how many seats there are, or leave it empty."), "seats")
    if facts.budget_fen is not None and facts.budget_fen < 0:
        raise DomainError(N_("The budget is not less than nothing."), "budget")
    if not 0 <= facts.late_after_minutes <= 240:
        raise DomainError(N_("Enter 0 to 240 minutes."), "late_after_minutes")
    starts_on = facts.starts_at.astimezone(CHINA).date()
    if facts.reply_by_on is not None and facts.reply_by_on > starts_on:
        raise DomainError(N_("The last day for replies lies after the meeting begins."), "reply_by_on")
    if facts.host.deactivated_at is not None or not facts.host.can(Permission.MEETINGS_READ, region):
        raise DomainError(N_("%(name)s has nothing to do with this office."), "host_id", name=facts.host.name)
    return Facts(
        kind=facts.kind,
        title=title[:80],
        host=facts.host,
        starts_at=facts.starts_at,
        ends_at=facts.ends_at,
        place=clean(facts.place)[:80],
        address=clean(facts.address)[:120],
        late_after_minutes=facts.late_after_minutes,
        reply_by_on=facts.reply_by_on,
        seats=facts.seats,
        budget_fen=facts.budget_fen,
        note=clean(facts.note)[:500],
        agenda=_checked_agenda(facts),
    )


def _checked_agenda(facts: Facts) -> tuple[Item, ...]:
    items = [Item(one.starts_at, clean(one.topic), clean(one.speaker)[:60]) for one in facts.agenda]
    items = [one for one in items if one.topic or one.speaker]
    if len(items) > MOST_ITEMS:
        raise DomainError(N_("An agenda has %(most)s lines at most."), "agenda", most=MOST_ITEMS)
    for one in items:
        if not one.topic:
            raise DomainError(N_("Enter what %(speaker)s speaks about."), "agenda", speaker=one.speaker)
        if not facts.starts_at <= one.starts_at <= facts.ends_at:
            raise DomainError(
                N_("%(topic)s lies outside the time of the meeting."), "agenda", topic=one.topic[:40]
            )
    return tuple(sorted((Item(one.starts_at, one.topic[:100], one.speaker) for one in items), key=_begins))


def _begins(item: Item) -> datetime:
    return item.starts_at


def _columns(facts: Facts) -> dict[str, object]:
    return {
        "kind": facts.kind,
        "title": facts.title,
        "host_id": facts.host.id,
        "place": facts.place,
        "address": facts.address,
        "starts_at": facts.starts_at,
        "ends_at": facts.ends_at,
        "late_after_minutes": facts.late_after_minutes,
        "reply_by_on": facts.reply_by_on,
        "seats": facts.seats,
        "budget_fen": facts.budget_fen,
        "note": facts.note,
    }


def _said(meeting: Meeting, host: User) -> dict[str, object]:
    names = (
        "kind", "title", "place", "address", "starts_at", "ends_at", "late_after_minutes", "reply_by_on",
        "seats", "budget_fen", "note",
    )  # fmt: skip
    agenda = [
        f"{one.starts_at.astimezone(CHINA):%m-%d %H:%M} {one.topic} {one.speaker}".strip()
        for one in meeting.agenda
    ]
    return {name: getattr(meeting, name) for name in names} | {"host": host.name, "agenda": agenda}


def _set_agenda(meeting: Meeting, items: Sequence[Item]) -> None:
    if [(one.starts_at, one.topic, one.speaker) for one in meeting.agenda] == [
        (one.starts_at, one.topic, one.speaker) for one in items
    ]:
        return
    meeting.agenda[:] = [
        AgendaItem(starts_at=one.starts_at, topic=one.topic, speaker=one.speaker) for one in items
    ]


def _has_arrivals(session: Session, meeting: Meeting) -> bool:
    return bool(session.scalar(sa.select(sa.exists().where(Attendance.meeting_id == meeting.id))))
