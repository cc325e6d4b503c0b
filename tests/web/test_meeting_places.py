"""Seats on screen and on paper: what is typed is kept, what is refused says what to do, who sees whose."""

import re
import subprocess

import pytest

from portal.db import clock_at
from portal.domain.access.roles import Role
from portal.domain.meetings import inviting, packs, rooms, seats
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.inviting import Answer
from portal.domain.meetings.models import Guest, Invitation, Lodging, Meeting, Reply, Via
from tests.domain.meeting_world import START, MeetingWorld
from tests.web.sheets import rows_of
from tests.web.test_meeting_papers import text_of


@pytest.fixture
def world(session, make) -> MeetingWorld:
    return MeetingWorld(session, make)


def held(world: MeetingWorld) -> tuple[Meeting, list[Guest]]:
    soon = world.soon()
    meeting = world.plan(**soon)
    first, second = world.invite(meeting, world.dealers(2), on=soon["on"])
    return meeting, [
        *world.coming(first, "示例甲", "示例乙", on=soon["on"]),
        *world.coming(second, "示例丙", on=soon["on"]),
    ]


def place(world: MeetingWorld, guest: Guest) -> str:
    world.session.rollback()
    world.session.refresh(guest)
    return f"{guest.table_no}-{guest.seat_no}"


def test_tables_are_written_down_seats_proposed_and_moved(world, sign_in):
    meeting, (a, b, c) = held(world)
    client = sign_in(world.manager)
    page = f"/meetings/{meeting.id}/seats"
    assert "No tables yet" in client.get(page).text
    refused = client.post(f"{page}/tables", data={"seen": "", "tables": "主桌"})
    assert refused.status_code == 422 and "主桌" in refused.text
    assert client.post(f"{page}/tables", data={"seen": "", "tables": "主桌 2\r\n1-2 2"}).status_code == 303
    assert client.post(f"{page}/propose").status_code == 303
    shown = client.get(page).text
    assert "3 of 3 seated, 6 seats" in shown
    assert place(world, a)[0] == place(world, b)[0] != place(world, c)[0]
    typed = {f"was-{c.id}": place(world, c), f"seat-{c.id}": "9-9"}
    refused = client.post(page, data=typed)
    assert (
        refused.status_code == 422 and 'value="9-9"' in refused.text and "no such seat: 9-9" in refused.text
    )
    assert client.post(page, data=typed | {f"seat-{c.id}": "主桌-2"}).status_code == 303
    assert place(world, c) == "主桌-2"
    stale = client.post(page, data=typed | {f"seat-{c.id}": "1-1"})
    assert stale.status_code == 422 and "Somebody else moved 示例丙" in stale.text
    assert place(world, c) == "主桌-2"
    less = client.post(f"{page}/tables", data={"seen": "主桌 2\r\n1-2 2", "tables": "1-2 2"})
    assert less.status_code == 422 and 'name="may_unseat"' in less.text
    pasted = client.post(f"{page}/lines", data={"lines": "示例丙\t主桌\t1\r\n"})
    assert pasted.status_code == 303 and place(world, c) == "主桌-1"
    assert client.post(f"{page}/own", data={"people": "示例主讲 总监"}).status_code == 303
    assert "示例主讲" in client.get(page).text


def test_an_office_sees_its_own_people_and_changes_nothing(world, make, session, sign_in):
    meeting, _guests = held(world)
    other = make.region("示例宁波办事处")
    theirs = make.user(Role.SALESPERSON, other)
    page = f"/meetings/{meeting.id}/seats"
    client = sign_in(theirs)
    assert client.get(page).status_code == 404
    asked = Invitation(
        meeting_id=meeting.id,
        distributor_id=make.distributor(other, theirs).id,
        invited_by_id=world.manager.id,
    )
    session.add(asked)
    session.flush()
    session.add(Guest(meeting_id=meeting.id, invitation_id=asked.id, name="示例远客"))
    session.flush()
    seats.lay(session, world.manager, meeting, "1 9", seen="")
    seats.propose(session, world.manager, meeting)
    session.commit()
    shown = client.get(page).text
    assert "示例远客" in shown and "示例甲" not in shown and "Save the seats" not in shown
    assert client.post(page, data={}).status_code == 403
    printed = text_of(client.get(f"/meetings/{meeting.id}/table-plan.pdf"))
    assert "示例远客" in printed and "示例甲" not in printed and "仅本办事处来宾" in printed
    auditor = sign_in(make.user(Role.AUDITOR))
    shown = auditor.get(page).text
    assert "示例甲" in shown and "示例远客" in shown and "Save the seats" not in shown
    assert auditor.post(page, data={}).status_code == 403


def test_the_table_plan_draws_tables_and_lists_names_by_pinyin(world, session, sign_in):
    meeting, _guests = held(world)
    seats.lay(session, world.manager, meeting, "主桌 2\n1 8\n2 30", seen="")
    seats.propose(session, world.manager, meeting)
    session.commit()
    client = sign_in(world.manager)
    answer = client.get(f"/meetings/{meeting.id}/table-plan.pdf")
    text = text_of(answer)
    assert all(text.count(name) == 2 for name in ("示例甲", "示例乙", "示例丙"))
    assert "主席台" in text and "按姓名拼音排列，共3人" in text and "1桌1座" in text
    said = subprocess.run(
        ["pdfinfo", "-"], input=answer.data, capture_output=True, check=True
    ).stdout.decode()
    assert re.search(r"Pages:\s+2", said) and re.search(r"Page size:\s+841\.\d+ x 595", said)


