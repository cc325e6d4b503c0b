"""What tests borrow instead of making it: one database of each kind and its applications, for one process.

A test gets the database as the migrations leave it and an application that nobody seems to have used. Making both
anew costs a third of a second each time; giving them back takes some milliseconds. Whatever cannot be brought back
with certainty (a changed schema, an open transaction, a listener that stayed, a function put into the application)
is thrown away, and the next test gets a new one.
"""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from flask import Flask
from psycopg import sql
from sqlalchemy.engine import Engine
from sqlalchemy.events import ConnectionEvents, DialectEvents, PoolEvents

from portal.db import LOCK_SECONDS
from portal.extensions import db
from portal.web import cuts, tables
from tests.memory import QuickFolder
from tests.postgres import PostgresServer

# Rows are deleted, which leaves dead ones behind; nothing is vacuumed, since that changes what the planner knows.
TESTS_PER_DATABASE = 60


class Database(ABC):
    """A migrated database that is brought back to its beginning; one test at a time uses it."""

    url: str

    @abstractmethod
    def fresh(self, engines: list[Engine]) -> None:
        """Bring it to its beginning; `engines` are all that may have connections to it."""

    @abstractmethod
    def remove(self) -> None:
        """End it."""


class SqliteDatabase(Database):
    """A file that is written anew."""

    def __init__(self, template: Path) -> None:
        self._template = template
        self._folder = QuickFolder("portal-file-")
        self._file = self._folder.path / "portal.sqlite3"
        self.url = f"sqlite:///{self._file}"

    def fresh(self, engines: list[Engine]) -> None:
        """Another file of the same name: who still holds the old one writes into nothing."""
        for engine in engines:
            engine.dispose()
        for path in self._folder.path.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        shutil.copyfile(self._template, self._file)

    def remove(self) -> None:
        """Remove the folder."""
        self._folder.remove()


