"""分房: the hotel's rooms, who sleeps where and when; no room holds more people a night than it has beds (M1)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA, lock
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError, Stale
from portal.domain.i18n import N_
from portal.domain.meetings.lodging import Room, Sleeper, proposed
from portal.domain.meetings.models import Guest, Invitation, Lodging, Meeting, RoomKind
from portal.domain.meetings.planning import require_host
from portal.domain.regions.models import Region
from portal.domain.text import clean, half_width
from portal.domain.users.models import User

MOST_ROOMS, MOST_BEDS, LONGEST = 600, 6, 14
_LINE = re.compile(r"(.+?)[\s,:：]+(\d)\s*[人床]?(?:房|间)?[\s,，:：×xX*]+(.+)")
# A number alone from 100 on is the number of a room.
_COUNT = re.compile(r"(\d{1,4})\s*间|(\d{1,2})")
_NUMBERS = re.compile(r"([A-Za-z]{0,3})(\d{1,5})(?:\s*[-–—~～至到]\s*(\d{1,5}))?")
_NEW_DAY_BEGINS = 11  # who must be there earlier than that comes the evening before


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of room: how many people sleep in one, and what the rooms are called."""

    name: str
    beds: int
    said: str

    @property
    def rooms(self) -> tuple[Room, ...]:
        """The rooms, by the hotel's numbers or counted."""
        return tuple(Room(name, self.name, self.beds) for name in _names(self.name, self.said))


@dataclass(frozen=True, slots=True)
class Lodger:
    """Somebody who needs a bed: from the evening of one day until the morning of another."""

    guest: Guest
    company: str
    office: str
    office_path: str
    from_on: date
    until_on: date

    @property
    def nights(self) -> int:
        """How many."""
        return (self.until_on - self.from_on).days

    def sleeps_on(self, night: date) -> bool:
        """Whether a bed is needed from the evening of this day on."""
        return self.from_on <= night < self.until_on

    @property
    def seen(self) -> str:
        """What a form shows of it, to tell whether somebody else changed it meanwhile."""
        lady = {None: "", True: "1", False: "0"}[self.guest.is_lady]
        return "|".join((self.guest.room, str(self.from_on), str(self.until_on), lady))


def usual_nights(meeting: Meeting) -> tuple[date, date]:
    """From when until when guests sleep there as a rule: from the evening before where it begins in the morning."""
    begins, ends = meeting.starts_at.astimezone(CHINA), meeting.ends_at.astimezone(CHINA)
    first = begins.date() - timedelta(days=1) if begins.hour < _NEW_DAY_BEGINS else begins.date()
    return first, max(ends.date(), first + timedelta(days=1))


def kinds_of(session: Session, meeting: Meeting) -> list[Kind]:
    """The kinds of rooms in the order they were written down."""
    rows = session.scalars(
        sa.select(RoomKind).where(RoomKind.meeting_id == meeting.id).order_by(RoomKind.position, RoomKind.id)
    )
    return [Kind(row.name, row.beds, row.rooms) for row in rows]


def lodgers(session: Session, meeting: Meeting, user: User | None = None) -> list[Lodger]:
    """Everybody expected who wants a bed (of whom the user sees), company by company."""
    columns: tuple[Any, ...] = (Guest, Distributor.name, Region.id, Region.name, Region.path)
    statement: sa.Select[Any] = (
        sa.select(*columns)
        .outerjoin(Invitation, Invitation.id == Guest.invitation_id)
        .outerjoin(Distributor, Distributor.id == Invitation.distributor_id)
        .outerjoin(Region, Region.id == Distributor.region_id)
        .where(
            Guest.meeting_id == meeting.id,
            Guest.lodging != Lodging.NONE,
            Guest.cancelled_at.is_(None),
            Guest.erased_at.is_(None),
            sa.or_(Guest.invitation_id.is_(None), Invitation.withdrawn_at.is_(None)),
        )
        .order_by(Region.path, Distributor.name_key, Guest.id)
        .execution_options(populate_existing=True)
    )
    if user is not None and not user.can(P.MEETINGS_READ, meeting.region):
        statement = statement.where(Distributor.region_id.in_(visible(user, P.MEETINGS_READ)))
    first, last = usual_nights(meeting)
    return [
        Lodger(
            guest,
            company or guest.company,
            office or "",
            path or "",
            guest.lodges_from or first,
            guest.lodges_until or last,
        )
        for guest, company, _id, office, path in session.execute(statement)
    ]


