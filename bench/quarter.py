"""A quarter of a thousand agreements closed by a worker of tasks: released, stated, printed and joined into one file.

The worker is the real one, as in `bench.printing`; before it begins, two people have proposed and confirmed. Each
agreement has eight purchases and a return in the quarter. Seconds are for a thousand, whatever the number closed.
"""

from __future__ import annotations

import os
import time
from datetime import date, timedelta
from pathlib import Path

import sqlalchemy as sa
from flask_migrate import upgrade
from sqlalchemy.orm import Session

from bench.figures import Figure, Options, say
from bench.printing import _database, _done, _worker
from portal import create_app
from portal.domain.ledger.models import Transfer
from portal.domain.price_protection.closing import proposing
from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.closing.preview import digest, preview
from portal.extensions import db
from portal.sealing.certificate import SealFiles
from tests.domain.close_world import CloseWorld
from tests.factories import Factory

COUNT, QUICK_COUNT = 1_000, 40
SECONDS_LIMIT = 240  # for a thousand on two cores
PREVIEW_LIMIT = 2
QUARTER, FIRST = "2026Q3", date(2026, 7, 6)
LINES = 8


def measure(options: Options) -> list[Figure]:
    """Close the quarter on each database."""
    count = QUICK_COUNT if options.quick else COUNT
    figures: list[Figure] = []
    for name in options.databases:
        folder = options.folder / name
        folder.mkdir()
        with _database(name, folder) as url:
            figures += _on(name, url, folder, count)
    return figures


def _on(name: str, url: str, folder: Path, count: int) -> list[Figure]:
    app = create_app(
        SQLALCHEMY_DATABASE_URI=url,
        INSTANCE=folder,
        SECRET_KEY="bench",
        BASE_URL="https://portal.example.com",
    )
    with app.app_context():
        upgrade()
        session = db.session()
        say(f"{count} agreements buy through a quarter, {name}")
        world = _bought(session, count)
        began = time.monotonic()
        rows = preview(session, QUARTER, world.head.id)
        looked = time.monotonic() - began
        proposal = proposing.propose(session, world.finance, QUARTER, world.head, seen_sha256=digest(rows))
        session.commit()
        job = proposing.confirm(session, world.second, proposal, seen_sha256=proposal.sha256)
        session.commit()
        with _worker(url, folder, SealFiles("")) as worker:
            say("a worker releases, states, prints and joins")
            course = _done(session, worker, job)
        session.expire_all()
        printed = session.scalar(
            sa.select(sa.func.count()).select_from(Statement).where(Statement.document_id.is_not(None))
        )
        released = session.scalar(
            sa.select(sa.func.count()).select_from(Transfer).where(Transfer.kind == "release")
        )
        assert printed == released == count, (printed, released)
        db.session.remove()
        db.engine.dispose()
    thousand = 1_000 / count
    detail = {
        "agreements": count,
        "lines": LINES + 1,
        "seconds": round(course.seconds, 1),
        "processor_s": course.worked,
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
    }
    title = f"quarter, {name}"
    return [
        Figure(
            f"{title}: a thousand released, stated and printed",
            course.seconds * thousand,
            "s",
            SECONDS_LIMIT,
            detail=detail,
        ),
        Figure(f"{title}: preview of a thousand", looked * thousand, "s", PREVIEW_LIMIT),
        Figure(f"{title}: peak of the worker", course.peaks.get("worker", 0.0), "MB"),
    ]


def _bought(session: Session, count: int) -> CloseWorld:
    """An office with so many agreements in force, each with purchases and a return."""
    world = CloseWorld(session, Factory(session))
    for _ in range(count):
        agreement = world.in_force()
        lines = [
            world.line(agreement, FIRST + timedelta(days=7 * no), 912_000 + 10_001 * no)
            for no in range(LINES)
        ]
        booked = world.book(*lines)
        world.give_back(booked.lines[0], date(2026, 9, 1), 91_200)  # type: ignore[arg-type]
    return world
