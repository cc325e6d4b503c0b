"""What devices saw off line: taken in once at its own time; what is no plain arrival waits for a person (M1)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, object_session

from portal.db import lock, now
from portal.domain.errors import DomainError
from portal.domain.meetings import checking_in, tokens
from portal.domain.meetings.checking_in import CLOCKS_DIFFER, By, Outcome
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.models import (
    Attendance,
    Guest,
    How,
    Kiosk,
    Meeting,
    Sighting,
    Told,
    Trouble,
    What,
)
from portal.domain.meetings.tokens import Refused
from portal.domain.text import clean

# A clock that differs by less is taken at its word.
CLOCK_IS_RIGHT = timedelta(minutes=1)


@dataclass(frozen=True)
class Seen:
    """One thing that a device saw; `at` None where its time cannot be read."""

    told: Told
    at: datetime | None
    said: str = ""
    guest_id: int | None = None
    facts: GuestFacts = field(default_factory=lambda: GuestFacts(""))
    note: str = ""


@dataclass(frozen=True)
class Taken:
    """What became of it: an arrival's outcome, "left", "undone", "listed" for a person, or "refused" at once."""

    what: str
    guest: Guest | None = None
    at: datetime | None = None
    trouble: Trouble | None = None


class _Unclear(Exception):
    """It is no plain arrival."""

    def __init__(self, trouble: Trouble, guest: Guest | None = None) -> None:
        super().__init__(trouble)
        self.trouble, self.guest = trouble, guest


def corrected(at: datetime | None, device_now: datetime | None) -> datetime | None:
    """When it was by our clock: a device that is minutes off is so for everything it tells."""
    if at is None or device_now is None:
        return at
    differs = now() - device_now
    return at + differs if abs(differs) > CLOCK_IS_RIGHT else at


def take(
    session: Session,
    meeting: Meeting,
    by: By,
    seen: Seen,
    *,
    key: str,
    badge_key: bytes,
    is_live: bool = False,
) -> Taken:
    """Take in what a device saw, once for each key, whatever it is. The caller commits.

    `is_live`: somebody waits at the door for the answer; what is refused is told at once and not listed. DomainError
    then as checking in raises it.
    """
    known = _known(session, meeting, key)
    if known is not None:
        return known
    try:
        with session.begin_nested():
            if not is_live:
                _require_time(meeting, by, seen.at)
            return _take(session, meeting, by, seen, key, badge_key, is_live=is_live)
    except _Unclear as unclear:
        if is_live:
            return Taken("refused", unclear.guest, trouble=unclear.trouble)
        return _list(session, meeting, by, seen, key, unclear.trouble, unclear.guest)
    except DomainError:
        if is_live:
            raise
        return _list(session, meeting, by, seen, key, Trouble.OTHER, None)


def _known(session: Session, meeting: Meeting, key: str) -> Taken | None:
    row = session.scalar(sa.select(Attendance).where(Attendance.key == key))
    if row is not None:
        what = checking_in.welcome(meeting, row.at).value if row.what is What.ARRIVED else row.what.value
        return Taken(what, row.guest, row.at)
    listed = session.scalar(sa.select(Sighting).where(Sighting.key == key))
    if listed is None:
        return None
    return _answer(session, listed)


def is_in_time(meeting: Meeting, by: By, at: datetime) -> bool:
    """Whether a device can have seen somebody arrive at this time."""
    try:
        _require_time(meeting, by, at)
    except _Unclear:
        return False
    return True


def _require_time(meeting: Meeting, by: By, at: datetime | None) -> None:
    """A device cannot have seen anything before any was opened, after it ended, or later than now.

    A browser that is opened anew still tells what it saw as the device that it was before.
    """
    kiosk = by.kiosk
    if at is None or at > now() + CLOCKS_DIFFER:
        raise _Unclear(Trouble.CLOCK)
    if kiosk is not None:
        first = object_session(kiosk).scalar(  # type: ignore[union-attr]
            sa.select(sa.func.min(Kiosk.opened_at)).where(Kiosk.meeting_id == meeting.id)
        )
        if first is None or at < first - CLOCKS_DIFFER:
            raise _Unclear(Trouble.CLOCK)
        if kiosk.ended_at is not None and at >= kiosk.ended_at:
            raise _Unclear(Trouble.ENDED)
    try:
        checking_in.require_door(meeting, at)
    except DomainError:
        raise _Unclear(Trouble.DOORS) from None


