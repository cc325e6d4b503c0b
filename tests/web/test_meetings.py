"""Meetings on screen: who is invited is who was looked at."""

import re
from html import unescape

import pytest
import sqlalchemy as sa

from portal.db import clock_at, now
from portal.domain.access.roles import Role
from portal.domain.distributors.models import Level
from portal.domain.mail.models import Mail, MailState, Trouble
from portal.domain.meetings import inviting
from portal.domain.meetings.inviting import Answer
from portal.domain.meetings.models import Invitation, Meeting, Reply, Via
from tests.domain.meeting_world import MeetingWorld


@pytest.fixture
def world(session, make) -> MeetingWorld:
    return MeetingWorld(session, make)


def test_all_of_a_list_are_those_that_its_filter_lets_through(world, session, sign_in):
    meeting = world.plan(**world.soon())
    wanted = {one.id for one in world.dealers(2, level=Level.RETAILER)}
    others = world.dealers(3, level=Level.GENERAL)
    client = sign_in(world.manager)
    page = client.get(f"/meetings/{meeting.id}/invite?level=retailer&page=1").text
    assert all(other.name not in page for other in others)
    found = re.search(r'action="([^"]+)">(?:(?!</form>).)*name="all"', page, re.DOTALL)
    assert found is not None
    assert client.post(unescape(found[1]), data={"all": "1"}).status_code == 303
    session.rollback()
    assert set(session.scalars(sa.select(Invitation.distributor_id))) == wanted
    ticked = client.post(f"/meetings/{meeting.id}/invite", data={"id": [str(others[0].id)]})
    assert ticked.status_code == 303
    session.rollback()
    assert set(session.scalars(sa.select(Invitation.distributor_id))) == wanted | {others[0].id}


def test_a_refused_meeting_keeps_what_was_typed(world, session, sign_in):
    client = sign_in(world.manager)
    typed = {
        "title": "示例会议",
        "kind": "regular",
        "region_id": str(world.office.id),
        "host_id": str(world.manager.id),
        "starts_on": "2031-06-12",
        "starts_at": "下午2点",
        "ends_at": "13:00",
        "agenda": "14:00 示例议题 示例主讲",
    }
    refused = client.post("/meetings/new", data=typed)
    assert refused.status_code == 422
    assert "下午2点" in refused.text and "14:00 示例议题 示例主讲" in refused.text
    made = client.post("/meetings/new", data=typed | {"ends_at": "17:00"})
    assert made.status_code == 303
    page = client.get(made.headers["Location"]).text
    assert "2031-06-12 14:00" in page and "示例主讲" in page


def test_the_list_of_replies_begins_with_who_is_to_be_telephoned(world, session, sign_in):
    meeting = world.plan(**world.soon())
    answered, declined, silent = world.dealers(3)
    asked = world.invite(meeting, [answered, declined, silent], on=now())
    world.coming(asked[0], "示例来宾", on=now())
    with clock_at(now()):
        inviting.answer(session, world.manager, asked[1], Answer(Reply.DECLINED), Via.PHONE)
        session.commit()
    client = sign_in(world.manager)
    page = client.get(f"/meetings/{meeting.id}/replies").text
    assert page.index(silent.name) < min(page.index(answered.name), page.index(declined.name))
    assert all(phone.display in page for phone in silent.phones) and "示例来宾" in page
    for reply, shown in (("none", silent), ("coming", answered), ("declined", declined)):
        page = client.get(f"/meetings/{meeting.id}/replies?reply={reply}").text
        assert [one for one in (answered, declined, silent) if one.name in page] == [shown]
    assert "示例来宾" in client.get(f"/meetings/{meeting.id}/guests").text
    overview = client.get(f"/meetings/{meeting.id}").text
    assert silent.name not in overview and f"/meetings/{meeting.id}/replies?reply=none" in overview


