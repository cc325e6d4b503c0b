"""The wall at a meeting: for the room without telephones, for those who hold it with who is missing."""

import re
from datetime import timedelta

import pytest
import time_machine

from portal.domain.access.roles import Role
from portal.domain.distributors.models import Grade
from portal.domain.meetings import checking_in, doors, inviting, wall
from portal.domain.meetings.checking_in import By
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.inviting import Answer
from portal.domain.meetings.models import Reply, Via
from tests.domain.meeting_world import START, MeetingWorld
from tests.web.test_queries import counted

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(session, make) -> MeetingWorld:
    made = MeetingWorld(session, make)
    made.sales.name, made.sales.phone = "示例负责人", "0571-5555 0101"
    session.commit()
    return made


@pytest.fixture
def clock():
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def meeting(world, session, make):
    """Five A distributors: one comes, one said they come, one said nothing, one declined; and one who is a B."""
    made = world.plan()
    dealers = [
        world.make.distributor(world.office, world.sales, name=name, grade=grade)
        for name, grade in (
            ("示例到场商贸", Grade.A),
            ("示例未到商贸", Grade.A),
            ("示例未回商贸", Grade.A),
            ("示例不来商贸", Grade.A),
            ("示例乙类商贸", Grade.B),
        )
    ]
    first, second, _silent, declined, _other = world.invite(made, dealers)
    world.coming(first, "示例先到 13800000011", "示例后到 13800000012")
    world.coming(second, "示例未到")
    inviting.answer(session, world.manager, declined, Answer(Reply.DECLINED), Via.PHONE)
    session.commit()
    world.arrive(first.guests[0], on=START - 5 * MINUTE)
    return made


def address(meeting, rest=""):
    return f"/meetings/{meeting.id}/wall{rest}"


def big(page):
    """How many are in, and of how many."""
    found = re.search(r"<p><b>(\d+)</b> <span>\D*(\d+)", page)
    return int(found[1]), int(found[2])


def test_at_five_past_nine_the_organisers_see_which_a_distributors_are_missing(
    clock, world, meeting, sign_in
):
    clock.move_to(START + 5 * MINUTE)
    page = sign_in(world.manager).get(address(meeting, "/organisers")).text
    missing = page[page.index("A distributors missing") : page.index("Latest arrivals")]
    assert "示例未到商贸" in missing and "said they come" in missing
    assert "示例未回商贸" in missing and "has not replied" in missing
    assert "示例负责人" in missing and "0571-5555 0101" in missing
    for other in ("示例到场商贸", "示例不来商贸", "示例乙类商贸"):
        assert other not in missing
    assert big(page) == (1, 3)


def test_the_rooms_wall_tells_no_telephone_and_nobody_who_is_missing(clock, world, meeting, sign_in):
    page = sign_in(world.manager).get(address(meeting)).text
    assert "示例先到" in page and "示例到场商贸" in page and "08:55" in page and big(page) == (1, 3)
    for secret in ("示例未到", "示例负责人", "0571-5555", "13800000011", "0011"):
        assert secret not in page


def test_a_wall_is_written_again_only_when_something_has_happened(
    clock, app, world, meeting, sign_in, session
):
    client, asks = sign_in(world.manager), {"HX-Request": "true"}
    for rest in ("", "/organisers"):
        shown = client.get(address(meeting, rest)).text
        again = re.search(r'hx-get="([^"]+)"', shown)[1].replace("&amp;", "&")
        with counted(app) as statements:
            answer = client.get(again, headers=asks)
        assert (answer.status_code, answer.data) == (204, b"")
        assert len(statements) <= 7, statements
        facts, key = GuestFacts("示例来客", company="示例路过商贸"), f"walk-in{rest}"
        came = checking_in.walk_in(session, meeting, facts, By(user=world.manager), key=key)
        session.commit()
        answer = client.get(again, headers=asks)
        assert answer.status_code == 200 and "示例路过商贸" in answer.text and "<html" not in answer.text
        again = re.search(r'hx-get="([^"]+)"', answer.text)[1].replace("&amp;", "&")
        checking_in.undo(session, meeting, came.guest, By(user=world.manager), "示例误点", key=f"undo{rest}")
        session.commit()
        answer = client.get(again, headers=asks)
        assert answer.status_code == 200 and "示例路过商贸" not in answer.text


def test_who_is_of_no_distributor_is_counted_apart_and_the_door_counts_alike(
    clock, world, meeting, sign_in, session
):
    facts = GuestFacts("示例来客", company="示例路过商贸")
    checking_in.walk_in(session, meeting, facts, By(user=world.manager), key="walk-in-1")
    silent = world.invite(meeting, world.dealers(1))[0]
    inviting.answer(session, world.manager, silent, Answer(Reply.COMING, 4), Via.PHONE)
    session.commit()
    shown = wall.wall(session, meeting, world.manager)
    assert [(one.name, one.inside, one.expected) for one in shown.offices] == [
        (world.office.name, 1, 7),
        ("", 1, 1),
    ]
    assert (shown.inside, shown.expected) == doors.tally(session, meeting) == (2, 8)
    page = sign_in(world.manager).get(address(meeting)).text
    assert "Other guests" in page and big(page) == (2, 8)


def test_another_office_sees_its_own_distributors_alone_and_a_stranger_none(
    clock, world, meeting, make, session, sign_in
):
    theirs = make.region("示例外地办事处")
    colleague, stranger = (make.user(Role.REGIONAL_MANAGER, at) for at in (theirs, make.region()))
    guest_of = make.distributor(theirs, colleague, name="示例外地商贸", grade=Grade.A)
    session.commit()
    head = make.user(Role.EXECUTIVE, make.head_office())
    session.commit()
    inviting.invite(session, head, meeting, [guest_of.id])
    session.commit()
    page = sign_in(colleague).get(address(meeting, "/organisers")).text
    assert "示例外地商贸" in page and "示例未到商贸" not in page and "示例先到" not in page
    assert big(page) == (0, 0)
    for rest in ("", "/organisers"):
        assert sign_in(stranger).get(address(meeting, rest)).status_code == 404


def test_a_wall_can_be_left_and_follows_without_scripts(clock, world, meeting, sign_in):
    page = sign_in(world.manager).get(address(meeting)).text
    assert '<noscript><meta http-equiv="refresh"' in page
    assert f'id="leave" href="/meetings/{meeting.id}"' in page
    at_the_tab = sign_in(world.manager).get(f"/meetings/{meeting.id}/kiosks").text
    assert address(meeting) in at_the_tab and address(meeting, "/organisers") in at_the_tab
