"""Seats at a meeting: proposed so that companies sit together, moved by hand, never anybody's twice (M1)."""

import random
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.db import clock_at
from portal.domain.access.roles import Role
from portal.domain.distributors.models import Grade
from portal.domain.errors import DomainError, Stale
from portal.domain.meetings import checking_in, inviting, packs, seats
from portal.domain.meetings.checking_in import By
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.models import Guest, Meeting
from portal.domain.meetings.seating import Sitter, Table, proposed
from portal.domain.meetings.seats import Move, read_tables, write_tables
from tests.domain.meeting_world import BEFORE, START, MeetingWorld

SIZES = st.lists(st.integers(1, 12), min_size=1, max_size=8)
PARTIES = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3), st.booleans()), max_size=14)


def people(parties: list[tuple[int, int, bool]]) -> list[Sitter]:
    found: list[Sitter] = []
    for no, (size, office, is_vip) in enumerate(parties):
        found += [Sitter(len(found) + i + 1, f"p{no:02d}", f"/{office}/", is_vip) for i in range(size)]
    return found


@settings(deadline=None)
@given(sizes=SIZES, parties=PARTIES, seed=st.integers(0, 9), heads=st.integers(0, 2))
def test_no_proposal_seats_anybody_twice_or_over_a_tables_end(sizes, parties, seed, heads):
    tables = [Table(str(no), size, no < heads) for no, size in enumerate(sizes)]
    guests = people(parties)
    seats_ = proposed(tables, guests)
    assert len(seats_) == min(len(guests), sum(sizes))
    assert len(set(seats_.values())) == len(seats_)
    room = {table.name: table.seats for table in tables}
    assert all(1 <= no <= room[name] for name, no in seats_.values())
    shuffled = random.Random(seed).sample(guests, len(guests))
    assert proposed(tables, shuffled) == seats_


