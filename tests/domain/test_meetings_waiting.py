"""The waiting list of a meeting: whom no seat is left for waits, in turn, and nobody gets a seat twice (M1)."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal.db import clock_at
from portal.domain.errors import DomainError
from portal.domain.meetings import checking_in, expected, guests, inviting, queries, waiting
from portal.domain.meetings.checking_in import By
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.inviting import Answer
from portal.domain.meetings.models import How, Invitation, Reply, Via
from portal.domain.users.models import User
from tests.domain.meeting_world import BEFORE, START, MeetingWorld


@pytest.fixture
def world(session, make) -> MeetingWorld:
    return MeetingWorld(session, make)


def say(world, invitation, persons, *names, on=BEFORE):
    with clock_at(on):
        said = Answer(
            Reply.COMING if persons else Reply.DECLINED, persons, [GuestFacts(name) for name in names]
        )
        inviting.answer(world.session, world.manager, invitation, said, Via.PHONE)
        world.session.commit()
    return invitation.reply


def up(world, invitation, on=BEFORE):
    with clock_at(on):
        waiting.move_up(world.session, world.manager, invitation)
        world.session.commit()


def test_who_finds_no_seat_waits_unexpected_and_is_found_at_the_door(world, session):
    meeting = world.plan(seats=3)
    first, second = world.invite(meeting, world.dealers(2))
    assert say(world, first, 2, "示例甲", "示例乙") is Reply.COMING
    assert say(world, second, 2, "示例丙", "示例丁") is Reply.WAITING
    sums = queries.counts(session, meeting)
    assert (sums.coming, sums.waiting, sums.persons, sums.named, sums.unanswered) == (1, 1, 2, 2, 0)
    with clock_at(BEFORE):
        assert {one.name for one in expected.expected(session, meeting, world.manager)} == {
            "示例甲",
            "示例乙",
        }
    found = session.scalars(guests.like(meeting, "示例丙")).one()
    with clock_at(START):
        checking_in.arrive(session, meeting, found, By(user=world.manager), how=How.NAME, key="k")
        session.commit()
    assert not found.is_waiting and found.cancelled_at is None


def test_the_one_who_waits_longest_moves_up_and_only_into_a_free_seat(world, session):
    meeting = world.plan(seats=2)
    first, second, third = world.invite(meeting, world.dealers(3))
    say(world, first, 2)
    assert say(world, second, 1, "示例丙") is Reply.WAITING
    assert say(world, third, 1) is Reply.WAITING
    # A further answer keeps the place in the line.
    assert say(world, second, 1, "示例丙") is Reply.WAITING
    assert waiting.waiting_line(session, meeting) == [second, third]
    assert not waiting.can_move_up(session, meeting)
    with pytest.raises(DomainError, match="seats are free"):
        up(world, second)
    session.rollback()
    say(world, first, 1)
    assert waiting.can_move_up(session, meeting)
    up(world, second)
    assert second.reply is Reply.COMING and [one.name for one in second.guests if not one.cancelled_at] == [
        "示例丙"
    ]
    with pytest.raises(DomainError, match="seats are free"):
        up(world, third)
    session.rollback()
    with pytest.raises(DomainError, match="does not wait"):
        up(world, second)


def test_nobody_overtakes_who_waits_and_would_fit(world):
    meeting = world.plan(seats=3)
    first, second, third, fourth = world.invite(meeting, world.dealers(4))
    say(world, first, 2)
    assert say(world, second, 2) is Reply.WAITING
    # One seat is free, and the two who wait do not fit into it.
    assert say(world, third, 1) is Reply.COMING
    say(world, first, 0)
    assert say(world, fourth, 1) is Reply.WAITING


def test_who_has_a_place_keeps_it_when_more_would_not_fit(world, session):
    meeting = world.plan(seats=3)
    first, second = world.invite(meeting, world.dealers(2))
    say(world, first, 1)
    say(world, second, 2)
    with pytest.raises(DomainError, match="seats are left"):
        say(world, first, 2)
    session.rollback()
    assert (first.reply, first.persons) == (Reply.COMING, 1)


def test_fewer_seats_take_nobodys_place_and_a_withdrawn_one_comes_back_to_the_line(world, session):
    meeting = world.plan(seats=2)
    dealers = world.dealers(2)
    first, second = world.invite(meeting, dealers)
    say(world, first, 2, "示例甲")
    with clock_at(BEFORE):
        inviting.withdraw(session, world.manager, first)
        session.commit()
    assert say(world, second, 2) is Reply.COMING
    world.invite(meeting, dealers[:1])
    assert first.reply is Reply.WAITING and second.reply is Reply.COMING
    assert first.guests[0].is_waiting and first.guests[0].cancelled_at is not None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_who_are_moved_up_at_once_do_not_both_get_the_last_seat(world, session):
    meeting = world.plan(seats=1)
    first, second, third = world.invite(meeting, world.dealers(3))
    say(world, first, 1)
    say(world, second, 1)
    say(world, third, 1)
    say(world, first, 0)
    with clock_at(BEFORE), session.get_bind().engine.connect() as connection:
        connection.execute(sa.text("SET lock_timeout = '500ms'"))
        connection.commit()
        with Session(connection) as other:
            waiting.move_up(session, world.manager, second)  # not committed yet
            manager, theirs = other.get(User, world.manager.id), other.get(Invitation, third.id)
            with pytest.raises(OperationalError):
                waiting.move_up(other, manager, theirs)
            other.rollback()
            session.commit()
            with pytest.raises(DomainError, match="seats are free"):
                waiting.move_up(other, manager, theirs)