class PostgresDatabase(Database):
    """A database whose written tables are emptied; connections stay, with all that they have prepared."""

    def __init__(self, server: PostgresServer, name: str, template: str) -> None:
        self._server, self._name, self._template = server, name, template
        self.url = server.url(name)
        self._connection: psycopg.Connection[Any] | None = None
        self._given = 0

    def fresh(self, engines: list[Engine]) -> None:
        """Empty what was written, or copy the template again where more than rows was changed."""
        if self._connection is None or self._given >= TESTS_PER_DATABASE or not self._emptied(engines):
            self._renew(engines)
        self._given += 1

    def remove(self) -> None:
        """Drop it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._server.drop_database(self._name)

    def _renew(self, engines: list[Engine]) -> None:
        for engine in engines:
            engine.dispose()
        if self._connection is not None:
            self._connection.close()
        self._server.create_database(self._name, template=self._template)
        self._connection = psycopg.connect(
            self.url.replace("+psycopg", ""), autocommit=True, prepare_threshold=0
        )
        # Tables of which nothing is ever deleted are emptied all the same, and in any order.
        self._connection.execute("SET session_replication_role = replica")
        self._connection.execute("SET lock_timeout = '1s'")
        self._given = 0
        names = [
            name
            for (name,) in self._connection.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
                " ORDER BY relname"
            )
        ]
        tables = [sql.Identifier(name) for name in names]
        self._filled = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(sql.Literal(name), table)
            for name, table in zip(names, tables, strict=True)
        )
        self._rows = {
            name: rows
            for name, table in zip(names, tables, strict=True)
            if (rows := self._rows_of(table)) and name
        }
        self._numbers = self._sequences()
        self._schema = self._schema_now()

    def _emptied(self, engines: list[Engine]) -> bool:
        """Whether the database is at its beginning again."""
        assert self._connection is not None
        try:
            if self._somebody_works() or self._schema_now() != self._schema:
                return False
            filled = [name for (name,) in self._connection.execute(self._filled)]
            changed = [
                name
                for name in {*filled, *self._rows}
                if name not in self._rows or self._rows_of(sql.Identifier(name)) != self._rows[name]
            ]
            numbers = self._sequences()
            with self._connection.transaction():
                for name in changed:
                    self._connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
                    for row in self._rows.get(name, ()):
                        self._connection.execute(
                            sql.SQL(
                                "INSERT INTO {0} SELECT * FROM jsonb_populate_record(NULL::{0}, %s)"
                            ).format(sql.Identifier(name)),
                            [row],
                        )
                for name, last in self._numbers.items():
                    if numbers.get(name) != last:
                        self._connection.execute(_SET_BACK, {"name": name, "last": last})
            for engine in engines:
                _connections_reset(engine)
        except (psycopg.Error, sa.exc.SQLAlchemyError):
            return False
        return True

    def _rows_of(self, table: sql.Identifier) -> list[str]:
        assert self._connection is not None
        statement = sql.SQL("SELECT to_jsonb(t)::text FROM {} AS t ORDER BY 1").format(table)
        return [row for (row,) in self._connection.execute(statement)]

    def _sequences(self) -> dict[str, int | None]:
        assert self._connection is not None
        return dict(self._connection.execute(_SEQUENCES).fetchall())

    def _schema_now(self) -> tuple[Any, ...] | None:
        assert self._connection is not None
        return self._connection.execute(_SCHEMA).fetchone()

    def _somebody_works(self) -> bool:
        """Whether a thread or a process of the last test still has a transaction open, or a lock."""
        assert self._connection is not None
        found = self._connection.execute(
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend' AND state <> 'idle' LIMIT 1"
        )
        return found.fetchone() is not None


_SEQUENCES = "SELECT seqrelid::regclass::text, pg_sequence_last_value(seqrelid) FROM pg_sequence"
_SET_BACK = (
    "SELECT setval(%(name)s::regclass, COALESCE(%(last)s, seqstart), %(last)s::bigint IS NOT NULL)"
    " FROM pg_sequence WHERE seqrelid = %(name)s::regclass"
)
# Each change of a schema makes a row of a catalogue anew, in a younger transaction, or takes one away.
_SCHEMA = "SELECT " + ", ".join(
    f"(SELECT ROW(count(*), max(xmin::text::bigint)) FROM {catalogue} WHERE {ours})::text"
    for catalogue, ours in (
        ("pg_class", "relnamespace = 'public'::regnamespace"),
        ("pg_proc", "pronamespace = 'public'::regnamespace"),
        ("pg_attribute", "attrelid >= 16384 AND attnum > 0"),
        ("pg_trigger", "true"),
        ("pg_constraint", "true"),
        ("pg_attrdef", "true"),
        ("pg_namespace", "true"),
        ("pg_extension", "true"),
        (
            "pg_db_role_setting",
            "setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())",
        ),
    )
)
# All that DISCARD ALL forgets, but for the statements that are prepared; a temporary table changes the schema.
_RESET = (
    "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; SELECT pg_advisory_unlock_all();"
    f" DISCARD SEQUENCES; SET lock_timeout = '{LOCK_SECONDS}s'"
)


def _connections_reset(engine: Engine) -> None:
    """Forget what a test has set for the connections that wait in the pool."""
    assert isinstance(engine.pool, sa.QueuePool)
    waiting = [engine.raw_connection() for _ in range(engine.pool.checkedin())]
    for connection in waiting:
        driver = connection.driver_connection
        assert driver is not None
        driver.rollback()
        driver.autocommit = True
        driver.execute(_RESET)
        driver.autocommit = False
    # The one that was used last goes out first: give them back the other way round.
    for connection in reversed(waiting):
        connection.close()


def _listeners(dispatch: Any, events: type) -> tuple[int, ...]:
    names = [name for name in vars(events) if not name.startswith("_")]
    return tuple(len(getattr(dispatch, name, ())) for name in names)


def _marks(value: Any) -> Hashable:
    """What something is made of, to see whether a thing was put in or replaced.

    An empty dictionary in another is no thing: Flask's handlers of errors are dictionaries that come to be when a
    refusal looks into them, and an application is not thrown away for having refused.
    """
    if isinstance(value, dict):
        parts = [(key, one, _marks(one)) for key, one in list(value.items())]
        return tuple((key, marks) for key, one, marks in parts if marks or not isinstance(one, dict))
    if isinstance(value, list | tuple):
        return tuple(map(_marks, value))
    return id(value)


# What a Flask application is made of; the rest of its attributes are made on demand, or put back by `restored`.
_MADE_OF = (
    "before_request_funcs",
    "after_request_funcs",
    "teardown_request_funcs",
    "teardown_appcontext_funcs",
    "template_context_processors",
    "url_value_preprocessors",
    "url_default_functions",
    "url_build_error_handlers",
    "error_handler_spec",
    "view_functions",
    "blueprints",
    "shell_context_processors",
    "session_interface",
    "request_class",
    "response_class",
    "json",
    "login_manager",
)


class Borrowed:
    """An application that one test after another uses."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        with app.app_context():
            self.engine = db.engine
        self._config = dict(app.config)
        self._extensions = dict(app.extensions)
        self._marks = self._marks_now()

    def start(self, instance: Path) -> None:
        """Prepare it for a test, with the test's own folder."""
        self.app.config["INSTANCE"] = instance
        instance.mkdir(parents=True, exist_ok=True)

    def restored(self) -> bool:
        """Make it as it was; whether it is, or has to be thrown away."""
        self.app.config.clear()
        self.app.config.update(self._config)
        self.app.extensions.clear()
        self.app.extensions.update(self._extensions)
        # Written by the first request that wants them: a part of a page, an address.
        for name in ("portal_parts", "portal_addresses"):
            self.app.extensions[name] = type(self.app.extensions[name])()
        with self.app.app_context():
            db.session.remove()
        assert isinstance(self.engine.pool, sa.QueuePool)
        return self.engine.pool.checkedout() == 0 and self._marks_now() == self._marks

    def close(self) -> None:
        """Close its connections."""
        self.engine.dispose()

    def _marks_now(self) -> Hashable:
        env = self.app.jinja_env
        return (
            _marks({name: getattr(self.app, name, None) for name in _MADE_OF}),
            _marks([env.globals, env.filters, env.tests, env.extensions, env.loader]),
            vars(self.app).get("wsgi_app") is not None,
            sum(1 for _ in self.app.url_map.iter_rules()),
            _listeners(self.engine.dispatch, ConnectionEvents),
            _listeners(self.engine.dialect.dispatch, DialectEvents),
            _listeners(self.engine.pool.dispatch, PoolEvents),
        )


