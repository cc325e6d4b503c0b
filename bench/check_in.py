"""Guests at a meeting's door: five hundred within a minute as they come, then as many as the door can take.

The server is the one that people use, with its workers; four devices were opened by their links, each with its own
cookie and connection, and send what the page's script sends. At the pace of a morning every fifth scan is of somebody
who is in already: the answer's time is what whoever stands there waits for, and of each guest there is one arrival in
the end. At full speed the devices have more to send than is answered, and send it as the page's queue does, what waits
together; meeting after meeting, in turn with plain Flask that says hello. One after another, each waiting for its
answer and so for the disk, stands beside it.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from flask_migrate import upgrade
from sqlalchemy.orm import Session

from bench.client import BenchError, Browser, fields_of, median, per_second
from bench.databases import SAFE
from bench.figures import Figure, Options, say
from bench.servers import PORTAL, Server, granian, serving
from portal import create_app
from portal.db import now
from portal.domain.meetings import guests as guest_list
from portal.domain.meetings import kiosks, tokens
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.models import Attendance, Meeting, What
from portal.extensions import db
from portal.web.meeting_keys import badge_key
from tests.domain.meeting_world import MeetingWorld
from tests.factories import Factory
from tests.postgres import PostgresServer

KIOSKS, DEALERS = 4, 100
GUESTS, QUICK_GUESTS = 500, 120
SECONDS, QUICK_SECONDS = 60.0, 12.0
TOGETHER = 50  # as many as the page's queue sends at once
AGAIN = 0.2  # of all scans: somebody who is in already
P99_LIMIT, RATIO_LIMIT = 50.0, 0.15  # ms; check-ins a second beside hellos a second
_SECRET = "bench"
_WAIT = 120
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"


@dataclass
class Door:
    """A meeting with the codes of its guests' badges and the browsers of its devices."""

    meeting_id: int
    codes: list[str]
    links: list[str]
    devices: list[Device] = field(default_factory=list)

    @property
    def path(self) -> str:
        """The page that guests are scanned on."""
        return f"/meetings/{self.meeting_id}/check-in"


class Device:
    """A tablet at the door: its browser, opened by its link."""

    def __init__(self, port: int, door: Door, link: str) -> None:
        self._browser, self._path = Browser(port), f"{door.path}/sightings"
        self._browser.post(link, fields_of(self._browser.get(link).text, "csrf_token"), expect=303)

    def scan(self, code: str) -> tuple[float, str]:
        """Seconds until the answer is there for whoever stands at the door, and its tone."""
        entry = _entry(code)
        answer = self._browser.send(
            self._path, {"now": entry["at"], "live": entry["nonce"], "entries": [entry]}
        )
        told = json.loads(answer.text)
        (result,) = told["results"]
        if result["what"] not in ("welcome", "already") or not told["html"]:
            raise BenchError(f"a scan was answered by {result}")
        return answer.seconds, result["what"]

    def send(self, codes: Sequence[str]) -> None:
        """What waits, together."""
        entries = [_entry(code) for code in codes]
        answer = self._browser.send(self._path, {"now": entries[-1]["at"], "live": None, "entries": entries})
        if any(result["what"] != "welcome" for result in json.loads(answer.text)["results"]):
            raise BenchError(f"first scans were answered by {answer.text}")

    def close(self) -> None:
        """Leave the server."""
        self._browser.close()


def _entry(code: str) -> dict[str, str]:
    return {"kind": "scan", "said": code, "nonce": secrets.token_hex(16), "at": now().isoformat()}


@dataclass(frozen=True)
class Rates:
    """A second of one round: check-ins sent as they wait and one by one, hellos of plain Flask and of the portal."""

    together: float
    alone: float
    plain: float
    portal: float


def measure(options: Options) -> list[Figure]:
    """A morning and the full speed, on each database."""
    figures: list[Figure] = []
    for name in options.databases:
        folder = options.folder / name
        folder.mkdir()
        with _database(name, folder) as url:
            figures += _on(name, url, folder, options)
    return figures


