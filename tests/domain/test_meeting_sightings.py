"""What devices saw without a network: once, at its own time, and what is unclear waits for a person."""

import random
from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal.db import clock_at
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.errors import DomainError
from portal.domain.meetings import checking_in, kiosks, planning, sightings, tokens, verdicts
from portal.domain.meetings.checking_in import By
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.models import (
    Attendance,
    Guest,
    Sighting,
    SightingVerdict,
    Told,
    Trouble,
    What,
)
from portal.domain.meetings.queries import standing_arrivals
from portal.domain.meetings.sightings import Seen
from tests.domain.meeting_world import BEFORE, END, START, MeetingWorld

KEY = b"a key for badges"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# The network is back.
LATER = START + 3 * HOUR


class Door:
    """A meeting with two devices, and what they send when the network is back."""

    def __init__(self, session, make) -> None:
        self.session, self.world = session, MeetingWorld(session, make)
        self.meeting = self.world.plan()
        (self.invitation,) = self.world.invite(self.meeting, self.world.dealers(1))
        self.guests = self.world.coming(self.invitation, "周小满", "李示例", "王示例")
        self.east = self.world.kiosk(self.meeting, on=START - HOUR)
        self.west = self.world.kiosk(self.meeting, on=START - HOUR)
        self.sent = 0

    def badge(self, guest, meeting=None, until=END + 4 * HOUR):
        return tokens.token(KEY, (meeting or self.meeting).id, guest.id, until)

    def send(self, told, at, *, on=LATER, kiosk=None, key="", is_live=False, **said):
        self.sent += 1
        kiosk = kiosk or self.east
        with clock_at(on):
            taken = sightings.take(
                self.session,
                self.meeting,
                By(kiosk=kiosk),
                Seen(told, at, **said),
                key=key or f"{kiosk.id}:n{self.sent}",
                badge_key=KEY,
                is_live=is_live,
            )
            self.session.commit()
        return taken

    def scan(self, guest, at, **said):
        return self.send(Told.SCAN, at, said=self.badge(guest), **said)

    def rows(self):
        return self.session.scalars(sa.select(Attendance).order_by(Attendance.id)).all()

    def listed(self):
        return self.session.scalars(sa.select(Sighting).order_by(Sighting.id)).all()

    def standing(self):
        return {row.guest_id: row.at for row in self.session.scalars(standing_arrivals(self.meeting.id))}

    def judge(self, how, sighting, **said):
        with clock_at(LATER + HOUR):
            how(self.session, self.world.manager, sighting, **said)
            self.session.commit()


@pytest.fixture
def door(session, make):
    return Door(session, make)


def test_what_was_seen_off_line_is_an_arrival_at_its_own_time_and_once(door):
    for _time in range(3):
        taken = door.scan(door.guests[0], START + 2 * MINUTE, key="1:once")
        assert (taken.what, taken.at) == ("welcome", START + 2 * MINUTE)
    (row,) = door.rows()
    assert (row.at, row.received_at, row.kiosk_id) == (START + 2 * MINUTE, LATER, door.east.id)
    assert door.scan(door.guests[1], START + 40 * MINUTE).what == "late"
    assert door.listed() == []


def test_walk_ins_substitutes_and_who_left_come_in_as_well(door):
    facts = GuestFacts("示例来客", company="示例路过商贸")
    for _time in range(2):
        assert door.send(Told.WALK_IN, START, facts=facts, key="1:walk").what == "welcome"
        assert (
            door.send(
                Told.SUBSTITUTE, START, guest_id=door.guests[0].id, facts=GuestFacts("示例代表"), key="1:sub"
            ).what
            == "welcome"
        )
        assert door.scan(door.guests[1], START, key="1:scan").what == "welcome"
        assert door.send(Told.LEFT, START + HOUR, guest_id=door.guests[1].id, key="1:left").what == "left"
    assert [row.what for row in door.rows()] == [What.ARRIVED] * 3 + [What.LEFT]
    assert door.rows()[-1].at == START + HOUR
    assert {row.guest.name for row in door.rows()} == {"示例来客", "示例代表", "李示例"}


def test_seen_by_two_devices_is_one_arrival_and_asks_nobody(door):
    door.scan(door.guests[0], START + 5 * MINUTE)
    again = door.scan(door.guests[0], START + 3 * MINUTE, kiosk=door.west)
    assert (again.what, again.at) == ("already", START + 5 * MINUTE)
    (kept,) = door.listed()
    assert kept.trouble is Trouble.TWICE and kept.at == START + 3 * MINUTE
    assert verdicts.tally(door.session, door.meeting) == (0, 0, 1)
    assert len(door.rows()) == 1


def test_an_earlier_time_that_was_not_late_is_decided_by_a_person(door):
    guest = door.guests[0]
    door.scan(guest, START + 30 * MINUTE)
    assert door.scan(guest, START, kiosk=door.west).what == "listed"
    (listed,) = verdicts.waiting(door.session, door.meeting)
    assert listed.trouble is Trouble.EARLIER
    door.judge(verdicts.accept, listed, why="另一台设备先看到")
    assert door.standing() == {guest.id: START}
    assert [(row.what, row.note) for row in door.rows()][1] == (What.UNDONE, "另一台设备先看到")


