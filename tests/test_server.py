"""The server: the portal is loaded once, nothing is open when the workers are forked, and a lost worker comes back."""

import os
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal import server
from portal.domain.access.roles import Role
from tests.factories import Factory

ROOT = Path(__file__).resolve().parent.parent


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PORTAL_INSTANCE": str(folder / "instance"), "PYTHONPATH": str(ROOT)}


def test_nothing_is_open_when_the_workers_are_forked_and_no_page_loads_more(
    tmp_path: Path, sqlite_template: Path
) -> None:
    program = """
import os, sys, threading
from portal.extensions import db
from portal.server import prepared
from portal.web.rehearsal import PAGES, rehearse
app = prepared("wsgi:app")
with app.app_context():
    pool = db.engine.pool
    print(threading.active_count(), len(os.listdir("/proc/self/task")), pool.checkedin(), pool.checkedout())
descriptors = [f"/proc/self/fd/{one}" for one in os.listdir("/proc/self/fd")]
opened = [os.readlink(one) for one in descriptors if os.path.lexists(one)]
print(*[one for one in opened if one.startswith(("socket", "pipe")) or "sqlite3" in one])
loaded = set(sys.modules)
print(len(rehearse(app)) == len(PAGES), *sorted(set(sys.modules) - loaded))
"""
    database = tmp_path / "instance" / "portal.sqlite3"
    database.parent.mkdir()
    database.write_bytes(sqlite_template.read_bytes())
    engine = sa.create_engine(f"sqlite:///{database}")
    with Session(engine, expire_on_commit=False) as session:
        make = Factory(session)
        office = make.head_office()
        make.distributor(office, make.user(Role.EXECUTIVE, office))
    engine.dispose()
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment(tmp_path),
        stdin=subprocess.DEVNULL,
        stdout=(out := (tmp_path / "out").open("w+")),
        stderr=subprocess.DEVNULL,
        timeout=120,
        check=True,
    )
    assert done.returncode == 0
    out.seek(0)
    assert out.read().splitlines() == ["1 1 0 0", "", "True"]


@pytest.mark.skipif(sys.platform != "linux", reason="asks glibc")
def test_what_a_worker_makes_goes_into_no_hole_of_the_memory_it_shares() -> None:
    program = """
from portal import memory
memory.keep_little()
kept = [bytes(600 + number % 3000) for number in range(40_000)]
del kept[::2]
def told():
    libc = memory._glibc()
    libc.mallinfo2.restype = memory._Told
    said = libc.mallinfo2()
    return said.fordblks - said.keepcost
before = told()
memory.close_holes()
print(before > 20_000_000, told() < 1_000_000)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["True", "True"]


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]


def answers(port: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/login")
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def until(met, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_worker_that_is_killed_comes_back_and_answers(tmp_path: Path, sqlite_template: Path) -> None:
    folder = tmp_path / "instance"
    folder.mkdir()
    (folder / "portal.sqlite3").write_bytes(sqlite_template.read_bytes())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "portal.server", "--port", str(port), "--workers", "2"],
        cwd=ROOT,
        env=environment(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: answers(port) == 200)
        first = children(process.pid)
        assert len(first) == 2
        os.kill(first[0], signal.SIGKILL)
        until(lambda: len(set(children(process.pid)) - {first[0]}) == 2)
        until(lambda: answers(port) == 200)
        os.kill(first[1], signal.SIGKILL)
        until(lambda: len(set(children(process.pid)) - set(first)) == 2)
        until(lambda: answers(port) == 200)
    finally:
        process.terminate()
        assert process.wait(30) == 0


def test_an_unknown_target_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises((AttributeError, ModuleNotFoundError)):
        server.load("wsgi:no_such")
    with pytest.raises(SystemExit):
        server.main(["--port", "many"])
    assert "--port" in capsys.readouterr().err