def read_kinds(said: str) -> tuple[Kind, ...]:
    """Kinds of rooms as one writes them, a line each: name, persons a room, then how many or the hotel's numbers.

    `双床房 2 10` are ten rooms for two, `大床房 1 801-805,808` are six by their numbers.
    """
    kinds: list[Kind] = []
    names: set[str] = set()
    count = 0
    for line in said.splitlines():
        line = half_width(clean(line))
        if not line:
            continue
        read = _LINE.fullmatch(line)
        if read is None:
            raise DomainError(
                N_("Write kind, persons a room and how many or which rooms, such as “双床房 2 10”: %(line)s"),
                "kinds",
                line=line[:40],
            )
        kind = Kind(read[1].strip(), int(read[2]), clean(read[3]))
        if len(kind.name) > 12 or not 0 < kind.beds <= MOST_BEDS or len(kind.said) > 300:
            raise DomainError(
                N_("A kind of room has a name of up to 12 letters and 1 to %(most)s beds: %(line)s"),
                "kinds",
                most=MOST_BEDS,
                line=line[:40],
            )
        for room in kind.rooms:
            if room.name in names:
                raise DomainError(N_("Two rooms are called %(name)s."), "kinds", name=room.name)
            names.add(room.name)
        if any(other.name == kind.name for other in kinds):
            raise DomainError(N_("Write all %(name)s in one line."), "kinds", name=kind.name)
        count += len(kind.rooms)
        kinds.append(kind)
    if count > MOST_ROOMS:
        raise DomainError(N_("A meeting has %(most)s rooms at most."), "kinds", most=MOST_ROOMS)
    return tuple(kinds)


def _names(kind: str, said: str) -> list[str]:
    counted = _COUNT.fullmatch(said)
    if counted:
        count = int(counted[1] or counted[2])
        if not 0 < count <= MOST_ROOMS:
            raise DomainError(N_("A meeting has %(most)s rooms at most."), "kinds", most=MOST_ROOMS)
        return [f"{kind}{no}" for no in range(1, count + 1)]
    names: list[str] = []
    for part in filter(None, re.split(r"[,，、;；\s]+", re.sub(r"\s*([-–—~～至到])\s*", r"\1", said))):
        read = _NUMBERS.fullmatch(part)
        first = int(read[2]) if read else 0
        last = int(read[3]) if read and read[3] else first
        if read is None or not first <= last < first + MOST_ROOMS:
            raise DomainError(N_("These are no room numbers: %(said)s"), "kinds", said=part[:40])
        names += [f"{read[1]}{no:0{len(read[2])}d}" for no in range(first, last + 1)]
    return names


def write_kinds(kinds: Sequence[Kind]) -> str:
    """The same as lines that `read_kinds` understands."""
    return "\n".join(f"{kind.name} {kind.beds} {kind.said}" for kind in kinds)


def lay(
    session: Session, actor: User, meeting: Meeting, said: str, *, seen: str, may_unlodge: bool = False
) -> tuple[Kind, ...]:
    """Write down the hotel's rooms; raises Stale where somebody changed them after the form showed them as `seen`.

    Who has a room that would not be there any more, or not hold them, loses it only if `may_unlodge`.
    """
    lock(session, meeting)
    require_host(actor, meeting)
    before = kinds_of(session, meeting)
    if write_kinds(before) != seen.replace("\r\n", "\n").strip():
        raise Stale(
            N_("Somebody else changed the rooms a moment ago. Compare, then save again to replace them.")
        )
    kinds = read_kinds(said)
    people = lodgers(session, meeting)
    rooms = {room.name: room for kind in kinds for room in kind.rooms}
    lost = [one for one in people if one.guest.room and one.guest.room not in rooms]
    for name in sorted({one.guest.room for one in people if one.guest.room in rooms}):
        if _too_many(rooms[name], [one for one in people if one.guest.room == name]):
            lost += [one for one in people if one.guest.room == name]
    if lost and not may_unlodge:
        raise DomainError(
            N_(
                "%(room)s of %(name)s would be gone or too small. Move them first, or tick that they lose the room."
            ),
            "kinds",
            room=lost[0].guest.room,
            name=lost[0].guest.name,
        )
    for one in lost:
        one.guest.room = ""
    if kinds != tuple(before):
        session.execute(sa.delete(RoomKind).where(RoomKind.meeting_id == meeting.id))
        session.add_all(
            RoomKind(meeting_id=meeting.id, position=no, name=kind.name, beds=kind.beds, rooms=kind.said)
            for no, kind in enumerate(kinds)
        )
        session.flush()
        audit.record(session, actor, "meeting.rooms_laid", meeting, rooms=len(rooms))
    return kinds


def propose(session: Session, actor: User, meeting: Meeting, *, afresh: bool = False) -> tuple[int, int]:
    """Give rooms to those who have none, or to everybody `afresh`; how many got one, and how many still have none."""
    lock(session, meeting)
    require_host(actor, meeting)
    rooms = [room for kind in kinds_of(session, meeting) for room in kind.rooms]
    if not rooms:
        raise DomainError(N_("Write down the hotel's rooms first."), "kinds")
    people = lodgers(session, meeting)
    names = {room.name for room in rooms}
    kept = {} if afresh else {one.guest.id: one.guest.room for one in people if one.guest.room in names}
    found = proposed(rooms, [_sleeper(one) for one in people], kept)
    done = 0
    for one in people:
        room = found.get(one.guest.id, "")
        done += one.guest.room != room
        one.guest.room = room
    session.flush()
    if done:
        audit.record(session, actor, "meeting.lodged", meeting, persons=done)
    return done, sum(not one.guest.room for one in people)


