"""Meetings that come again: in a rhythm, away from days off, changed together, called off alone (M1)."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.db import CHINA, clock_at
from portal.domain.access.roles import Role
from portal.domain.errors import DomainError, Stale
from portal.domain.meetings import planning, queries, series
from portal.domain.meetings.models import Meeting
from portal.domain.meetings.planning import Item
from portal.domain.meetings.series import Rhythm
from tests.domain.meeting_world import BEFORE, DAY, END, START, MeetingWorld


@pytest.fixture
def world(session, make) -> MeetingWorld:
    return MeetingWorld(session, make)


def day(meeting: Meeting) -> date:
    return meeting.starts_at.astimezone(CHINA).date()


def test_the_first_tuesday_stays_the_first_tuesday():
    first = date(2026, 1, 6)
    assert series.days(first, Rhythm.MONTHLY, 3) == [date(2026, 2, 3), date(2026, 3, 3), date(2026, 4, 7)]
    assert series.days(first, Rhythm.QUARTERLY, 2) == [date(2026, 4, 7), date(2026, 7, 7)]
    assert series.days(first, Rhythm.FORTNIGHTLY, 2) == [date(2026, 1, 20), date(2026, 2, 3)]
    # A fifth Friday is the last one where a month has but four.
    assert series.days(date(2026, 1, 30), Rhythm.MONTHLY, 2) == [date(2026, 2, 27), date(2026, 3, 27)]


@settings(deadline=None)
@given(
    first=st.dates(date(2026, 1, 1), date(2030, 12, 31)),
    rhythm=st.sampled_from(Rhythm),
    times=st.integers(1, 24),
)
def test_every_day_of_a_rhythm_is_the_same_weekday_and_later_than_the_last(first, rhythm, times):
    found = series.days(first, rhythm, times)
    assert len(found) == times
    assert all(one.weekday() == first.weekday() for one in found)
    assert all(later > earlier for earlier, later in zip([first, *found], found, strict=False))
    if rhythm in (Rhythm.MONTHLY, Rhythm.QUARTERLY):
        assert {(one.day - 1) // 7 for one in found} <= {
            (first.day - 1) // 7,
            3 if first.day > 28 else (first.day - 1) // 7,
        }


def test_a_holiday_is_told_with_the_next_working_day(world, session):
    meeting = world.plan(starts_at=START - timedelta(days=1), ends_at=END - timedelta(days=1), agenda=())
    found = series.proposed(session, meeting, Rhythm.WEEKLY, 2)
    assert [(one.on, one.instead) for one in found] == [(date(2026, 6, 18), None), (date(2026, 6, 25), None)]
    # 2026-06-19 is the Dragon Boat Festival, a Friday.
    friday = series.proposed(session, world.plan(), Rhythm.WEEKLY, 2)
    assert [(one.on, one.day) for one in friday] == [
        (date(2026, 6, 19), date(2026, 6, 22)), (date(2026, 6, 26), date(2026, 6, 26)),
    ]  # fmt: skip
    for times in (0, -1, 25):
        with pytest.raises(DomainError):
            series.proposed(session, meeting, Rhythm.WEEKLY, times)


def repeated(world: MeetingWorld, meeting: Meeting, *on: date, with_audience: bool = False) -> list[Meeting]:
    with clock_at(BEFORE):
        made = series.repeat(world.session, world.manager, meeting, on, with_audience=with_audience)
        world.session.commit()
    return made


def test_a_series_is_planned_at_once_with_agenda_and_audience(world, session):
    meeting = world.plan(reply_by_on=DAY - timedelta(days=3))
    asked = world.dealers(2)
    world.invite(meeting, asked)
    july, august = repeated(world, meeting, date(2026, 8, 14), date(2026, 7, 10), with_audience=True)
    assert [day(july), day(august)] == [date(2026, 7, 10), date(2026, 8, 14)]
    assert [item.topic for item in july.agenda] == [item.topic for item in meeting.agenda]
    assert july.agenda[0].starts_at == july.starts_at and july.reply_by_on == date(2026, 7, 7)
    assert queries.counts(session, august).invited == 2
    assert series.of(session, august) == [meeting, july, august]
    (september,) = repeated(world, august, date(2026, 9, 11))
    assert series.of(session, meeting) == [meeting, july, august, september]
    assert queries.counts(session, september).invited == 0
    for bad in (
        (),
        (DAY,),
        (date(2026, 7, 10),),
        (date(2026, 5, 1),),
        (date(2026, 10, 9), date(2026, 10, 9)),
    ):
        with pytest.raises(DomainError):
            repeated(world, meeting, *bad)
        session.rollback()
    stranger = world.make.user(Role.REGIONAL_MANAGER, world.make.region())
    with pytest.raises(DomainError, match="hold no meetings"):
        series.repeat(session, stranger, meeting, [date(2026, 11, 13)], with_audience=False)


def changed(
    world: MeetingWorld, meeting: Meeting, *, with_later: bool, seen: int | None = None, **said
) -> int:
    own = {"starts_at": meeting.starts_at, "ends_at": meeting.ends_at}
    facts = world.facts(
        **(own | {"agenda": tuple(Item(i.starts_at, i.topic, i.speaker) for i in meeting.agenda)} | said)
    )
    with clock_at(BEFORE):
        done = series.change(
            world.session,
            world.manager,
            meeting,
            facts,
            seen_version=seen or meeting.version,
            with_later=with_later,
        )
        world.session.commit()
    return done


def test_a_change_goes_on_to_the_later_ones_where_it_is_wished(world):
    meeting = world.plan()
    july, august = repeated(world, meeting, date(2026, 7, 10), date(2026, 8, 14))
    changed(world, august, with_later=False, place="示例江边酒店")
    assert changed(world, july, with_later=False, title="示例七月会议") == 0
    assert (meeting.title, august.title) == ("示例二季度经销商会议", "示例二季度经销商会议")
    later = START.replace(hour=14)
    moved = {"starts_at": later, "ends_at": later + timedelta(hours=3)}
    assert (
        changed(
            world, meeting, with_later=True, **moved, title="示例下午会", agenda=(Item(later, "示例新议题"),)
        )
        == 2
    )
    for one in (july, august):
        begins = one.starts_at.astimezone(CHINA)
        assert (begins.hour, one.ends_at - one.starts_at, one.title) == (14, timedelta(hours=3), "示例下午会")
        assert [(item.topic, item.starts_at) for item in one.agenda] == [("示例新议题", one.starts_at)]
    # Each keeps its day, and what was different about it.
    assert (day(july), day(august)) == (date(2026, 7, 10), date(2026, 8, 14))
    assert (july.place, august.place) == ("示例酒店三楼", "示例江边酒店")
    assert changed(world, august, with_later=True, place="示例别处", **{}) == 0
    assert july.place == "示例酒店三楼"


def test_whoever_saved_meanwhile_keeps_the_whole_series_as_it_is(world, session):
    meeting = world.plan()
    (july,) = repeated(world, meeting, date(2026, 7, 10))
    with pytest.raises(Stale):
        changed(world, meeting, with_later=True, seen=meeting.version + 1, title="示例")
    session.rollback()
    assert july.title == meeting.title == "示例二季度经销商会议"


def test_calling_one_off_leaves_the_others(world, session):
    meeting = world.plan()
    july, august = repeated(world, meeting, date(2026, 7, 10), date(2026, 8, 14))
    with clock_at(BEFORE):
        planning.call_off(session, world.manager, july, "会场停电")
        session.commit()
    assert meeting.cancelled_at is None and august.cancelled_at is None
    assert changed(world, meeting, with_later=True, title="示例新名") == 1
    assert (july.title, august.title) == ("示例二季度经销商会议", "示例新名")
    # Its day is free again.
    repeated(world, meeting, date(2026, 7, 10))


def test_an_agenda_that_a_later_meeting_has_of_its_own_stays(world):
    meeting = world.plan()
    july, august = repeated(world, meeting, date(2026, 7, 10), date(2026, 8, 14))
    own = (Item(july.starts_at, "示例七月专题"),)
    changed(world, july, with_later=False, agenda=own)
    changed(world, meeting, with_later=True, agenda=(Item(START, "示例新议题"),))
    assert [item.topic for item in july.agenda] == ["示例七月专题"]
    assert [item.topic for item in august.agenda] == ["示例新议题"]
