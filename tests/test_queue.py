"""The queue carries ids and nothing that could run; SQLite's driver in it is the mended one."""

import json
from pathlib import Path

import pysqlite3
import pytest
from flask import Flask

from portal.jobs import queue
from tests.postgres import PostgresServer


def app_with(url: str, folder: Path) -> Flask:
    app = Flask("test")
    app.config.update(QUEUE_URL=url, INSTANCE=folder)
    return app


def check(app: Flask) -> list[int]:
    """Send two ids as a server does, take them as a worker does."""
    taken: list[int] = []
    server, worker = queue.Queue(app), queue.Queue(app, taken.append)
    for number in (7, 8):
        server.send(number)
    assert server.size() == 2
    while (task := worker.huey.dequeue()) is not None:
        worker.huey.execute(task)
    assert worker.size() == 0
    return taken


def test_ids_go_through_sqlite_with_the_mended_driver(tmp_path: Path) -> None:
    app = app_with("", tmp_path)
    assert check(app) == [7, 8]
    assert (tmp_path / "queue.sqlite3").exists()
    assert isinstance(queue.Queue(app).huey.storage.conn, pysqlite3.dbapi2.Connection)
    locked = queue.storage.SqliteStorage.operational_error
    assert locked is pysqlite3.dbapi2.OperationalError


def test_ids_go_through_postgresql(postgres: PostgresServer, tmp_path: Path) -> None:
    url = postgres.create_database("portal_queue")
    app = app_with(url, tmp_path)
    made = queue.Queue(app)
    made.huey.storage.read_timeout = 0.1
    for number in (7, 8):
        made.send(number)
    assert [made.huey.dequeue().args for _ in range(2)] == [[7], [8]]
    assert made.huey.dequeue() is None
    made.huey.storage.close()
    postgres.drop_database("portal_queue")


def test_a_message_is_json_and_no_pickle(tmp_path: Path) -> None:
    made = queue.Queue(app_with("", tmp_path))
    made.send(7)
    (message,) = made.huey.storage.enqueued_items()
    assert json.loads(bytes(message))[6] == [7]


def test_an_unknown_queue_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="kafka"):
        queue.Queue(app_with("kafka://x", tmp_path))
