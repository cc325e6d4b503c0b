"""Signed sign-in sheets come back in piles of scans and are filed by their codes; who signed is checked in by hand."""

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
import sqlalchemy as sa
import time_machine

from bench.worn import CROOKED, OFFICE, PHONE, TURNED, drawn, page_count, worn
from portal.db import clock_at
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.meetings import inviting, planning, sheets
from portal.domain.meetings.models import Attendance, How, SignedSheet
from portal.domain.meetings.sheets import Order, SheetPage
from portal.web.meeting_keys import badge_key
from tests.domain.meeting_world import BEFORE, END, START, MeetingWorld
from tests.scanning.sheets import jpeg_of, pdf_of, sheet

pytestmark = pytest.mark.usefixtures("one_reader")

PRINTED = datetime(2026, 6, 11, 8, 30, tzinfo=UTC)
WEARS = (OFFICE, TURNED, CROOKED, PHONE)


@pytest.fixture
def world(session, make) -> MeetingWorld:
    return MeetingWorld(session, make)


@pytest.fixture
def clock():
    """The day after the meeting, when somebody scans what was signed."""
    with time_machine.travel(END + timedelta(hours=16), tick=False) as traveller:
        yield traveller


@pytest.fixture
def meeting(world):
    """Sixty people of three distributors, so that the sheet has some pages; the first of them was scanned."""
    made = world.plan()
    for no, invitation in enumerate(world.invite(made, world.dealers(3))):
        guests = world.coming(invitation, *(f"示例{no}号来宾{one}" for one in range(20)))
        if not no:
            world.arrive(guests[0], on=START)
    return made


def code(app, meeting, page, pages, *, printed=PRINTED, order=Order.OFFICE):
    with app.app_context():
        return sheets.page_code(badge_key(), SheetPage(meeting.id, printed, page, pages, order))


def hand_in(client, office, *files):
    sent = [(BytesIO(data), name) for name, data in files]
    answer = client.post("/agreements/scans/new", data={"region": str(office.id), "files": sent})
    assert answer.status_code == 303, answer.text
    return int(re.search(r"/scans/(\d+)", client.get(answer.location, follow_redirects=True).request.path)[1])


