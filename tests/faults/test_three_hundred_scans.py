"""Three hundred scans without a network, sent three times to a server that is killed meanwhile: each is there once."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from portal.db import now
from portal.domain.meetings import kiosks
from portal.domain.meetings.models import Attendance, Guest, Sighting, What
from portal.web.meeting_keys import badge_code
from tests.domain.meeting_world import MeetingWorld
from tests.factories import Factory

ROOT = Path(__file__).resolve().parents[2]
SCANS, AT_ONCE = 300, 50
Start = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def serve(app: Flask, database_url: str, port: int) -> Iterator[Start]:
    """Start the portal as processes of their own and wait until it answers."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "PORTAL_DATABASE_URL": database_url,
            "PORTAL_INSTANCE": str(app.config["INSTANCE"]),
            "PORTAL_SECRET_KEY": "test",
        }
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "portal.server", "--port", str(port), "--workers", "1"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        )
        end = time.monotonic() + 90
        while status(port) != 200:
            assert time.monotonic() < end and started[-1].poll() is None, "the server does not start"
            time.sleep(0.1)
        return started[-1]

    yield start
    for process in started:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """The server and its workers, at once and without a word."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def status(port: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()


class Device:
    """What the page's queue does: batch after batch, each until it is answered."""

    def __init__(self, port: int, meeting_id: int, key: str, entries: list[dict[str, object]]) -> None:
        self.port, self.meeting_id, self.key, self.entries = port, meeting_id, key, entries
        self.silent = 0
        self.answers: list[str] = []

    def upload(self) -> None:
        for first in range(0, len(self.entries), AT_ONCE):
            batch = self.entries[first : first + AT_ONCE]
            while (answer := self._send(batch)) is None:
                self.silent += 1
                time.sleep(0.1)
            self.answers += [one["what"] for one in answer["results"]]

    def _send(self, batch: list[dict[str, object]]) -> dict[str, list[dict[str, str]]] | None:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(
                "POST",
                f"/meetings/{self.meeting_id}/check-in/sightings",
                json.dumps({"now": now().isoformat(), "entries": batch}),
                {"Content-Type": "application/json", "Cookie": f"kiosk={self.key}"},
            )
            answer = connection.getresponse()
            told = answer.read()
            assert answer.status == 200, told
            found: dict[str, list[dict[str, str]]] = json.loads(told)
            return found
        except (OSError, HTTPException):
            return None
        finally:
            connection.close()


def test_three_hundred_scans_sent_three_times_to_a_server_that_is_killed_are_three_hundred_arrivals(
    app: Flask, session: Session, make: Factory, serve: Start, port: int
) -> None:
    world = MeetingWorld(session, make)
    begun = now() - timedelta(hours=3)
    meeting = world.plan(
        on=begun, starts_at=begun + timedelta(hours=1), ends_at=begun + timedelta(hours=9), agenda=()
    )
    guests = [
        Guest(meeting_id=meeting.id, name=f"示例来宾{no}", sound=f"shililaibin{no}", initials=f"sllb{no}")
        for no in range(SCANS)
    ]
    session.add_all(guests)
    made, opening = kiosks.make(session, world.manager, meeting, "")
    _opened, key = kiosks.open_with(session, opening)
    made.opened_at = begun
    session.commit()
    with app.app_context():
        badges = [badge_code(meeting, guest.id) for guest in guests]
    # Over two hours, to the millisecond; the device was carried without a network.
    times = [begun + timedelta(milliseconds=24_013 * no) for no in range(SCANS)]
    entries: list[dict[str, object]] = [
        {"nonce": f"scan-{no:05}", "kind": "scan", "said": badge, "at": at.isoformat()}
        for no, (badge, at) in enumerate(zip(badges, times, strict=True))
    ]
    device = Device(port, meeting.id, key, entries)

    def arrived() -> int:
        session.rollback()
        return session.scalar(sa.select(sa.func.count(Attendance.id))) or 0

    server = serve()
    sending = threading.Thread(target=device.upload)
    sending.start()
    end = time.monotonic() + 60
    while arrived() < 60:
        assert time.monotonic() < end
        time.sleep(0.005)
    kill(server)
    assert 60 <= arrived() < SCANS
    serve()
    sending.join(timeout=120)
    assert not sending.is_alive() and device.silent > 0
    for _time in range(2):
        device.upload()

    assert len(device.answers) == 3 * SCANS and set(device.answers) <= {"welcome", "late"}
    session.rollback()
    rows = session.scalars(sa.select(Attendance).order_by(Attendance.guest_id)).all()
    assert [row.guest_id for row in rows] == [guest.id for guest in guests]
    assert [row.at for row in rows] == times
    assert {row.what for row in rows} == {What.ARRIVED}
    assert session.scalar(sa.select(sa.func.count(Sighting.id))) == 0
