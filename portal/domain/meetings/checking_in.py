"""Checking in: each guest once, whoever sees them and however often it is told; mistakes are undone, on record (M1)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings import seats
from portal.domain.meetings.guests import GuestFacts, add
from portal.domain.meetings.models import (
    Attendance,
    Guest,
    How,
    Invitation,
    Kiosk,
    Meeting,
    MeetingTable,
    What,
)
from portal.domain.meetings.planning import DOORS_AFTER, DOORS_BEFORE, require_host
from portal.domain.regions.models import Region
from portal.domain.text import clean
from portal.domain.users.models import User

# Devices' clocks differ a little from ours.
CLOCKS_DIFFER = timedelta(minutes=5)


class Outcome(StrEnum):
    """What the door says."""

    WELCOME = "welcome"
    LATE = "late"
    ALREADY = "already"


@dataclass(frozen=True)
class By:
    """Who saw it: a device, or somebody at the office."""

    kiosk: Kiosk | None = None
    user: User | None = None

    @property
    def columns(self) -> dict[str, int | None]:
        """As an attendance keeps it."""
        return {
            "kiosk_id": self.kiosk.id if self.kiosk else None,
            "by_id": self.user.id if self.user else None,
        }


@dataclass(frozen=True)
class Arrival:
    """The answer: the row that stands, since when, and whether it was there before."""

    guest: Guest
    at: datetime
    outcome: Outcome


# Two hundred people stand at the door at once: what each of them is asked with is written once.
_HELD = (
    sa.select(
        Guest,
        Distributor.name,
        Region.path,
        sa.exists().where(MeetingTable.meeting_id == Guest.meeting_id).correlate(Guest).label("has_tables"),
    )
    .outerjoin(Invitation, Invitation.id == Guest.invitation_id)
    .outerjoin(Distributor, Distributor.id == Invitation.distributor_id)
    .outerjoin(Region, Region.id == Distributor.region_id)
    .where(
        Guest.id == sa.bindparam("guest", type_=sa.BigInteger),
        Guest.meeting_id == sa.bindparam("meeting", type_=sa.BigInteger),
        Guest.erased_at.is_(None),
    )
    .with_for_update(of=Guest)
    .execution_options(populate_existing=True)
)
_SEEN = (
    sa.select(Attendance)
    .where(
        sa.or_(
            Attendance.guest_id == sa.bindparam("guest", type_=sa.BigInteger),
            Attendance.key == sa.bindparam("key", type_=sa.String),
        )
    )
    .order_by(Attendance.id)
)


def scan(
    session: Session,
    meeting: Meeting,
    guest_id: int,
    by: By,
    *,
    how: How,
    key: str,
    at: datetime | None = None,
) -> tuple[Arrival, str, str] | None:
    """Check in whoever a badge or a tapped name stands for, as `arrive` does; with their company and office's path.

    None: this meeting has no such guest, or it was erased. The caller commits.
    """
    held = session.execute(_HELD, {"guest": guest_id, "meeting": meeting.id}).one_or_none()
    if held is None:
        return None
    guest, company, path, has_tables = held
    _require_may(by, meeting)
    done = _arrived(session, meeting, guest, by, how=how, key=key, at=at or now(), has_tables=has_tables)
    return done, company or guest.company, path or ""


def arrive(
    session: Session,
    meeting: Meeting,
    guest: Guest,
    by: By,
    *,
    how: How,
    key: str,
    at: datetime | None = None,
    is_judged: bool = False,
    note: str = "",
) -> Arrival:
    """Check a guest in, once; sent again with its key it is the same arrival. The caller commits.

    `at` is when a device saw it, now where none is named; `is_judged` where a person decided that this time counts;
    `note` says why it was entered afterwards.
    DomainError: the door is not open at that time, the guest is another meeting's, or the key stands for somebody else.
    """
    _require_may(by, meeting)
    if guest.meeting_id != meeting.id:
        raise DomainError(N_("This guest belongs to another meeting."))
    lock(session, guest)
    return _arrived(
        session, meeting, guest, by, how=how, key=key, at=at or now(), is_judged=is_judged, note=note
    )


def _arrived(
    session: Session,
    meeting: Meeting,
    guest: Guest,
    by: By,
    *,
    how: How,
    key: str,
    at: datetime,
    has_tables: bool = True,
    is_judged: bool = False,
    note: str = "",
) -> Arrival:
    """The arrival of a guest who is held until the transaction ends."""
    rows = list(session.scalars(_SEEN, {"guest": guest.id, "key": key}))
    known = next((row for row in rows if row.key == key), None)
    if known is not None and known.guest_id != guest.id:
        raise DomainError(N_("This check-in was sent before for somebody else. Scan again."))
    standing = standing_of(rows)
    if known is not None or standing is not None:
        row = known or standing
        assert row is not None
        outcome = welcome(meeting, row.at) if known is not None else Outcome.ALREADY
        return Arrival(guest, row.at, outcome)
    if not is_judged:
        require_door(meeting, at)
    seatless = guest.cancelled_at is not None or not guest.seat_no
    if guest.cancelled_at is not None:
        guest.cancelled_at, guest.is_waiting = None, False  # came after all
    if seatless and has_tables and now() < meeting.ends_at:
        session.flush()
        seats.give(session, meeting, guest)
    turn = 1 + sum(row.what is What.UNDONE for row in rows)
    session.add(
        Attendance(
            meeting_id=meeting.id,
            guest_id=guest.id,
            turn=turn,
            what=What.ARRIVED,
            how=how,
            at=at,
            key=key,
            note=note,
            **by.columns,
        )
    )
    session.flush()
    return Arrival(guest, at, welcome(meeting, at))


def walk_in(
    session: Session,
    meeting: Meeting,
    facts: GuestFacts,
    by: By,
    *,
    key: str,
    at: datetime | None = None,
    invitation: Invitation | None = None,
    stands_in_for: Guest | None = None,
    is_judged: bool = False,
) -> Arrival:
    """Somebody comes whom nobody expected, or in place of somebody: added and checked in, once for each key."""
    _require_may(by, meeting)
    known = session.scalar(sa.select(Attendance).where(Attendance.key == key))
    if known is not None:
        if known.guest.meeting_id != meeting.id or known.guest.name != clean(facts.name)[:40]:
            raise DomainError(N_("This check-in was sent before for somebody else. Scan again."))
        return Arrival(known.guest, known.at, welcome(meeting, known.at))
    if stands_in_for is not None:
        if stands_in_for.meeting_id != meeting.id:
            raise DomainError(N_("This guest belongs to another meeting."))
        lock(session, stands_in_for)
        if standing_of(rows_of(session, stands_in_for)) is not None:
            raise DomainError(
                N_("%(name)s is here already and needs no substitute."), name=stands_in_for.name
            )
        stands_in_for.cancelled_at, stands_in_for.room = now(), ""
        invitation = stands_in_for.invitation
    guest = add(
        session,
        meeting,
        facts,
        invitation=invitation,
        is_walk_in=stands_in_for is None,
        stands_in_for=stands_in_for,
    )
    if stands_in_for is not None:
        guest.table_no, guest.seat_no = stands_in_for.table_no, stands_in_for.seat_no
        session.flush()
    return arrive(session, meeting, guest, by, how=How.WALK_IN, key=key, at=at, is_judged=is_judged)


def leave(
    session: Session, meeting: Meeting, guest: Guest, by: By, *, key: str, at: datetime | None = None
) -> None:
    """Note that a guest left before the end; once for each arrival."""
    _later(session, meeting, guest, by, What.LEFT, key=key, at=at, note="")


def undo(
    session: Session,
    meeting: Meeting,
    guest: Guest,
    by: By,
    reason: str,
    *,
    key: str,
    at: datetime | None = None,
) -> None:
    """Take an arrival back that was a mistake; the record of it stays, and the guest can arrive again."""
    said = clean(reason)[:100]
    if not said:
        raise DomainError(N_("Enter why the check-in is undone; it stays in the record."), "reason")
    _later(session, meeting, guest, by, What.UNDONE, key=key, at=at, note=said)


def _later(
    session: Session,
    meeting: Meeting,
    guest: Guest,
    by: By,
    what: What,
    *,
    key: str,
    at: datetime | None,
    note: str,
) -> None:
    _require_may(by, meeting)
    if guest.meeting_id != meeting.id:
        raise DomainError(N_("This guest belongs to another meeting."))
    lock(session, guest)
    rows = rows_of(session, guest)
    if any(row.key == key for row in rows):
        return
    standing = standing_of(rows)
    if standing is None:
        raise DomainError(N_("%(name)s is not checked in."), name=guest.name)
    if what is What.LEFT and any(row.what is What.LEFT and row.turn == standing.turn for row in rows):
        return
    session.add(
        Attendance(
            meeting_id=meeting.id,
            guest_id=guest.id,
            turn=standing.turn,
            what=what,
            at=max(at or now(), standing.at),
            key=key,
            note=note,
            **by.columns,
        )
    )
    session.flush()


def rows_of(session: Session, guest: Guest) -> list[Attendance]:
    """All that was seen of a guest, in the order it was written."""
    return list(
        session.scalars(sa.select(Attendance).where(Attendance.guest_id == guest.id).order_by(Attendance.id))
    )


def standing_of(rows: list[Attendance]) -> Attendance | None:
    """Of these the arrival that was not undone."""
    undone = {row.turn for row in rows if row.what is What.UNDONE}
    return next((row for row in rows if row.what is What.ARRIVED and row.turn not in undone), None)


def welcome(meeting: Meeting, at: datetime) -> Outcome:
    """Whether somebody who came then is late."""
    return Outcome.LATE if at >= meeting.late_from else Outcome.WELCOME


def _require_may(by: By, meeting: Meeting) -> None:
    """A device of this very meeting, or somebody who holds meetings for its office."""
    if by.kiosk is not None:
        if by.kiosk.meeting_id != meeting.id:
            raise DomainError(N_("This device belongs to another meeting."))
        return
    assert by.user is not None
    require_host(by.user, meeting)


def require_door(meeting: Meeting, at: datetime) -> None:
    """Refuse a time at which nobody is checked in."""
    if meeting.cancelled_at is not None:
        raise DomainError(N_("The meeting was called off: nobody checks in."))
    if at > now() + CLOCKS_DIFFER:
        raise DomainError(N_("This device's clock is ahead. Set its time, then scan again."))
    if at < meeting.starts_at - DOORS_BEFORE:
        raise DomainError(N_("Check-in is not open yet: it opens six hours before the meeting begins."))
    if at >= meeting.ends_at + DOORS_AFTER:
        raise DomainError(N_("The meeting is over: nobody checks in any more."))