# What the portal remembers for a while of the rows of a database, by its engine.
REMEMBERED: tuple[dict[Hashable, Any], ...] = (tables._remembered, cuts._seen)

# The settings of an application that are worth keeping it for; any others are one test's own.
_KEPT: tuple[dict[str, Any], ...] = ({}, {"QUEUE_URL": ""}, {"WTF_CSRF_ENABLED": True})


class Shelf:
    """A database and the applications on it; `lend` before a test, `borrow` in it, `take_back` after it."""

    def __init__(self, database: Database, create: Callable[..., Flask]) -> None:
        self.database = database
        self._create = create
        self._apps: dict[int, Borrowed] = {}
        self._lent: dict[int, Borrowed] = {}

    def lend(self) -> str:
        """Bring the database to its beginning; gives its address."""
        self.database.fresh([one.engine for one in self._apps.values()])
        return self.database.url

    def borrow(self, overrides: dict[str, Any], instance: Path) -> Flask | None:
        """An application with these settings, each once in a test; None when there is none to lend."""
        place = _KEPT.index(overrides) if overrides in _KEPT else None
        if place is None or place in self._lent:
            return None
        if place not in self._apps:
            self._apps[place] = Borrowed(
                self._create(**overrides, SQLALCHEMY_DATABASE_URI=self.database.url, INSTANCE=instance)
            )
        self._lent[place] = self._apps[place]
        self._apps[place].start(instance)
        return self._apps[place].app

    def take_back(self) -> None:
        """Make what was lent as it was, or throw it away."""
        for place, one in self._lent.items():
            if not one.restored():
                one.close()
                del self._apps[place]
        self._lent.clear()
        for remembered in REMEMBERED:
            remembered.clear()

    def remove(self) -> None:
        """Close everything and end the database."""
        for one in self._apps.values():
            one.close()
        self._apps.clear()
        self.database.remove()