def test_who_sees_only_their_own_dealers_sees_only_their_replies(world, session, make, sign_in):
    elsewhere = make.region("示例宁波办事处")
    theirs = make.distributor(elsewhere, make.user(Role.SALESPERSON, elsewhere))
    meeting = world.plan(**world.soon())
    (ours,) = world.dealers(1)
    world.invite(meeting, [ours], on=now())
    session.add(Invitation(meeting_id=meeting.id, distributor_id=theirs.id, invited_by_id=world.manager.id))
    session.commit()
    page = sign_in(make.user(Role.SALESPERSON, elsewhere)).get(f"/meetings/{meeting.id}/replies").text
    assert theirs.name in page and ours.name not in page


def test_replies_are_taken_one_call_after_another(world, session, sign_in):
    meeting = world.plan(**world.soon(), seats=1)
    asked = world.invite(meeting, world.dealers(3), on=now())
    client = sign_in(world.sales)
    calls = [one.id for one in asked]
    address = f"/meetings/{meeting.id}/invitations/{calls[0]}?region={world.office.id}"
    typed = {
        "reply": "coming",
        "people-0-name": "示例来宾",
        "people-0-lodging": "shared",
        "people-0-train": "G1",
        "people-1-lodging": "none",
        "next": "1",
    }
    seen = [calls[0]]
    answer = client.post(address, data=typed)
    while "/invitations/" in answer.headers["Location"]:
        address = answer.headers["Location"]
        assert f"region={world.office.id}" in address
        seen.append(int(re.search(r"invitations/(\d+)", address)[1]))
        answer = client.post(address, data={"reply": "coming", "persons": "1", "next": "1"})
    assert sorted(seen) == sorted(calls) and len(seen) == 3
    session.rollback()
    assert [session.get_one(Invitation, one).reply for one in seen] == [
        Reply.COMING,
        Reply.WAITING,
        Reply.WAITING,
    ]
    page = client.get(f"/meetings/{meeting.id}/replies").text
    assert "move-up" not in page and "示例来宾" in page
    manager = sign_in(world.manager)
    manager.post(f"/meetings/{meeting.id}/invitations/{seen[0]}", data={"reply": "declined"})
    assert f"invitations/{seen[1]}/move-up" in manager.get(f"/meetings/{meeting.id}/replies").text
    assert manager.post(f"/meetings/{meeting.id}/invitations/{seen[1]}/move-up").status_code == 303
    refused = manager.post(f"/meetings/{meeting.id}/invitations/{seen[2]}/move-up")
    assert refused.status_code == 409


def test_mails_are_sent_from_the_meetings_page_and_what_failed_is_shown(world, session, make, sign_in):
    meeting = world.plan(**world.soon())
    first = make.distributor(world.office, world.sales, email="d1@dealer.example")
    second = make.distributor(world.office, world.sales)
    boss = sign_in(make.user(Role.ADMINISTRATOR))
    asked = [one.id for one in world.invite(meeting, [first, second], on=now())]
    manager, address = sign_in(world.manager), f"/meetings/{meeting.id}/mail"
    assert manager.post(address).status_code == 422  # no mail server
    typed = {
        "version": "0",
        "host": "127.0.0.1",
        "port": "9",
        "security": "none",
        "sender": "hui@shili.example",
    }
    assert boss.post("/admin/mail", data=typed | {"sender": "nobody"}).status_code == 422
    saved = boss.post("/admin/mail", data=typed | {"username": "hui", "password": "geheim-123"})
    assert saved.status_code == 303
    assert "geheim" not in boss.get("/admin/mail").text
    refused = boss.post("/admin/mail/test", data={"to": "me@shili.example"})
    assert refused.status_code == 422 and "Connection refused" in unescape(refused.text)
    assert manager.post(address).status_code == 303
    one_by_hand = f"/meetings/{meeting.id}/invitations/{asked[1]}/mail"
    assert manager.post(one_by_hand, data={"to": "no address"}).status_code == 422
    assert manager.post(one_by_hand, data={"to": "d2@dealer.example"}).status_code == 303
    session.rollback()
    waiting = {one.recipient: one for one in session.scalars(sa.select(Mail))}
    assert waiting.keys() == {"d1@dealer.example", "d2@dealer.example"}
    letter = waiting["d1@dealer.example"]
    letter.state, letter.trouble, letter.said = MailState.FAILED, Trouble.RECIPIENT, "550 no such user"
    session.commit()
    assert "550 no such user" in manager.get(address).text
    assert manager.post(f"/meetings/{meeting.id}/mails/{letter.id}/again").status_code == 303
    session.rollback()
    assert letter.state is MailState.QUEUED
    assert manager.post(f"/meetings/{meeting.id}/mails/{letter.id}/drop").status_code == 303
    session.rollback()
    assert letter.state is MailState.GIVEN_UP