@contextmanager
def _database(name: str, folder: Path) -> Iterator[str]:
    if name == "sqlite":
        yield f"sqlite:///{folder / 'portal.sqlite3'}"
        return
    with PostgresServer(SAFE) as server:
        yield server.create_database("door")


def _on(name: str, url: str, folder: Path, options: Options) -> list[Figure]:
    guests = QUICK_GUESTS if options.quick else GUESTS
    rounds = 2 if options.quick else 7
    say(f"{name}: {2 * rounds + 3} meetings of {guests} guests")
    app = create_app(SQLALCHEMY_DATABASE_URI=url, INSTANCE=folder, SECRET_KEY=_SECRET)
    with app.app_context():
        upgrade()
        session = db.session()
        doors = _doors(session, 2 * rounds + 3, guests)
        db.session.remove()
        environment = os.environ | {
            "PORTAL_DATABASE_URL": url,
            "PORTAL_INSTANCE": str(folder),
            "PORTAL_SECRET_KEY": _SECRET,
            "PORTAL_ASSETS": "local",
            "PYTHONUTF8": "1",
        }
        with ExitStack() as servers:
            portal = servers.enter_context(
                serving(PORTAL, "bench.wsgi:app", environment, folder / "portal.log", "/healthz")
            )
            plain = servers.enter_context(
                serving(
                    granian(sys.executable), "bench.hello:app", os.environ, folder / "hello.log", "/hello"
                )
            )
            warm, warmer, morning, *fast = doors
            _at_full_speed(portal, warm, one_by_one=True)  # every worker has seen a scan
            _at_full_speed(portal, warmer)
            say(f"{name}: {guests} guests come")
            times = _in_a_morning(portal, morning, QUICK_SECONDS if options.quick else SECONDS)
            _require_each_once(session, morning)
            say(f"{name}: as fast as the door can")
            rates = []
            for together, alone in zip(fast[::2], fast[1::2], strict=True):
                rates.append(
                    Rates(
                        _at_full_speed(portal, together),
                        _at_full_speed(portal, alone, one_by_one=True),
                        _hellos(plain, "/hello"),
                        _hellos(portal, "/bench/hello"),
                    )
                )
                _require_each_once(session, together)
                _require_each_once(session, alone)
        db.session.remove()
        db.engine.dispose()
    return _figures(name, guests, times, rates)


def _doors(session: Session, number: int, guests: int) -> list[Door]:
    world = MeetingWorld(session, Factory(session))
    dealers = world.dealers(DEALERS)
    made = []
    for _ in range(number):
        starts_at = now() + timedelta(hours=2)
        meeting = world.plan(on=now(), starts_at=starts_at, ends_at=starts_at + timedelta(hours=8), agenda=())
        invitations = world.invite(meeting, dealers, on=now())
        people = [
            guest_list.add(
                session,
                meeting,
                GuestFacts(f"{_SURNAMES[no % len(_SURNAMES)]}示例{no}", phone=f"138{no:08d}"),
                invitation=invitations[no % DEALERS],
            )
            for no in range(guests)
        ]
        session.commit()
        codes = [tokens.token(badge_key(), meeting.id, one.id, meeting.ends_at) for one in people]
        made.append(Door(meeting.id, codes, _links(session, world, meeting)))
    return made


def _links(session: Session, world: MeetingWorld, meeting: Meeting) -> list[str]:
    made = [kiosks.make(session, world.manager, meeting, "")[1] for _ in range(KIOSKS)]
    session.commit()
    return [f"/check-in/open/{opening}" for opening in made]


def _open(server: Server, door: Door) -> None:
    door.devices = [Device(server.port, door, link) for link in door.links]


