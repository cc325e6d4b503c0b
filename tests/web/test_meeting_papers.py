"""A meeting's papers through the pages: who gets which, of whom they tell, and what is refused with a way on."""

import re
import subprocess
from datetime import time, timedelta
from io import BytesIO

import pytest
import zxingcpp
from flask import render_template_string
from PIL import Image

from portal.db import clock_at
from portal.domain.access.roles import Role
from portal.domain.meetings import inviting, planning, sheets, tokens
from portal.domain.meetings.models import Guest, Meeting, Reply, Via
from portal.domain.meetings.planning import china_at
from portal.domain.meetings.queries import Counts
from portal.domain.settings import services as settings
from portal.domain.users import services as users
from portal.printing import pool
from portal.web.meeting_keys import badge_key
from tests.domain.meeting_world import BEFORE, DAY, START, MeetingWorld
from tests.web.test_queries import ORDINARY, counted

PAPERS = ("sign-in-sheet.pdf", "badges.pdf", "table-cards.pdf", "agenda.pdf", "invitations.pdf")


@pytest.fixture
def world(session, make) -> MeetingWorld:
    return MeetingWorld(session, make)


def poppler(program: str, pdf: bytes, *options: str) -> bytes:
    done = subprocess.run([program, *options], input=pdf, capture_output=True, check=True, timeout=60)
    return done.stdout


def text_of(answer) -> str:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.mimetype == "application/pdf"
    return "".join(poppler("pdftotext", answer.data, "-raw", "-", "-").decode().split())


def codes_of(answer) -> list[str]:
    picture = Image.open(
        BytesIO(
            poppler(
                "pdftoppm",
                answer.data,
                "-r",
                "200",
                "-gray",
                "-",
            )
        )
    )
    return [code.text for code in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)]


def held(world: MeetingWorld) -> tuple[Meeting, list[Guest]]:
    """A meeting to which three distributors are invited: one names two guests, one says two persons, one is silent."""
    meeting = world.plan(reply_by_on=DAY - timedelta(days=5))
    first, second, _third = world.invite(meeting, world.dealers(3))
    guests = world.coming(first, "示例甲 0571-55551234", "示例乙")
    with clock_at(BEFORE):
        inviting.answer(
            world.session, world.manager, second, inviting.Answer(Reply.COMING, persons=2), Via.PHONE
        )
        world.session.commit()
    return meeting, guests


def test_the_sheet_has_the_named_the_nameless_and_only_the_tail_of_a_telephone(world, sign_in):
    meeting, _guests = held(world)
    client = sign_in(world.sales)
    answer = client.get(f"/meetings/{meeting.id}/sign-in-sheet.pdf")
    text = text_of(answer)
    assert "应到4人，其中2人姓名未报" in text
    assert "示例甲1234" in text
    assert "55551234" not in text
    (code,) = codes_of(answer)
    with client.application.app_context():
        page = sheets.read_page(badge_key(), code)
    assert page is not None
    assert (page.meeting_id, page.page, page.pages) == (meeting.id, 1, 1)
    by_pinyin = client.get(f"/meetings/{meeting.id}/sign-in-sheet.pdf?by=pinyin")
    assert "姓名未报" in text_of(by_pinyin)


def test_a_badge_carries_a_token_that_the_door_accepts_until_the_day_after(world, sign_in):
    meeting, guests = held(world)
    world.session.refresh(guests[0])
    guests[0].table_no = "8"
    world.session.commit()
    client = sign_in(world.sales)
    answer = client.get(f"/meetings/{meeting.id}/badges.pdf")
    text = text_of(answer)
    assert "示例甲" in text and "示例乙" in text and "桌次8" in text
    with client.application.app_context():
        key = badge_key()
    read = [tokens.read(key, code, meeting.id, START) for code in codes_of(answer)]
    assert {one.guest_id for one in read if isinstance(one, tokens.Token)} == {one.id for one in guests}
    (code, _other) = codes_of(answer)
    assert tokens.read(key, code, meeting.id + 1, START) is tokens.Refused.ELSEWHERE
    late = china_at(DAY + timedelta(days=2), time(0))
    assert tokens.read(key, code, meeting.id, late) is tokens.Refused.EXPIRED
    one = client.get(f"/meetings/{meeting.id}/badges.pdf?guest={guests[1].id}")
    assert "示例甲" not in text_of(one)
    assert text_of(client.get(f"/meetings/{meeting.id}/table-cards.pdf")).count("示例乙") == 2


