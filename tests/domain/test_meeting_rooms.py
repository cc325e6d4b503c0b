"""Rooms of a meeting's hotel: proposed without guessing, never more people a night than beds (M1)."""

import random
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.db import clock_at
from portal.domain.access.roles import Role
from portal.domain.errors import DomainError, Stale
from portal.domain.meetings import inviting, rooms
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.inviting import Answer
from portal.domain.meetings.lodging import Room, Sleeper, proposed
from portal.domain.meetings.models import Guest, Lodging, Meeting, Reply, Via
from portal.domain.meetings.rooms import Change, read_kinds, write_kinds
from tests.domain.meeting_world import BEFORE, DAY, MeetingWorld

EVE = DAY - timedelta(days=1)
SLEEPERS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([None, True, False]), st.booleans(), st.integers(0, 2)),
    max_size=16,
)
ROOMS = st.lists(st.integers(1, 3), max_size=12)


def sleepers(said) -> list[Sleeper]:
    return [
        Sleeper(
            no,
            f"p{party}",
            f"/{party % 3}/",
            is_lady,
            is_single and no % 3 == 0,
            EVE,
            DAY + timedelta(days=late),
        )
        for no, (party, is_lady, is_single, late) in enumerate(said)
    ]


@settings(deadline=None)
@given(said=SLEEPERS, beds=ROOMS, seed=st.integers(0, 9))
def test_no_proposal_overfills_a_room_or_pairs_by_guessing(said, beds, seed):
    hotel = [Room(f"r{no}", "x", count) for no, count in enumerate(beds)]
    people = sleepers(said)
    found = proposed(hotel, people)
    inside = {room.name: [one for one in people if found.get(one.guest_id) == room.name] for room in hotel}
    assert set(found.values()) <= set(inside)
    for room in hotel:
        here = inside[room.name]
        assert len(here) <= room.beds
        if len(here) > 1:
            assert len({one.is_lady for one in here}) == 1 and here[0].is_lady is not None
            assert not any(one.is_single for one in here)
    assert not any(one.guest_id in found and one.is_lady is None and not one.is_single for one in people)
    shuffled = random.Random(seed).sample(people, len(people))
    assert proposed(hotel, shuffled) == found


@settings(deadline=None)
@given(parties=st.lists(st.integers(1, 4), max_size=8))
def test_colleagues_share_before_strangers_do(parties):
    people = [
        Sleeper(10 * party + no, f"p{party}", f"/{party}/", True, False, EVE, DAY)
        for party, size in enumerate(parties)
        for no in range(size)
    ]
    found = proposed([Room(str(no), "x", 2) for no in range(40)], people)
    assert len(found) == len(people)
    for party, size in enumerate(parties):
        mine = [found[10 * party + no] for no in range(size)]
        assert len(mine) - len(set(mine)) == size // 2


@settings(deadline=None)
@given(said=SLEEPERS, beds=st.lists(st.integers(2, 3), min_size=1, max_size=8), data=st.data())
def test_whoever_has_a_room_keeps_it(said, beds, data):
    hotel = [Room(f"r{no}", "x", count) for no, count in enumerate(beds)]
    people = sleepers(said)
    first = proposed(hotel, people)
    kept = {id: name for id, name in first.items() if data.draw(st.booleans())}
    again = proposed(hotel, people, kept)
    assert {id: again[id] for id in kept} == kept
    for room in hotel:
        assert sum(name == room.name for name in again.values()) <= room.beds


def test_rooms_are_read_as_hotels_name_them():
    kinds = read_kinds("双床房 2 10\n大床房 1人 801-803，A808\n套房：3 2间")
    assert [(kind.name, kind.beds, len(kind.rooms)) for kind in kinds] == [
        ("双床房", 2, 10),
        ("大床房", 1, 4),
        ("套房", 3, 2),
    ]
    assert [room.name for room in kinds[1].rooms] == ["801", "802", "803", "A808"]
    assert kinds[0].rooms[9].name == "双床房10"
    assert read_kinds(write_kinds(kinds)) == kinds
    for bad in (
        "双床房",
        "双床房 2",
        "双床房 0 2",
        "双床房 9 2",
        "A 2 301\nB 2 301",
        "A 2 305-301",
        "A 2 x",
        "A 2 3\nA 2 4",
        "A 2 9999间",
    ):
        with pytest.raises(DomainError) as refused:
            read_kinds(bad)
        assert refused.value.field == "kinds"


@pytest.fixture
def world(session, make) -> MeetingWorld:
    return MeetingWorld(session, make)


def held(world: MeetingWorld, *facts: GuestFacts) -> tuple[Meeting, list[Guest]]:
    meeting = world.plan()
    (asked,) = world.invite(meeting, world.dealers(1))
    with clock_at(BEFORE):
        inviting.answer(
            world.session, world.manager, asked, Answer(Reply.COMING, len(facts), facts), Via.PHONE
        )
        world.session.commit()
    return meeting, list(asked.guests)


def shared(name: str, is_lady: bool | None = None, lodging: Lodging = Lodging.SHARED) -> GuestFacts:
    return GuestFacts(name, lodging=lodging, is_lady=is_lady)


def lay(world: MeetingWorld, meeting: Meeting, said: str, **options) -> None:
    seen = write_kinds(rooms.kinds_of(world.session, meeting))
    rooms.lay(world.session, world.manager, meeting, said, **({"seen": seen} | options))
    world.session.commit()


