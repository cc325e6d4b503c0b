"""A worker that cannot begin says in both languages what to do, and exits 2."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from portal.db import Base
from portal.jobs import worker
from tests.postgres import PostgresServer

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The threads of each worker that was begun."""
    begun: list[int] = []
    monkeypatch.setattr(worker.Worker, "run", lambda self, *, ends_with: begun.append(self.threads))
    return begun


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app(QUEUE_URL="")


def test_a_worker_begins_where_all_tables_are(app: Flask, started: list[int]) -> None:
    worker.main(app, ["--threads", "3"])
    worker.main(app, [])
    assert started == [3, 2]


@pytest.mark.parametrize("threads", ["0", "-1", "two", "1.5", ""])
def test_a_worker_has_at_least_one_thread(
    app: Flask, started: list[int], capsys: pytest.CaptureFixture[str], threads: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        worker.main(app, [f"--threads={threads}"])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "Give a whole number from 1" in said
    assert "请填写" in said
    assert started == []


def test_a_database_of_an_older_version_is_named(
    app: Flask,
    database_url: str,
    started: list[int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        Base.metadata.tables["job_worker"].drop(connection)
    engine.dispose()
    with pytest.raises(SystemExit) as ended:
        worker.main(app, [])
    assert ended.value.code == 2
    assert "flask --app wsgi db upgrade" in capsys.readouterr().err
    assert started == []


def test_where_requests_do_their_tasks_themselves_no_worker_begins(
    make_app: Callable[..., Flask], started: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        worker.main(make_app(QUEUE_URL="immediate:"), [])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.count("immediate:") == 2 and said.count("\n") == 1
    assert "there is no queue for a worker" in said and "没有队列" in said
    assert started == []


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_an_empty_database_gives_a_sentence_and_no_traceback(
    database: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    is_sqlite = database == "sqlite"
    url = f"sqlite:///{tmp_path / 'new.sqlite3'}" if is_sqlite else postgres.create_database("portal_new")
    environment = os.environ | {
        "PORTAL_DATABASE_URL": url,
        "PORTAL_INSTANCE": str(tmp_path / "instance"),
        "PORTAL_SECRET_KEY": "test",
        "PORTAL_QUEUE_URL": "",
        "PYTHONIOENCODING": "utf-8",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "portal.jobs"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2, ended.stderr
    assert ended.stderr.count("flask --app wsgi db upgrade") == 2
    assert "数据库" in ended.stderr
    assert "Traceback" not in ended.stderr
    if not is_sqlite:
        postgres.drop_database("portal_new")
