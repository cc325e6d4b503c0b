"""Where the time of one page goes: its statements with their plans, and its functions. For whoever makes it faster.

    .venv/bin/python -m bench.look list
    .venv/bin/python -m bench.look "/distributors/?q=商贸" --keep register --functions 40
    .venv/bin/python -m bench.look detail --database postgresql --count 20000

The pages by name: list, search, rare, detail, form, create. `--keep` leaves the SQLite register in that folder
and takes it from there the next time; a changed schema needs a new one. One process, no server, no network: the
figures are the application's own, for the ratios that count there is `make bench BENCH="--only web --quick"`.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from bench import databases, register
from bench.client import fields_of
from bench.databases import Filled
from bench.figures import Options
from bench.stage import in_portal
from portal import create_app
from portal.domain.users.services import DEMO_PASSWORD
from portal.extensions import db

_PAGES = {
    "list": "/distributors/",
    "search": f"/distributors/?q={register.MANY}",
    "rare": f"/distributors/?q={register.FEW}",
    "form": "/distributors/new",
}


def main() -> None:
    """Make or take the register, ask for the page, tell."""
    parser = argparse.ArgumentParser(prog="bench.look", description="See where the time of a page goes.")
    parser.add_argument("page", help="list, search, rare, detail, form, create, or an address")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--count", type=int, default=databases.LARGE)
    parser.add_argument("--keep", type=Path, help="a folder for the SQLite register, so that it is made once")
    parser.add_argument("--functions", type=int, default=25, help="how many lines of the profile")
    asked = parser.parse_args()
    with ExitStack() as stack:
        database = stack.enter_context(_database(asked))
        app = create_app(
            SQLALCHEMY_DATABASE_URI=database.url,
            INSTANCE=database.instance,
            SECRET_KEY="bench",
            ASSETS="local",
        )
        client = _signed_in(app)
        _tell(app, _deed(client, asked.page, database), asked.functions)


@contextmanager
def _database(asked: argparse.Namespace) -> Iterator[Filled]:
    if asked.keep is not None and asked.database == "sqlite":
        folder, done = asked.keep, asked.keep / "first"
        if not done.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory() as work:
                options = Options(Path(work))
                with databases.filled("sqlite", options, (asked.count,)) as (made,):
                    (made.instance / "portal.sqlite3").rename(folder / "portal.sqlite3")
                    done.write_text(str(made.first), encoding="ascii")
        first = int(done.read_text(encoding="ascii"))
        yield Filled("sqlite", f"sqlite:///{folder / 'portal.sqlite3'}", folder, asked.count, first)
        return
    with tempfile.TemporaryDirectory() as work:
        options = Options(Path(work))
        with databases.filled(asked.database, options, (asked.count,)) as (made,):
            yield made


def _signed_in(app: Flask) -> FlaskClient:
    client = app.test_client()
    fields = fields_of(client.get("/login").get_data(as_text=True), "password")
    client.post("/login", data=fields | {"username": register.READER, "password": DEMO_PASSWORD})
    return client


def _deed(client: FlaskClient, page: str, database: Filled) -> Callable[[], int]:
    if page == "create":
        form = fields_of(client.get("/distributors/new").get_data(as_text=True), "legal_rep")
        return lambda: client.post("/distributors/new", data=form | in_portal()).status_code
    if page == "detail":
        return lambda: client.get(f"/distributors/{database.first + 100}").status_code
    return lambda: client.get(_PAGES.get(page, page)).status_code


def _tell(app: Flask, deed: Callable[[], int], functions: int) -> None:
    print("status", deed())
    times = []
    for _turn in range(15):
        began = time.perf_counter()
        deed()
        times.append(time.perf_counter() - began)
    with app.app_context():
        engine = db.engine
    seconds, calls = _statements(engine, deed)
    print(f"p50 {statistics.median(times) * 1000:.1f} ms; statements {sum(seconds.values()) * 1000:.1f} ms\n")
    for (statement, values), spent in sorted(seconds.items(), key=lambda pair: -pair[1]):
        print(f"{spent * 1000:8.2f} ms  {calls[statement, values]} ×  {' '.join(statement.split())[:600]}")
        if spent > 0.001 and statement.startswith(("SELECT", "WITH")):
            for line in _plan(engine, statement, values):
                print(f"              {line}")
    profile = cProfile.Profile()
    profile.enable()
    for _turn in range(10):
        deed()
    profile.disable()
    print("\nten times:")
    pstats.Stats(profile).sort_stats("tottime").print_stats(functions)
    pstats.Stats(profile).sort_stats("cumulative").print_stats("portal|templates", functions)


def _statements(engine: sa.Engine, deed: Callable[[], int]) -> tuple[dict[Any, float], dict[Any, int]]:
    """Seconds by statement, the fetching left out, and how often each was sent."""
    seconds: dict[Any, float] = defaultdict(float)
    calls: dict[Any, int] = defaultdict(int)
    began = [0.0]

    def before(*_args: Any) -> None:
        began[0] = time.perf_counter()

    def after(_connection: Any, _cursor: Any, statement: str, values: Any, *_args: Any) -> None:
        key = statement, repr(values)
        seconds[key] += time.perf_counter() - began[0]
        calls[key] += 1
        _VALUES[key] = values

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    deed()
    event.remove(engine, "before_cursor_execute", before)
    event.remove(engine, "after_cursor_execute", after)
    return seconds, calls


_VALUES: dict[Any, Any] = {}


def _plan(engine: sa.Engine, statement: str, values: str) -> list[str]:
    word = "EXPLAIN ANALYZE" if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"{word} {statement}", _VALUES[statement, values]).all()
        connection.rollback()
    return [str(row[-1]) for row in rows]


if __name__ == "__main__":
    main()
