"""Replies by Excel: downloaded, filled in, looked at, taken whole or not at all (M1)."""

import re
from html import unescape
from io import BytesIO

import pytest
import sqlalchemy as sa
import xlsxwriter
from python_calamine import CalamineWorkbook

from portal.db import now
from portal.domain.access.roles import Role
from portal.domain.meetings.models import Guest, Invitation, Lodging, Reply, Via
from tests.domain.meeting_world import MeetingWorld


@pytest.fixture
def world(session, make) -> MeetingWorld:
    return MeetingWorld(session, make)


def rows_of(answer) -> list[list[object]]:
    assert answer.status_code == 200
    return CalamineWorkbook.from_filelike(BytesIO(answer.data)).get_sheet_by_index(0).to_python()


def file_of(rows) -> tuple[BytesIO, str]:
    file = BytesIO()
    book = xlsxwriter.Workbook(file)
    sheet = book.add_worksheet()
    for place, row in enumerate(rows):
        sheet.write_row(place, 0, row)
    book.close()
    file.seek(0)
    return file, "回执.xlsx"


def kept_of(page: str) -> dict[str, str]:
    found = re.search(r'name="kept" value="([^"]*)"', page)
    assert found is not None, page
    return {"kept": unescape(found[1]), "name": "回执.xlsx", "do": "take"}


def test_a_list_is_filled_in_looked_at_and_taken_once(world, session, sign_in):
    meeting = world.plan(**world.soon())
    first, second, third = (one.id for one in world.invite(meeting, world.dealers(3), on=now()))
    client, address = sign_in(world.sales), f"/meetings/{meeting.id}/replies/import"
    session.rollback()
    head, *rows = rows_of(client.get(f"/meetings/{meeting.id}/replies.xlsx"))
    assert len(rows) == 3
    rows[0][2:9] = ["参加", "", "示例甲", "经理", "13800000001", "合住", "G1"]
    rows.insert(1, [*rows[0][:2], "参加", "", "示例乙", "", "", "", "", "", rows[0][10]])
    rows[2][2] = "不参加"
    page = client.post(address, data={"file": file_of([head, *rows])})
    assert page.status_code == 200 and "示例乙" in page.text
    session.rollback()
    assert session.scalar(sa.select(sa.func.count()).where(Invitation.reply.is_not(None))) == 0
    session.rollback()
    taken = client.post(address, data=kept_of(page.text))
    assert taken.status_code == 303
    session.expire_all()
    said = {
        one.id: (one.reply, one.persons, one.replied_via) for one in session.scalars(sa.select(Invitation))
    }
    by_code = [said[one] for one in (first, second, third)]
    assert sorted(by_code, key=str) == sorted(
        [(Reply.COMING, 2, Via.EXCEL), (Reply.DECLINED, 0, Via.EXCEL), (None, None, None)], key=str
    )
    guest = session.scalar(sa.select(Guest).where(Guest.name == "示例甲"))
    assert (guest.phone, guest.lodging, guest.train) == ("13800000001", Lodging.SHARED, "G1")
    session.rollback()
    # The list taken out now and handed in again changes nothing.
    again = client.post(
        address, data={"file": file_of(rows_of(client.get(f"/meetings/{meeting.id}/replies.xlsx")))}
    )
    assert 'name="kept"' not in again.text


def test_a_bad_row_is_named_and_nothing_is_taken(world, session, sign_in):
    meeting = world.plan(**world.soon())
    world.invite(meeting, world.dealers(2), on=now())
    client, address = sign_in(world.manager), f"/meetings/{meeting.id}/replies/import"
    session.rollback()
    head, *rows = rows_of(client.get(f"/meetings/{meeting.id}/replies.xlsx"))
    rows[0][2:4] = ["参加", 1]
    good = client.post(address, data={"file": file_of([head, *rows])})
    for column, wrong in ((2, "也许"), (3, "很多"), (7, "总统套房"), (3, 999)):
        bad = [*rows[1]]
        bad[2] = "参加"
        bad[column] = wrong
        page = client.post(address, data={"file": file_of([head, rows[0], bad])})
        assert 'name="kept"' not in page.text and 'class="error"' in page.text, wrong
    stranger = ["D-无此", "示例陌生", "参加", 1, "", "", "", "", "", "", ""]
    page = client.post(address, data={"file": file_of([head, rows[0], stranger])})
    assert 'name="kept"' not in page.text and "D-无此" in page.text
    session.rollback()
    assert session.scalar(sa.select(sa.func.count()).where(Invitation.reply.is_not(None))) == 0
    session.rollback()
    # Answered by telephone after the preview: the file does not overwrite it unseen.
    asked = session.scalar(sa.select(Invitation).join_from(Invitation, Invitation.distributor).where(
        Invitation.distributor.has(code=rows[0][0])
    ))  # fmt: skip
    world.coming(asked, "示例电话", on=now())
    session.rollback()
    assert client.post(address, data=kept_of(good.text)).status_code == 422
    session.expire_all()
    assert asked.replied_via is Via.PHONE


@pytest.mark.parametrize("data", [{}, {"kept": "!!"}, {"kept": "AAAA", "name": "x.xlsx", "do": "take"}])
def test_what_is_no_list_is_refused(world, session, sign_in, data):
    meeting = world.plan(**world.soon())
    client = sign_in(world.manager)
    session.rollback()
    assert client.post(f"/meetings/{meeting.id}/replies/import", data=data).status_code == 422


def test_an_office_gets_and_fills_only_its_own_dealers(world, session, make, sign_in):
    elsewhere = make.region("示例宁波办事处")
    theirs = make.distributor(elsewhere, make.user(Role.SALESPERSON, elsewhere))
    seller = make.user(Role.SALESPERSON, elsewhere)
    meeting = world.plan(**world.soon())
    (ours,) = world.dealers(1)
    world.invite(meeting, [ours], on=now())
    session.add(Invitation(meeting_id=meeting.id, distributor_id=theirs.id, invited_by_id=world.manager.id))
    session.commit()
    client = sign_in(seller)
    head, *rows = rows_of(client.get(f"/meetings/{meeting.id}/replies.xlsx"))
    assert [row[0] for row in rows] == [theirs.code]
    rows[0][0] = ours.code
    rows[0][2:4] = ["参加", 3]
    session.rollback()
    page = client.post(f"/meetings/{meeting.id}/replies/import", data={"file": file_of([head, *rows])})
    assert 'name="kept"' not in page.text


def test_a_name_with_full_width_signs_handed_back_is_the_same_guest(world, session, sign_in):
    meeting = world.plan(**world.soon())
    (asked,) = world.invite(meeting, world.dealers(1), on=now())
    (guest,) = world.coming(asked, "示例芳（女）", on=now())
    session.rollback()
    client, address = sign_in(world.sales), f"/meetings/{meeting.id}/replies/import"
    table = rows_of(client.get(f"/meetings/{meeting.id}/replies.xlsx"))
    page = client.post(address, data={"file": file_of(table)})
    assert page.status_code == 200 and 'name="kept"' not in page.text  # nothing to take
    session.rollback()
    assert [one.id for one in session.scalars(sa.select(Guest))] == [guest.id]