def _sleeper(one: Lodger) -> Sleeper:
    guest = one.guest
    party = str(guest.invitation_id) if guest.invitation_id else f"~{one.company}"
    is_single = guest.lodging is Lodging.SINGLE
    return Sleeper(
        guest.id, party, one.office_path or "~", guest.is_lady, is_single, one.from_on, one.until_on
    )


@dataclass(frozen=True, slots=True)
class Change:
    """What is to hold for a guest, as typed; `seen` is what the form showed (`Lodger.seen`), days None: as usual."""

    guest_id: int
    seen: str
    room: str
    from_on: date | None
    until_on: date | None
    is_lady: bool | None


def change(session: Session, actor: User, meeting: Meeting, changes: Sequence[Change]) -> int:
    """Lodge guests as typed, all or none of them; returns how many rows changed. The caller commits.

    DomainError, its field `room-<guest>`: no such room, more people a night than beds, days that make no sense, or
    somebody else changed this guest after the form was shown.
    """
    lock(session, meeting)
    require_host(actor, meeting)
    rooms = {room.name: room for kind in kinds_of(session, meeting) for room in kind.rooms}
    people = {one.guest.id: one for one in lodgers(session, meeting)}
    first, last = usual_nights(meeting)
    touched: list[Guest] = []
    for wish in changes:
        one = people.get(wish.guest_id)
        if one is None:
            continue
        field = f"room-{wish.guest_id}"
        room = half_width(clean(wish.room))
        from_on, until_on = wish.from_on or first, wish.until_on or last
        lady = {None: "", True: "1", False: "0"}[wish.is_lady]
        wanted = "|".join((room, str(from_on), str(until_on), lady))
        if wanted in (wish.seen, one.seen):
            continue
        if one.seen != wish.seen:
            raise DomainError(
                N_("Somebody else changed the room of %(name)s a moment ago. Look again, then go on."),
                field,
                name=one.guest.name,
            )
        if room and room not in rooms:
            raise DomainError(N_("There is no room called %(room)s."), field, room=room[:20])
        if not from_on < until_on <= from_on + timedelta(days=LONGEST):
            raise DomainError(
                N_("%(name)s sleeps there from one day until a later one, %(most)s nights at most."),
                field,
                name=one.guest.name,
                most=LONGEST,
            )
        guest = one.guest
        guest.room, guest.is_lady = room, wish.is_lady
        guest.lodges_from = None if from_on == first else from_on
        guest.lodges_until = None if until_on == last else until_on
        touched.append(guest)
    if not touched:
        return 0
    session.flush()
    people = {one.guest.id: one for one in lodgers(session, meeting)}
    for guest in touched:
        inside = [one for one in people.values() if guest.room and one.guest.room == guest.room]
        night = _too_many(rooms[guest.room], inside) if inside else None
        if night:
            raise DomainError(
                N_(
                    "%(room)s holds %(beds)s, and %(people)s would sleep there on %(night)s. Choose another room."
                )
                if not any(one.guest.lodging is Lodging.SINGLE for one in inside)
                else N_("%(room)s has somebody who booked a single room on %(night)s. Choose another room."),
                f"room-{guest.id}",
                room=guest.room,
                beds=rooms[guest.room].beds,
                people=sum(one.sleeps_on(night) for one in inside),
                night=night.isoformat(),
            )
    audit.record(session, actor, "meeting.lodged", meeting, persons=len(touched))
    return len(touched)


def _too_many(room: Room, inside: Sequence[Lodger]) -> date | None:
    """The first night on which more sleep there than may."""
    for night in sorted({one.from_on + timedelta(days=no) for one in inside for no in range(one.nights)}):
        there = [one for one in inside if one.sleeps_on(night)]
        most = 1 if any(one.guest.lodging is Lodging.SINGLE for one in there) else room.beds
        if len(there) > most:
            return night
    return None


def is_mixed(inside: Sequence[Lodger]) -> bool:
    """Whether a lady and a gentleman are in one room, which only a person decides."""
    return len({one.guest.is_lady for one in inside if one.guest.is_lady is not None}) > 1


@dataclass(frozen=True, slots=True)
class Night:
    """A night: of each kind, how many rooms are taken; how many people sleep there, and who has no room yet."""

    on: date
    taken: Mapping[str, int]
    people: int
    without: int


def nights(kinds: Sequence[Kind], people: Sequence[Lodger]) -> list[Night]:
    """Night by night, what the hotel has to keep ready."""
    kind_of = {room.name: kind.name for kind in kinds for room in kind.rooms}
    days = sorted({one.from_on + timedelta(days=no) for one in people for no in range(one.nights)})
    found = []
    for day in days:
        there = [one for one in people if one.sleeps_on(day)]
        used = {one.guest.room for one in there if one.guest.room in kind_of}
        found.append(
            Night(
                day,
                {kind.name: sum(kind_of[name] == kind.name for name in used) for kind in kinds},
                len(there),
                sum(one.guest.room not in kind_of for one in there),
            )
        )
    return found
