"""What processes take of the machine, asked of the system while they are there."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from portal.config import ROOT

_LOOK_SECONDS = 0.25


def children(pid: int) -> list[int]:
    """The processes that this one started."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, task.read_text(encoding="ascii").split())
    return sorted(found)


def offspring(pid: int) -> list[int]:
    """Every process below this one."""
    below = children(pid)
    return [*below, *(one for child in below for one in offspring(child))]


def share(pid: int) -> float:
    """MiB that a process has for itself, plus its share of what it has with others (PSS); OSError once it has gone."""
    return _mebibytes(pid, "smaps_rollup", "Pss:")


def _mebibytes(pid: int, file: str, name: str) -> float:
    for line in Path(f"/proc/{pid}/{file}").read_text(encoding="utf-8").splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    return 0.0


@dataclass(frozen=True, slots=True)
class Spent:
    """What a process and those it started took: seconds on the wall and of the processor, peak memory in MB.

    What processes share counts once (PSS); looked at again and again. `said` is what it wrote to its standard output.
    """

    wall: float
    cpu: float
    peak: float
    said: str


def spent(arguments: Sequence[str], url: str, folder: Path) -> Spent:
    """Run a process of ours on a database to its end; RuntimeError with its words when it fails."""
    environment = os.environ | {
        "PORTAL_DATABASE_URL": url,
        "PORTAL_INSTANCE": str(folder),
        "PORTAL_SECRET_KEY": "bench",
        "PYTHONUTF8": "1",
    }
    with (folder / "said").open("wb") as said, (folder / "complained").open("wb") as complained:
        start = time.monotonic()
        process = subprocess.Popen(arguments, env=environment, stdout=said, stderr=complained, cwd=ROOT)
        ended = threading.Event()
        with ThreadPoolExecutor(1) as looking:
            peak = looking.submit(_peak, process.pid, ended)
            try:
                _pid, status, usage = os.wait4(process.pid, 0)
                wall = time.monotonic() - start
            finally:
                ended.set()
        process.returncode = os.waitstatus_to_exitcode(status)
    words = [(folder / name).read_text(encoding="utf-8", errors="replace") for name in ("said", "complained")]
    if process.returncode:
        raise RuntimeError("".join(words)[-2000:])
    return Spent(wall, usage.ru_utime + usage.ru_stime, peak.result(), words[0])


def _peak(pid: int, ended: threading.Event) -> float:
    """The most memory, in MB, that the process and those it started held together at any look, or one of them ever.

    What the system says of a process that has ended (`ru_maxrss`) begins with what its parent held at the fork.
    """
    most = 0.0
    while not ended.wait(_LOOK_SECONDS):
        held = 0.0
        for one in (pid, *offspring(pid)):
            with suppress(OSError):
                held += share(one)
                most = max(most, held, _mebibytes(one, "status", "VmHWM:"))
    return most
