"""Tables, and who sits where: proposed, moved by hand, given to whoever comes later; a seat is nobody's twice (M1)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor, Grade
from portal.domain.errors import DomainError, Stale
from portal.domain.i18n import N_
from portal.domain.meetings.guests import GuestFacts, add
from portal.domain.meetings.models import Guest, Invitation, Meeting, MeetingTable
from portal.domain.meetings.planning import require_host
from portal.domain.meetings.seating import Seat, Sitter, Table, proposed
from portal.domain.regions.models import Region
from portal.domain.text import clean, half_width
from portal.domain.users.models import User

MOST_TABLES, MOST_SEATS, MOST_OWN = 200, 200, 100
_RANGE = re.compile(r"(\d{1,3})\s*[-–—~～至到]\s*(\d{1,3})(?:\s*号?桌?)?")
_LINE = re.compile(r"(.+?)[\s,，:：×xX*]+(\d{1,4})\s*(?:个?座位?|人)?")
_PARTING = re.compile(r"[-–—/_]")
_AFTER_NAME = re.compile(r"(?:号桌|桌|号|#)?\s*[-–—/_，,\s]*\s*(\d{1,4})\s*[座号]?")


@dataclass(frozen=True, slots=True)
class Seated:
    """Somebody who is expected, with the seat if there is one; `typed` is the seat as one types it."""

    guest: Guest
    company: str
    office: str
    office_path: str
    grade: Grade | None
    is_head: bool
    seat: Seat | None

    @property
    def typed(self) -> str:
        """3-5: the fifth seat of table 3."""
        return written(self.seat)


def written(seat: Seat | None) -> str:
    """A seat as it is typed and shown; "" for none."""
    return f"{seat[0]}-{seat[1]}" if seat else ""


def tables_of(session: Session, meeting: Meeting) -> list[Table]:
    """The tables from the front to the back."""
    rows = session.scalars(
        sa.select(MeetingTable)
        .where(MeetingTable.meeting_id == meeting.id)
        .order_by(MeetingTable.position, MeetingTable.id)
    )
    return [Table(row.name, row.seats, row.is_head) for row in rows]


def seated(
    session: Session, meeting: Meeting, user: User | None = None, *, last: Guest | None = None
) -> list[Seated]:
    """Everybody who is expected (of whom the user sees), company by company; a seat counts for one of them only.

    `last` is whose claim is the weakest.
    """
    columns: tuple[Any, ...] = (
        Guest, Distributor.name, Distributor.grade, Region.id, Region.name, Region.path,
    )  # fmt: skip
    statement: sa.Select[Any] = (
        sa.select(*columns)
        .outerjoin(Invitation, Invitation.id == Guest.invitation_id)
        .outerjoin(Distributor, Distributor.id == Invitation.distributor_id)
        .outerjoin(Region, Region.id == Distributor.region_id)
        .where(
            Guest.meeting_id == meeting.id,
            Guest.cancelled_at.is_(None),
            Guest.erased_at.is_(None),
            sa.or_(Guest.invitation_id.is_(None), Invitation.withdrawn_at.is_(None)),
        )
        .order_by(Region.path, Distributor.name_key, Guest.id)
    )
    # Read afresh: what was looked at before the meeting was locked may have changed.
    rows = session.execute(statement.execution_options(populate_existing=True)).all()
    seen = None if user is None or user.can(P.MEETINGS_READ, meeting.region) else _offices(session, user)
    speakers = {item.speaker for item in meeting.agenda if item.speaker}
    there = {table.name: table.seats for table in tables_of(session, meeting)}
    given: dict[Seat, int] = {}
    for guest in sorted((row[0] for row in rows), key=lambda one: (one is last, one.id)):
        seat = _kept(guest)
        if seat and seat[1] <= there.get(seat[0], 0):
            given.setdefault(seat, guest.id)
    return [
        Seated(
            guest,
            company or guest.company,
            office or "",
            path or "",
            grade,
            (guest.invitation_id is None and not guest.is_walk_in) or guest.name in speakers,
            (seat if (seat := _kept(guest)) and given.get(seat) == guest.id else None),
        )
        for guest, company, grade, region_id, office, path in rows
        if seen is None or region_id in seen
    ]


def _offices(session: Session, user: User) -> set[int]:
    return set(session.scalars(sa.select(Region.id).where(Region.id.in_(visible(user, P.MEETINGS_READ)))))


def _kept(guest: Guest) -> Seat | None:
    return (guest.table_no, int(guest.seat_no)) if guest.table_no and guest.seat_no.isdecimal() else None


def read_tables(said: str) -> tuple[Table, ...]:
    """Tables as one writes them, from the front: a line for each, name and seats; `1-8 10` are eight of ten seats.

    What has 主 in its name is a head table. DomainError names the line that cannot be read.
    """
    found: list[Table] = []
    for line in said.splitlines():
        line = half_width(clean(line))
        if not line:
            continue
        read = _LINE.fullmatch(line)
        if read is None:
            raise DomainError(
                N_("Write name and seats of a table, such as “1-8 10”: %(line)s"), "tables", line=line[:40]
            )
        name, seats = read[1].strip(), int(read[2])
        many = _RANGE.fullmatch(name)
        first, last = (int(many[1]), int(many[2])) if many else (0, 0)
        if many and not first <= last < first + MOST_TABLES:
            raise DomainError(N_("These are no tables in order: %(line)s"), "tables", line=line[:40])
        names = (
            [str(no) for no in range(first, last + 1)] if many else [re.sub(r"^(\d+)\s*号?桌$", r"\1", name)]
        )
        found += [Table(one, seats, "主" in one) for one in names]
    return _checked(found)


def _checked(tables: Sequence[Table]) -> tuple[Table, ...]:
    names: set[str] = set()
    if len(tables) > MOST_TABLES:
        raise DomainError(N_("A meeting has %(most)s tables at most."), "tables", most=MOST_TABLES)
    for table in tables:
        if len(table.name) > 10 or _PARTING.search(table.name):
            raise DomainError(
                N_("Call a table by a number or a name of up to 10 letters without a dash: %(name)s"),
                "tables",
                name=table.name[:20],
            )
        if table.name in names:
            raise DomainError(N_("Two tables are called %(name)s."), "tables", name=table.name)
        if not 0 < table.seats <= MOST_SEATS:
            raise DomainError(
                N_("A table has 1 to %(most)s seats: %(name)s"), "tables", most=MOST_SEATS, name=table.name
            )
        names.add(table.name)
    return tuple(tables)


def write_tables(tables: Sequence[Table]) -> str:
    """The same as lines that `read_tables` understands; tables that follow one another stand in one line."""
    lines: list[str] = []
    run: list[Table] = []
    for table in [*tables, Table("", 0)]:
        follows = (
            run
            and table.name.isdecimal()
            and run[-1].name.isdecimal()
            and int(table.name) == int(run[-1].name) + 1
            and table.name == str(int(table.name))
            and table.seats == run[-1].seats
        )
        if run and not follows:
            name = run[0].name if len(run) == 1 else f"{run[0].name}-{run[-1].name}"
            lines.append(f"{name} {run[0].seats}")
            run = []
        run.append(table)
    return "\n".join(lines)


def lay(
    session: Session, actor: User, meeting: Meeting, said: str, *, seen: str, may_unseat: bool = False
) -> tuple[Table, ...]:
    """Set the tables up; raises Stale where somebody changed them after the form showed them as `seen`.

    Whoever sits where there would be no seat any more loses it only if `may_unseat`; else it is refused.
    """
    lock(session, meeting)
    require_host(actor, meeting)
    before = tables_of(session, meeting)
    if write_tables(before) != seen.replace("\r\n", "\n").strip():
        raise Stale(
            N_("Somebody else changed the tables a moment ago. Compare, then save again to replace them.")
        )
    tables = read_tables(said)
    room = {table.name: table.seats for table in tables}
    lost = [one for one in seated(session, meeting) if one.seat and one.seat[1] > room.get(one.seat[0], 0)]
    if lost and not may_unseat:
        raise DomainError(
            N_(
                "%(name)s and %(more)s others sit where there would be no seat any more. Move them first, or tick "
                "that they lose their seats."
            )
            if len(lost) > 1
            else N_(
                "%(name)s sits where there would be no seat any more. Move this guest first, or tick that the seat is "
                "lost."
            ),
            "tables",
            name=lost[0].guest.name,
            more=len(lost) - 1,
        )
    for one in lost:
        one.guest.table_no = one.guest.seat_no = ""
    if tables != tuple(before):
        session.execute(sa.delete(MeetingTable).where(MeetingTable.meeting_id == meeting.id))
        session.add_all(
            MeetingTable(
                meeting_id=meeting.id, position=no, name=one.name, seats=one.seats, is_head=one.is_head
            )
            for no, one in enumerate(tables)
        )
        session.flush()
        audit.record(
            session, actor, "meeting.tables_laid", meeting, tables=len(tables), seats=sum(room.values())
        )
    return tables


def propose(session: Session, actor: User, meeting: Meeting, *, afresh: bool = False) -> tuple[int, int]:
    """Seat whoever has no seat, or everybody `afresh`; returns how many got one and how many still have none."""
    lock(session, meeting)
    require_host(actor, meeting)
    tables = tables_of(session, meeting)
    if not tables:
        raise DomainError(N_("Write down the tables first."), "tables")
    people = seated(session, meeting)
    kept = {} if afresh else {one.guest.id: one.seat for one in people if one.seat}
    seats = proposed(tables, [_sitter(one) for one in people], kept)
    done = _write(people, seats)
    session.flush()
    if done:
        audit.record(session, actor, "meeting.seated", meeting, persons=done)
    return done, len(people) - len(seats)


def _sitter(one: Seated) -> Sitter:
    guest = one.guest
    party = (
        f"{guest.invitation_id:012d}"
        if guest.invitation_id
        else f"~{one.company}"
        if one.company
        else f"~~{guest.id}"
    )
    return Sitter(guest.id, party, one.office_path or "~", one.grade is Grade.A, one.is_head)


def _write(people: Sequence[Seated], seats: Mapping[int, Seat]) -> int:
    done = 0
    for one in people:
        seat = seats.get(one.guest.id)
        table_no, seat_no = (seat[0], str(seat[1])) if seat else ("", "")
        if (one.guest.table_no, one.guest.seat_no) != (table_no, seat_no):
            one.guest.table_no, one.guest.seat_no = table_no, seat_no
            done += 1
    return done


@dataclass(frozen=True, slots=True)
class Move:
    """A guest is to sit there, as typed; `seen` is where the form showed them."""

    guest_id: int
    seen: str
    wanted: str


def move(session: Session, actor: User, meeting: Meeting, moves: Sequence[Move]) -> int:
    """Seat guests as typed, all or none of them; returns how many sit elsewhere now. The caller commits.

    DomainError, its field `seat-<guest>`: no such seat, the table is full, a seat would be two people's, or somebody
    else moved this guest after the form was shown.
    """
    lock(session, meeting)
    require_host(actor, meeting)
    tables = {table.name: table for table in tables_of(session, meeting)}
    people = {one.guest.id: one for one in seated(session, meeting)}
    seats: dict[int, Seat | None] = {id: one.seat for id, one in people.items()}
    anywhere: list[tuple[int, str]] = []
    for wish in moves:
        one = people.get(wish.guest_id)
        if one is None or wish.wanted.strip() == wish.seen or wish.wanted.strip() == one.typed:
            continue
        field = f"seat-{wish.guest_id}"
        if one.typed != wish.seen:
            raise DomainError(
                N_("Somebody else moved %(name)s to %(seat)s a moment ago. Look again, then move on."),
                field,
                name=one.guest.name,
                seat=one.typed or "—",
            )
        table, no = _read_seat(wish.wanted, tables, field)
        seats[wish.guest_id] = (table, no) if no else None
        if table and not no:
            anywhere.append((wish.guest_id, table))
    _require_single(seats, people, {wish.guest_id for wish in moves})
    for id, name in anywhere:
        taken = {seat for seat in seats.values() if seat}
        free = next((no for no in range(1, tables[name].seats + 1) if (name, no) not in taken), None)
        if free is None:
            raise DomainError(
                N_("Table %(table)s has %(seats)s seats, all taken. Choose another, or give it more seats."),
                f"seat-{id}",
                table=name,
                seats=tables[name].seats,
            )
        seats[id] = (name, free)
    done = _write(list(people.values()), {id: seat for id, seat in seats.items() if seat})
    session.flush()
    if done:
        audit.record(session, actor, "meeting.seated", meeting, persons=done)
    return done


def _read_seat(said: str, tables: Mapping[str, Table], field: str) -> tuple[str, int]:
    """The table and the seat that are meant; seat 0 is any of that table, ("", 0) none at all."""
    said = half_width(clean(said))
    if not said:
        return "", 0
    for name in sorted(tables, key=len, reverse=True):
        if said in (name, f"{name}桌", f"{name}号桌", f"{name}号"):
            return name, 0
        rest = said[len(name) :] if said.startswith(name) else ""
        read = _AFTER_NAME.fullmatch(rest) if rest and not rest[0].isdecimal() else None
        if read:
            no = int(read[1])
            if not 0 < no <= tables[name].seats:
                raise DomainError(
                    N_("Table %(table)s has seats 1 to %(seats)s."),
                    field,
                    table=name,
                    seats=tables[name].seats,
                )
            return name, no
    raise DomainError(
        N_("There is no such seat: %(seat)s. Write the table and the seat, such as 3-5."),
        field,
        seat=said[:20],
    )


def _require_single(
    seats: Mapping[int, Seat | None], people: Mapping[int, Seated], moved: "set[int]"
) -> None:
    held: dict[Seat, int] = {}
    for id in sorted(seats, key=lambda one: (one in moved, one)):
        seat = seats[id]
        if seat is None:
            continue
        if seat in held:
            raise DomainError(
                N_("%(seat)s is the seat of %(name)s. Move one of the two."),
                f"seat-{id}",
                seat=written(seat),
                name=people[held[seat]].guest.name,
            )
        held[seat] = id


def read_moves(people: Sequence[Seated], said: str) -> list[Move]:
    """Lines as a spreadsheet gives them, name, table, seat, as moves; DomainError names a line that is nobody's.

    Between name and seat the company or the last digits of the telephone may stand, to tell namesakes apart.
    """
    moves = []
    for line in said.splitlines():
        parts = [
            part
            for part in re.split(r"[\t,，;；]+|\s{2,}|(?<=\D)\s+(?=\S)", half_width(line).strip())
            if part.strip()
        ]
        if not parts:
            continue
        parts = [clean(part) for part in parts]
        meant = [one for one in people if one.guest.name == parts[0]]
        rest = parts[1:]
        if len(meant) > 1 and rest:
            by_second = [one for one in meant if rest[0] in (one.company, one.guest.phone_tail)]
            meant, rest = (by_second, rest[1:]) if by_second else (meant, rest)
        elif meant and len(rest) > 1 and rest[0] == meant[0].company:
            rest = rest[1:]
        if len(meant) != 1:
            raise DomainError(
                N_(
                    "%(count)s of the guests are called %(name)s. Write the company or the last digits after it."
                )
                if meant
                else N_("Nobody who is expected is called %(name)s."),
                "lines",
                name=parts[0][:40],
                count=len(meant),
            )
        if not rest or len(rest) > 2:
            raise DomainError(N_("Write name, table and seat: %(line)s"), "lines", line=line.strip()[:40])
        moves.append(Move(meant[0].guest.id, meant[0].typed, "-".join(rest)))
    return moves


def give(session: Session, meeting: Meeting, guest: Guest) -> None:
    """See to it that whoever just came has a seat of their own, beside their company; nothing without tables.

    One that was given away meanwhile is replaced; where all are taken there is none.
    """
    tables = tables_of(session, meeting)
    if not tables:
        return
    lock(session, meeting)
    people = seated(session, meeting, last=guest)
    kept = {one.guest.id: one.seat for one in people if one.seat}
    if guest.id in kept:
        return
    sitters = [_sitter(one) for one in people if one.seat or one.guest.id == guest.id]
    seat = proposed(tables, sitters, kept).get(guest.id)
    guest.table_no, guest.seat_no = (seat[0], str(seat[1])) if seat else ("", "")
    session.flush()


def add_own(session: Session, actor: User, meeting: Meeting, said: str) -> int:
    """Expect speakers and own people, a line each: the name, then the post; returns how many are new."""
    lock(session, meeting)
    require_host(actor, meeting)
    known = {one.guest.name for one in seated(session, meeting) if one.guest.invitation_id is None}
    made = 0
    for line in said.splitlines():
        name, _, post = (
            half_width(clean(line)).replace("\t", " ").replace(",", " ").replace("，", " ").partition(" ")
        )
        if not name or name in known:
            continue
        add(session, meeting, GuestFacts(name, post.strip()))
        known.add(name)
        made += 1
        if made > MOST_OWN:
            raise DomainError(N_("Write %(most)s people at most."), "people", most=MOST_OWN)
    if made:
        audit.record(session, actor, "meeting.own_added", meeting, persons=made)
    return made