def test_agenda_and_invitations_say_what_was_entered(world, sign_in):
    meeting, _guests = held(world)
    said = {"manufacturer_name": "示例日化有限公司", "manufacturer_phone": "0571-55550101"}
    settings.change(world.session, None, world.make.head_office(), said)
    world.session.commit()
    client = sign_in(world.sales)
    assert "09:00—10:00示例政策宣贯示例主讲" in text_of(client.get(f"/meetings/{meeting.id}/agenda.pdf"))
    letters = client.get(f"/meetings/{meeting.id}/invitations.pdf")
    assert text_of(letters).count("邀请函") >= 3
    assert "请于2026年6月7日前" in text_of(letters)
    assert f"联系人：{world.manager.name}联系电话：0571-55550101" in text_of(letters)
    assert "示例日化有限公司示例杭州办事处2026年6月1日" in text_of(letters)
    first = meeting_invitations(world, meeting)[0]
    one = client.get(f"/meetings/{meeting.id}/invitations/{first.id}.pdf")
    assert f"尊敬的{first.distributor.name}" in text_of(one)
    assert text_of(one).count("尊敬的") == 1


def test_invitations_name_the_hosts_own_telephone_before_the_companys(world, sign_in):
    meeting, _guests = held(world)
    settings.change(world.session, None, world.make.head_office(), {"manufacturer_phone": "0571-55550101"})
    users.set_phone(world.session, world.manager, "0571 55550202", by=world.manager)
    world.session.commit()
    client = sign_in(world.sales)
    letters = text_of(client.get(f"/meetings/{meeting.id}/invitations.pdf"))
    assert f"联系人：{world.manager.name}联系电话：0571-55550202" in letters and "55550101" not in letters
    assert "0571-5555 0202" in client.get(f"/meetings/{meeting.id}").text


def meeting_invitations(world: MeetingWorld, meeting: Meeting) -> list[inviting.Invitation]:
    return world.session.query(inviting.Invitation).filter_by(meeting_id=meeting.id).all()


def test_another_office_sees_its_own_guests_only_and_a_stranger_nothing(world, make, session, sign_in):
    meeting, _guests = held(world)
    there = make.region("示例宁波办事处")
    guest_manager = make.user(Role.REGIONAL_MANAGER, there)
    session.add(theirs := inviting.Invitation(
        meeting_id=meeting.id, distributor_id=make.distributor(there).id, invited_by_id=world.manager.id
    ))  # fmt: skip
    session.commit()
    world.coming(theirs, "示例丙")
    client = sign_in(guest_manager)
    text = text_of(client.get(f"/meetings/{meeting.id}/sign-in-sheet.pdf"))
    assert "示例丙" in text and "示例甲" not in text
    assert "仅列打印人所管办事处的来宾" in text
    assert "示例甲" not in text_of(client.get(f"/meetings/{meeting.id}/badges.pdf"))
    other = next(one for one in meeting_invitations(world, meeting) if one.id != theirs.id)
    assert client.get(f"/meetings/{meeting.id}/invitations/{other.id}.pdf").status_code == 404
    stranger = sign_in(make.user(Role.REGIONAL_MANAGER, make.region()))
    for paper in (*PAPERS, f"invitations/{theirs.id}.pdf"):
        assert stranger.get(f"/meetings/{meeting.id}/{paper}").status_code == 404, paper
        assert stranger.post(f"/meetings/{meeting.id}/{paper}").status_code == 405, paper


def test_a_meeting_without_anybody_has_a_sheet_of_blank_rows_and_says_what_is_missing(world, sign_in):
    meeting = world.plan(agenda=())
    client = sign_in(world.manager)
    assert "应到0人" in text_of(client.get(f"/meetings/{meeting.id}/sign-in-sheet.pdf"))
    for paper, way_on in (
        ("badges.pdf", "Take down the replies"),
        ("table-cards.pdf", "Take down the replies"),
        ("agenda.pdf", "Enter it"),
        ("invitations.pdf", "Invite distributors"),
    ):
        answer = client.get(f"/meetings/{meeting.id}/{paper}")
        assert answer.status_code == 409
        assert way_on in answer.get_data(as_text=True)