@settings(deadline=None)
@given(parties=PARTIES, seats_=st.integers(6, 12), spare=st.integers(0, 2))
def test_parties_that_fit_are_not_parted(parties, seats_, spare):
    largest = max((size for size, _office, _vip in parties), default=1)
    # So many tables that one filled with whole parties always leaves another for the next.
    needed = -(-len(parties) // (seats_ // largest)) + spare
    tables = [Table(str(no), seats_) for no in range(max(1, needed))]
    guests = people(parties)
    found = proposed(tables, guests)
    for party in {one.party for one in guests}:
        assert len({found[one.guest_id][0] for one in guests if one.party == party}) == 1


@settings(deadline=None)
@given(parties=PARTIES, data=st.data())
def test_whoever_has_a_seat_keeps_it_and_nobody_else_gets_it(parties, data):
    tables = [Table("1", 8), Table("2", 8), Table("3", 80)]
    guests = people(parties)
    everywhere = [(table.name, no) for table in tables for no in range(1, 9)]
    kept_guests = guests[: data.draw(st.integers(0, min(len(guests), 10)))]
    places = data.draw(st.permutations(everywhere))
    kept = {one.guest_id: places[no] for no, one in enumerate(kept_guests)}
    found = proposed(tables, guests, kept)
    assert {id: found[id] for id in kept} == kept
    assert len(set(found.values())) == len(found) == len(guests)


def test_the_best_customers_sit_in_front_and_speakers_at_the_head_table():
    tables = [Table("1", 4), Table("主桌", 3, is_head=True), Table("2", 4)]
    guests = [Sitter(no, f"p{no // 2}", "/1/", is_vip=no in (6, 7)) for no in range(8)]
    guests += [Sitter(90, "~a", "~", is_head=True), Sitter(91, "~b", "~", is_head=True)]
    found = proposed(tables, guests)
    assert {found[6][0], found[7][0]} == {"1"}
    assert {found[90][0], found[91][0]} == {"主桌"}
    assert all(found[no][0] != "主桌" for no in range(8))


def test_tables_are_read_as_people_write_them():
    tables = read_tables("主桌 12\n1-3：10\n5号桌 8座\n\nVIP厅  6人")
    assert [(one.name, one.seats, one.is_head) for one in tables] == [
        ("主桌", 12, True), ("1", 10, False), ("2", 10, False), ("3", 10, False), ("5", 8, False), ("VIP厅", 6, False),
    ]  # fmt: skip
    assert read_tables(write_tables(tables)) == tables
    for bad in ("主桌", "1-8", "1 0", "1 10\n1 8", "A-B 10", "8-1 10", "很长很长很长很长的桌名 8", "1-900 8"):
        with pytest.raises(DomainError) as refused:
            read_tables(bad)
        assert refused.value.field == "tables"


@pytest.fixture
def world(session, make) -> MeetingWorld:
    return MeetingWorld(session, make)


def lay(world: MeetingWorld, meeting: Meeting, said: str, **options) -> None:
    with clock_at(BEFORE):
        now_laid = write_tables(seats.tables_of(world.session, meeting))
        seats.lay(world.session, world.manager, meeting, said, **({"seen": now_laid} | options))
        world.session.commit()


def propose(world: MeetingWorld, meeting: Meeting, *, afresh: bool = False) -> tuple[int, int]:
    done = seats.propose(world.session, world.manager, meeting, afresh=afresh)
    world.session.commit()
    return done


def moved(world: MeetingWorld, guest: Guest, wanted: str, *, seen: str | None = None) -> None:
    was = f"{guest.table_no}-{guest.seat_no}" if guest.seat_no else ""
    try:
        seats.move(
            world.session,
            world.manager,
            guest.meeting,
            [Move(guest.id, was if seen is None else seen, wanted)],
        )
        world.session.commit()
    except DomainError:
        world.session.rollback()
        raise


def held(world: MeetingWorld) -> tuple[Meeting, list[Guest]]:
    meeting = world.plan()
    first, second = world.invite(meeting, world.dealers(2))
    return meeting, [*world.coming(first, "示例甲", "示例乙"), *world.coming(second, "示例丙 13800000051")]


def place(guest: Guest) -> str:
    return f"{guest.table_no}-{guest.seat_no}"


def test_a_proposal_seats_all_and_a_later_one_only_who_is_new(world, session):
    meeting, (a, b, c) = held(world)
    with pytest.raises(DomainError):
        propose(world, meeting)
    lay(world, meeting, "1-2 2")
    assert propose(world, meeting) == (3, 0)
    assert a.table_no == b.table_no != c.table_no
    moved(world, c, "2-2")
    (third,) = world.invite(meeting, world.dealers(1))
    (d,) = world.coming(third, "示例丁")
    assert propose(world, meeting) == (1, 0)
    assert (place(c), place(d)) == ("2-2", "2-1")
    (fourth,) = world.invite(meeting, world.dealers(1))
    world.coming(fourth, "示例戊")
    assert propose(world, meeting) == (0, 1)


def test_grade_a_is_seated_in_front(world):
    meeting = world.plan()
    plain, best = world.dealers(1)[0], world.dealers(1, grade=Grade.A)[0]
    one, two = world.invite(meeting, [plain, best])
    (behind,), (front,) = world.coming(one, "示例甲"), world.coming(two, "示例乙")
    lay(world, meeting, "1-2 1")
    propose(world, meeting)
    assert (place(front), place(behind)) == ("1-1", "2-1")


def test_a_seat_is_typed_in_many_ways_and_never_twice_anybodys(world):
    meeting, (a, b, c) = held(world)
    lay(world, meeting, "主桌 2\n1 2\n10 4")
    for said, where in (
        ("10-3", "10-3"),
        ("主桌－1", "主桌-1"),
        ("1桌2座", "1-2"),
        ("10号桌4", "10-4"),
        ("１０", "10-1"),
    ):
        moved(world, a, said)
        assert place(a) == where
    for bad in ("10-5", "1-0", "11-1", "13", "1-2-3", "x"):
        with pytest.raises(DomainError) as refused:
            moved(world, a, bad)
        assert refused.value.field == f"seat-{a.id}"
    with pytest.raises(DomainError, match="is the seat of"):
        moved(world, b, place(a))
    moved(world, b, "1")
    moved(world, c, "1")
    with pytest.raises(DomainError, match="all taken"):
        moved(world, a, "1")
    # Two change places in one go.
    was_b, was_c = place(b), place(c)
    seats.move(world.session, world.manager, meeting, [Move(b.id, was_b, was_c), Move(c.id, was_c, was_b)])
    assert (place(b), place(c)) == (was_c, was_b)
    moved(world, a, "")
    assert (a.table_no, a.seat_no) == ("", "")


def test_two_who_move_the_same_guest_do_not_overwrite_each_other_unseen(world):
    meeting, (a, b, _c) = held(world)
    lay(world, meeting, "1 9")
    moved(world, a, "1-1")
    with pytest.raises(DomainError, match="Somebody else"):
        moved(world, a, "1-2", seen="")
    # Who moved another guest is in nobody's way; both wanting the same is no clash.
    moved(world, b, "1-2", seen="")
    moved(world, a, "1-1", seen="")
    assert (place(a), place(b)) == ("1-1", "1-2")
    with pytest.raises(Stale):
        lay(world, meeting, "1 20", seen="1 8")
    world.session.rollback()


def test_tables_are_not_taken_from_under_those_who_sit_there(world):
    meeting, (a, _b, _c) = held(world)
    lay(world, meeting, "1-2 2")
    moved(world, a, "2-2")
    for smaller in ("1 2", "1 2\n2 1"):
        with pytest.raises(DomainError, match=a.name):
            lay(world, meeting, smaller)
        world.session.rollback()
    lay(world, meeting, "1 2", may_unseat=True)
    assert (a.table_no, a.seat_no) == ("", "")


def test_whoever_comes_later_is_given_a_free_seat(world, session):
    meeting, (a, b, c) = held(world)
    lay(world, meeting, "1-2 4")
    propose(world, meeting)
    taken = {place(one) for one in (a, b, c)}
    by = By(user=world.manager)
    with clock_at(START):
        walk_in = checking_in.walk_in(
            session, meeting, GuestFacts("示例路人"), by, key="w", invitation=a.invitation
        ).guest
        session.commit()
        assert place(walk_in) not in taken and walk_in.table_no == a.table_no
        # A substitute sits where the other would have sat, who is given another seat when coming after all.
        was = place(b)
        instead = checking_in.walk_in(
            session, meeting, GuestFacts("示例代"), by, key="s", stands_in_for=b
        ).guest
        session.commit()
        assert place(instead) == was
        world.arrive(b, on=START)
        assert b.cancelled_at is None and place(b) not in taken | {place(walk_in)}
        everybody = [one.typed for one in seats.seated(session, meeting)]
        assert len(set(everybody)) == len(everybody) == 5


def test_a_dealer_who_cancels_and_comes_again_takes_nobodys_seat(world, session):
    meeting, (a, b, _c) = held(world)
    lay(world, meeting, "1 3")
    propose(world, meeting)
    was = place(b)
    world.coming(a.invitation, "示例甲")
    (third,) = world.invite(meeting, world.dealers(1))
    (d,) = world.coming(third, "示例丁")
    propose(world, meeting)
    assert place(d) == was
    world.coming(a.invitation, "示例甲", "示例乙")
    assert (b.cancelled_at, b.seat_no) == (None, "")
    assert propose(world, meeting) == (0, 1)


def test_pasted_lines_say_who_is_meant(world, session):
    meeting, (a, b, c) = held(world)
    lay(world, meeting, "主桌 3\n1 9")
    people_ = seats.seated(session, meeting)
    moves = seats.read_moves(
        people_, f"示例甲\t1\t4\n示例乙  {b.invitation.distributor.name}  主桌  2\n示例丙 1-9\n\n"
    )
    assert {(one.guest_id, one.wanted) for one in moves} == {(a.id, "1-4"), (b.id, "主桌-2"), (c.id, "1-9")}
    seats.move(session, world.manager, meeting, moves)
    assert [place(one) for one in (a, b, c)] == ["1-4", "主桌-2", "1-9"]
    for bad in ("示例无此人\t1\t2", "示例甲", "示例甲\t1\t2\t3\t4"):
        with pytest.raises(DomainError) as refused:
            seats.read_moves(people_, bad)
        assert refused.value.field == "lines"
    (other,) = world.invite(meeting, world.dealers(1))
    world.coming(other, "示例甲")
    with pytest.raises(DomainError, match="of the guests are called"):
        seats.read_moves(seats.seated(session, meeting), "示例甲\t1\t5")


def test_speakers_and_own_people_come_too_and_once(world, session):
    meeting, _guests = held(world)
    assert seats.add_own(session, world.manager, meeting, "示例主讲 总监\n示例主持\t市场部") == 2
    assert seats.add_own(session, world.manager, meeting, "示例主讲 总监") == 0
    lay(world, meeting, "1 3\n主桌 2")
    propose(world, meeting)
    at_head = {one.guest.name for one in seats.seated(session, meeting) if one.guest.table_no == "主桌"}
    assert at_head == {"示例主讲", "示例主持"}


def test_seats_are_for_who_holds_the_meeting(world, make, session):
    meeting, (a, _b, _c) = held(world)
    stranger = make.user(Role.REGIONAL_MANAGER, make.region())
    for work in (
        lambda: seats.lay(session, stranger, meeting, "1 2", seen=""),
        lambda: seats.propose(session, stranger, meeting),
        lambda: seats.move(session, stranger, meeting, [Move(a.id, "", "1-1")]),
        lambda: seats.add_own(session, stranger, meeting, "示例"),
        lambda: packs.set_desks(session, stranger, meeting, "1号台", seen=""),
    ):
        with pytest.raises(DomainError, match="hold no meetings"):
            work()
        session.rollback()


def test_the_desk_for_materials_follows_from_initial_or_office(world, session, make):
    meeting, _guests = held(world)
    below = make.region("示例萧山办事处", world.office)
    assert packs.desks(session, meeting).of("zs", below.path) == ""
    said = "其他：总台\nA-L，Z：1号台\n示例杭州办事处：2号台"
    packs.set_desks(session, world.manager, meeting, said, seen="")
    desks = packs.desks(session, meeting)
    assert [desks.of(*who) for who in (("bq", ""), ("zs", ""), ("ms", below.path), ("ms", "/99/"), ("", ""))] == [
        "1号台", "1号台", "2号台", "总台", "总台",
    ]  # fmt: skip
    with pytest.raises(Stale):
        packs.set_desks(session, world.manager, meeting, "1号台", seen="")
    for bad in ("没有这个办事处：1号台", "A-L：", "：1号台", f"A：{'台' * 31}"):
        with pytest.raises(DomainError) as refused:
            packs.set_desks(session, world.manager, meeting, bad, seen=meeting.pack_desks)
        assert refused.value.field == "pack_desks"
    packs.set_desks(session, world.manager, meeting, "一楼大厅", seen=said)
    assert packs.desks(session, meeting).of("ms", "/99/") == "一楼大厅"


def test_a_declined_dealer_leaves_the_seats_free(world, session):
    meeting, (a, b, c) = held(world)
    lay(world, meeting, "1 3")
    propose(world, meeting)
    with clock_at(BEFORE + timedelta(hours=1)):
        inviting.withdraw(session, world.manager, a.invitation)
        session.commit()
    assert [one.guest.id for one in seats.seated(session, meeting)] == [c.id]
    moved(world, c, place(a))
    assert b.cancelled_at is None