def test_a_meeting_is_repeated_on_the_days_that_were_looked_at(world, session, sign_in):
    meeting = world.plan(**world.soon())
    client = sign_in(world.manager)
    page = client.get(f"/meetings/{meeting.id}/repeat?rhythm=weekly&times=4").text
    days = re.search(r"<textarea[^>]*>([^<]*)</textarea>", page)
    assert days is not None and len(days[1].split()) == 4
    refused = client.post(f"/meetings/{meeting.id}/repeat", data={"days": "2031-06-12\r\nmorgen"})
    assert refused.status_code == 422 and "morgen" in refused.text
    made = client.post(f"/meetings/{meeting.id}/repeat", data={"days": "2031-06-12\r\n2031-07-10"})
    assert made.status_code == 303
    shown = client.get(f"/meetings/{meeting.id}").text
    assert "2031-06-12" in shown and "2031-07-10" in shown
    form = client.get(f"/meetings/{meeting.id}/edit").text
    assert "2 come after it" in form
    version = re.search(r'name="version"[^>]*value="(\d+)"', form)
    assert version is not None
    said = {
        "title": "示例新名", "kind": "regular", "region_id": str(world.office.id), "host_id": str(world.manager.id),
        "starts_on": "2031-05-15", "starts_at": "09:00", "ends_at": "12:00", "version": version[1],
        "with_later": "y",
    }  # fmt: skip
    assert client.post(f"/meetings/{meeting.id}/edit", data=said).status_code == 303
    session.rollback()
    titles = session.scalars(sa.select(Meeting.title).where(Meeting.series_id == meeting.id)).all()
    assert titles == ["示例新名"] * 3


def test_who_is_invited_elsewhere_that_day_is_marked_while_one_chooses(world, sign_in):
    soon = world.soon()
    meeting = world.plan(**soon)
    other = world.plan(**soon | {"title": "示例同日会议"})
    asked, free = world.dealers(2)
    world.invite(other, [asked], on=soon["on"])
    client = sign_in(world.manager)
    page = client.get(f"/meetings/{meeting.id}/invite").text
    assert page.count("Invited elsewhere") == 1 and "示例同日会议" in page and free.name in page
    # Nobody bought anything: an amount leaves nobody, what is no amount narrows nothing.
    assert free.name not in client.get(f"/meetings/{meeting.id}/invite?least=1").text
    assert free.name in client.get(f"/meetings/{meeting.id}/invite?least=viel").text
    assert free.name in client.get(f"/meetings/{meeting.id}/invite?most=0&absent=6").text
    everybody = client.post(f"/meetings/{meeting.id}/invite?least=1", data={"all": "1"})
    assert everybody.status_code == 303
    world.session.rollback()
    assert (
        world.session.scalar(
            sa.select(sa.func.count()).select_from(Invitation).where(Invitation.meeting_id == meeting.id)
        )
        == 0
    )


def test_what_a_meeting_may_cost_and_its_history_are_for_who_answers_for_it(world, session, make, sign_in):
    meeting = world.plan(budget_fen=1_234_500, **world.soon())
    other = make.region("示例宁波办事处")
    guest = make.distributor(other, make.user(Role.SALESPERSON, other))
    boss = make.user(Role.REGIONAL_MANAGER, make.head_office())
    inviting.invite(session, boss, meeting, [guest.id])
    session.commit()
    page = f"/meetings/{meeting.id}"
    elsewhere = sign_in(guest.owner).get(page)
    assert elsewhere.status_code == 200
    assert "12,345" not in elsewhere.text and 'aria-label="History"' not in elsewhere.text
    assert "12,345" in sign_in(world.manager).get(page).text
