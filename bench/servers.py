"""The servers that are measured, on loopback: the portal's as `scripts/run` starts it, the others alike; gone when
the bench is."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.client import BenchError, Browser
from bench.processes import children, share
from portal.config import ROOT

WORKERS = 2
_START_SECONDS = 60
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Server:
    """A running server: its port, and its first process, whose children are the workers."""

    port: int
    process: subprocess.Popen[bytes]

    def workers(self) -> list[int]:
        """Ids of the processes that answer."""
        return children(self.process.pid)

    def shares(self) -> list[float]:
        """MiB of memory that each worker has for itself, plus its share of what it has with others (PSS)."""
        return [share(pid) for pid in self.workers()]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


PORTAL = (sys.executable, "-m", "portal.server")


def granian(python: Path | str) -> tuple[str, ...]:
    """What serves as the portal is served: two threads a worker."""
    options = ("--interface", "wsgi", "--blocking-threads", "2", "--respawn-failed-workers", "--no-ws")
    return (str(python), "-m", "granian", *options, "--workers-kill-timeout", "15", "--log-level", "warning")


@contextlib.contextmanager
def serving(
    server: Sequence[str], target: str, environment: Mapping[str, str], log: Path, ready: str
) -> Iterator[Server]:
    """The server with `target` in two workers; `ready` is the address that says it is up."""
    port = _free_port()
    command = [*server, "--host", "127.0.0.1", "--port", str(port), "--workers", str(WORKERS), target]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**environment, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C ends the bench, which then ends its servers
            preexec_fn=_stop_when_parent_dies,
        )
    try:
        _wait(port, process, log, ready)
        yield Server(port, process)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path, ready: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        browser = Browser(port)
        try:
            browser.get(ready)
            return
        except (OSError, BenchError):
            time.sleep(0.2)
        finally:
            browser.close()
    raise BenchError(
        f"the server did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-4000:]}"
    )


def _stop_when_parent_dies() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