@pytest.mark.parametrize(
    ("at", "trouble"),
    [
        (None, Trouble.CLOCK),
        (LATER + HOUR, Trouble.CLOCK),
        (BEFORE, Trouble.CLOCK),
        (START - 2 * HOUR, Trouble.CLOCK),
        (START + 2 * HOUR, Trouble.ENDED),
    ],
)
def test_a_time_that_cannot_be_is_listed_and_counts_nothing(door, at, trouble):
    with clock_at(START + HOUR):
        kiosks.end(door.session, door.world.manager, door.east)
        door.session.commit()
    assert door.scan(door.guests[0], at).what == "listed"
    assert [one.trouble for one in door.listed()] == [trouble]
    assert door.rows() == []


def test_what_was_seen_before_the_device_ended_counts_for_two_weeks(door):
    with clock_at(START + HOUR):
        kiosks.end(door.session, door.world.manager, door.east)
        door.session.commit()
    late = kiosks.ends_at(door.meeting) + timedelta(days=13)
    assert kiosks.still_sends(door.meeting, late) and not kiosks.still_sends(
        door.meeting, late + 2 * timedelta(days=1)
    )
    assert door.scan(door.guests[0], START + 59 * MINUTE, on=late).what == "late"
    assert door.standing() == {door.guests[0].id: START + 59 * MINUTE}


def test_after_the_doors_have_closed_it_is_listed(door):
    closed = door.meeting.ends_at + planning.DOORS_AFTER
    assert door.send(Told.GUEST, closed, guest_id=door.guests[0].id, on=closed + HOUR).what == "listed"
    assert door.listed()[0].trouble is Trouble.DOORS


def test_codes_that_are_none_of_this_meeting_are_listed_and_counted_for_whom_a_person_names(door):
    elsewhere = door.world.plan(title="示例另一场会议")
    (invitation,) = door.world.invite(elsewhere, door.world.dealers(1))
    (stranger,) = door.world.coming(invitation, "示例外人")
    guest = door.guests[0]
    forged = tokens.token(b"another key", door.meeting.id, guest.id, END)
    expired = door.badge(guest, until=START)
    for said in (forged, door.badge(stranger, elsewhere), expired, door.badge(stranger)):
        assert door.send(Told.SCAN, START + MINUTE, said=said).what == "listed"
    troubles = [Trouble.FORGED, Trouble.ELSEWHERE, Trouble.EXPIRED, Trouble.GONE]
    assert [one.trouble for one in door.listed()] == troubles
    assert door.rows() == []
    first, second = door.listed()[:2]
    for nobody in (None, stranger):
        with pytest.raises(DomainError):
            door.judge(verdicts.accept, first, guest=nobody, why="示例")
        door.session.rollback()
    door.judge(verdicts.accept, first, guest=guest, why="示例")
    assert door.standing() == {guest.id: START + MINUTE}
    with pytest.raises(DomainError, match="Enter why"):
        door.judge(verdicts.dismiss, second, reason=" ")
    door.session.rollback()
    door.judge(verdicts.dismiss, second, reason="走错会场")
    assert verdicts.tally(door.session, door.meeting) == (2, 2, 0)


def test_a_badge_is_judged_by_when_it_was_seen(door):
    """Sent after it has expired, seen before: it counts."""
    taken = door.send(
        Told.SCAN, START + MINUTE, said=door.badge(door.guests[0], until=START + HOUR), on=LATER
    )
    assert taken.what == "welcome"


def test_undone_meanwhile_and_replaced_meanwhile_wait_for_a_person(door):
    first, second, _third = door.guests
    door.world.arrive(first, on=START)
    with clock_at(START + 10 * MINUTE):
        by = By(user=door.world.manager)
        checking_in.undo(door.session, door.meeting, first, by, "扫错了", key="undo-1")
        checking_in.walk_in(
            door.session, door.meeting, GuestFacts("示例代表"), by, key="sub-1", stands_in_for=second
        )
        door.session.commit()
    assert door.scan(first, START + 5 * MINUTE).what == "listed"
    assert door.scan(second, START + 5 * MINUTE).what == "listed"
    assert [one.trouble for one in door.listed()] == [Trouble.UNDONE, Trouble.REPLACED]
    # After it was undone the guest came really.
    assert door.scan(first, START + 20 * MINUTE).what == "late"


def test_a_walk_in_of_a_guests_name_is_in_and_may_be_the_same_person(door):
    guest = door.guests[0]
    taken = door.send(Told.WALK_IN, START + MINUTE, facts=GuestFacts(guest.name))
    assert taken.what == "welcome" and taken.guest.is_walk_in
    (listed,) = verdicts.waiting(door.session, door.meeting)
    assert (listed.trouble, listed.guest_id, listed.other_id) == (
        Trouble.SAME_NAME,
        taken.guest.id,
        guest.id,
    )
    door.judge(verdicts.same, listed, why="同一人")
    assert door.standing() == {guest.id: START + MINUTE}
    # Another of the name is somebody else.
    other = door.send(Told.WALK_IN, START + 2 * MINUTE, facts=GuestFacts(guest.name))
    (listed,) = verdicts.waiting(door.session, door.meeting)
    door.judge(verdicts.accept, listed, why="示例")
    assert door.standing() == {guest.id: START + MINUTE, other.guest.id: START + 2 * MINUTE}


