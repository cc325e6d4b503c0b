"""Meetings are planned, answered and come to; who came is written once and cannot be forged (M1)."""

import random
from datetime import date, time, timedelta

import pytest
import sqlalchemy as sa

from portal.db import clock_at
from portal.domain.access.roles import Role
from portal.domain.distributors.models import Grade, Standing
from portal.domain.distributors.queries import DistributorFilter
from portal.domain.errors import DomainError, Stale
from portal.domain.meetings import checking_in, guests, inviting, kiosks, planning, queries, tokens
from portal.domain.meetings.checking_in import By, Outcome
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.inviting import Answer
from portal.domain.meetings.models import Attendance, How, Invitation, Reply, Via, What
from portal.domain.meetings.planning import Item, china_at
from portal.domain.meetings.tokens import Refused, Token
from tests.domain.meeting_world import BEFORE, DAY, END, START, MeetingWorld

KEY = b"k" * 32
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(session, make) -> MeetingWorld:
    return MeetingWorld(session, make)


def test_a_meeting_is_planned_numbered_and_seen_by_its_office(world, session, make):
    meeting = world.plan()
    assert meeting.number == "HY-2026-0001"
    assert [one.topic for one in meeting.agenda] == ["示例政策宣贯", "示例表彰"]
    elsewhere = make.user(Role.REGIONAL_MANAGER, make.region())
    for user, is_seen in ((world.manager, True), (world.sales, True), (elsewhere, False)):
        assert (session.scalars(queries.meetings_visible_to(user)).all() == [meeting]) == is_seen


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"title": " "}, "title"),
        ({"ends_at": START}, "ends_at"),
        ({"ends_at": START + timedelta(days=8)}, "ends_on"),
        ({"seats": 0}, "seats"),
        ({"budget_fen": -1}, "budget"),
        ({"late_after_minutes": 241}, "late_after_minutes"),
        ({"reply_by_on": DAY + timedelta(days=1)}, "reply_by_on"),
        ({"agenda": (Item(END + MINUTE, "示例"),)}, "agenda"),
        ({"agenda": (Item(START, "", "示例主讲"),)}, "agenda"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(world, said, field):
    with pytest.raises(DomainError) as refused:
        world.plan(**said)
    assert refused.value.field == field


def test_only_its_office_plans_changes_and_calls_off(world, session, make):
    meeting = world.plan()
    stranger = make.user(Role.REGIONAL_MANAGER, make.region())
    auditor = make.user(Role.AUDITOR, world.office)
    for user in (stranger, auditor):
        with clock_at(BEFORE):
            with pytest.raises(DomainError, match="hold no meetings"):
                planning.plan(session, user, world.office, world.facts())
            with pytest.raises(DomainError, match="hold no meetings"):
                planning.call_off(session, user, meeting, "示例理由说明")
    session.rollback()


def test_who_saved_meanwhile_is_not_overwritten_and_times_stay_once_guests_came(world, session):
    meeting = world.plan()
    (asked,) = world.invite(meeting, world.dealers(1))
    (guest,) = world.coming(asked, "示例甲")
    seen = meeting.version
    with clock_at(BEFORE):
        planning.change(session, world.manager, meeting, world.facts(place="示例饭店"), seen_version=seen)
        session.commit()
        with pytest.raises(Stale):
            planning.change(session, world.manager, meeting, world.facts(), seen_version=seen)
        session.rollback()
    world.arrive(guest, on=START)
    later = world.facts(place="示例饭店", starts_at=START + MINUTE, agenda=())
    with pytest.raises(DomainError, match="times stay"):
        planning.change(session, world.manager, meeting, later, seen_version=meeting.version)
    session.rollback()
    with pytest.raises(DomainError, match="cannot be called off"):
        planning.call_off(session, world.manager, meeting, "示例理由说明")


def test_who_changed_the_agenda_meanwhile_is_not_overwritten_either(world, session):
    meeting = world.plan()
    seen = meeting.version
    with clock_at(BEFORE):
        other = world.facts(agenda=(Item(START, "示例改过的议题"),))
        planning.change(session, world.manager, meeting, other, seen_version=seen)
        session.commit()
        with pytest.raises(Stale):
            planning.change(session, world.manager, meeting, world.facts(), seen_version=seen)
    session.rollback()
    assert [one.topic for one in meeting.agenda] == ["示例改过的议题"]


def test_a_copy_moves_its_agenda_and_its_last_day_for_replies_along(world):
    meeting = world.plan(reply_by_on=DAY - timedelta(days=3), seats=80, budget_fen=5_000_000)
    starts = china_at(date(2026, 9, 11), time(13, 30))
    facts = planning.again(meeting, starts, world.manager)
    assert (facts.starts_at, facts.ends_at) == (starts, starts + (END - START))
    assert facts.reply_by_on == date(2026, 9, 8)
    assert [one.starts_at for one in facts.agenda] == [starts, starts + timedelta(hours=1)]
    assert (facts.seats, facts.budget_fen) == (80, 5_000_000)


def test_the_audience_is_chosen_once_each_and_never_beyond_ones_reach(world, session, make):
    meeting = world.plan()
    first = world.dealers(2, grade=Grade.A)
    world.dealers(1, grade=Grade.B)
    gone = world.dealers(1, standing=Standing.ELIMINATED)
    foreign = make.distributor(make.region())
    found = session.scalars(
        inviting.candidates(session, meeting, world.manager, DistributorFilter(grade="A"))
    ).all()
    assert set(found) == set(first)
    with clock_at(BEFORE):
        ids = [one.id for one in (*first, *gone, foreign)]
        assert inviting.invite(session, world.manager, meeting, ids) == 2
        assert inviting.invite(session, world.manager, meeting, ids) == 0
        session.commit()
    assert session.scalar(sa.select(sa.func.count(Invitation.id))) == 2


def test_whoever_deals_with_a_distributor_sees_the_meeting_and_answers_for_it(world, session, make):
    meeting = world.plan()
    mine = world.dealers(1)[0]
    there = make.region(parent=world.office)
    seller = make.user(Role.SALESPERSON, there)
    theirs = make.distributor(there, seller)
    for asked in world.invite(meeting, [mine, theirs]):
        assert inviting.may_answer(seller, asked) == (asked.distributor_id == theirs.id)
    assert session.scalars(queries.meetings_visible_to(seller)).all() == [meeting]
    seen = session.scalars(queries.invitations_of(meeting, seller)).all()
    assert [one.distributor_id for one in seen] == [theirs.id]
    other = session.query(Invitation).filter_by(distributor_id=mine.id).one()
    with clock_at(BEFORE), pytest.raises(DomainError, match="take no replies"):
        inviting.answer(session, seller, other, Answer(Reply.DECLINED), Via.PHONE)


def test_the_last_answer_holds_and_who_is_named_again_is_the_same_guest(world, session):
    meeting = world.plan()
    (asked,) = world.invite(meeting, world.dealers(1))
    first, second = world.coming(asked, "示例甲", "示例乙")
    (again, third) = world.coming(asked, "示例甲", "示例丙")
    assert again.id == first.id and third.id != second.id and second.cancelled_at is not None
    assert (asked.persons, asked.reply) == (2, Reply.COMING)
    with clock_at(BEFORE):
        inviting.answer(session, world.manager, asked, Answer(Reply.DECLINED, note="出差"), Via.PHONE)
        session.commit()
        for persons in (0, 51):
            with pytest.raises(DomainError):
                inviting.answer(session, world.manager, asked, Answer(Reply.COMING, persons), Via.PHONE)
    session.rollback()
    seen = queries.counts(session, meeting)
    assert (seen.invited, seen.coming, seen.declined, seen.persons, seen.named) == (1, 0, 1, 0, 0)


def test_guests_are_found_by_name_pinyin_initials_and_the_telephone_s_tail(world, session):
    meeting = world.plan()
    (asked,) = world.invite(meeting, world.dealers(1))
    zhang, _li = world.coming(asked, "张晓明 13800001234", "李四 13900005678")
    for typed in ("张晓", "zxm", "ZX", "zhangxiao", "１２３４", "13800001234"):
        assert session.scalars(guests.like(meeting, typed)).all() == [zhang], typed
    for typed in ("", "%", "_", "9999", "x" * 50):
        assert session.scalars(guests.like(meeting, typed)).all() == [], typed


def test_a_guest_arrives_once_whoever_scans_and_however_often_it_is_sent(world, session):
    meeting = world.plan()
    (asked,) = world.invite(meeting, world.dealers(1))
    guest, other = world.coming(asked, "示例甲", "示例乙")
    one, two = world.kiosk(meeting), world.kiosk(meeting)
    first = world.arrive(guest, By(kiosk=one), on=START + 2 * MINUTE, key="a")
    again = world.arrive(guest, By(kiosk=one), on=START + 3 * MINUTE, key="a")
    twice = world.arrive(guest, By(kiosk=two), on=START + 4 * MINUTE, key="b")
    assert [one.outcome for one in (first, again, twice)] == [
        Outcome.WELCOME, Outcome.WELCOME, Outcome.ALREADY,
    ]  # fmt: skip
    assert {one.at for one in (first, again, twice)} == {START + 2 * MINUTE}
    assert world.arrive(other, on=START + 10 * MINUTE).outcome is Outcome.LATE
    with pytest.raises(DomainError, match="somebody else"):
        world.arrive(other, on=START + 11 * MINUTE, key="a")
    session.rollback()
    assert session.scalar(sa.select(sa.func.count(Attendance.id))) == 2
    assert queries.counts(session, meeting).companies_arrived == 1


def test_a_mistake_is_undone_on_record_and_the_guest_can_arrive_again(world, session):
    meeting = world.plan()
    (asked,) = world.invite(meeting, world.dealers(1))
    (guest,) = world.coming(asked, "示例甲")
    by = By(user=world.manager)
    with clock_at(START), pytest.raises(DomainError, match="not checked in"):
        checking_in.undo(session, meeting, guest, by, "点错了", key="u0")
    world.arrive(guest, on=START, key="a")
    with clock_at(START + MINUTE):
        with pytest.raises(DomainError, match="why"):
            checking_in.undo(session, meeting, guest, by, " ", key="u1")
        for _ in range(2):
            checking_in.undo(session, meeting, guest, by, "点错了", key="u1")
            session.commit()
    assert queries.counts(session, meeting).arrived == 0
    again = world.arrive(guest, on=START + 5 * MINUTE, key="b")
    assert again.outcome is Outcome.WELCOME and again.at == START + 5 * MINUTE
    with clock_at(START + 60 * MINUTE):
        for _ in range(2):
            checking_in.leave(session, meeting, guest, by, key="l")
            session.commit()
    rows = session.scalars(sa.select(Attendance).order_by(Attendance.id)).all()
    assert [(row.what, row.turn) for row in rows] == [
        (What.ARRIVED, 1), (What.UNDONE, 1), (What.ARRIVED, 2), (What.LEFT, 2),
    ]  # fmt: skip
    [(*_, left_at)] = session.execute(queries.guests_of(meeting, world.manager)).all()
    assert left_at == START + 60 * MINUTE


def test_who_comes_unexpected_or_in_place_of_somebody_is_there_once(world, session):
    meeting = world.plan()
    (asked,) = world.invite(meeting, world.dealers(1))
    (guest,) = world.coming(asked, "示例甲")
    guest.table_no, guest.seat_no = "3", "5"
    session.commit()
    by = By(kiosk=world.kiosk(meeting))
    with clock_at(START):
        for _ in range(2):
            came = checking_in.walk_in(
                session, meeting, GuestFacts("示例路过"), by, key="w", at=START - MINUTE
            )
            session.commit()
        stood = checking_in.walk_in(
            session, meeting, GuestFacts("示例代会"), by, key="s", stands_in_for=guest
        )
        session.commit()
    assert came.guest.is_walk_in and came.guest.invitation_id is None and came.at == START - MINUTE
    assert (stood.guest.invitation_id, stood.guest.table_no, stood.guest.seat_no) == (asked.id, "3", "5")
    assert guest.cancelled_at is not None and not stood.guest.is_walk_in
    assert queries.counts(session, meeting).arrived == 2


def test_the_door_is_open_around_the_meeting_and_for_its_own_guests_and_devices(world, session):
    meeting, another = world.plan(), world.plan()
    (asked,) = world.invite(meeting, world.dealers(1))
    (guest,) = world.coming(asked, "示例甲")
    early, late = START - planning.DOORS_BEFORE - MINUTE, END + planning.DOORS_AFTER
    for moment, words in ((early, "not open yet"), (late, "over")):
        with pytest.raises(DomainError, match=words):
            world.arrive(guest, on=moment)
        session.rollback()
    foreign = By(kiosk=world.kiosk(another))
    with clock_at(START):
        with pytest.raises(DomainError, match="another meeting"):
            checking_in.arrive(session, meeting, guest, foreign, how=How.BADGE, key="x")
        with pytest.raises(DomainError, match="another meeting"):
            checking_in.arrive(session, another, guest, foreign, how=How.BADGE, key="x")
        ahead = By(kiosk=world.kiosk(meeting))
        with pytest.raises(DomainError, match="ahead"):
            checking_in.arrive(session, meeting, guest, ahead, how=How.BADGE, key="x", at=START + 6 * MINUTE)
    session.rollback()
    assert session.scalar(sa.select(sa.func.count(Attendance.id))) == 0


def test_who_came_stays_as_it_was_written(world, session):
    meeting = world.plan()
    (asked,) = world.invite(meeting, world.dealers(1))
    (guest,) = world.coming(asked, "示例甲")
    world.arrive(guest, on=START)
    for statement in (
        "UPDATE meeting_attendance SET at = received_at",
        "DELETE FROM meeting_attendance",
        "DELETE FROM meeting_guest",
        "DELETE FROM meeting",
        "UPDATE meeting_guest SET is_walk_in = NOT is_walk_in",
    ):
        with pytest.raises(sa.exc.DBAPIError):
            session.execute(sa.text(statement))
        session.rollback()


def test_a_device_opens_once_within_minutes_and_is_good_for_its_meeting_alone(world, session):
    meeting, another = world.plan(), world.plan()
    with clock_at(START):
        _, opening = kiosks.make(session, world.manager, meeting, "前台")
        _, stale = kiosks.make(session, world.manager, meeting, "")
        session.commit()
        with pytest.raises(DomainError, match="of this name"):
            kiosks.make(session, world.manager, meeting, "前台")
        session.rollback()
        kiosk, key = kiosks.open_with(session, opening)
        session.commit()
        assert kiosks.of_key(session, meeting.id, key) == kiosk
        for wrong in (key + "x", "", opening):
            assert kiosks.of_key(session, meeting.id, wrong) is None
        assert kiosks.of_key(session, another.id, key) is None
        with pytest.raises(DomainError, match="used or is too old"):
            kiosks.open_with(session, opening)
    with clock_at(START + kiosks.OPENS_FOR), pytest.raises(DomainError, match="too old"):
        kiosks.open_with(session, stale)
    assert kiosks.is_open(kiosk, START) and not kiosks.is_open(kiosk, END + planning.DOORS_AFTER)
    with clock_at(START):
        kiosks.end(session, world.manager, kiosk)
    assert not kiosks.is_open(kiosk, START)


def test_of_ten_thousand_codes_that_are_not_ours_none_is_taken():
    until = END + timedelta(days=1)
    good = tokens.token(KEY, 7, 203, until)
    assert tokens.read(KEY, f" {good.lower()} ", 7, START) == Token(7, 203, until)
    assert tokens.read(KEY, good, 8, START) is Refused.ELSEWHERE
    assert tokens.read(KEY, good, 7, until) is Refused.EXPIRED
    assert tokens.read(b"x" * 32, good, 7, START) is Refused.FORGED
    draw = random.Random(20260612)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    for _ in range(10_000):
        text = list(good)
        for _ in range(draw.randint(1, 3)):
            place = draw.randrange(len(text))
            kind = draw.randrange(4)
            if kind == 0:
                text[place] = draw.choice(letters.replace(text[place], ""))
            elif kind == 1:
                del text[place]
            elif kind == 2:
                text.insert(place, draw.choice(letters + "018 =é中\0"))
            else:
                text[place] = draw.choice("018=-_é中\0 ")
        said = "".join(text)
        if said.strip() != good:
            assert tokens.read(KEY, said, 7, START) is Refused.FORGED, said