def said(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def address(meeting, rest=""):
    return f"/meetings/{meeting.id}/signed-sheets{rest}"


def filed(session, meeting):
    session.rollback()
    return session.scalars(
        sa.select(SignedSheet).where(SignedSheet.meeting_id == meeting.id).order_by(SignedSheet.id)
    ).all()


def test_the_printed_sheet_comes_back_worn_and_is_filed_with_its_meeting_page_by_page(
    clock, world, meeting, session, sign_in
):
    manager = sign_in(world.manager)
    pdf = manager.get(f"/meetings/{meeting.id}/sign-in-sheet.pdf").data
    pages = page_count(pdf)
    assert pages >= 3
    scans = []
    for no in range(1, pages + 1):
        wear = WEARS[no % len(WEARS)]
        scans.append((f"{no}.jpg", jpeg_of(worn(drawn(pdf, no, wear.dpi), wear, seed=no))))
    pile = hand_in(manager, world.office, *reversed(scans))
    assert sorted((one.page, one.pages, one.is_by_pinyin) for one in filed(session, meeting)) == [
        (no, pages, False) for no in range(1, pages + 1)
    ]
    page = said(manager.get(address(meeting)))
    assert "All pages are here." in page and "by office" in page
    # In the pile nothing of them waits for a place.
    shown = manager.get(f"/agreements/scans/{pile}")
    assert "To be placed by hand" not in said(shown) and meeting.title in said(shown)
    picture = manager.get(address(meeting, f"/{filed(session, meeting)[0].id}.jpg"))
    assert picture.status_code == 200 and picture.data.startswith(b"\xff\xd8\xff")


def test_prints_are_told_apart_and_what_is_missing_or_came_twice_is_said(
    app, clock, world, meeting, session, sign_in
):
    later = PRINTED + timedelta(hours=1)
    manager = sign_in(world.manager)
    pages = [sheet(text=code(app, meeting, no, 4), seed=no) for no in (3, 1, 1)]
    pages.append(sheet(text=code(app, meeting, 2, 2, printed=later, order=Order.PINYIN)))
    pages.append(sheet(seed=9))
    pile = hand_in(manager, world.office, ("pile.pdf", pdf_of(*pages)))
    assert [(one.page, one.is_by_pinyin) for one in filed(session, meeting)] == [
        (3, False),
        (1, False),
        (1, False),
        (2, True),
    ]
    page = said(manager.get(address(meeting)))
    assert page.index("by office") < page.index("Missing: pages 2, 4") < page.index("by pinyin")
    assert "Scanned more than once: page 1" in page
    assert page.index("by pinyin") < page.index("Missing: page 1")
    assert "1 page whose code could not be read" in said(manager.get(f"/agreements/scans/{pile}"))


def test_codes_of_others_file_nothing(app, clock, world, meeting, make, session, sign_in):
    """Of a meeting that whoever scans does not see, of another key, of a page that cannot be, of no meeting."""
    far = make.region("示例外地办事处")
    colleague = make.user(Role.REGIONAL_MANAGER, far)
    with clock_at(BEFORE):
        theirs = planning.plan(session, colleague, far, world.facts(host=colleague))
        session.commit()
    forged = sheets.page_code(b"x" * 32, SheetPage(meeting.id, PRINTED, 1, 1, Order.OFFICE))
    with app.app_context():
        nowhere = sheets.page_code(badge_key(), SheetPage(2**40, PRINTED, 1, 1, Order.OFFICE))
    bad = (code(app, theirs, 1, 1), forged, code(app, meeting, 5, 4), code(app, meeting, 0, 4), nowhere)
    pages = [sheet(text=one, seed=no) for no, one in enumerate(bad)]
    manager = sign_in(world.manager)
    pile = hand_in(manager, world.office, ("pile.pdf", pdf_of(*pages)))
    assert filed(session, meeting) == filed(session, theirs) == []
    assert "5 pages whose code could not be read" in said(manager.get(f"/agreements/scans/{pile}"))


def test_who_signed_and_was_not_scanned_is_checked_in_by_the_sheet(
    app, clock, world, meeting, session, sign_in
):
    manager = sign_in(world.manager)
    hand_in(manager, world.office, ("page.jpg", jpeg_of(sheet(text=code(app, meeting, 1, 3)))))
    (signed,) = filed(session, meeting)
    where = address(meeting, f"/{signed.id}")
    page = manager.get(where).text
    assert 'value="2026-06-12"' in page and 'value="09:00"' in page
    listed = re.findall(r'name="guest" value="(\d+)"', page)
    assert len(listed) == 59 and "示例0号来宾0<" not in page
    when = {"arrived_on": "2026-06-12", "arrived_at": "09:10"}
    refused = manager.post(where, data=when)
    assert refused.status_code == 422 and "Tick those who signed" in said(refused)
    refused = manager.post(where, data=when | {"guest": listed[:1], "arrived_on": "2026-06-20"})
    assert refused.status_code == 422 and f'value="{listed[0]}" checked' in refused.text
    for _turn in range(2):
        assert manager.post(where, data=when | {"guest": listed[:2]}).status_code == 303
    session.rollback()
    rows = session.scalars(sa.select(Attendance).where(Attendance.how == How.SHEET)).all()
    assert {str(row.guest_id) for row in rows} == set(listed[:2]) and len(rows) == 2
    for row in rows:
        assert row.by_id == world.manager.id and row.at == START + timedelta(minutes=10)
    told = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "meeting.sheet_taken_down")).all()
    assert [event.params["guests"] for event in told] == [2]
    assert len(re.findall('name="guest"', manager.get(where).text)) == 57


def test_only_who_sees_everybody_sees_the_sheets_and_only_who_holds_the_meeting_checks_in(
    app, clock, world, meeting, make, session, sign_in
):
    hand_in(sign_in(world.manager), world.office, ("page.jpg", jpeg_of(sheet(text=code(app, meeting, 1, 1)))))
    (signed,) = filed(session, meeting)
    other = world.plan(title="示例另一场会议")
    rests = ("", f"/{signed.id}", f"/{signed.id}.jpg")
    auditor = sign_in(make.user(Role.AUDITOR, make.head_office()))
    assert [auditor.get(address(meeting, rest)).status_code for rest in rests] == [200, 200, 200]
    assert auditor.post(address(meeting, rests[1]), data={"guest": ["1"]}).status_code == 403
    assert 'name="guest"' not in auditor.get(address(meeting, rests[1])).text
    stranger = make.region("示例外地办事处")
    colleague = make.user(Role.REGIONAL_MANAGER, stranger)
    with clock_at(BEFORE):
        dealer = make.distributor(stranger, colleague)
        session.commit()
        head = make.user(Role.EXECUTIVE, make.head_office())
        session.commit()
        inviting.invite(session, head, meeting, [dealer.id])
        session.commit()
    theirs = sign_in(colleague)
    assert theirs.get(f"/meetings/{meeting.id}").status_code == 200
    assert [theirs.get(address(meeting, rest)).status_code for rest in rests] == [404, 404, 404]
    manager = sign_in(world.manager)
    assert [manager.get(address(other, rest)).status_code for rest in rests] == [200, 404, 404]


def test_a_filed_sheet_stays_as_it_is(app, clock, world, meeting, session, sign_in):
    hand_in(sign_in(world.manager), world.office, ("page.jpg", jpeg_of(sheet(text=code(app, meeting, 1, 1)))))
    filed(session, meeting)
    for statement in (
        "UPDATE meeting_signed_sheet SET page = 1, pages = 2",
        "DELETE FROM meeting_signed_sheet",
    ):
        with pytest.raises(sa.exc.DBAPIError):
            session.execute(sa.text(statement))
        session.rollback()