def test_a_substitute_for_a_guest_who_is_there_comes_for_the_same_company(door):
    guest = door.guests[0]
    door.scan(guest, START)
    substitute = GuestFacts("示例代表", phone="13700000001")
    for _time in range(2):
        taken = door.send(
            Told.SUBSTITUTE, START + MINUTE, guest_id=guest.id, facts=substitute, kiosk=door.west, key="2:s"
        )
        assert taken.what == "listed"
    (listed,) = verdicts.waiting(door.session, door.meeting)
    assert listed.trouble is Trouble.HERE and listed.name == "示例代表"
    door.judge(verdicts.accept, listed, why="示例")
    added = door.session.scalar(sa.select(Guest).where(Guest.name == "示例代表"))
    assert added.invitation_id == guest.invitation_id and added.phone == "13700000001"
    assert door.standing() == {guest.id: START, added.id: START + MINUTE}


def test_left_without_having_come_is_listed(door):
    assert door.send(Told.LEFT, START, guest_id=door.guests[0].id).what == "listed"
    assert door.listed()[0].trouble is Trouble.NOT_IN


def test_where_somebody_waits_for_the_answer_a_refusal_is_told_and_not_listed(door):
    taken = door.send(Told.SCAN, START, said="HYAAAA", on=START, is_live=True)
    assert (taken.what, taken.trouble) == ("refused", Trouble.FORGED)
    with pytest.raises(DomainError, match="six hours before"):
        door.send(Told.GUEST, BEFORE, guest_id=door.guests[0].id, on=BEFORE, is_live=True)
    door.session.rollback()
    assert door.listed() == []


def test_only_who_holds_the_meeting_settles_and_once_and_the_trail_names_nobody(door):
    door.send(Told.WALK_IN, START - 2 * HOUR, facts=GuestFacts("示例来客", phone="13700000001"))
    (listed,) = door.listed()
    auditor = door.world.make.user(Role.AUDITOR)
    with pytest.raises(DomainError):
        verdicts.dismiss(door.session, auditor, listed, "示例原因")
    door.session.rollback()
    door.judge(verdicts.accept, listed, why="示例")
    for how, said in ((verdicts.accept, {"why": "示例"}), (verdicts.dismiss, {"reason": "示例原因"})):
        with pytest.raises(DomainError, match="settled"):
            door.judge(how, listed, **said)
        door.session.rollback()
    assert list(door.standing().values()) == [START - 2 * HOUR]
    trail = door.session.scalars(sa.select(AuditEvent).where(AuditEvent.action.contains("sighting"))).all()
    assert [event.action for event in trail] == ["meeting.sighting_accepted"]
    assert "来客" not in str([vars(event) for event in trail])


def test_the_database_keeps_sightings_and_verdicts_but_lets_what_is_personal_be_erased(door):
    door.send(Told.WALK_IN, None, facts=GuestFacts("示例来客", phone="13700000001"))
    (listed,) = door.listed()
    door.judge(verdicts.dismiss, listed, reason="示例原因")
    door.session.execute(sa.update(Sighting).values(name="", phone="", company="", said=""))
    door.session.commit()
    for statement in (
        sa.update(Sighting).values(at=START),
        sa.update(Sighting).values(key="other"),
        sa.delete(Sighting),
        sa.update(SightingVerdict).values(reason="示例别的原因"),
        sa.delete(SightingVerdict),
    ):
        with pytest.raises(sa.exc.DBAPIError):
            door.session.execute(statement)
        door.session.rollback()


def test_a_clock_that_is_hours_off_is_corrected_and_one_that_is_right_is_believed():
    with clock_at(LATER):
        assert sightings.corrected(START - 5 * HOUR, LATER - 5 * HOUR) == START
        assert sightings.corrected(START, LATER - timedelta(seconds=40)) == START
        assert sightings.corrected(None, LATER) is None and sightings.corrected(START, None) == START


@pytest.mark.parametrize("seed", range(4))
def test_in_whatever_order_and_however_often_two_devices_send_the_guests_are_in_once(door, seed):
    order = random.Random(seed)
    seen = [
        (guest, START + minutes * MINUTE, kiosk, f"{kiosk.id}:{no}{kiosk.name}")
        for no, guest in enumerate(door.guests)
        for kiosk, minutes in ((door.east, no), (door.west, no + 1))
    ]
    sent = seen * 3
    order.shuffle(sent)
    for guest, at, kiosk, key in sent:
        door.scan(guest, at, kiosk=kiosk, key=key)
    assert len(door.rows()) == 3 and len(door.standing()) == 3
    assert len(door.listed()) == 3 and {one.trouble for one in door.listed()} == {Trouble.TWICE}
