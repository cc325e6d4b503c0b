"""Workers as real processes: killed in the middle, several at once, told to end; nothing twice, nothing left out."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors.importing import files
from portal.domain.distributors.models import Distributor, ImportFile
from portal.domain.documents import services as documents
from portal.domain.jobs import services
from portal.domain.jobs.models import Job, JobState, JobStep, JobWorker
from portal.domain.price_protection.models import AgreementEvent, AgreementScan, Status
from portal.domain.price_protection.payload import current_paper
from portal.domain.price_protection.scans import filing, reading, uploading
from portal.domain.price_protection.scans.models import FileState, PageKind, ScanFile, ScanPage, ScanReturn
from portal.domain.users.models import User
from portal.jobs import queue
from tests.domain.agreement_world import AgreementWorld
from tests.domain.tabular_files import csv_text
from tests.factories import Factory
from tests.scanning.sheets import pdf_of, sheet

ROOT = Path(__file__).resolve().parents[2]
ROWS = 400
pytestmark = pytest.mark.timeout(240)
# Small chunks, a short lease and a pause after each part: so that a test meets it in the middle.
PROGRAM = """
import sys, time
from datetime import timedelta
from portal import create_app
from portal.domain.distributors.importing import course
from portal.domain.jobs import runs, services
from portal.jobs.worker import main
course.CHUNK = 20
services.LEASE = runs.LEASE = timedelta(seconds=4)
services.BEAT = timedelta(seconds=0.5)
services.RESENT_AFTER = runs.RESENT_AFTER = timedelta(seconds=1)
go_on = runs.Run._go_on
def slowly(run):
    time.sleep(float(sys.argv[1]))
    return go_on(run)
