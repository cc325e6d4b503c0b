"""What became of each invitation: one state for each, whatever was said, seen, undone, withdrawn or erased (M1)."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from portal.db import clock_at, now
from portal.domain.access.roles import Role
from portal.domain.meetings import attended, checking_in, evidence, inviting
from portal.domain.meetings.attended import Presence, rate_ppm
from portal.domain.meetings.checking_in import By
from portal.domain.meetings.evidence import Period, year_of
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.inviting import Answer
from portal.domain.meetings.models import How, Invitation, Reply, Via
from tests.domain.meeting_world import BEFORE, DAY, END, START, MeetingWorld

MINUTE = timedelta(minutes=1)
AFTER = END + timedelta(days=1)


@pytest.fixture
def world(session, make) -> MeetingWorld:
    return MeetingWorld(session, make)


def announced(world: MeetingWorld, reply: str) -> Invitation:
    """An invitation with this reply; who comes is announced as 示例甲 and 示例乙."""
    (asked,) = world.invite(world.plan(), world.dealers(1))
    with clock_at(BEFORE):
        if reply == "coming":
            world.coming(asked, "示例甲", "示例乙")
        elif reply == "declined":
            inviting.answer(world.session, world.manager, asked, Answer(Reply.DECLINED), Via.PHONE)
        world.session.commit()
    return asked


def seen(world: MeetingWorld, asked: Invitation, deed: str) -> None:
    """Do what the table names at the door."""
    if deed == "nothing":
        return
    by, meeting, session = By(user=world.manager), asked.meeting, world.session
    at = START - 5 * MINUTE if deed != "late" else START + 30 * MINUTE
    with clock_at(at):
        first = asked.guests[0] if asked.guests else None
        if deed == "substitute" and first is not None:
            facts = GuestFacts("示例代会人")
            checking_in.walk_in(session, meeting, facts, by, key="s", stands_in_for=first)
        elif deed == "walk-in" or first is None:
            facts = GuestFacts("示例来客")
            checking_in.walk_in(session, meeting, facts, by, key="w", invitation=asked)
        else:
            checking_in.arrive(session, meeting, first, by, how=How.NAME, key="a")
        session.commit()
    session.refresh(asked)
    here = (
        asked.guests[-1] if deed in ("substitute", "walk-in") or len(asked.guests) == 1 else asked.guests[0]
    )
    with clock_at(START + 60 * MINUTE):
        if deed == "left early":
            checking_in.leave(session, meeting, here, by, key="l")
        elif deed in ("undone", "again"):
            checking_in.undo(session, meeting, here, by, "示例误扫", key="u")
            if deed == "again":
                checking_in.arrive(session, meeting, here, by, how=How.NAME, key="a2")
        elif deed == "withdrawn":
            inviting.withdraw(session, world.manager, asked)
        elif deed == "erased":
            for name in ("name", "sound", "initials", "title", "phone", "phone_tail", "train"):
                setattr(here, name, "")
            here.erased_at = now()
        session.commit()


@dataclass(frozen=True)
class Seen:
    presence: Presence
    arrived: int = 1
    late: int = 0
    left_early: int = 0
    substitutes: int = 0
    walk_ins: int = 0
    is_late: bool = False


CAME = Presence.CAME
STAYED = {"coming": Presence.NO_SHOW, "declined": Presence.EXCUSED, "none": Presence.ABSENT}


def wanted(reply: str, deed: str) -> Seen:
    """What the table expects; somebody of whom nobody was announced is a walk-in."""
    unexpected = 1 if reply != "coming" or deed == "walk-in" else 0
    if deed in ("nothing", "undone"):
        return Seen(STAYED[reply], arrived=0)
    if deed == "late":
        return Seen(CAME, late=1, is_late=True, walk_ins=unexpected)
    if deed == "left early":
        return Seen(CAME, left_early=1, walk_ins=unexpected)
    if deed == "again":  # one hour after the start
        return Seen(CAME, late=1, is_late=True, walk_ins=unexpected)
    if deed == "substitute" and reply == "coming":
        return Seen(CAME, substitutes=1)
    return Seen(CAME, walk_ins=unexpected)


DEEDS = (
    "nothing", "came", "late", "left early", "undone", "again", "substitute", "walk-in", "withdrawn", "erased",
)  # fmt: skip


@pytest.mark.parametrize("reply", ["coming", "declined", "none"])
@pytest.mark.parametrize("deed", DEEDS)
def test_each_reply_and_each_deed_make_one_state_in_report_and_evidence_alike(world, reply, deed):
    asked = announced(world, reply)
    seen(world, asked, deed)
    with clock_at(AFTER):
        (row,) = attended.report(world.session, asked.meeting, world.manager).rows
        (fact,) = evidence.attendance_of(world.session, asked.distributor_id, year_of(DAY)).facts
    present = row.present
    assert wanted(reply, deed) == Seen(
        row.presence, present.arrived, present.late, present.left_early, present.substitutes, present.walk_ins,
        row.is_late,
    )  # fmt: skip
    assert (fact.presence, fact.persons, fact.is_late) == (row.presence, present.arrived, row.is_late)
    assert fact.left_early == (deed == "left early")
    assert fact.announced == row.announced == (2 if reply == "coming" and deed != "withdrawn" else 0)


def test_who_was_taken_off_the_list_and_stayed_away_counts_nowhere(world):
    asked = announced(world, "coming")
    with clock_at(BEFORE):
        inviting.withdraw(world.session, world.manager, asked)
        world.session.commit()
    with clock_at(AFTER):
        report = attended.report(world.session, asked.meeting, world.manager)
        assert (report.rows, report.sums.rate_ppm) == ([], None)
        assert evidence.attendance_of(world.session, asked.distributor_id, year_of(DAY)).facts == ()


def test_before_the_end_nobody_has_stayed_away(world):
    meeting = world.plan()
    asked = world.invite(meeting, world.dealers(4))
    (guest,) = world.coming(asked[0], "示例甲")
    world.coming(asked[1], "示例乙")
    with clock_at(BEFORE):
        inviting.answer(world.session, world.manager, asked[2], Answer(Reply.DECLINED), Via.PHONE)
        world.session.commit()
    world.arrive(guest, on=START)
    with clock_at(END - MINUTE):
        sums = attended.report(world.session, meeting, world.manager).sums
        assert (sums.invited, sums.came, sums.awaited, sums.excused) == (4, 1, 2, 1)
        assert (sums.no_shows, sums.absent) == (0, 0)
        assert evidence.attendance_of(world.session, asked[1].distributor_id, year_of(DAY)).facts == ()
    with clock_at(END):
        sums = attended.report(world.session, meeting, world.manager).sums
        assert (sums.came, sums.awaited, sums.no_shows, sums.absent, sums.excused) == (1, 0, 1, 1, 1)
        assert (sums.rate_ppm, sums.announced, sums.arrived) == (250_000, 2, 1)


def test_guests_of_no_distributor_count_as_people_and_for_no_rate(world):
    meeting = world.plan()
    world.invite(meeting, world.dealers(1))
    with clock_at(START):
        by = By(user=world.manager)
        checking_in.walk_in(world.session, meeting, GuestFacts("示例记者", company="示例报社"), by, key="w")
        world.session.commit()
    with clock_at(AFTER):
        report = attended.report(world.session, meeting, world.manager)
    assert (report.arrived, report.others.arrived, report.sums.came) == (1, 1, 0)


def test_another_office_sees_its_own_distributors_only(world, make, session):
    meeting = world.plan()
    own = world.dealers(2)
    there = make.region()
    theirs = make.distributor(there, make.user(Role.SALESPERSON, there))
    world.invite(meeting, own)
    session.add(Invitation(meeting_id=meeting.id, distributor_id=theirs.id, invited_by_id=world.manager.id))
    session.commit()
    other = make.user(Role.REGIONAL_MANAGER, there)
    with clock_at(START):
        by = By(user=world.manager)
        checking_in.walk_in(session, meeting, GuestFacts("示例记者", company="示例报社"), by, key="w")
        session.commit()
    with clock_at(AFTER):
        report = attended.report(session, meeting, other)
        assert [one.distributor_id for one in report.rows] == [theirs.id]
        assert (report.sees_all, report.others.arrived) == (False, 0)
        assert len(attended.report(session, meeting, world.manager).rows) == 3


def test_a_meeting_that_was_called_off_is_no_evidence(world):
    from portal.domain.meetings import planning

    asked = announced(world, "coming")
    with clock_at(BEFORE):
        planning.call_off(world.session, world.manager, asked.meeting, "示例台风停办")
        world.session.commit()
    with clock_at(AFTER):
        assert evidence.attendance_of(world.session, asked.distributor_id, year_of(DAY)).facts == ()


def test_a_period_is_days_in_china(world):
    asked = announced(world, "none")
    on_the_day, before = Period(DAY, DAY), Period(DAY - timedelta(days=9), DAY - timedelta(days=1))
    with clock_at(AFTER):
        found = evidence.attendance_of(world.session, asked.distributor_id, on_the_day)
        assert [one.on for one in found.facts] == [DAY]
        assert (found.invited, found.came, found.rate_ppm) == (1, 0, 0)
        assert found.args == {"id": asked.distributor_id, "from": "2026-06-12", "until": "2026-06-12"}
        assert evidence.attendance_of(world.session, asked.distributor_id, before).facts == ()


@pytest.mark.parametrize(
    ("came", "invited", "ppm"),
    [(0, 0, None), (0, 3, 0), (1, 3, 333_000), (2, 3, 667_000), (3, 3, 1_000_000), (1, 2_000, 1_000)],
)
def test_a_rate_is_rounded_to_a_tenth_of_a_percent(came, invited, ppm):
    assert rate_ppm(came, invited) == ppm