def _in_a_morning(server: Server, door: Door, seconds: float) -> list[float]:
    """Each guest's first scan and again every fifth, spread evenly over so many seconds; how long each took."""
    _open(server, door)
    chance = random.Random(9)
    scans = list(door.codes)
    for _ in range(round(len(scans) * AGAIN / (1 - AGAIN))):
        place = chance.randrange(1, len(scans) + 1)
        scans.insert(place, chance.choice(scans[:place]))
    every = seconds / len(scans)
    began = time.perf_counter() + 0.5
    times: list[float] = []

    def stand(number: int) -> None:
        for turn in range(number, len(scans), KIOSKS):
            time.sleep(max(0.0, began + turn * every - time.perf_counter()))
            times.append(door.devices[number].scan(scans[turn])[0])

    _each(stand, door)
    return times


def _at_full_speed(server: Server, door: Door, *, one_by_one: bool = False) -> float:
    """Check-ins a second: all guests of a meeting, each once, without a pause."""
    _open(server, door)
    began = time.perf_counter()

    def stand(number: int) -> None:
        codes = door.codes[number::KIOSKS]
        for start in range(0, len(codes), 1 if one_by_one else TOGETHER):
            if one_by_one:
                door.devices[number].scan(codes[start])
            else:
                door.devices[number].send(codes[start : start + TOGETHER])

    _each(stand, door)
    return len(door.codes) / (time.perf_counter() - began)


def _each(stand: Callable[[int], None], door: Door) -> None:
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            stand(number)
        except BaseException as error:
            failures.append(error)
        finally:
            door.devices[number].close()

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(KIOSKS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_WAIT)
    if failures or any(thread.is_alive() for thread in threads):
        raise BenchError("a device failed") from (failures[0] if failures else None)


def _hellos(server: Server, path: str) -> float:
    return per_second(Browser(server.port), lambda _number: path, clients=KIOSKS, seconds=1.5)


def _require_each_once(session: Session, door: Door) -> None:
    """Of every guest one arrival, whoever scanned them and however often."""
    arrivals, guests = session.execute(
        sa.select(sa.func.count(), sa.func.count(Attendance.guest_id.distinct())).where(
            Attendance.meeting_id == door.meeting_id, Attendance.what == What.ARRIVED
        )
    ).one()
    session.rollback()
    if not arrivals == guests == len(door.codes):
        raise BenchError(f"{arrivals} arrivals of {guests} guests instead of {len(door.codes)}")


def _figures(name: str, guests: int, times: list[float], rates: list[Rates]) -> list[Figure]:
    ordered = sorted(one * 1000 for one in times)
    p99 = ordered[max(0, round(len(ordered) * 0.99) - 1)]
    detail = {
        "guests": guests,
        "scans": len(ordered),
        "p50_ms": round(median(ordered), 2),
        "p99_ms": round(p99, 2),
        "slowest_ms": round(ordered[-1], 2),
        "check_ins_per_second": round(median([one.together for one in rates]), 1),
        "one_by_one_per_second": round(median([one.alone for one in rates]), 1),
        "plain_hellos_per_second": round(median([one.plain for one in rates]), 1),
        "hellos_of_the_portal_per_second": round(median([one.portal for one in rates]), 1),
        "rounds": len(rates),
        "load": os.getloadavg()[0],
    }
    title = f"check-in, {name}"
    together = median([one.together / one.plain for one in rates])
    alone = median([one.alone / one.plain for one in rates])
    of_portal = median([one.alone / one.portal for one in rates])
    return [
        Figure(f"{title}: half of the scans are answered within", detail["p50_ms"], "ms", detail=detail),
        Figure(f"{title}: 99 of 100 scans are answered within", detail["p99_ms"], "ms", P99_LIMIT),
        Figure(
            f"{title}: check-ins a second beside plain hello", round(together, 3), "×", RATIO_LIMIT, "above"
        ),
        Figure(f"{title}: one by one beside plain hello", round(alone, 3), "×"),
        Figure(f"{title}: one by one beside the portal's own hello", round(of_portal, 3), "×"),
    ]
