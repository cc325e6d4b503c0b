"""The door of a meeting: its devices, and the page on which guests are checked in."""

import io
import random
import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
import time_machine
from werkzeug.test import create_environ, run_wsgi_app

from portal.db import clock_at
from portal.domain.access.roles import Role
from portal.domain.meetings import kiosks, planning, tokens
from portal.domain.meetings.models import Attendance, Guest, Kiosk, What
from portal.web.meeting_keys import badge_key
from tests.domain.meeting_world import BEFORE, END, START, MeetingWorld
from tests.factories import PASSWORD
from tests.web.access_rows import rows_of_region
from tests.web.test_access import OPEN, TABLE, address, routes
from tests.web.test_queries import counted

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(session, make) -> MeetingWorld:
    return MeetingWorld(session, make)


@pytest.fixture
def clock():
    """Nine o'clock on the day of the meeting, for requests as well; `move_to` another time."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def meeting(world):
    made = world.plan()
    (invitation,) = world.invite(made, world.dealers(1, name="示例十七号调味品有限公司"))
    world.coming(invitation, "周小满 13800000017", "李示例 13900000018")
    return made


@pytest.fixture
def guests(world, meeting):
    return world.session.scalars(sa.select(Guest).order_by(Guest.id)).all()


def device(app, world, meeting, *, language="en"):
    """A browser that was made a device, in the meeting's hour."""
    _, opening = kiosks.make(world.session, world.manager, meeting, "")
    world.session.commit()
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["language"] = language
    answer = client.post(f"/check-in/open/{opening}")
    assert (answer.status_code, answer.location) == (303, door(meeting))
    return client


def door(meeting, rest=""):
    return f"/meetings/{meeting.id}/check-in{rest}"


def code(app, meeting, guest, until=END):
    with app.app_context():
        return tokens.token(badge_key(), meeting.id, guest.id, until)


def arrivals(session):
    session.rollback()
    return session.scalars(sa.select(Attendance).order_by(Attendance.id)).all()


@pytest.fixture
def kiosk(app, clock, world, meeting):
    return device(app, world, meeting)


# ---- Devices


def test_a_link_opens_a_device_once_and_only_for_its_own_page(app, clock, world, meeting, sign_in):
    page = sign_in(world.manager).post(f"/meetings/{meeting.id}/kiosks", data={"name": "东门"}).text
    path = re.search(r'value="http://portal\.example(/check-in/open/[\w-]+)"', page)[1]
    assert "<svg" in page and "09:20" in page
    tablet = app.test_client()
    shown = tablet.get(path, headers={"Accept-Language": "en"}).text
    assert "Make this the check-in device 东门?" in shown and meeting.title in shown
    opened = tablet.post(path)
    cookie = next(said for said in opened.headers.getlist("Set-Cookie") if said.startswith("kiosk="))
    assert f"Path={door(meeting)};" in cookie and "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert tablet.get(door(meeting)).status_code == 200
    assert app.test_client().post(path).status_code == tablet.get(path).status_code == 410
    page = sign_in(world.manager).get(f"/meetings/{meeting.id}/kiosks").text
    assert "东门" in page and "At the door" in page and "/check-in/open/" not in page


def test_a_link_is_too_old_after_twenty_minutes_and_another_one_is_given(app, clock, world, meeting, sign_in):
    manager = sign_in(world.manager)
    find = re.compile(r"/check-in/open/[\w-]+")
    first = find.search(manager.post(f"/meetings/{meeting.id}/kiosks", data={"name": ""}).text)[0]
    clock.move_to(START + 20 * MINUTE)
    assert app.test_client().post(first).status_code == 410
    assert "Link too old" in manager.get(f"/meetings/{meeting.id}/kiosks").text
    made = world.session.scalar(sa.select(Kiosk))
    second = find.search(manager.post(f"/meetings/{meeting.id}/kiosks/{made.id}/link").text)[0]
    assert app.test_client().post(first).status_code == 410
    assert app.test_client().post(second).status_code == 303


