"""A thousand agreements approved and printed by a worker of tasks, as a regional office does it at the turn of a year.

The worker is the real one, `python -m portal.jobs` beside a fresh database, with its printing processes; it does the
task that approves a list, which makes the originals, and the tasks that print them, as one PDF and as a ZIP. The
memory of each of its processes is looked at four times a second: PSS, the peak counts. Smaller lists go the same way
with a certificate, with which each original gets the electronic seal.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

import sqlalchemy as sa
from flask import current_app
from flask_migrate import upgrade
from sqlalchemy.orm import Session

from bench.figures import Figure, Options, say
from bench.processes import offspring, share
from portal import create_app
from portal.db import now, reading
from portal.domain.electronic_seals.models import ElectronicSeal
from portal.domain.jobs import kept
from portal.domain.jobs import services as jobs
from portal.domain.jobs.models import ENDED, Job, JobState
from portal.domain.price_protection import approval, letters, mailing
from portal.domain.price_protection.batches import services as batches
from portal.domain.price_protection.batches.models import Batch, BatchRow
from portal.domain.price_protection.mailing import Form, Order
from portal.domain.price_protection.models import Agreement, AgreementPaper
from portal.extensions import db
from portal.jobs import queue
from portal.sealing.certificate import SealFiles, make
from tests.domain.agreement_world import AgreementWorld
from tests.factories import Factory
from tests.postgres import PostgresServer

COUNT, QUICK_COUNT = 1_000, 100
SECONDS_LIMIT = 360  # for a thousand, made and printed
MEMORY_LIMIT = 150  # MB of a process, which are 143 MiB
GROWTH_LIMIT = 5  # MB between the second quarter of a list and its last
_MB = 1_000_000 / 1024**2  # MiB
_TRADES = ("商贸", "食品", "贸易", "供应链管理", "实业", "粮油", "酒业", "日化")
_CITIES = ("杭州市", "湖州市", "嘉兴市", "宁波市", "温州市", "绍兴市", "金华市", "台州市")
_TIMEOUT = 3_600
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Course:
    """What a task took: seconds on the wall, MB of memory by kind of process, and what each process worked."""

    seconds: float
    peaks: dict[str, float] = field(default_factory=dict)
    sizes: dict[int, list[float]] = field(default_factory=dict)  # of each printing process, in turn
    worked: dict[str, float] = field(default_factory=dict)
    moves: int = 0  # how often the progress was seen to move
    silence: float = 0.0  # the longest time, in seconds, in which it was not

    def note(self, worker: int) -> None:
        """Look at each process; one that has just ended is passed over."""
        with contextlib.suppress(OSError):
            for pid in (worker, *offspring(worker)):
                kind = "worker" if pid == worker else "printing process"
                size = share(pid) / _MB
                self.peaks[kind] = max(self.peaks.get(kind, 0.0), size)
                if pid != worker:
                    self.sizes.setdefault(pid, []).append(size)

    @property
    def growth(self) -> float:
        """How much larger a printing process is in the last quarter of the list than in the second, in MB."""
        quarters = [(one, len(one) // 4) for one in self.sizes.values() if len(one) >= 8]
        return max(
            (mean(one[-part:]) - mean(one[part : 2 * part]) for one, part in quarters),
            default=0.0,
        )


def measure(options: Options) -> list[Figure]:
    """Approve and print on each database; seconds are for a thousand, whatever the number that was printed."""
    count = QUICK_COUNT if options.quick else COUNT
    figures: list[Figure] = []
    for name in options.databases:
        for title, number, is_sealed in (
            (name, count, False),
            (f"{name}, sealed", max(60, count // 4), True),
        ):
            folder = options.folder / title
            folder.mkdir()
            with _database(name, folder) as url:
                figures += _on(title, url, folder, number, is_sealed=is_sealed)
    return figures


@contextlib.contextmanager
def _database(name: str, folder: Path) -> Iterator[str]:
    if name == "sqlite":
        yield f"sqlite:///{folder / 'portal.sqlite3'}"
        return
    with PostgresServer() as server:
        yield server.create_database("printing")


def _on(name: str, url: str, folder: Path, count: int, *, is_sealed: bool) -> list[Figure]:
    files = SealFiles(str(folder / "seal.p12"), str(folder / "seal.password")) if is_sealed else SealFiles("")
    if is_sealed:
        make("示例制造有限公司", "", files, now())
    app = create_app(
        SQLALCHEMY_DATABASE_URI=url,
        INSTANCE=folder,
        SECRET_KEY="bench",
        BASE_URL="https://portal.example.com",
    )
    with app.app_context():
        upgrade()
        session = db.session()
        say(f"{count} agreements are drafted and submitted, {name}")
        world, agreements = _submitted(session, count)
        with _worker(url, folder, files) as worker:
            say("a worker approves them, which makes the originals")
            approved = _done(session, worker, _approving(session, world, agreements))
            seals = session.scalar(sa.select(sa.func.count()).select_from(ElectronicSeal)) or 0
            assert seals == (count if is_sealed else 0), seals
            pages = session.scalar(sa.select(sa.func.sum(AgreementPaper.pages))) or 0
            say("the originals become one PDF")
            job = _printing(session, world, Form.PDF)
            printed = _done(session, worker, job)
            file = kept.file_of(session, job.id)
            assert file is not None and job.result["printed"] == count, job.result
            size = file.size
            say("the originals become a ZIP")
            zipped = _done(session, worker, _printing(session, world, Form.ZIP))
        db.session.remove()
        db.engine.dispose()
    thousand = 1_000 / count
    detail = {
        "agreements": count,
        "pages": pages,
        "approved_s": round(approved.seconds, 1),
        "one_pdf_s": round(printed.seconds, 1),
        "zip_s": round(zipped.seconds, 1),
        # On a machine that is busy otherwise the wall says little: two processes print beside the worker.
        "approved_processor_s": approved.worked,
        "one_pdf_processor_s": printed.worked,
        "cores": os.cpu_count(),
    }
    title = f"print, {name}"
    figures = [
        Figure(
            f"{title}: a thousand approved and printed",
            (approved.seconds + printed.seconds) * thousand,
            "s",
            SECONDS_LIMIT,
            detail=detail,
        ),
        Figure(f"{title}: a thousand originals as one PDF", printed.seconds * thousand, "s", detail=detail),
        Figure(f"{title}: size of the PDF by agreement", size / count / 1_000, "kB"),
    ]
    for kind in ("worker", "printing process"):
        peaks = {
            what: course.peaks.get(kind, 0.0)
            for what, course in (("approve", approved), ("pdf", printed), ("zip", zipped))
        }
        figures.append(
            Figure(f"{title}: peak of a {kind}", max(peaks.values()), "MB", MEMORY_LIMIT, detail=peaks)
        )
    grown = Figure(
        f"{title}: growth of a printing process while it prints",
        approved.growth,
        "MB",
        GROWTH_LIMIT,
        detail={"sizes": {pid: [round(size, 1) for size in one] for pid, one in approved.sizes.items()}},
    )
    return [*figures, grown]


def _submitted(session: Session, count: int) -> tuple[AgreementWorld, list[Agreement]]:
    """An office with so many agreements that await approval, each with a distributor and products of its own."""
    world = AgreementWorld(session, Factory(session))
    agreements = []
    for number in range(count):
        distributor = world.add_distributor(
            name=f"示例{number:04d}号{_TRADES[number % 8]}有限公司",
            province="浙江省",
            city=_CITIES[number % 7],
            address=f"浙江省{_CITIES[number % 7]}虚构大道{number}号",
        )
        agreements.append(world.submitted(distributor))
    return world, agreements


def _approving(session: Session, world: AgreementWorld, agreements: list[Agreement]) -> Job:
    batch = Batch(name="示例批次", owner_id=world.author.id, region_id=world.region.id)
    session.add(batch)
    session.flush()
    rows = [BatchRow(batch_id=batch.id, earlier_id=one.id, agreement_id=one.id) for one in agreements]
    session.add_all(rows)
    session.flush()
    seen = [[row.id, approval.shown_sha256(session, one)] for row, one in zip(rows, agreements, strict=True)]
    return jobs.enqueue(
        session, world.manager, batches.APPROVE, total=len(rows), batch_id=batch.id, rows=seen
    )


def _printing(session: Session, world: AgreementWorld, form: Form) -> Job:
    found = letters.of_agreements(session, world.author)
    return mailing.order(session, world.author, Order([letter.id for letter in found], form=form))


@contextlib.contextmanager
def _worker(url: str, folder: Path, seal: SealFiles) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of tasks."""
    environment = os.environ | {
        "PORTAL_DATABASE_URL": url,
        "PORTAL_INSTANCE": str(folder),
        "PORTAL_SECRET_KEY": "bench",
        "PORTAL_BASE_URL": "https://portal.example.com",
        "PORTAL_QUEUE_URL": "",
        "PORTAL_SEAL_FILE": seal.file,
        "PORTAL_SEAL_PASSWORD_FILE": seal.password_file,
    }
    with (folder / "worker.log").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.jobs"], env=environment, stdout=said, stderr=said
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def _done(session: Session, worker: subprocess.Popen[bytes], job: Job) -> Course:
    """Send the job and wait for its end; raises RuntimeError when it is not done."""
    session.commit()
    job_id, state = job.id, JobState.QUEUED
    session.rollback()
    queue.send(current_app, job_id)
    course, began = Course(0.0), time.monotonic()
    moved, done = began, 0
    before = _worked(worker.pid)
    while state not in ENDED:
        if time.monotonic() - began > _TIMEOUT or worker.poll() is not None:
            raise RuntimeError("the task takes too long, or its worker has gone")
        course.note(worker.pid)
        time.sleep(0.25)
        with reading():  # and nothing is held meanwhile
            state, told = session.execute(sa.select(Job.state, Job.done).where(Job.id == job_id)).one()
            session.rollback()
        if state is JobState.QUEUED:
            moved = time.monotonic()  # a worker that is still beginning is another matter
        if told != done or state in ENDED:
            course.silence = max(course.silence, time.monotonic() - moved)
            course.moves, done, moved = course.moves + 1, told, time.monotonic()
    course.worked = {
        kind: round(seconds - before.get(kind, 0.0), 1) for kind, seconds in _worked(worker.pid).items()
    }
    session.refresh(job)
    if job.state is not JobState.DONE or job.result.get("refused"):
        raise RuntimeError(f"{job.kind}: {job.state} {job.error} {job.reference} {job.result}")
    assert job.started_at is not None and job.ended_at is not None
    course.seconds = (job.ended_at - job.started_at).total_seconds()
    return course


def _worked(worker: int) -> dict[str, float]:
    """Seconds of processor that the worker and each of the processes below it have used so far."""
    found: dict[str, float] = {}
    with contextlib.suppress(OSError):
        for pid in (worker, *offspring(worker)):
            facts = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
            found["worker" if pid == worker else f"below, {pid}"] = (int(facts[11]) + int(facts[12])) / _TICKS
    return found
