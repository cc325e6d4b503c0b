"""A year's purchases of 50,000 lines from a file: by command as .xlsx and .csv, again, and as the page does it.

Three hundred distributors buy under agreements in force; some have none, so that their lines are kept as unprotected;
each line carries a code, one in a hundred is returned, and the returns stand before what they return. Every run of the
command is a process of its own on a fresh copy of the same database. The page's way is a list handed in, planned and
imported by the real worker of tasks, whose progress is looked at four times a second.
"""

from __future__ import annotations

import csv
import json
import random
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import xlsxwriter
from flask_migrate import upgrade
from sqlalchemy.orm import Session

from bench.figures import Figure, Options, say
from bench.imports import databases
from bench.printing import Course, _done, _worker
from bench.processes import Spent, spent
from portal import create_app
from portal.domain.price_protection.models import Product
from portal.domain.price_protection.purchases.importing import PURCHASES
from portal.domain.price_protection.purchases.models import Accrual, Purchase
from portal.domain.users.models import User
from portal.extensions import db
from portal.sealing.certificate import SealFiles
from tests.domain.fund_world import FIRST, FundWorld
from tests.factories import Factory

ROWS, QUICK_ROWS = 50_000, 5_000
BUYERS, STRANGERS = 300, 10
SECONDS_LIMIT = 60  # for fifty thousand
SILENCE_LIMIT = 5  # seconds in which nobody sees the progress move
MEMORY_LIMIT = 400  # MB
HEAD = (
    *("单据号", "行号", "经销商编码", "经销商名称", "产品编码", "产品名称", "进货日期", "数量", "金额"),
    *("原单据号", "原行号", "批号", "备注"),
)
_DAYS = 270


def prepare(url: str, folder: Path) -> None:
    """A migrated database with agreements in force, and a clerk who imports."""
    app = create_app(SQLALCHEMY_DATABASE_URI=url, INSTANCE=folder, SECRET_KEY="bench")
    with app.app_context():
        upgrade()
        world = FundWorld(db.session(), Factory(db.session()))
        say(f"{BUYERS} agreements are signed")
        for _ in range(BUYERS):
            world.in_force()
        for number in range(STRANGERS):
            world.add_distributor(name=f"示例{number}号无协议商行")
        world.finance.username = "bench"
        db.session.commit()
        db.session.remove()
        db.engine.dispose()


def lines(session: Session, count: int) -> Iterator[list[Any]]:
    """So many lines, the returns first; from one seed."""
    chance = random.Random(5)
    product = session.scalars(sa.select(Product).order_by(Product.id)).first()
    assert product is not None
    world = session.execute(sa.text("SELECT code, name FROM distributor ORDER BY id")).all()
    returned = count // 100
    bought: list[list[Any]] = []
    document = 0
    while len(bought) < count - returned:
        document += 1
        code, name = chance.choice(world)
        on = FIRST + timedelta(days=chance.randrange(_DAYS))
        for line in range(1, chance.randrange(2, 7)):
            quantity = chance.randrange(1, 400)
            amount = quantity * chance.randrange(1_000, 20_000) / 100
            bought.append(
                [
                    *(
                        f"XS{document:06d}",
                        line,
                        code,
                        name,
                        product.code,
                        product.name,
                        on,
                        quantity,
                        amount,
                    ),
                    *("", "", f"B{document:06d}{line}", ""),
                ]
            )
    del bought[count - returned :]
    for number in range(returned):
        of = bought[number * 90]
        back = [f"XT{number:06d}", 1, *of[2:6], FIRST + timedelta(days=_DAYS), "", -round(of[8] / 2, 2)]
        yield [*back, of[0], of[1], "", "退货"]
    yield from bought


def write_files(session: Session, folder: Path, count: int) -> dict[str, Path]:
    """The list as .xlsx and as .csv."""
    files = {"xlsx": folder / "purchases.xlsx", "csv": folder / "purchases.csv"}
    with (
        xlsxwriter.Workbook(files["xlsx"], {"constant_memory": True}) as book,
        files["csv"].open("w", newline="", encoding="gb18030") as text,
    ):
        sheet, dates = book.add_worksheet("进货"), book.add_format({"num_format": "yyyy-mm-dd"})
        writer = csv.writer(text)
        sheet.write_row(0, 0, HEAD)
        writer.writerow(HEAD)
        for number, row in enumerate(lines(session, count), 1):
            writer.writerow(row)
            for place, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write_datetime(number, place, value, dates)
                elif value != "":
                    sheet.write(number, place, value)
    return files


