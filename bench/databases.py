"""The databases of the bench: the demo with a small and with a large register on top, in SQLite and PostgreSQL."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from bench import register
from bench.figures import Options, say
from portal.config import ROOT, engine_options
from portal.db import prepare_engine
from tests.postgres import PostgresServer

SMALL, LARGE = 1_000, 100_000
# Tests may lose what they wrote, and so be quick; a bench waits for the disk as one must.
SAFE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "256MB"}


@dataclass(frozen=True)
class Filled:
    """A database with `count` distributors made by `register`, ids from `first` on, and its instance folder."""

    name: str
    url: str
    instance: Path
    count: int
    first: int

    def environment(self) -> dict[str, str]:
        """What a process needs to work on it."""
        return os.environ | {
            "PORTAL_DATABASE_URL": self.url,
            "PORTAL_INSTANCE": str(self.instance),
            "PORTAL_ASSETS": "local",
            "PYTHONUTF8": "1",
        }


@contextmanager
def engine_of(url: str) -> Iterator[sa.Engine]:
    """An engine as the portal has it."""
    engine = sa.create_engine(url, **engine_options(url))
    prepare_engine(engine)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def filled(name: str, options: Options, sizes: tuple[int, ...]) -> Iterator[list[Filled]]:
    """A database of each size on "sqlite" or "postgresql"; they are gone afterwards."""
    folder = options.folder / name
    folder.mkdir()
    if name == "sqlite":
        yield list(_sqlite(folder, sizes))
        shutil.rmtree(folder)
        return
    with PostgresServer(SAFE) as server:
        yield list(_postgresql(server, folder, sizes))
    shutil.rmtree(folder)


def _sqlite(folder: Path, sizes: tuple[int, ...]) -> Iterator[Filled]:
    demo = folder / "demo"
    _load_demo(demo, "")
    for count in sizes:
        instance = folder / str(count)
        shutil.copytree(demo, instance)
        yield _fill("sqlite", f"sqlite:///{instance / 'portal.sqlite3'}", instance, count)


def _postgresql(server: PostgresServer, folder: Path, sizes: tuple[int, ...]) -> Iterator[Filled]:
    instance = folder / "instance"
    _load_demo(instance, server.create_database("demo"))
    for count in sizes:
        yield _fill("postgresql", server.create_database(f"register_{count}", "demo"), instance, count)


def _load_demo(instance: Path, url: str) -> None:
    environment = os.environ | {"PORTAL_INSTANCE": str(instance), "PORTAL_DATABASE_URL": url}
    subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "prepare.py")],
        cwd=ROOT,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=300,
    )


def _fill(name: str, url: str, instance: Path, count: int) -> Filled:
    say(f"{name}: writing {count:,} distributors")
    with engine_of(url) as engine:
        return Filled(name, url, instance, count, register.write(engine, count))