def _take(
    session: Session, meeting: Meeting, by: By, seen: Seen, key: str, badge_key: bytes, *, is_live: bool
) -> Taken:
    at = seen.at
    if seen.told is Told.WALK_IN:
        done = checking_in.walk_in(session, meeting, seen.facts, by, key=key, at=at)
        _compare_names(session, meeting, by, seen, key, done.guest)
        return Taken(done.outcome.value, done.guest, done.at)
    guest = _guest(session, meeting, seen, badge_key)
    if seen.told is Told.SUBSTITUTE:
        if not is_live and _standing(session, guest) is not None:
            raise _Unclear(Trouble.HERE, guest)
        done = checking_in.walk_in(session, meeting, seen.facts, by, key=key, at=at, stands_in_for=guest)
        return Taken(done.outcome.value, done.guest, done.at)
    if seen.told in (Told.LEFT, Told.UNDONE):
        if not is_live and _standing(session, guest) is None:
            raise _Unclear(Trouble.NOT_IN, guest)
        if seen.told is Told.LEFT:
            checking_in.leave(session, meeting, guest, by, key=key, at=at)
        else:
            checking_in.undo(session, meeting, guest, by, seen.note, key=key, at=at)
        return Taken(seen.told.value, guest, at)
    if not is_live and at is not None:
        _require_plain(session, meeting, guest, at)
    how = How.BADGE if seen.told is Told.SCAN else How.NAME
    done = checking_in.arrive(session, meeting, guest, by, how=how, key=key, at=at)
    return Taken(done.outcome.value, done.guest, done.at)


_REFUSED = {
    Refused.FORGED: Trouble.FORGED,
    Refused.ELSEWHERE: Trouble.ELSEWHERE,
    Refused.EXPIRED: Trouble.EXPIRED,
}


def _guest(session: Session, meeting: Meeting, seen: Seen, badge_key: bytes) -> Guest:
    """Who is meant; a badge is judged by when it was seen."""
    guest_id = seen.guest_id
    if seen.told is Told.SCAN:
        read = tokens.read(badge_key, seen.said, meeting.id, seen.at or now())
        if isinstance(read, Refused):
            raise _Unclear(_REFUSED[read])
        guest_id = read.guest_id
    guest = session.get(Guest, guest_id) if guest_id else None
    if guest is None or guest.meeting_id != meeting.id or guest.erased_at is not None:
        raise _Unclear(Trouble.GONE)
    return guest


def _standing(session: Session, guest: Guest) -> Attendance | None:
    return checking_in.standing_of(checking_in.rows_of(session, guest))


def _require_plain(session: Session, meeting: Meeting, guest: Guest, at: datetime) -> None:
    """Nothing was noted meanwhile that speaks against an arrival at this time."""
    lock(session, guest)
    rows = checking_in.rows_of(session, guest)
    standing = checking_in.standing_of(rows)
    if standing is not None:
        # Only where it changes whether the guest was late does anybody have to decide between two times.
        was_late = checking_in.welcome(meeting, standing.at) is Outcome.LATE
        in_time = checking_in.welcome(meeting, at) is Outcome.WELCOME
        raise _Unclear(Trouble.EARLIER if was_late and in_time else Trouble.TWICE, guest)
    if any(row.what is What.UNDONE and at <= row.at for row in rows):
        raise _Unclear(Trouble.UNDONE, guest)
    stands_in = sa.select(Guest).where(Guest.stands_in_for_id == guest.id)
    if any(_standing(session, one) is not None for one in session.scalars(stands_in)):
        raise _Unclear(Trouble.REPLACED, guest)


def _compare_names(session: Session, meeting: Meeting, by: By, seen: Seen, key: str, guest: Guest) -> None:
    """A walk-in who is called as somebody on the list is in, and listed: it may be the same person."""
    other = session.scalar(
        sa.select(Guest)
        .where(
            Guest.meeting_id == meeting.id,
            Guest.name == guest.name,
            Guest.id != guest.id,
            Guest.erased_at.is_(None),
        )
        .order_by(Guest.cancelled_at.is_not(None), Guest.id)
        .limit(1)
    )
    if other is None:
        return
    session.add(
        Sighting(
            meeting_id=meeting.id,
            key=key,
            told=Told.WALK_IN,
            trouble=Trouble.SAME_NAME,
            guest_id=guest.id,
            other_id=other.id,
            at=seen.at or now(),
            **by.columns,
        )
    )
    session.flush()


def _list(
    session: Session, meeting: Meeting, by: By, seen: Seen, key: str, trouble: Trouble, guest: Guest | None
) -> Taken:
    if guest is None and seen.guest_id:
        named = session.get(Guest, seen.guest_id)
        guest = named if named is not None and named.meeting_id == meeting.id else None
    listed = Sighting(
        meeting_id=meeting.id,
        key=key,
        told=seen.told,
        trouble=trouble,
        guest_id=guest.id if guest else None,
        at=seen.at or now(),
        said=clean(seen.said)[:200],
        name=clean(seen.facts.name)[:40],
        phone=clean(seen.facts.phone)[:60],
        company=clean(seen.facts.company)[:100],
        note=clean(seen.note)[:100],
        **by.columns,
    )
    session.add(listed)
    session.flush()
    return _answer(session, listed)


def _answer(session: Session, listed: Sighting) -> Taken:
    if listed.trouble is Trouble.TWICE and listed.guest is not None:
        standing = _standing(session, listed.guest)
        return Taken(
            Outcome.ALREADY.value, listed.guest, standing.at if standing else listed.at, listed.trouble
        )
    return Taken("listed", listed.guest, listed.at, listed.trouble)
