"""What devices send after they had no network: the batch, its limits, who may send, and judging what is unclear."""

import hashlib
import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal.db import CHINA
from portal.domain.access.roles import Role
from portal.domain.meetings import kiosks
from portal.domain.meetings.models import Attendance, Guest, Kiosk, Sighting, Trouble
from portal.web.meeting_keys import badge_code
from tests.domain.meeting_world import END, START
from tests.web import test_check_in
from tests.web.test_check_in import arrivals, code, door

# The same meeting, its guests and a device at its door.
world, clock, meeting = test_check_in.world, test_check_in.clock, test_check_in.meeting
guests, kiosk = test_check_in.guests, test_check_in.kiosk

MINUTE = timedelta(minutes=1)


def told(at) -> str:
    return at.astimezone(CHINA).isoformat()


def send(client, meeting, *entries, on=START, live=None, **how):
    body = {"now": told(on), "live": live, "entries": entries}
    return client.post(door(meeting, "/sightings"), json=body, **how)


def scan(app, meeting, guest, at, nonce="sighting-1", **said):
    return {"kind": "scan", "said": code(app, meeting, guest), "at": told(at), "nonce": nonce} | said


def listed(world) -> list[Trouble]:
    world.session.rollback()
    return list(world.session.scalars(sa.select(Sighting.trouble).order_by(Sighting.id)))


def test_a_batch_is_taken_in_at_its_own_times_and_sent_again_is_the_same(
    app, clock, kiosk, world, meeting, guests
):
    clock.move_to(START + 120 * MINUTE)
    batch = [
        scan(app, meeting, guests[0], START + MINUTE, "first-one"),
        {"kind": "guest", "guest": guests[1].id, "at": told(START + 20 * MINUTE), "nonce": "second-one"},
        {
            "kind": "walk_in",
            "name": "示例来客",
            "company": "示例商贸",
            "at": told(START),
            "nonce": "third-one",
        },
    ]
    for _time in range(3):
        answer = send(kiosk, meeting, *batch, on=START + 120 * MINUTE)
        assert answer.status_code == 200
        assert [one["what"] for one in answer.json["results"]] == ["welcome", "late", "welcome"]
        assert answer.json["count"] == "3 of 3 in" and answer.json["skew"] == 0
    rows = arrivals(world.session)
    assert [row.at for row in rows] == [START + MINUTE, START + 20 * MINUTE, START]
    assert {row.received_at for row in rows} == {START + 120 * MINUTE}
    assert [row.key.split(":")[1] for row in rows] == ["first-one", "second-one", "third-one"]


def test_a_wrong_clock_is_corrected_and_told(app, clock, kiosk, world, meeting, guests):
    clock.move_to(START + 30 * MINUTE)
    wrong = timedelta(hours=-9)
    answer = send(
        kiosk, meeting, scan(app, meeting, guests[0], START + wrong), on=START + 30 * MINUTE + wrong
    )
    assert answer.json["skew"] == 9 * 3600
    assert arrivals(world.session)[0].at == START


def test_whoever_waits_is_answered_as_the_page_answers(app, kiosk, world, meeting, guests):
    answer = send(kiosk, meeting, scan(app, meeting, guests[0], START), live="sighting-1")
    assert "周小满" in answer.json["html"] and 'data-tone="welcome"' in answer.json["html"]
    forged = {"kind": "scan", "said": "HYAAAA", "at": told(START), "nonce": "forged-one"}
    assert "Code not valid" in send(kiosk, meeting, forged, live="forged-one").json["html"]
    assert listed(world) == []
    # The same without anybody waiting is kept.
    assert send(kiosk, meeting, forged).json["results"][0]["what"] == "listed"
    assert listed(world) == [Trouble.FORGED]


def test_an_old_sighting_that_calls_itself_live_is_judged_all_the_same(
    app, clock, kiosk, world, meeting, guests
):
    clock.move_to(START + 60 * MINUTE)
    before = START - timedelta(hours=5)
    answer = send(
        kiosk,
        meeting,
        scan(app, meeting, guests[0], before),
        on=START + 60 * MINUTE,
        live="sighting-1",
    )
    assert answer.json["results"][0]["what"] == "listed" and answer.json["html"] == ""
    assert arrivals(world.session) == []