def test_without_seats_there_is_no_plan_to_print(world, sign_in):
    meeting, _guests = held(world)
    refused = sign_in(world.manager).get(f"/meetings/{meeting.id}/table-plan.pdf")
    assert refused.status_code == 409 and "Propose the seats" in refused.text


def test_the_door_says_seat_and_desk(world, session, sign_in):
    meeting = world.plan()
    (asked,) = world.invite(meeting, world.dealers(1))
    (guest,) = world.coming(asked, "示例甲")
    with clock_at(START):
        seats.lay(session, world.manager, meeting, "6 9", seen="")
        packs.set_desks(session, world.manager, meeting, "S：东侧资料台\n其他：总台", seen="")
        session.commit()
        client = sign_in(world.manager)
        page = client.get(f"/meetings/{meeting.id}/check-in")
        nonce = re.search(r'name="nonce" value="([^"]+)"', page.text)
        done = client.post(
            f"/meetings/{meeting.id}/check-in/guests/{guest.id}", data={"nonce": nonce[1] if nonce else "n1"}
        )
    assert "<dd>6</dd>" in done.text and "<dd>1</dd>" in done.text and "东侧资料台" in done.text


def lodged(world: MeetingWorld) -> tuple[Meeting, list[Guest]]:
    soon = world.soon()
    meeting = world.plan(**soon)
    (asked,) = world.invite(meeting, world.dealers(1), on=soon["on"])
    facts = [
        GuestFacts("示例甲", phone="13800000051", lodging=Lodging.SHARED, train="G7", is_lady=True),
        GuestFacts("示例乙", lodging=Lodging.SHARED, is_lady=True),
        GuestFacts("示例丙"),
    ]
    with clock_at(soon["on"]):
        inviting.answer(world.session, world.manager, asked, Answer(Reply.COMING, 3, facts), Via.PHONE)
        world.session.commit()
    return meeting, list(asked.guests)


def test_rooms_are_written_down_proposed_and_changed(world, session, sign_in):
    meeting, (a, b, _c) = lodged(world)
    client, page = sign_in(world.manager), f"/meetings/{meeting.id}/rooms"
    assert client.post(f"{page}/kinds", data={"seen": "", "kinds": "双床房 2"}).status_code == 422
    assert client.post(f"{page}/kinds", data={"seen": "", "kinds": "双床房 2 301-302"}).status_code == 303
    assert client.post(f"{page}/propose").status_code == 303
    shown = client.get(page).text
    assert "2 of 2 have a room, 1 of 2 rooms taken" in shown
    session.rollback()
    was = {one.guest.id: one.seen for one in rooms.lodgers(session, meeting)}
    session.rollback()
    typed = {
        f"was-{b.id}": was[b.id],
        f"room-{b.id}": "399",
        f"lady-{b.id}": "1",
        f"from-{b.id}": "",
        f"until-{b.id}": "",
    }
    refused = client.post(page, data=typed)
    assert (
        refused.status_code == 422 and 'value="399"' in refused.text and "no room called 399" in refused.text
    )
    assert client.post(page, data=typed | {f"from-{b.id}": "明日"}).status_code == 422
    done = client.post(page, data=typed | {f"room-{b.id}": "302", f"until-{b.id}": "2031-01-01"})
    assert done.status_code == 422
    assert client.post(page, data=typed | {f"room-{b.id}": "302"}).status_code == 303
    session.rollback()
    session.refresh(b)
    session.refresh(a)
    assert {a.room, b.room} == {"301", "302"}
    assert client.post(page, data=typed | {f"room-{b.id}": ""}).status_code == 422


def test_the_hotel_gets_a_list_of_who_sleeps_where_and_nobody_else(world, session, sign_in):
    meeting, _guests = lodged(world)
    rooms.lay(session, world.manager, meeting, "双床房 2 301-302", seen="")
    rooms.propose(session, world.manager, meeting)
    session.commit()
    client = sign_in(world.manager)
    text = text_of(client.get(f"/meetings/{meeting.id}/rooms.pdf"))
    assert "示例甲女士" in text and "G7" in text and "示例丙" not in text and "双床房（共2间）" in text
    rows = rows_of(client.get(f"/meetings/{meeting.id}/rooms.xlsx"))
    assert [row[2] for row in rows[1:]] == ["示例甲", "示例乙"]
    assert rows[1][:2] == ["双床房", "301"]
    nobody = world.plan(**world.soon())
    assert client.get(f"/meetings/{nobody.id}/rooms.pdf").status_code == 409


def test_a_reply_says_who_is_a_lady_for_shared_rooms(world, session, sign_in):
    soon = world.soon()
    meeting = world.plan(**soon)
    (asked,) = world.invite(meeting, world.dealers(1), on=soon["on"])
    client = sign_in(world.manager)
    row = {"name": "示例甲", "title": "", "phone": "", "lodging": "shared", "lady": "1", "train": ""}
    data = {"reply": "coming"} | {f"people-0-{name}": said for name, said in row.items()}
    assert client.post(f"/meetings/{meeting.id}/invitations/{asked.id}", data=data).status_code == 303
    session.rollback()
    (guest,) = session.query(Guest).filter_by(invitation_id=asked.id).all()
    assert guest.is_lady is True
