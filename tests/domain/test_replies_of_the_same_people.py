"""A reply that is taken again: the same people stay the same guests, and whoever is in stays in (M1)."""

import pytest

from portal.db import clock_at
from portal.domain.meetings import inviting
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.inviting import Answer
from portal.domain.meetings.models import Reply, Via
from tests.domain.meeting_world import BEFORE, START, MeetingWorld


@pytest.fixture
def world(session, make):
    return MeetingWorld(session, make)


@pytest.fixture
def asked(world):
    (invitation,) = world.invite(world.plan(), world.dealers(1))
    return invitation


def answer(world, asked, reply, *names, on=BEFORE):
    with clock_at(on):
        said = Answer(reply, len(names), [GuestFacts(name) for name in names])
        inviting.answer(world.session, world.manager, asked, said, Via.PHONE)
        world.session.commit()
        world.session.expire_all()


def test_two_of_one_name_stay_two(world, asked):
    first = {guest.id for guest in world.coming(asked, "示例司机", "示例司机")}
    for _time in range(3):
        answer(world, asked, Reply.COMING, "示例司机", "示例司机")
    assert {guest.id for guest in asked.guests} == first and asked.persons == 2
    assert all(guest.cancelled_at is None for guest in asked.guests)
    answer(world, asked, Reply.COMING, "示例司机")
    assert sorted(guest.cancelled_at is None for guest in asked.guests) == [False, True]
    answer(world, asked, Reply.COMING, "示例司机", "示例司机")
    assert {guest.id for guest in asked.guests} == first


def test_whoever_is_in_stays_in_when_the_office_says_otherwise(world, asked):
    inside, other = world.coming(asked, "示例已到", "示例未到")
    inside.room, other.room = "301", "302"
    world.session.commit()
    world.arrive(inside, on=START)
    answer(world, asked, Reply.DECLINED, on=START)
    assert inside.cancelled_at is None and inside.room == "301"
    # A bed that is given up is free: coming again does not take it from whoever has it by then.
    assert other.cancelled_at is not None and other.room == ""
