"""Seats on screen and on paper: what is typed is kept, what is refused says what to do, who sees whose."""

import re
import subprocess

import pytest

from portal.db import clock_at
from portal.domain.access.roles import Role
from portal.domain.meetings import packs, seats
from portal.domain.meetings.models import Guest, Invitation, Meeting
from tests.domain.meeting_world import START, MeetingWorld
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
