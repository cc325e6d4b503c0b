"""What is plain in a batch of a device: first arrivals that nothing speaks against, taken in at once (M1)."""

from collections.abc import Collection, Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.meetings import tokens
from portal.domain.meetings.checking_in import By
from portal.domain.meetings.models import Attendance, Guest, How, Meeting, MeetingTable, Sighting, Told, What
from portal.domain.meetings.sightings import Seen, is_in_time
from portal.domain.meetings.tokens import Token


def take(
    session: Session, meeting: Meeting, by: By, batch: Mapping[str, Seen], badge_key: bytes
) -> dict[str, int]:
    """Check in, by one statement, whoever of a batch arrives for the first time; the guests' ids by key.

    What is left out is anything else and is to be taken one by one (`sightings.take`). The caller commits.
    IntegrityError: another device was faster with one of them, and all are to be taken one by one.
    """
    named: set[int] = set()
    wanted: dict[int, str] = {}
    for key, seen in batch.items():
        guest_id = _meant(meeting, seen, badge_key)
        if guest_id is None or guest_id in named:
            continue
        # Whatever comes first of a guest comes first: an arrival that follows it is not plain any more.
        named.add(guest_id)
        if seen.told in _ARRIVES and seen.at is not None and is_in_time(meeting, by, seen.at):
            wanted[guest_id] = key
    plain = _untouched(session, meeting, wanted)
    if plain:
        session.execute(
            sa.insert(Attendance),
            [
                {
                    "meeting_id": meeting.id,
                    "guest_id": guest_id,
                    "turn": 1,
                    "what": What.ARRIVED,
                    "how": _ARRIVES[batch[wanted[guest_id]].told],
                    "at": batch[wanted[guest_id]].at,
                    "key": wanted[guest_id],
                    **by.columns,
                }
                for guest_id in sorted(plain)
            ],
        )
    return {wanted[guest_id]: guest_id for guest_id in plain}


_ARRIVES = {Told.SCAN: How.BADGE, Told.GUEST: How.NAME}


def _meant(meeting: Meeting, seen: Seen, badge_key: bytes) -> int | None:
    """The guest that an entry is about, where it names one that we know how to read."""
    if seen.told is not Told.SCAN:
        return seen.guest_id
    read = tokens.read(badge_key, seen.said, meeting.id, seen.at) if seen.at is not None else None
    return read.guest_id if isinstance(read, Token) else None


def _untouched(session: Session, meeting: Meeting, wanted: Mapping[int, str]) -> Collection[int]:
    """Those of whom nothing was ever noted, and who are expected in person; held until the transaction ends."""
    if not wanted:
        return ()
    expected = session.scalars(
        sa.select(Guest.id)
        .where(
            Guest.meeting_id == meeting.id,
            Guest.id.in_(wanted),
            Guest.cancelled_at.is_(None),
            Guest.erased_at.is_(None),
            # Whoever has no seat where there are tables is given one as they arrive.
            sa.or_(Guest.seat_no != "", ~sa.exists().where(MeetingTable.meeting_id == meeting.id)),
        )
        .order_by(Guest.id)
        .with_for_update()
    )
    keys = list(wanted.values())
    touched: sa.CompoundSelect[tuple[int | None]] = sa.union_all(
        sa.select(Attendance.guest_id).where(Attendance.guest_id.in_(wanted)),
        sa.select(Guest.stands_in_for_id).where(Guest.stands_in_for_id.in_(wanted)),
    )
    used = sa.union_all(
        sa.select(Attendance.key).where(Attendance.key.in_(keys)),
        sa.select(Sighting.key).where(Sighting.key.in_(keys)),
    )
    left = set(expected) - set(session.scalars(touched))
    known = set(session.scalars(used))
    return [guest_id for guest_id in left if wanted[guest_id] not in known]