def test_using_this_device_ends_the_sign_in_of_its_browser(app, clock, world, meeting, sign_in):
    browser = sign_in(world.manager)
    answer = browser.post(f"/meetings/{meeting.id}/kiosks", data={"name": "", "here": "1"})
    assert (answer.status_code, answer.location) == (303, door(meeting))
    assert browser.get("/").location == "/login"
    assert "Please scan your badge" in browser.get(door(meeting)).text


def test_opening_a_link_where_somebody_is_signed_in_ends_that_sign_in(app, clock, world, meeting, sign_in):
    _, opening = kiosks.make(world.session, world.manager, meeting, "")
    world.session.commit()
    browser = sign_in(world.sales)
    assert "You are signed out in this browser first." in browser.get(f"/check-in/open/{opening}").text
    browser.post(f"/check-in/open/{opening}")
    assert browser.get("/").location == "/login"


def test_a_device_reaches_no_other_page(app, kiosk, world, meeting, session, make):
    """Also when its key is sent along with every request, as somebody would who copied it."""
    key = kiosk.get_cookie("kiosk", path=door(meeting)).value
    copied = app.test_client()
    copied.set_cookie("kiosk", key, path="/")
    assert copied.get(door(meeting)).status_code == 200
    rows = rows_of_region(session, make, world.office)
    for endpoint, method in routes(app):
        if TABLE[endpoint].needs == OPEN:
            continue
        answer = copied.open(address(app, endpoint, rows), method=method)
        assert (answer.status_code, answer.location.split("?")[0]) == (303, "/login"), (endpoint, method)
    for rest in ("kiosks", ""):
        assert copied.get(f"/meetings/{meeting.id}/{rest}").status_code in (303, 404), rest


def test_an_ended_device_and_a_meeting_that_is_over_say_so_calmly(
    app, clock, kiosk, world, meeting, guests, sign_in
):
    made = world.session.scalar(sa.select(Kiosk))
    other = device(app, world, meeting)
    assert sign_in(world.manager).post(f"/meetings/{meeting.id}/kiosks/{made.id}/end").status_code == 303
    for answer in (kiosk.get(door(meeting)), kiosk.post(door(meeting), data={"said": "周"})):
        assert answer.status_code == 410 and "This device has ended" in answer.text
    assert other.get(door(meeting)).status_code == 200
    kiosk.post("/login", data={"username": world.manager.username, "password": PASSWORD})
    assert kiosk.get(door(meeting)).status_code == 200
    clock.move_to(kiosks.ends_at(meeting))
    answer = other.post(door(meeting), data={"said": code(app, meeting, guests[0], END + 9 * MINUTE * 60)})
    assert answer.status_code == 410 and "The meeting is over" in answer.text
    assert arrivals(world.session) == []


def test_a_meeting_called_off_checks_in_nobody(kiosk, clock, world, meeting):
    with clock_at(BEFORE):
        planning.call_off(world.session, world.manager, meeting, "示例原因")
        world.session.commit()
    answer = kiosk.get(door(meeting))
    assert answer.status_code == 410 and "The meeting was called off" in answer.text


# ---- Arriving


def test_a_scanned_badge_is_checked_in_with_name_company_table_and_seat(app, kiosk, world, meeting, guests):
    guest = guests[0]
    guest.table_no, guest.seat_no = "8", "12"
    world.session.commit()
    answer = kiosk.post(door(meeting), data={"said": f" {code(app, meeting, guest).lower()}\n"})
    assert answer.status_code == 200
    for shown in (
        "Checked in",
        "周小满",
        "示例十七号调味品有限公司",
        ">8<",
        ">12<",
        "1 of 2 in",
        'data-tone="welcome"',
    ):
        assert shown in answer.text
    assert "13800000017" not in answer.text
    (row,) = arrivals(world.session)
    assert row.guest_id == guest.id and row.kiosk_id and row.by_id is None