def changed(
    world: MeetingWorld, guest: Guest, room: str, *, days=(None, None), lady=None, seen: str = ""
) -> int:
    was = next(one.seen for one in rooms.lodgers(world.session, guest.meeting) if one.guest is guest)
    wish = Change(guest.id, seen or was, room, days[0], days[1], lady)
    try:
        done = rooms.change(world.session, world.manager, guest.meeting, [wish])
        world.session.commit()
    except DomainError:
        world.session.rollback()
        raise
    return done


def test_rooms_are_proposed_and_who_nobody_knows_waits(world):
    meeting, (a, b, c, d, e) = held(
        world, shared("示例甲", True), shared("示例乙", False), shared("示例丙", True), shared("示例丁"),
        GuestFacts("示例戊"),
    )  # fmt: skip
    with pytest.raises(DomainError):
        rooms.propose(world.session, world.manager, meeting)
    lay(world, meeting, "双床房 2 301-303")
    assert rooms.propose(world.session, world.manager, meeting) == (3, 1)
    assert a.room == c.room != b.room
    assert (d.room, e.room) == ("", "")
    changed(world, d, "", lady=False)
    assert rooms.propose(world.session, world.manager, meeting) == (1, 0)
    assert d.room == b.room


def test_a_room_holds_as_many_a_night_as_it_has_beds(world):
    meeting, (a, b, c) = held(
        world, shared("示例甲", True), shared("示例乙", True), shared("示例丙", True, Lodging.SINGLE)
    )
    lay(world, meeting, "大床房 1 101\n双床房 2 201")
    changed(world, a, "101")
    with pytest.raises(DomainError, match="holds"):
        changed(world, b, "101")
    # Whoever leaves on the day the other comes is in nobody's way.
    changed(world, b, "101", days=(DAY, DAY + timedelta(days=2)))
    with pytest.raises(DomainError, match="holds"):
        changed(world, a, "101", days=(EVE, DAY + timedelta(days=1)))
    changed(world, c, "201")
    with pytest.raises(DomainError, match="single room"):
        changed(world, a, "201")
    for room, days in (("999", (None, None)), ("201", (DAY, DAY)), ("201", (EVE, DAY + timedelta(days=90)))):
        with pytest.raises(DomainError) as refused:
            changed(world, a, room, days=days)
        assert refused.value.field == f"room-{a.id}"
    sums = rooms.nights(rooms.kinds_of(world.session, meeting), rooms.lodgers(world.session, meeting))
    assert [(one.on, dict(one.taken), one.people) for one in sums] == [
        (EVE, {"大床房": 1, "双床房": 1}, 2),
        (DAY, {"大床房": 1, "双床房": 0}, 1),
        (DAY + timedelta(days=1), {"大床房": 1, "双床房": 0}, 1),
    ]


def test_two_who_change_the_same_guests_room_do_not_overwrite_each_other_unseen(world):
    meeting, (a,) = held(world, shared("示例甲", True))
    lay(world, meeting, "双床房 2 201-203")
    was = rooms.lodgers(world.session, meeting)[0].seen
    changed(world, a, "201", lady=True)
    with pytest.raises(DomainError, match="Somebody else"):
        changed(world, a, "202", lady=True, seen=was)
    assert changed(world, a, "201", lady=True, seen=was) == 0
    with pytest.raises(Stale):
        lay(world, meeting, "双床房 2 5", seen="")
    world.session.rollback()


def test_rooms_are_not_taken_from_under_those_who_sleep_there(world):
    meeting, (a, b) = held(world, shared("示例甲", True), shared("示例乙", True))
    lay(world, meeting, "双床房 2 201-203")
    rooms.propose(world.session, world.manager, meeting)
    world.session.commit()
    for less in ("双床房 2 202", "单人房 1 201"):
        with pytest.raises(DomainError, match="201"):
            lay(world, meeting, less)
        world.session.rollback()
    lay(world, meeting, "单人房 1 201", may_unlodge=True)
    assert (a.room, b.room) == ("", "")


def test_rooms_are_for_who_holds_the_meeting(world, make, session):
    meeting, (a,) = held(world, shared("示例甲"))
    stranger = make.user(Role.REGIONAL_MANAGER, make.region())
    for work in (
        lambda: rooms.lay(session, stranger, meeting, "双床房 2 2", seen=""),
        lambda: rooms.propose(session, stranger, meeting),
        lambda: rooms.change(session, stranger, meeting, [Change(a.id, "", "", None, None, True)]),
    ):
        with pytest.raises(DomainError, match="hold no meetings"):
            work()
        session.rollback()
    assert rooms.lodgers(session, meeting, stranger) == []


def test_guests_sleep_there_from_the_evening_before_a_morning_until_the_end(world):
    meeting, _guests = held(world, shared("示例甲"))
    assert rooms.usual_nights(meeting) == (date(2026, 6, 11), date(2026, 6, 12))
    afternoon = world.plan(
        starts_at=meeting.starts_at + timedelta(hours=5),
        ends_at=meeting.ends_at + timedelta(days=1),
        agenda=(),
    )
    assert rooms.usual_nights(afternoon) == (date(2026, 6, 12), date(2026, 6, 13))
