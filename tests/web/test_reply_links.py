"""A guest answers through the link of the invitation, which shows this invitation and nothing else (M1)."""

import random
import re

import pytest
import sqlalchemy as sa

from portal.db import clock_at, now
from portal.domain.mail.models import MailServer
from portal.domain.meetings import inviting, links, planning
from portal.domain.meetings.models import Guest, Invitation, Lodging, Reply, Via
from portal.web.meeting_keys import reply_key
from tests.domain.meeting_world import MeetingWorld

OUTSIDE = "https://reply.example.com"
ANSWER = {
    "reply": "coming",
    "people-0-name": "示例来宾",
    "people-0-lodging": "single",
    "people-0-train": "G1",
}


@pytest.fixture
def world(session, make) -> MeetingWorld:
    return MeetingWorld(session, make)


@pytest.fixture
def opened(session):
    """The company opens its invitations to the outside."""
    session.add(MailServer(id=1, outside=OUTSIDE))
    session.commit()


def address(app, invitation) -> str:
    with app.app_context():
        return f"/reply/{links.token(reply_key(), invitation)}"


@pytest.fixture
def asked(world):
    meeting = world.plan(**world.soon())
    return world.invite(meeting, world.dealers(2), on=now())


def test_a_guest_answers_changes_the_answer_and_keeps_what_the_office_knows(
    app, client, world, asked, opened, session
):
    mine, other = asked
    world.coming(mine, "示例来宾 13800000001", "示例同事", on=now())
    world.coming(other, "示例外人 13900000009", on=now())
    here, others = address(app, mine), other.distributor.name
    session.rollback()
    page = client.get(here)
    assert page.status_code == 200 and mine.distributor.name in page.text and "示例来宾" in page.text
    assert "13800000001" not in page.text and others not in page.text and "示例外人" not in page.text
    assert not re.search(r'href="/(?!static|styles|reply)', page.text) and "/login" not in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer" and "noindex" in page.headers["X-Robots-Tag"]
    assert page.headers["Cache-Control"] == "no-store"
    session.rollback()
    assert client.post(here, data=ANSWER).status_code == 303
    session.expire_all()
    assert (mine.reply, mine.persons, mine.replied_via, mine.replied_by_id) == (
        Reply.COMING, 1, Via.LINK, None,
    )  # fmt: skip
    guests = {
        one.name: one for one in session.scalars(sa.select(Guest).where(Guest.invitation_id == mine.id))
    }
    assert (guests["示例来宾"].phone, guests["示例来宾"].lodging) == ("13800000001", Lodging.SINGLE)
    assert guests["示例同事"].cancelled_at is not None
    session.rollback()
    assert client.post(here, data={"reply": "declined"}).status_code == 303
    session.expire_all()
    assert mine.reply is Reply.DECLINED and other.reply is Reply.COMING


def test_while_it_is_not_open_to_the_outside_there_is_nothing(app, client, asked, session):
    here = address(app, asked[0])
    session.rollback()
    for answer in (client.get(here), client.post(here, data=ANSWER)):
        assert answer.status_code == 404 and asked[0].meeting.title not in answer.text
        session.rollback()


def test_a_link_of_before_a_withdrawal_opens_nothing_any_more(app, client, world, asked, opened, session):
    mine, here = asked[0], address(app, asked[0])
    with clock_at(now()):
        inviting.withdraw(session, world.manager, mine)
        session.commit()
    name = mine.distributor.name
    session.rollback()
    for again in (False, True):
        gone = client.get(here)
        assert gone.status_code == 410 and name not in gone.text
        assert client.post(here, data=ANSWER).status_code == 410
        if not again:
            world.invite(mine.meeting, [mine.distributor], on=now())
            session.rollback()
    assert client.get(address(app, mine)).status_code == 200


def test_a_link_is_closed_politely_when_it_is_too_late_or_called_off(app, client, world, session, opened):
    soon = world.soon()
    meeting = world.plan(**soon, reply_by_on=(soon["starts_at"]).date())
    (mine,) = world.invite(meeting, world.dealers(1), on=now())
    here = address(app, mine)
    session.rollback()
    with clock_at(links.until(meeting)):
        late = client.get(here)
        session.rollback()
        assert late.status_code == 410 and meeting.host.name in late.text
        session.rollback()
        assert client.post(here, data=ANSWER).status_code == 410
    planning.call_off(session, world.manager, meeting, "示例原因停办")
    session.commit()
    assert client.get(here).status_code == 410
    session.expire_all()
    assert mine.reply is None


def test_no_mutated_link_opens_anything_or_makes_the_portal_stumble(app, client, asked, opened, session):
    mine = asked[0]
    good, dice = address(app, mine)[len("/reply/") :], random.Random(20260601)
    name = mine.distributor.name
    session.rollback()
    hostile = [
        "HZ",
        "hz",
        "%00",
        "..%2f..",
        "HZ" + "A" * 5000,
        "示例",
        good + "A",
        good[:-1],
        "HY" + good[2:],
    ]
    for _turn in range(300):
        place, char = dice.randrange(len(good)), dice.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        mutated = good[:place] + char + good[place + 1 :]
        if mutated != good:
            hostile.append(mutated)
    for token in hostile:
        answer = client.get(f"/reply/{token}")
        assert answer.status_code == 404 and name not in answer.text, token
    for token in hostile[:9]:
        assert client.post(f"/reply/{token}", data=ANSWER).status_code in (404, 405)


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"reply": "waiting"},
        {"reply": "coming"},
        {"reply": "coming", "persons": "11"},
        {"reply": "coming", "persons": "-1"},
        {"reply": "coming", "people-0-name": "示例", "people-0-lodging": "palace"},
        {"reply": "coming", "persons": "9" * 400},
    ],
)
def test_a_refused_answer_changes_nothing(app, client, asked, opened, session, typed):
    here = address(app, asked[0])
    session.rollback()
    assert client.post(here, data=typed).status_code == 422
    session.expire_all()
    assert session.get_one(Invitation, asked[0].id).reply is None


def test_who_sends_without_end_is_asked_to_wait(app, client, asked, opened, session):
    here = address(app, asked[0])
    session.rollback()
    answers = [
        client.post(here, data={"reply": "declined"}).status_code for _ in range(links.MOST_ANSWERS + 1)
    ]
    assert answers == [303] * links.MOST_ANSWERS + [429]


def test_beyond_the_seats_a_guest_is_told_of_the_waiting_list(app, client, world, opened, session):
    meeting = world.plan(**world.soon(), seats=1)
    first, second = world.invite(meeting, world.dealers(2), on=now())
    here = [address(app, one) for one in (first, second)]
    session.rollback()
    for one in here:
        assert client.post(one, data={"reply": "coming", "persons": "1"}).status_code == 303
    session.expire_all()
    assert (first.reply, second.reply) == (Reply.COMING, Reply.WAITING)
    assert "候补" in client.get(here[1]).text