def test_a_second_scan_says_since_when_and_a_late_one_that_it_is_late(
    app, kiosk, clock, world, meeting, guests
):
    clock.move_to(START + 2 * MINUTE)
    kiosk.post(door(meeting), data={"said": code(app, meeting, guests[0])})
    clock.move_to(START + 40 * MINUTE)
    again = kiosk.post(door(meeting), data={"said": code(app, meeting, guests[0])}).text
    assert "Already in since 09:02" in again and 'data-tone="already"' in again
    late = kiosk.post(door(meeting), data={"said": code(app, meeting, guests[1])}).text
    assert "Checked in, late" in late and 'data-tone="late"' in late and "09:40" in late
    assert len(arrivals(world.session)) == 2


def test_the_same_scan_sent_again_is_the_same_arrival(app, kiosk, clock, world, meeting, guests):
    form = {"said": code(app, meeting, guests[0]), "nonce": "sighting-1"}
    first = kiosk.post(door(meeting), data=form).text
    clock.move_to(START + 30 * MINUTE)
    again = kiosk.post(door(meeting), data=form).text
    assert 'data-tone="welcome"' in first and 'data-tone="welcome"' in again
    (row,) = arrivals(world.session)
    assert row.key == f"m{meeting.id}:sighting-1"


@pytest.mark.parametrize("typed", ["周小", "zxm", "zhouxiao", "0017", "１３８００００００１７"])
def test_who_is_looked_for_is_tapped(kiosk, world, meeting, guests, typed):
    page = kiosk.post(door(meeting), data={"said": typed}).text
    assert (
        "周小满" in page
        and "李示例" not in page
        and "phone ends in 0017" in page
        and "1380000" not in page.replace(typed, "")
    )
    assert arrivals(world.session) == []
    answer = kiosk.post(door(meeting, f"/guests/{guests[0].id}"), data={"nonce": "tapped-once"})
    assert "Checked in" in answer.text
    assert "in since 09:00" in kiosk.post(door(meeting), data={"said": typed}).text


def test_nobody_found_says_what_to_do(kiosk, meeting):
    page = kiosk.post(door(meeting), data={"said": "<b>王"}).text
    assert "Nobody found for “&lt;b&gt;王”" in page and "/check-in/walk-in" in page


def test_codes_of_others_and_old_ones_are_refused_with_what_to_do(app, kiosk, clock, world, meeting, guests):
    elsewhere = world.plan(title="示例另一场会议")
    (invitation,) = world.invite(elsewhere, world.dealers(1))
    (stranger,) = world.coming(invitation, "示例外人")
    for said, word in (
        (code(app, elsewhere, stranger), "Badge of another meeting"),
        (code(app, meeting, guests[0], START), "Badge no longer valid"),
        (code(app, meeting, stranger), "Not on the list"),
    ):
        answer = kiosk.post(door(meeting), data={"said": said})
        assert answer.status_code == 422 and word in answer.text and "Type the name" in answer.text
        assert 'data-tone="refused"' in answer.text
    assert kiosk.get(door(elsewhere)).status_code == 303
    assert kiosk.post(door(meeting, f"/guests/{stranger.id}")).status_code == 422
    assert arrivals(world.session) == []