def measure(options: Options) -> list[Figure]:
    """Import the list on each database; seconds are for fifty thousand, whatever the number imported."""
    folder = options.folder / "purchases"
    folder.mkdir()
    count = QUICK_ROWS if options.quick else ROWS
    flask = [sys.executable, "-m", "flask", "--app", "wsgi", "purchases", "import", "--json"]
    figures: list[Figure] = []
    files: dict[str, Path] = {}
    with databases(options, folder, prepare) as fresh:
        for name, database in fresh.items():
            files = files or _files(database(), folder, count)
            for kind, file in files.items():
                say(f"importing {count} lines as {kind}, {name}")
                url = database()
                run = spent([*flask, str(file)], url, folder)
                figures += _figures(f"purchases {kind}, {name}", run, count)
            say(f"importing the same again, {name}")
            again = spent([*flask, str(files["csv"])], url, folder)
            assert _said(folder) == {"created": 0, "unchanged": count, "refused": 0}
            figures.append(
                Figure(
                    f"purchases csv again, {name}: 0 created",
                    again.wall * ROWS / count,
                    "s",
                    SECONDS_LIMIT,
                    detail={"cpu": round(again.cpu, 1), "peak": round(again.peak)},
                )
            )
            figures += _by_page(name, database(), folder, files["xlsx"], count)
    return figures


def _files(url: str, folder: Path, count: int) -> dict[str, Path]:
    app = create_app(SQLALCHEMY_DATABASE_URI=url, INSTANCE=folder, SECRET_KEY="bench")
    with app.app_context():
        files = write_files(db.session(), folder, count)
        db.session.remove()
        db.engine.dispose()
    return files


def _said(folder: Path) -> dict[str, int]:
    told = json.loads((folder / "said").read_text(encoding="utf-8").splitlines()[-1])
    return {name: told[name] for name in ("created", "unchanged", "refused")}


def _figures(title: str, run: Spent, count: int) -> list[Figure]:
    detail = {"lines": count, "wall": round(run.wall, 1), "cpu": round(run.cpu, 1)}
    return [
        Figure(f"{title}: fifty thousand", run.wall * ROWS / count, "s", SECONDS_LIMIT, detail=detail),
        Figure(f"{title}: peak memory", run.peak, "MB", MEMORY_LIMIT),
    ]


def _by_page(name: str, url: str, folder: Path, file: Path, count: int) -> list[Figure]:
    """Hand the list in, have it planned, start the import; each line must stand, protected or with its reason."""
    app = create_app(SQLALCHEMY_DATABASE_URI=url, INSTANCE=folder, SECRET_KEY="bench")
    with app.app_context():
        session = db.session()
        clerk = session.scalars(sa.select(User).where(User.username == "bench")).one()
        with _worker(url, folder, SealFiles("")) as worker:
            say(f"a worker plans and imports the list, {name}")
            handed = PURCHASES.hand_in(session, clerk, file.read_bytes(), filename=file.name)
            assert handed.job is not None
            planned = _done(session, worker, handed.job)
            session.refresh(handed)
            imported = _done(session, worker, PURCHASES.start(session, clerk, handed))
        session.rollback()
        entered = session.scalar(sa.select(sa.func.count()).select_from(Purchase))
        accrued = session.scalar(sa.select(sa.func.count()).select_from(Accrual))
        unprotected = session.scalar(
            sa.select(sa.func.count()).select_from(Purchase).where(Purchase.unprotected.is_not(None))
        )
        assert entered == count == (accrued or 0) + (unprotected or 0), (entered, accrued, unprotected)
        assert accrued and unprotected
        db.session.remove()
        db.engine.dispose()
    return [
        *(
            Figure(
                f"purchases by page, {name}: fifty thousand {what}",
                course.seconds * ROWS / count,
                "s",
                SECONDS_LIMIT,
                detail={"processor_s": course.worked, "progress_seen": course.moves},
            )
            for what, course in (("previewed", planned), ("imported", imported))
        ),
        Figure(
            f"purchases by page, {name}: longest without progress",
            max(planned.silence, imported.silence),
            "s",
            SILENCE_LIMIT,
        ),
        Figure(
            f"purchases by page, {name}: peak of the worker", _peak(planned, imported), "MB", MEMORY_LIMIT
        ),
    ]


def _peak(*courses: Course) -> float:
    return max(course.peaks.get("worker", 0.0) for course in courses)