def test_a_device_that_ended_still_sends_what_it_saw_before(
    app, clock, kiosk, world, meeting, guests, sign_in
):
    made = world.session.scalar(sa.select(Kiosk))
    clock.move_to(START + 10 * MINUTE)
    sign_in(world.manager).post(f"/meetings/{meeting.id}/kiosks/{made.id}/end")
    later = kiosks.ends_at(meeting) + timedelta(days=13)
    clock.move_to(later)
    assert kiosk.get(door(meeting)).status_code == 410
    assert kiosk.get(door(meeting, "/guests.json")).status_code == 410
    assert kiosk.get(door(meeting, "/worker.js")).status_code == 410
    page = kiosk.get(door(meeting)).text
    assert f'data-sightings="{door(meeting, "/sightings")}"' in page and "kiosk.js" in page
    batch = [
        scan(app, meeting, guests[0], START + 9 * MINUTE, "before-it"),
        scan(app, meeting, guests[1], START + 11 * MINUTE, "after-it"),
    ]
    answer = send(kiosk, meeting, *batch, on=later, live="after-it")
    assert [one["what"] for one in answer.json["results"]] == ["welcome", "listed"]
    assert [row.guest_id for row in arrivals(world.session)] == [guests[0].id]
    clock.move_to(later + timedelta(days=2))
    assert send(kiosk, meeting, batch[0], on=later + timedelta(days=2)).status_code == 410


@pytest.mark.parametrize(
    "entry",
    [
        None,
        7,
        "said",
        {},
        {"nonce": "short", "kind": "scan"},
        {"nonce": ["a"], "kind": "scan"},
        {"nonce": "a-good-nonce", "kind": "dance"},
        {"nonce": "a-good-nonce", "kind": ["scan"]},
        {"nonce": "' or 1=1 -- x", "kind": "scan"},
    ],
)
def test_what_is_no_sighting_is_said_to_be_none_and_holds_up_no_other(
    app, kiosk, world, meeting, guests, entry
):
    answer = send(kiosk, meeting, entry, scan(app, meeting, guests[0], START))
    assert [one["what"] for one in answer.json["results"]] == ["invalid", "welcome"]


@pytest.mark.parametrize(
    "said",
    [
        {"at": "yesterday"},
        {"at": None},
        {"at": 7},
        {"at": "2026-06-12T09:00:00"},
        {"at": "9999-12-31T23:59:59+00:00"},
        {"at": "0001-01-01T00:00:00+14:00"},
        {"said": "HY\x00\ud800", "at": "2026-06-12T09:00:00+08:00"},
        {"said": {"a": 1}, "at": "2026-06-12T09:00:00+08:00"},
        {"kind": "guest", "guest": 2**80, "at": "2026-06-12T09:00:00+08:00"},
        {"kind": "guest", "guest": True, "at": "2026-06-12T09:00:00+08:00"},
        {"kind": "walk_in", "name": " ", "at": "2026-06-12T09:00:00+08:00"},
    ],
)
def test_whatever_cannot_be_is_kept_for_a_person(app, kiosk, world, meeting, guests, said):
    for _time in range(2):
        answer = send(kiosk, meeting, scan(app, meeting, guests[0], START) | said)
        assert answer.json["results"][0]["what"] == "listed"
    assert arrivals(world.session) == []
    assert len(listed(world)) == 1