def test_a_code_with_a_character_changed_is_never_taken(app, kiosk, world, meeting, guests):
    right, lot = code(app, meeting, guests[0]), random.Random(6)
    for _turn in range(10):
        at = lot.randrange(2, len(right))
        other = lot.choice([sign for sign in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" if sign != right[at]])
        answer = kiosk.post(door(meeting), data={"said": right[:at] + other + right[at + 1 :]})
        assert answer.status_code == 422 and "Code not valid" in answer.text
    assert arrivals(world.session) == []


def test_a_scan_asks_the_database_five_times_and_a_second_one_no_more(app, kiosk, world, meeting, guests):
    """Two hundred people stand there: what a scan costs is what they wait for."""
    said = {"said": code(app, meeting, guests[0])}
    for most in (5, 4):
        with counted(app) as statements:
            assert kiosk.post(door(meeting), data=said).status_code == 200
        assert len(statements) <= most, statements
    assert len(arrivals(world.session)) == 1


def test_of_ten_thousand_codes_that_are_sent_to_the_door_none_is_taken(
    app, kiosk, clock, world, meeting, guests
):
    """Changed by a few letters, of other meetings, of nobody, of other keys, too old: each through the real view.

    Five thousand on each database, other ones on each.
    """
    elsewhere = world.plan(title="示例另一场会议")
    (invitation,) = world.invite(elsewhere, world.dealers(1))
    (stranger,) = world.coming(invitation, "示例外人")
    with app.app_context():
        key = badge_key()
    right = tokens.token(key, meeting.id, guests[0].id, END)
    draw = random.Random(world.session.get_bind().dialect.name)

    def hostile(no):
        kind, until = no % 10, END + draw.randrange(9_999) * MINUTE
        if kind == 6:
            return tokens.token(key, meeting.id, guests[no % 2].id, START - draw.randrange(9_999) * MINUTE)
        if kind == 7:
            return tokens.token(key, elsewhere.id, draw.choice((stranger, *guests)).id, until)
        if kind == 8:
            return tokens.token(key, meeting.id, draw.choice((0, stranger.id, -1, 2**63 - 1)), until)
        if kind == 9:
            return tokens.token(draw.randbytes(32), meeting.id, guests[no % 2].id, until)
        return mutated(right, draw)

    send = sender(app, kiosk, door(meeting))
    with counted(app) as statements:
        for no in range(5_000):
            said = hostile(no)
            status, page = send(said)
            assert status in ("200 OK", "422 UNPROCESSABLE ENTITY"), (said, status)
            assert 'data-tone="refused"' in page or not tokens.looks_like_one(said), said
    written = [one for one in statements if one.startswith(("INSERT", "UPDATE", "DELETE"))]
    assert written == [] and arrivals(world.session) == []
    assert kiosk.post(door(meeting), data={"said": right}).status_code == 200
    assert len(arrivals(world.session)) == 1


def sender(app, client, path):
    """Sends what is scanned as the page's script does; by itself, since a test's client takes longer than the view."""
    key = client.get_cookie("kiosk", path=path).value
    headers = {"HX-Request": "true", "Cookie": f"kiosk={key}"}
    usual = create_environ(
        path, method="POST", headers=headers, content_type="application/x-www-form-urlencoded"
    )

    def send(said):
        body = urlencode({"said": said}).encode()
        sent = usual | {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        parts, status, _headers = run_wsgi_app(app, sent, buffered=True)
        return status, b"".join(parts).decode()

    return send


def mutated(right, draw):
    """The code with one to three of its letters changed, gone, doubled, or nothing that a code has."""
    text = list(right)
    # What no scanner types is left out at the portal's edge, so it makes no other code of it.
    while "".join(text).replace("\0", "").strip() == right:
        for _turn in range(draw.randint(1, 3)):
            place = draw.randrange(len(text))
            kind = draw.randrange(4)
            if kind == 0:
                text[place] = draw.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
            elif kind == 1:
                del text[place]
            elif kind == 2:
                text.insert(place, draw.choice("AZ27018 =é中\0%_'\""))
            else:
                text[place] = draw.choice("018=-_é中\0 %'\"\ud7ff")
    return "".join(text)


def test_before_the_door_opens_the_answer_says_when(app, clock, world, meeting, guests):
    clock.move_to(BEFORE)
    answer = device(app, world, meeting).post(door(meeting), data={"said": code(app, meeting, guests[0])})
    assert answer.status_code == 422 and "it opens six hours before" in answer.text


# ---- What is out of the ordinary


def test_a_walk_in_is_added_and_in_once_however_often_it_is_sent(kiosk, world, meeting):
    form = {"name": "示例来客", "phone": "13700000001", "company": "示例路过商贸", "nonce": "walk-in-1"}
    for _turn in range(2):
        page = kiosk.post(door(meeting, "/walk-in"), data=form).text
        assert "Checked in" in page and "示例来客" in page and "示例路过商贸" in page and "1 of 3 in" in page
    (row,) = arrivals(world.session)
    assert row.guest.is_walk_in
    refused = kiosk.post(door(meeting, "/walk-in"), data={"name": " ", "company": "示例"})
    assert refused.status_code == 422 and "Enter the name." in refused.text


def test_a_substitute_takes_the_seat_of_the_one_who_was_expected(kiosk, world, meeting, guests):
    guests[0].table_no = "5"
    world.session.commit()
    where = door(meeting, f"/guests/{guests[0].id}/substitute")
    assert "In place of 周小满" in kiosk.get(where).text
    page = kiosk.post(where, data={"name": "示例代表", "nonce": "stands-in"}).text
    assert "示例代表" in page and "示例十七号调味品有限公司" in page and ">5<" in page and "1 of 2 in" in page
    (row,) = arrivals(world.session)
    assert row.guest.stands_in_for_id == guests[0].id


def test_leaving_and_undoing_are_on_record_and_an_undone_guest_comes_again(
    app, kiosk, clock, world, meeting, guests
):
    guest = guests[0]
    kiosk.post(door(meeting), data={"said": code(app, meeting, guest)})
    clock.move_to(START + 5 * MINUTE)
    assert "周小满" in kiosk.get(door(meeting, "/last")).text
    assert (
        "Left early" in kiosk.post(door(meeting, f"/guests/{guest.id}/left"), data={"nonce": "leaves-1"}).text
    )
    assert "left at 09:05" in kiosk.get(door(meeting, "/last")).text
    refused = kiosk.post(door(meeting, f"/guests/{guest.id}/undo"), data={"reason": " "})
    assert refused.status_code == 422 and "Enter why" in refused.text
    form = {"reason": "扫错了", "nonce": "undone-1"}
    for _turn in range(2):
        page = kiosk.post(door(meeting, f"/guests/{guest.id}/undo"), data=form).text
    assert "0 of 2 in" in page
    assert "周小满" not in kiosk.get(door(meeting, "/last")).text
    assert "Checked in" in kiosk.post(door(meeting), data={"said": code(app, meeting, guest)}).text
    rows = arrivals(world.session)
    assert [row.what for row in rows] == [What.ARRIVED, What.LEFT, What.UNDONE, What.ARRIVED]
    assert rows[2].note == "扫错了" and rows[3].turn == 2


def test_whoever_holds_meetings_checks_in_by_name_and_others_do_not(
    app, clock, world, meeting, guests, make, sign_in
):
    answer = sign_in(world.manager).post(door(meeting), data={"said": code(app, meeting, guests[0])})
    assert answer.status_code == 200 and world.manager.name in answer.text
    (row,) = arrivals(world.session)
    assert row.by_id == world.manager.id and row.kiosk_id is None
    auditor = sign_in(make.user(Role.AUDITOR))
    assert auditor.get(door(meeting)).status_code == auditor.post(door(meeting)).status_code == 403
    elsewhere = sign_in(make.user(Role.REGIONAL_MANAGER, make.region()))
    assert elsewhere.get(door(meeting)).status_code == 404


def test_the_script_of_the_page_is_given_the_answer_alone(app, kiosk, meeting, guests):
    answer = kiosk.post(
        door(meeting), data={"said": code(app, meeting, guests[0])}, headers={"HX-Request": "true"}
    )
    assert "<html" not in answer.text and 'data-count="1 of 2 in"' in answer.text


def test_a_form_without_its_token_is_refused_and_not_sent_to_sign_in(make_app, clock, world, meeting):
    app = make_app(WTF_CSRF_ENABLED=True)
    _, opening = kiosks.make(world.session, world.manager, meeting, "")
    world.session.commit()
    tablet = app.test_client()
    find = re.compile(r'name="csrf_token" value="([^"]+)"')
    token = find.search(tablet.get(f"/check-in/open/{opening}").text)[1]
    assert tablet.post(f"/check-in/open/{opening}", data={"csrf_token": token}).status_code == 303
    assert tablet.post(door(meeting), data={"said": "周"}).status_code == 400
    token = find.search(tablet.get(door(meeting)).text)[1]
    assert tablet.post(door(meeting), data={"said": "周", "csrf_token": token}).status_code == 200


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_page_of_the_door_speaks_both_languages(app, clock, world, meeting, language):
    page = device(app, world, meeting, language=language).get(door(meeting)).text
    assert ("请扫描胸卡上的二维码" in page) == (language == "zh_CN")
