"""huey as a carrier of ids: SQLite in the instance folder, PostgreSQL or Redis by PORTAL_QUEUE_URL."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pysqlite3
from flask import Flask
from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey, storage
from huey.registry import Message
from huey.serializer import Serializer

# The standard library's SQLite has the WAL-reset bug on Debian 12; huey imports that one.
storage.sqlite3 = pysqlite3.dbapi2
storage.SqliteStorage.integrity_error = pysqlite3.dbapi2.IntegrityError
storage.SqliteStorage.operational_error = pysqlite3.dbapi2.OperationalError

NAME = "portal"
_SQLITE = "sqlite:///"


class JsonSerializer(Serializer):  # type: ignore[misc]
    """Messages as JSON: pickle would let whoever can write into the queue run code."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> Any:
        return Message(*json.loads(bytes(data)))


class Queue:
    """The queue of an application; `perform` is what a worker does with an id, nothing elsewhere."""

    def __init__(self, app: Flask, perform: Callable[[int], None] | None = None) -> None:
        self.huey = _connect(app)

        # Defined here, since huey names a message after its function's module.
        def run_job(job_id: int) -> None:
            (perform or _nothing)(job_id)

        self.message = self.huey.task()(run_job)

    def send(self, job_id: int) -> None:
        """Put a job's id in; whoever takes it claims the row first, so that twice is harmless."""
        self.message(job_id)

    def size(self) -> int:
        """How many messages wait."""
        return int(self.huey.storage.queue_size())


def of(app: Flask) -> Queue:
    """The queue of this application, connected at the first call."""
    queue: Queue = app.extensions.get("portal_queue") or app.extensions.setdefault("portal_queue", Queue(app))
    return queue


def send(app: Flask, job_id: int) -> None:
    """Send a job's id to the workers."""
    of(app).send(job_id)


def _nothing(_job_id: int) -> None:
    raise RuntimeError("only a worker does jobs")


def url_of(app: Flask) -> str:
    """Where the queue is."""
    return app.config["QUEUE_URL"] or f"{_SQLITE}{Path(app.config['INSTANCE']) / 'queue.sqlite3'}"


def _connect(app: Flask) -> Huey:
    url = url_of(app)
    scheme = url.split(":", 1)[0].split("+")[0]
    facts: dict[str, Any] = {"results": False, "serializer": JsonSerializer()}
    if url.startswith(_SQLITE):
        return SqliteHuey(NAME, filename=url.removeprefix(_SQLITE), timeout=20, **facts)
    if scheme in ("postgresql", "postgres"):
        return PostgresHuey(NAME, dsn="postgresql:" + url.split(":", 1)[1], **facts)
    if scheme in ("redis", "rediss", "unix"):
        return RedisHuey(NAME, url=url, **facts)
    raise ValueError(f"PORTAL_QUEUE_URL: {scheme} is none of sqlite, postgresql, redis")