def test_nothing_is_printed_for_a_meeting_that_was_called_off(world, sign_in):
    meeting, _guests = held(world)
    with clock_at(BEFORE):
        planning.call_off(world.session, world.manager, meeting, "示例理由说明")
        world.session.commit()
    client = sign_in(world.manager)
    for paper in PAPERS:
        answer = client.get(f"/meetings/{meeting.id}/{paper}")
        assert answer.status_code == 409
        assert "called off" in answer.get_data(as_text=True)


def test_who_comes_no_more_is_on_no_paper(world, session, sign_in):
    meeting, _guests = held(world)
    first = meeting_invitations(world, meeting)[0]
    with clock_at(BEFORE):
        inviting.withdraw(session, world.manager, first)
        session.commit()
    text = text_of(sign_in(world.manager).get(f"/meetings/{meeting.id}/sign-in-sheet.pdf"))
    assert "示例甲" not in text
    assert "应到2人" in text


def test_more_than_fit_one_file_are_printed_in_parts(world, sign_in, monkeypatch):
    monkeypatch.setattr("portal.blueprints.meeting_papers.views.MOST_LETTERS", 2)
    meeting, _guests = held(world)
    client = sign_in(world.manager)
    whole = client.get(f"/meetings/{meeting.id}/invitations.pdf")
    assert whole.status_code == 409
    assert "one of the 2 parts" in whole.get_data(as_text=True)
    parts = [text_of(client.get(f"/meetings/{meeting.id}/invitations.pdf?part={part}")) for part in (1, 2)]
    assert [part.count("尊敬的") for part in parts] == [2, 1]
    assert client.get(f"/meetings/{meeting.id}/invitations.pdf?part=3").status_code == 409


def test_papers_ask_as_little_for_many_guests_as_for_few(app, world, sign_in, monkeypatch):
    monkeypatch.setattr(pool, "render", lambda job: (b"%PDF-1.7", 1))
    meeting, _guests = held(world)
    client = sign_in(world.manager)
    first = meeting_invitations(world, meeting)[0]
    papers = (*PAPERS, f"invitations/{first.id}.pdf")

    def asked() -> dict[str, int]:
        found = {}
        for paper in papers:
            with counted(app) as statements:
                assert client.get(f"/meetings/{meeting.id}/{paper}").status_code == 200
            found[paper] = len(statements)
        return found

    asked()  # the first time may warm something up
    few = asked()
    for one in world.invite(meeting, world.dealers(4)):
        world.coming(one, "示例某")
    assert asked() == few
    assert max(few.values()) <= ORDINARY, few


def test_the_links_lead_to_papers_and_leave_out_what_nobody_is_on_yet(app, world, sign_in):
    meeting, _guests = held(world)
    client = sign_in(world.manager)

    def links(counts: Counts | None, *, of: Meeting) -> list[str]:
        words = '{% from "meetings/_papers.html" import papers with context %}{{ papers(meeting, counts) }}'
        with app.test_request_context("/", headers={"Accept-Language": "en"}):
            shown = render_template_string(words, meeting=of, counts=counts)
        return re.findall(r'href="([^"]+)"', shown.replace("&amp;", "&"))

    addresses = links(Counts(invited=3, named=2), of=meeting)
    assert addresses == links(None, of=meeting)
    assert len(addresses) == 7
    for address in addresses:
        wanted = "application/zip" if "invitations.zip" in address else "application/pdf"
        assert client.get(address).mimetype == wanted, address
    many = links(Counts(invited=401, named=501), of=meeting)
    assert [one.partition("?")[2] for one in many if "part=" in one] == ["part=1", "part=2"] * 2 + [
        "part=1",
        "part=2",
        "part=3",
        *(f"part={part}" for part in range(1, 6)),
    ]
    empty = links(Counts(), of=world.plan(agenda=()))
    assert [one.partition("sign-in-sheet.pdf")[2] for one in empty] == ["", "?by=pinyin"]