runs.Run._go_on = slowly
main(create_app(), ["--threads", "1"])
"""
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def app(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr(files.DEALERS, "small_bytes", 1000)
    return make_app(QUEUE_URL="")


@pytest.fixture
def worker(app: Flask, database_url: str, tmp_path: Path) -> Iterator[Start]:
    """Start a worker as a process of its own."""
    started: list[subprocess.Popen[bytes]] = []
    (tmp_path / "passing").mkdir()

    def start(pause: float = 0.1) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "PORTAL_DATABASE_URL": database_url,
            "PORTAL_INSTANCE": str(app.config["INSTANCE"]),
            "PORTAL_SECRET_KEY": "test",
            "PORTAL_QUEUE_URL": "",
            "TMPDIR": str(tmp_path / "passing"),
        }
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(pause)], cwd=ROOT, env=environment)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.fixture
def job(app: Flask, session: Session, make: Factory) -> Job:
    """An import of many rows that waits in the queue."""
    owner = make.user(Role.REGIONAL_MANAGER, make.region("华东大区", code="E"))
    rows = [
        ("E", "", f"示例{number}号商行") for number in range(1, ROWS + 1)
    ]  # without code: matched by name
    data = csv_text(("大区", "编码", "名称"), *rows).encode()
    with app.app_context():
        file = files.DEALERS.hand_in(
            session,
            session.get_one(User, owner.id),
            data,
            filename="名录.csv",
            choose=files.choices(owner=None, create_regions=False),
        )
        assert file.job is not None
        # The plan is another matter: this one is imported at once.
        job = services.enqueue(session, owner, files.DEALERS.import_kind, import_id=file.id, total=ROWS)
        file.job.state, file.job.ended_at = JobState.CANCELLED, file.job.asked_at
        file.job = job
        session.commit()
        queue.of(app).send(job.id)
    return job


def until(session: Session, what: Callable[[], object], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        session.rollback()
        session.expire_all()
        if what():
            session.rollback()
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that in time")


def written(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(Distributor)) or 0


def finished(session: Session, job: Job) -> bool:
    return session.scalar(sa.select(Job.state).where(Job.id == job.id)) is JobState.DONE


def everything_once(session: Session) -> None:
    session.rollback()
    session.expire_all()
    names = session.scalars(sa.select(Distributor.name)).all()
    assert len(names) == len(set(names)) == ROWS
    imported = sa.select(sa.func.count()).where(AuditEvent.action == "distributor.imported")
    assert session.scalar(imported) == ROWS
    applied = sa.select(sa.func.count()).where(AuditEvent.action == "distributor_import.applied")
    assert session.scalar(applied) == 1
    report = files.DEALERS.report_of(session.scalars(sa.select(ImportFile)).one())
    assert report is not None
    assert (report.read, report.created, report.unchanged, report.refused) == (ROWS, ROWS, 0, 0)


def test_what_a_killed_worker_left_another_one_finishes_and_does_nothing_twice(
    session: Session, job: Job, worker: Start
) -> None:
    first = worker(0.2)
    until(session, lambda: written(session) >= 60)
    first.kill()
    first.wait()
    session.rollback()
    left = written(session)
    assert 0 < left < ROWS
    assert session.scalar(sa.select(sa.func.count()).select_from(JobStep)) == left // 20
    worker(0)
    until(session, lambda: finished(session, job))
    everything_once(session)
    session.refresh(job)
    assert (job.attempts, job.crashes) == (2, 1)


def test_several_workers_do_a_job_once(app: Flask, session: Session, job: Job, worker: Start) -> None:
    for _turn in range(3):
        queue.of(app).send(job.id)
    for _turn in range(3):
        worker(0.02)
    until(session, lambda: finished(session, job))
    everything_once(session)
    # One of the three took it up; the others found it taken, although each was told of it.
    session.refresh(job)
    assert (job.attempts, job.crashes) == (1, 0)


def test_a_worker_that_is_told_to_end_gives_its_job_back(session: Session, job: Job, worker: Start) -> None:
    first = worker(0.2)
    until(session, lambda: written(session) >= 40)
    first.send_signal(signal.SIGTERM)
    assert first.wait(30) == 0
    session.rollback()
    session.refresh(job)
    assert (job.state, job.worker, job.crashes) == (JobState.QUEUED, "", 0)
    assert session.scalars(sa.select(JobWorker)).all() == []
    session.rollback()
    worker(0)
    until(session, lambda: finished(session, job))
    everything_once(session)


def test_a_worker_that_is_killed_while_it_reads_scans_leaves_none_of_them_about(
    app: Flask, session: Session, make: Factory, worker: Start, tmp_path: Path
) -> None:
    world = AgreementWorld(session, make)
    paper = current_paper(world.approved())
    assert paper is not None
    pile = uploading.begin(session, world.author, world.region)
    scan = pdf_of(*(sheet(paper.code, page) for page in range(1, 7)))
    uploading.add_file(session, world.author, pile, BytesIO(scan), "scan.pdf")
    reading = uploading.ask_reading(session, world.author, pile)
    assert reading is not None
    session.commit()
    with app.app_context():
        queue.of(app).send(reading.id)
    first = worker(0.5)
    until(session, lambda: pages_read(session) >= 2)
    first.kill()
    first.wait()
    assert list((tmp_path / "passing").iterdir()) == []
    session.rollback()
    assert pages_read(session) < 6
    worker(0)
    until(session, lambda: finished(session, reading))
    assert pages_read(session) == 6
    assert set(session.scalars(sa.select(ScanPage.kind))) == {PageKind.READ}


def test_what_a_worker_killed_while_it_files_a_pile_left_is_filed_once_and_no_file_is_lost(
    app: Flask, session: Session, make: Factory, worker: Start
) -> None:
    world = AgreementWorld(session, make)
    papers = [current_paper(world.approved()) for _number in range(4)]
    pile = uploading.begin(session, world.author, world.region)
    # Two papers, pages mixed up, as the feeder had them; the others as a file each.
    mixed = [(0, 1), (1, 1), (0, 3), (0, 2), (1, 2), (1, 3)]
    handed_in = []
    for leaves in (mixed, [(2, page) for page in (3, 2, 1)], [(3, page) for page in (1, 2, 3)]):
        said = [(papers[which], page) for which, page in leaves]
        handed_in.append(pdf_of(*(sheet(paper.code, page) for paper, page in said if paper)))
        file = uploading.add_file(session, world.author, pile, BytesIO(handed_in[-1]), "scan.pdf")
        for number, (paper, page) in enumerate(said, 1):
            assert paper is not None
            paper.pages = 3
            marks = [(paper.code, page)]
            reading.keep_page(session, world.author, file, number, kind=PageKind.READ, marks=marks)
        file.state = FileState.READ
    filing_job = filing.ask_filing(session, world.author, pile, today(), {})
    session.commit()
    with app.app_context():
        queue.of(app).send(filing_job.id)
    first = worker(1)
    until(session, lambda: scans_filed(session) >= 1)
    first.kill()
    first.wait()
    session.rollback()
    assert scans_filed(session) < 4
    worker(0)
    until(session, lambda: finished(session, filing_job))
    session.expire_all()
    # Each agreement is signed once, with one scan of its three pages; the pile says so of each.
    for paper in papers:
        assert paper is not None
        assert paper.agreement.status is Status.SIGNED
        [scan] = paper.agreement.scans
        with pikepdf.open(BytesIO(documents.content(session, scan.document))) as bound:
            assert len(bound.pages) == 3
    signed = sa.select(AgreementEvent.agreement_id).where(AgreementEvent.kind == "signed")
    assert sorted(session.scalars(signed)) == sorted(paper.agreement_id for paper in papers if paper)
    filed = sa.select(sa.func.count()).select_from(ScanReturn).where(ScanReturn.filed_at.is_not(None))
    assert session.scalar(filed) == 4
    assert (filing_job.result["filed"], filing_job.result["refused"], filing_job.crashes) == (4, 0, 1)
    # What was handed in lies there as it came.
    files = session.scalars(sa.select(ScanFile).order_by(ScanFile.no)).all()
    assert [documents.content(session, file.document) for file in files if file.document] == handed_in
    assert pages_read(session) == 12


def scans_filed(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(AgreementScan)) or 0


def pages_read(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(ScanPage)) or 0
