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

from portal import server

ROOT = Path(__file__).resolve().parent.parent


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PORTAL_INSTANCE": str(folder / "instance"), "PYTHONPATH": str(ROOT)}


def test_nothing_is_open_when_the_workers_are_forked(tmp_path: Path) -> None:
    program = """
import os, threading
from portal.extensions import db
from portal.server import load
app = load("wsgi:app")
with app.app_context():
    pool = db.engine.pool
    print(threading.active_count(), len(os.listdir("/proc/self/task")), pool.checkedin(), pool.checkedout())
descriptors = [f"/proc/self/fd/{one}" for one in os.listdir("/proc/self/fd")]
print(*{os.readlink(one).partition(":")[0] for one in descriptors if os.path.lexists(one)} & {"socket", "pipe"})
"""
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
    assert out.read().splitlines() == ["1 1 0 0", ""]


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
