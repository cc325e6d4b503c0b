"""Attendance over a period adds up to the facts of each distributor, within the user's offices (M1)."""

import random
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from portal.db import clock_at
from portal.domain.access.roles import Role
from portal.domain.distributors.queries import DistributorFilter
from portal.domain.meetings import checking_in, evidence, inviting, over_time, planning
from portal.domain.meetings.attended import Presence
from portal.domain.meetings.checking_in import By
from portal.domain.meetings.evidence import Period
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.inviting import Answer
from portal.domain.meetings.models import Invitation, MeetingKind, Reply, Via
from portal.domain.meetings.over_time import NEVER, NO_SHOW, Wanted
from tests.domain.meeting_world import BEFORE, END, START, MeetingWorld

YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
AFTER = END + timedelta(days=60)
ALL = DistributorFilter()


@pytest.fixture
def world(session, make) -> MeetingWorld:
    return MeetingWorld(session, make)


def year(world: MeetingWorld, user=None, **said) -> list[over_time.Dealer]:
    wanted = Wanted(**({"period": YEAR, "dealers": ALL} | said))
    with clock_at(AFTER):
        return over_time.dealers(world.session, user or world.manager, wanted)


def lived(world: MeetingWorld, seed: int) -> list[Invitation]:
    """Some meetings to which anything may have happened."""
    chance, session, by = random.Random(seed), world.session, By(user=world.manager)
    dealers, asked, no = world.dealers(5), [], 0
    for weeks in range(3):
        starts_at = START + timedelta(weeks=weeks)
        meeting = world.plan(
            starts_at=starts_at, ends_at=starts_at + timedelta(hours=6), agenda=(), title=f"示例{weeks}",
            kind=chance.choice([MeetingKind.REGULAR, MeetingKind.ANNUAL]),
        )  # fmt: skip
        for invitation in world.invite(meeting, chance.sample(dealers, 4)):
            asked.append(invitation)
            with clock_at(BEFORE):
                reply = chance.choice([None, Reply.COMING, Reply.COMING, Reply.DECLINED])
                if reply:
                    names = [GuestFacts(f"示例{n}") for n in range(2)] if reply is Reply.COMING else []
                    inviting.answer(session, world.manager, invitation, Answer(reply, 0, names), Via.PHONE)
                if chance.random() < 0.2:
                    inviting.withdraw(session, world.manager, invitation)
                session.commit()
            for _guest in range(chance.choice([0, 0, 1, 2])):
                no += 1
                with clock_at(starts_at + timedelta(minutes=chance.choice([-5, 30]))):
                    facts = GuestFacts(f"示例来客{no}")
                    arrival = checking_in.walk_in(
                        session, meeting, facts, by, key=f"w{no}", invitation=invitation
                    )
                    session.commit()
                    if chance.random() < 0.3:
                        checking_in.undo(session, meeting, arrival.guest, by, "示例误扫", key=f"u{no}")
                        session.commit()
    return asked


@pytest.mark.parametrize("seed", range(8))
def test_the_sums_of_the_year_are_the_facts_of_each_distributor(world, seed):
    lived(world, seed)
    found = year(world)
    with clock_at(AFTER):
        facts = evidence.facts_of(world.session, [one.id for one in found], YEAR)
        every = world.session.scalars(sa.select(Invitation.distributor_id)).all()
        everybody = evidence.facts_of(world.session, every, YEAR)
    assert {id for id, of in everybody.items() if of} == {one.id for one in found}
    for one in found:
        of = facts[one.id]
        counted = [sum(fact.presence is presence for fact in of) for presence in (
            Presence.CAME, Presence.NO_SHOW, Presence.ABSENT, Presence.EXCUSED
        )]  # fmt: skip
        sums = one.sums
        assert [sums.came, sums.no_shows, sums.absent, sums.excused] == counted
        assert sums.invited == len(of) == sum(counted)
        assert one.last_on == max((fact.on for fact in of if fact.presence is Presence.CAME), default=None)
    total = over_time.sum_of(found)
    assert total.invited == sum(sums.invited for _name, sums in over_time.by_office(found))
    assert total.came == sum(sums.came for _name, sums in over_time.by_owner(found))
    assert {one.id for one in year(world, only=NO_SHOW)} == {one.id for one in found if one.sums.no_shows}
    assert {one.id for one in year(world, only=NEVER)} == {one.id for one in found if not one.sums.came}
    of_kind = sum(one.sums.invited for kind in MeetingKind for one in year(world, kind=kind))
    assert of_kind == total.invited


def test_only_what_is_over_and_was_held_in_the_period_counts(world):
    dealers = world.dealers(1)
    over, called_off, later = (
        world.plan(starts_at=START + timedelta(days=days), ends_at=END + timedelta(days=days), agenda=())
        for days in (0, 1, 100)
    )
    for meeting in (over, called_off, later):
        world.invite(meeting, dealers)
    with clock_at(BEFORE):
        planning.call_off(world.session, world.manager, called_off, "示例台风停办")
        world.session.commit()
    (one,) = year(world)
    assert one.sums.invited == 1
    assert year(world, period=Period(date(2025, 1, 1), date(2025, 12, 31))) == []


def test_who_waited_in_vain_for_a_seat_was_not_invited_to_come(world):
    meeting = world.plan(seats=1)
    first, second = world.invite(meeting, world.dealers(2))
    world.coming(first, "示例甲")
    world.coming(second, "示例乙")
    assert second.reply is Reply.WAITING
    assert [one.id for one in year(world)] == [first.distributor_id]
    with clock_at(AFTER):
        assert evidence.attendance_of(world.session, second.distributor_id, YEAR).facts == ()
    world.arrive(second.guests[0], on=START)
    with clock_at(AFTER):
        (fact,) = evidence.attendance_of(world.session, second.distributor_id, YEAR).facts
    assert fact.presence is Presence.CAME
    assert len(year(world)) == 2


def test_each_office_sees_its_own_distributors_at_whichever_meeting(world, make, session):
    there = make.region()
    theirs = make.distributor(there, make.user(Role.SALESPERSON, there))
    own = world.dealers(1)
    meeting = world.plan()
    world.invite(meeting, own)
    session.add(Invitation(meeting_id=meeting.id, distributor_id=theirs.id, invited_by_id=world.manager.id))
    session.commit()
    other = make.user(Role.REGIONAL_MANAGER, there)
    director = make.user(Role.EXECUTIVE, make.head_office())
    assert [one.id for one in year(world)] == [own[0].id]
    assert [one.id for one in year(world, other)] == [theirs.id]
    assert {one.id for one in year(world, director)} == {own[0].id, theirs.id}
    filtered = DistributorFilter(region_id=there.id)
    assert [one.id for one in year(world, director, dealers=filtered)] == [theirs.id]


def test_two_owners_of_one_name_are_two(world, make):
    same = [make.user(Role.SALESPERSON, world.office) for _ in range(2)]
    for user in same:
        user.name = "示例张伟"
    dealers = [make.distributor(world.office, user) for user in same]
    world.invite(world.plan(), dealers)
    assert [name for name, _sums in over_time.by_owner(year(world))] == ["示例张伟", "示例张伟"]
