"""A batch whose plain arrivals are taken in at once ends as one that is taken in one by one (M1)."""

import random
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from portal.db import clock_at
from portal.domain.meetings import plainly, seats, sightings
from portal.domain.meetings.checking_in import By
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.models import Attendance, Guest, Sighting, Told
from portal.domain.meetings.sightings import Seen
from tests.domain.meeting_world import BEFORE, START
from tests.domain.test_meeting_sightings import KEY, LATER, MINUTE, Door

TOLD = [Told.SCAN, Told.SCAN, Told.GUEST, Told.LEFT, Told.UNDONE, Told.SUBSTITUTE, Told.WALK_IN]


class Twin(Door):
    """Another meeting of the same office, with as many guests of the same names and devices."""

    def __init__(self, other: Door) -> None:
        self.session, self.world, self.sent = other.session, other.world, 0
        self.meeting = self.world.plan()
        (self.invitation,) = self.world.invite(self.meeting, self.world.dealers(1))
        self.guests = self.world.coming(self.invitation, *(guest.name for guest in other.guests))
        self.east = self.world.kiosk(self.meeting, on=START - timedelta(hours=1))
        self.west = self.world.kiosk(self.meeting, on=START - timedelta(hours=1))


@pytest.fixture
def doors(session, make):
    first = Door(session, make)
    return first, Twin(first)


def entry(door, chance: random.Random, *, told, no, minute) -> Seen:
    """The same thing at each of two doors, where the guest of this number is meant."""
    guest = door.guests[no]
    at = START + minute * MINUTE
    if told is Told.SCAN:
        return Seen(told, at, said=door.badge(guest))
    facts = GuestFacts(f"示例代表{no}{minute}") if told in (Told.SUBSTITUTE, Told.WALK_IN) else GuestFacts("")
    guest_id = None if told is Told.WALK_IN else guest.id
    return Seen(told, at, guest_id=guest_id, facts=facts, note="示例" if told is Told.UNDONE else "")


def told_of(door) -> tuple[list[object], list[object]]:
    """What is known of a meeting in the end, apart from the numbers of its rows."""
    session = door.session
    session.rollback()
    order = {guest.id: no for no, guest in enumerate(door.guests)}
    rows = session.execute(
        sa.select(
            Attendance.guest_id, Guest.name, Attendance.turn, Attendance.what, Attendance.how, Attendance.at
        )
        .join(Guest, Guest.id == Attendance.guest_id)
        .where(Attendance.meeting_id == door.meeting.id)
    )
    listed = session.execute(
        sa.select(Sighting.guest_id, Sighting.told, Sighting.trouble, Sighting.at).where(
            Sighting.meeting_id == door.meeting.id
        )
    )
    return tuple(
        sorted(((order.get(id_, -1), *map(str, rest)) for id_, *rest in found)) for found in (rows, listed)
    )


@pytest.mark.parametrize("seed", range(12))
def test_a_batch_at_once_ends_as_one_by_one(doors, seed):
    chance, (at_once, one_by_one) = random.Random(seed), doors
    for turn in range(3):
        plan = [
            {
                "told": chance.choice(TOLD),
                "no": chance.randrange(3),
                "minute": chance.choice([-600, 1, 5, 20, 90]),
            }
            for _ in range(chance.randrange(2, 8))
        ]
        batches = []
        for door in doors:
            batches.append(
                {f"{door.east.id}:{turn}-{no}": entry(door, chance, **one) for no, one in enumerate(plan)}
            )
        with clock_at(LATER):
            plain = plainly.take(at_once.session, at_once.meeting, By(kiosk=at_once.east), batches[0], KEY)
            at_once.session.commit()
        for door, batch in zip(doors, batches, strict=True):
            for key, seen in batch.items():
                if door is at_once and key in plain:
                    continue
                said = {"guest_id": seen.guest_id, "said": seen.said, "facts": seen.facts, "note": seen.note}
                door.send(seen.told, seen.at, key=key, **said)
        assert told_of(at_once) == told_of(one_by_one), plan


def test_what_is_plain_is_an_arrival_at_its_own_time_and_once(doors):
    door, _other = doors
    batch = {
        f"{door.east.id}:{no}": Seen(Told.SCAN, START + no * MINUTE, said=door.badge(guest))
        for no, guest in enumerate(door.guests)
    }
    for expected in (len(door.guests), 0, 0):
        with clock_at(LATER):
            plain = plainly.take(door.session, door.meeting, By(kiosk=door.east), batch, KEY)
            door.session.commit()
        assert len(plain) == expected
    assert door.standing() == {guest.id: START + no * MINUTE for no, guest in enumerate(door.guests)}


def test_a_faster_device_is_found_by_the_database_itself(doors, monkeypatch):
    door, _other = doors
    door.scan(door.guests[0], START, kiosk=door.west)
    batch = {
        f"{door.east.id}:x": Seen(Told.SCAN, START + timedelta(minutes=1), said=door.badge(door.guests[0]))
    }
    monkeypatch.setattr(plainly, "_untouched", lambda _session, _meeting, wanted: list(wanted))
    with clock_at(LATER), pytest.raises(IntegrityError):
        plainly.take(door.session, door.meeting, By(kiosk=door.east), batch, KEY)
    door.session.rollback()
    assert door.standing() == {door.guests[0].id: START}


def test_who_has_no_seat_is_given_one_also_out_of_a_batch(doors):
    """As one who is scanned alone is."""
    door, _other = doors
    with clock_at(BEFORE):
        seats.lay(door.session, door.world.manager, door.meeting, "1-2 8", seen="")
        door.session.commit()
    batch = {
        f"{door.east.id}:seat-{no}": Seen(Told.SCAN, START, said=door.badge(guest))
        for no, guest in enumerate(door.guests)
    }
    with clock_at(LATER):
        plain = plainly.take(door.session, door.meeting, By(kiosk=door.east), batch, KEY)
        for key in batch.keys() - plain.keys():
            sightings.take(
                door.session, door.meeting, By(kiosk=door.east), batch[key], key=key, badge_key=KEY
            )
        door.session.commit()
    taken = [(guest.table_no, guest.seat_no) for guest in door.guests]
    assert all(table and seat for table, seat in taken) and len(set(taken)) == len(door.guests)