def test_only_json_of_this_site_of_a_bounded_size_is_read(app, kiosk, meeting, guests):
    where, body = door(meeting, "/sightings"), json.dumps({"entries": []})
    assert kiosk.post(where, data=body, content_type="text/plain").status_code == 415
    assert kiosk.post(where, data={"entries": "1"}).status_code == 415
    for site in ("cross-site", "same-site", "none"):
        assert send(kiosk, meeting, headers={"Sec-Fetch-Site": site}).status_code == 403
    assert send(kiosk, meeting, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    for broken in ("{", "[]", '{"entries": {}}', "null"):
        assert kiosk.post(where, data=broken, content_type="application/json").status_code == 400
    many = [scan(app, meeting, guests[0], START, f"sighting-{no}") for no in range(51)]
    assert send(kiosk, meeting, *many).status_code == 413
    large = [{"nonce": f"sighting-{no}", "kind": "scan", "said": "A" * 3000} for no in range(30)]
    assert send(kiosk, meeting, *large).status_code == 413


def test_no_token_of_a_form_is_asked_for_and_nobody_else_may_send(
    make_app, clock, world, meeting, sign_in, make
):
    app = make_app(WTF_CSRF_ENABLED=True)
    assert send(app.test_client(), meeting).status_code == 303
    stranger = app.test_client()
    stranger.set_cookie("kiosk", "of-no-device", path="/")
    assert send(stranger, meeting).status_code == 303


def test_who_holds_the_meeting_sends_as_themselves_and_takes_nothing_along(
    app, clock, world, meeting, guests, sign_in, make
):
    manager = sign_in(world.manager)
    assert (
        send(manager, meeting, scan(app, meeting, guests[0], START)).json["results"][0]["what"] == "welcome"
    )
    assert arrivals(world.session)[0].by_id == world.manager.id
    for path in ("/guests.json", "/worker.js"):
        answer = manager.get(door(meeting, path))
        assert (answer.status_code, answer.data) == (204, b"")
    assert "data-guests" not in manager.get(door(meeting)).text
    auditor = sign_in(make.user(Role.AUDITOR))
    assert send(auditor, meeting).status_code == 403


def test_a_device_takes_along_what_finds_a_guest_and_no_secret(app, kiosk, world, meeting, guests):
    answer = kiosk.get(door(meeting, "/guests.json"))
    assert answer.headers["Cache-Control"] == "no-store"
    first = next(one for one in answer.json["guests"] if one["name"] == "周小满")
    assert first["tail"] == "0017" and first["initials"] == "zxm" and first["in"] is None
    assert "13800000017" not in answer.text and "phone" not in first
    with app.app_context():
        badge = badge_code(meeting, guests[0].id)
    assert first["code"] == hashlib.sha256(badge.encode()).hexdigest() and badge not in answer.text
    kiosk.post(door(meeting), data={"said": badge})
    first = next(
        one for one in kiosk.get(door(meeting, "/guests.json")).json["guests"] if one["name"] == "周小满"
    )
    assert first["in"].startswith("2026-06-12T01:00:00")


def test_the_worker_sees_to_this_page_alone(app, kiosk, meeting):
    answer = kiosk.get(door(meeting, "/worker.js"))
    assert answer.headers["Service-Worker-Allowed"] == door(meeting)
    assert answer.mimetype == "text/javascript" and f'PAGE = "{door(meeting)}"' in answer.text
    for asset in json.loads(answer.text.split("ASSETS = ")[1].split(", LATER")[0]):
        assert kiosk.get(asset).status_code == 200, asset


def test_the_camera_is_allowed_at_the_door_and_nowhere_else(app, kiosk, meeting, world, sign_in):
    assert "camera=(self)" in kiosk.get(door(meeting)).headers["Permissions-Policy"]
    for path in ("/", f"/meetings/{meeting.id}/kiosks", "/login"):
        assert "camera=()" in sign_in(world.manager).get(path).headers["Permissions-Policy"], path


def test_what_is_unclear_is_listed_on_the_check_in_page_and_settled_there(
    app, clock, kiosk, world, meeting, guests, sign_in
):
    clock.move_to(START + 60 * MINUTE)
    forged = {"kind": "scan", "said": "HYAAAA", "at": told(START), "nonce": "forged-one"}
    other = forged | {"nonce": "forged-two"}
    walk_in = {"kind": "walk_in", "name": guests[1].name, "at": told(START), "nonce": "a-walk-in"}
    send(kiosk, meeting, forged, other, walk_in, on=START + 60 * MINUTE)
    manager, where = sign_in(world.manager), f"/meetings/{meeting.id}/kiosks"
    page = manager.get(where).text
    assert "3 sightings" in page and "none of our badges" in page and "has the name of a guest" in page
    world.session.rollback()
    ids = world.session.scalars(sa.select(Sighting.id).order_by(Sighting.id)).all()

    def settle(no, how, **said):
        return manager.post(
            f"/meetings/{meeting.id}/sightings/{ids[no]}/{how}", data=said, follow_redirects=True
        ).text

    assert "Choose who it was." in settle(0, "accept")
    assert "It counts" in settle(0, "accept", guest=guests[0].id)
    assert "settled this a moment ago" in settle(0, "dismiss", reason="示例")
    assert "Enter why" in settle(1, "dismiss", reason=" ")
    assert "does not count" in settle(1, "dismiss", reason="示例原因")
    assert "instead of the walk-in" in settle(2, "same")
    page = manager.get(where).text
    assert "To be judged" not in page and "示例原因" in page and "Judged" in page
    world.session.rollback()
    names = {guest.id: guest.name for guest in world.session.scalars(sa.select(Guest))}
    standing = {
        names[one["id"]] for one in kiosk.get(door(meeting, "/guests.json")).json["guests"] if one["in"]
    }
    assert standing == {guests[0].name, guests[1].name}
    elsewhere = world.plan(title="示例另一场会议")
    answer = manager.post(f"/meetings/{elsewhere.id}/sightings/{ids[0]}/dismiss", data={"reason": "示例"})
    assert answer.status_code == 404
    assert (
        manager.post(
            f"/meetings/{meeting.id}/sightings/{ids[0]}/accept", data={"guest": "9" * 99}
        ).status_code
        == 303
    )


def test_a_badge_code_is_the_one_that_is_printed(app, kiosk, meeting, guests, world):
    """What the device takes along is the hash of this very code."""
    with app.app_context():
        assert badge_code(meeting, guests[0].id) == code(app, meeting, guests[0], END + timedelta(hours=27))
    assert world.session.scalar(sa.select(sa.func.count(Attendance.id))) == 0
