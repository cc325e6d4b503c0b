"""What the door missed is entered by the office, for a while, with its reason, and never twice (M1)."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal.db import clock_at
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.errors import DomainError
from portal.domain.meetings import afterwards, attended, planning
from portal.domain.meetings.afterwards import CORRECTED_FOR
from portal.domain.meetings.attended import Presence
from portal.domain.meetings.models import Attendance, Guest, How, Invitation, What
from tests.domain.meeting_world import BEFORE, END, START, MeetingWorld

MINUTE = timedelta(minutes=1)
AFTER = END + timedelta(days=2)


@pytest.fixture
def world(session, make) -> MeetingWorld:
    return MeetingWorld(session, make)


def asked(world: MeetingWorld) -> Invitation:
    (invitation,) = world.invite(world.plan(), world.dealers(1))
    world.coming(invitation, "示例甲", "示例乙")
    return invitation


def enter(world: MeetingWorld, invitation: Invitation, guest=None, *, on=AFTER, by=None, **said) -> Guest:
    usual = {"name": "", "at": START - MINUTE, "reason": "示例业务员确认", "key": "after:1"} | said
    with clock_at(on):
        try:
            who = afterwards.enter(world.session, by or world.manager, invitation, guest, **usual)
            world.session.commit()
        except DomainError:
            world.session.rollback()
            raise
    return who


def presence(world: MeetingWorld, invitation: Invitation) -> tuple[Presence, int, bool]:
    with clock_at(AFTER):
        (row,) = attended.report(world.session, invitation.meeting, world.manager).rows
    return row.presence, row.present.arrived, row.is_late


def test_who_was_missed_is_entered_once_with_reason_and_no_name_in_the_trail(world, session):
    invitation = asked(world)
    assert presence(world, invitation)[0] is Presence.NO_SHOW
    guest = invitation.guests[0]
    for _twice in range(2):
        assert enter(world, invitation, guest) is guest
    assert presence(world, invitation) == (Presence.CAME, 1, False)
    (row,) = session.scalars(sa.select(Attendance)).all()
    assert (row.how, row.note, row.at, row.received_at) == (
        How.OFFICE,
        "示例业务员确认",
        START - MINUTE,
        AFTER,
    )
    (event,) = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "meeting.arrival_entered"))
    assert "示例甲" not in str(event.params) and invitation.distributor.name in str(event.params)
    with pytest.raises(DomainError, match="checked in already"):
        enter(world, invitation, guest, key="after:2")


def test_somebody_nobody_announced_is_a_walk_in_and_a_name_that_is_known_is_that_guest(world):
    invitation = asked(world)
    other = enter(world, invitation, name=" 示例丙 ", at=START + 30 * MINUTE)
    assert (other.is_walk_in, other.invitation_id) == (True, invitation.id)
    assert presence(world, invitation) == (Presence.CAME, 1, True)
    known = enter(world, invitation, name="示例乙", key="after:2")
    assert known.is_walk_in is False
    assert presence(world, invitation) == (Presence.CAME, 2, False)


def test_what_was_no_arrival_is_taken_back_and_can_be_entered_again(world, session):
    invitation = asked(world)
    guest = invitation.guests[0]
    enter(world, invitation, guest)
    with clock_at(AFTER):
        with pytest.raises(DomainError, match="why it is corrected"):
            afterwards.take_back(session, world.manager, guest, "", key="t0")
        session.rollback()
        for _twice in range(2):
            afterwards.take_back(session, world.manager, guest, "示例认错人", key="t1")
            session.commit()
    assert presence(world, invitation)[0] is Presence.NO_SHOW
    enter(world, invitation, guest, key="after:3")
    assert presence(world, invitation)[0] is Presence.CAME
    seen = session.scalars(sa.select(Attendance.what).order_by(Attendance.id)).all()
    assert seen == [What.ARRIVED, What.UNDONE, What.ARRIVED]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"reason": " "}, "why it is corrected"),
        ({"at": END + MINUTE}, "outside the meeting"),
        ({"at": START - timedelta(hours=7)}, "outside the meeting"),
        ({"on": START + MINUTE, "at": START + 2 * MINUTE}, "outside the meeting"),
        ({"on": START - MINUTE}, "has not begun"),
        ({"on": END + CORRECTED_FOR}, "30 days|days after"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(world, session, said, words):
    invitation = asked(world)
    with pytest.raises(DomainError, match=words):
        enter(world, invitation, invitation.guests[0], **said)
    assert session.scalars(sa.select(Attendance)).all() == []


def test_nobody_named_another_companys_guest_and_one_erased_are_refused(world, session):
    invitation = asked(world)
    (other,) = world.invite(invitation.meeting, world.dealers(1))
    (theirs,) = world.coming(other, "示例丁")
    with pytest.raises(DomainError, match="enter the name"):
        enter(world, invitation)
    with pytest.raises(DomainError, match="another meeting"):
        enter(world, invitation, theirs)
    assert len(session.scalars(sa.select(Guest)).all()) == 3


def test_only_who_holds_the_meeting_corrects_and_not_one_that_was_called_off(world, make):
    invitation = asked(world)
    guest = invitation.guests[0]
    for role, office in (
        (Role.AUDITOR, world.office), (Role.FINANCE, world.office), (Role.REGIONAL_MANAGER, make.region()),
    ):  # fmt: skip
        user = make.user(role, office)
        with pytest.raises(DomainError, match="hold no meetings"):
            enter(world, invitation, guest, by=user)
        with clock_at(AFTER):
            with pytest.raises(DomainError):
                afterwards.take_back(world.session, user, guest, "示例认错人", key="t")
            world.session.rollback()
    with clock_at(BEFORE):
        planning.call_off(world.session, world.manager, invitation.meeting, "示例台风停办")
        world.session.commit()
    with pytest.raises(DomainError, match="called off"):
        enter(world, invitation, guest)


def test_nobody_is_given_a_seat_after_the_end(world, session):
    from portal.domain.meetings import seats

    invitation = asked(world)
    with clock_at(BEFORE):
        seats.lay(session, world.manager, invitation.meeting, "1-2 8", seen="")
        session.commit()
    who = enter(world, invitation, invitation.guests[0])
    assert (who.table_no, who.seat_no) == ("", "")
