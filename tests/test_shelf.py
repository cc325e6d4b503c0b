"""What one test did, the next one does not see, although both use the same database and the same application."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.config import ROOT
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.regions.models import Region
from portal.extensions import db
from portal.web import tables
from tests.conftest import _created
from tests.factories import PASSWORD, Factory
from tests.memory import QuickFolder
from tests.shelf import (
    REMEMBERED,
    TESTS_PER_DATABASE,
    PostgresDatabase,
    Shelf,
    SqliteDatabase,
)

on_postgresql = pytest.mark.parametrize("shelf", ["postgresql"], indirect=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def shelf(request: pytest.FixtureRequest) -> Iterator[Shelf]:
    """A shelf of our own: what is broken here breaks no other test."""
    if request.param == "sqlite":
        database: Any = SqliteDatabase(request.getfixturevalue("sqlite_template"))
    else:
        request.getfixturevalue("postgres_template")
        server = request.getfixturevalue("postgres")
        database = PostgresDatabase(server, "portal_shelf", template="portal_template")
    made = Shelf(database, _created)
    yield made
    made.remove()


@pytest.fixture
def borrow(shelf: Shelf, tmp_path: Path) -> Callable[[], Flask]:
    """Begin a test: the database at its beginning, and an application."""

    def begin() -> Flask:
        shelf.lend()
        app = shelf.borrow({}, tmp_path / "instance")
        assert app is not None
        return app

    return begin


def engine_of(app: Flask) -> sa.Engine:
    with app.app_context():
        return db.engine


def everything(shelf: Shelf) -> dict[str, Any]:
    """All rows, all definitions and all counters, read on a connection of its own."""
    engine = sa.create_engine(shelf.database.url)
    found: dict[str, Any] = {}
    with engine.connect() as connection:
        for name in sa.inspect(connection).get_table_names():
            rows = connection.execute(sa.text(f'SELECT * FROM "{name}"')).all()
            found[f"rows of {name}"] = sorted(map(repr, rows))
        if engine.dialect.name == "postgresql":
            for what, statement in (
                ("counters", "SELECT sequencename, start_value, last_value FROM pg_sequences"),
                ("triggers", "SELECT tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger"),
                (
                    "functions",
                    "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
                ),
                ("rules", "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"),
                ("indexes", "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"),
                (
                    "columns",
                    "SELECT table_name, column_name, data_type, is_nullable, column_default"
                    " FROM information_schema.columns WHERE table_schema = 'public'",
                ),
            ):
                # A trigger of PostgreSQL's own is named after its number, which a copy keeps.
                found[what] = sorted(map(repr, connection.execute(sa.text(statement)).all()))
        else:
            found["definitions"] = sorted(
                map(repr, connection.execute(sa.text("SELECT type, name, sql FROM sqlite_master")).all())
            )
    engine.dispose()
    return found


def write_much(app: Flask) -> int:
    """Rows in many tables, some of which nobody may delete from; gives the first number that was handed out."""
    with Session(engine_of(app), expire_on_commit=False) as session:
        make = Factory(session)
        office = make.region("示例东区")
        make.distributor(office, make.user(Role.SALESPERSON, office))
        event_row = AuditEvent(action="test.wrote", subject="region", subject_id=office.id)
        session.add(event_row)
        session.commit()
        return office.id


def test_rows_and_counters_are_those_of_the_migrations(shelf: Shelf, borrow: Callable[[], Flask]) -> None:
    shelf.lend()
    before = everything(shelf)
    app = borrow()
    first = write_much(app)
    with engine_of(app).begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'another'"))
    written = everything(shelf)
    assert sum(written[name] != before[name] for name in before) > 5
    shelf.take_back()

    app = borrow()
    assert everything(shelf) == before
    assert write_much(app) == first
    shelf.take_back()
    shelf.lend()
    assert everything(shelf) == before


@on_postgresql
@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE audit_event DISABLE TRIGGER USER",
        "DROP TABLE audit_event CASCADE",
        "CREATE TABLE left_behind (id int)",
        "ALTER TABLE region ADD COLUMN left_behind int",
        "ALTER TABLE region ALTER COLUMN name DROP NOT NULL",
        "ALTER TABLE region ALTER COLUMN name SET DEFAULT 'x'",
        "CREATE INDEX left_behind ON region (name)",
        "CREATE SEQUENCE left_behind",
        "CREATE FUNCTION left_behind() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION portal_refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN RETURN NULL; END'",
        "TRUNCATE alembic_version",
    ],
)
def test_a_changed_schema_is_thrown_away(shelf: Shelf, borrow: Callable[[], Flask], change: str) -> None:
    shelf.lend()
    before = everything(shelf)
    with engine_of(borrow()).begin() as connection:
        connection.execute(sa.text(change))
    shelf.take_back()
    assert everything(shelf) != before
    app = borrow()
    assert everything(shelf) == before
    write_much(app)


def test_a_changed_file_is_thrown_away(tmp_path: Path, sqlite_template: Path) -> None:
    database = SqliteDatabase(sqlite_template)
    try:
        file = Path(database.url.removeprefix("sqlite:///"))
        database.fresh([])
        file.write_bytes(b"damaged")
        (file.parent / "left-behind").mkdir()
        file.with_name("portal.sqlite3-wal").write_bytes(b"left behind")
        database.fresh([])
        assert [path.name for path in file.parent.iterdir()] == [file.name]
        assert file.read_bytes() == sqlite_template.read_bytes()
    finally:
        database.remove()


def test_who_goes_on_writing_reaches_nobody(shelf: Shelf, borrow: Callable[[], Flask]) -> None:
    app = borrow()
    late = engine_of(app).connect()
    late.execute(sa.insert(Region).values(code="LATE", name="迟到", path="/late/"))
    shelf.take_back()

    other = borrow()
    with suppress(DBAPIError):  # cut off, or written into a file without a name
        late.commit()
    assert other is not app
    with engine_of(other).connect() as connection:
        assert connection.scalars(sa.select(Region.code)).all() == []
    late.invalidate()
    late.close()


@on_postgresql
def test_a_connection_forgets_what_was_set_for_it(shelf: Shelf, borrow: Callable[[], Flask]) -> None:
    app = borrow()
    engine = engine_of(app)
    with engine.connect() as connection:
        pid = connection.scalar(sa.text("SELECT pg_backend_pid()"))
        connection.execute(sa.text("SET lock_timeout = '1ms'"))
        connection.execute(sa.text("SET session_replication_role = replica"))
        connection.execute(sa.text("SELECT pg_advisory_lock(7)"))
        connection.commit()
    shelf.take_back()

    assert borrow() is app
    with engine.connect() as connection:
        # It is the same one, with all that it has prepared.
        assert connection.scalar(sa.text("SELECT pg_backend_pid()")) == pid
        assert connection.scalar(sa.text("SHOW lock_timeout")) == "20s"
        assert connection.scalar(sa.text("SHOW session_replication_role")) == "origin"
        assert connection.scalar(sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")) == 0


@on_postgresql
def test_a_database_is_not_used_for_ever(shelf: Shelf) -> None:
    def number() -> int | None:
        address = shelf.database.url.replace("+psycopg", "")
        with psycopg.connect(address) as connection:
            row = connection.execute(
                "SELECT oid FROM pg_database WHERE datname = current_database()"
            ).fetchone()
            return row and row[0]

    shelf.lend()
    first = number()
    for _ in range(TESTS_PER_DATABASE - 1):
        shelf.lend()
    assert number() == first
    shelf.lend()
    assert number() != first


def put_in_a_listener(app: Flask) -> None:
    event.listen(engine_of(app), "before_cursor_execute", lambda *_told: None)


def put_in_a_listener_of_the_pool(app: Flask) -> None:
    event.listen(engine_of(app), "checkout", lambda *_told: None)


def put_in_a_listener_of_the_driver(app: Flask) -> None:
    event.listen(engine_of(app), "do_connect", lambda *_told: None)


def put_in_a_function(app: Flask) -> None:
    app.before_request_funcs.setdefault(None, []).append(lambda: None)


def put_in_a_handler_of_errors(app: Flask) -> None:
    app.error_handler_spec["auth"][404][Exception] = lambda _error: ""


def replace_a_view(app: Flask) -> None:
    app.view_functions["auth.login"] = lambda: ""


def put_in_a_global(app: Flask) -> None:
    app.jinja_env.globals["left_behind"] = 1


def put_in_an_address(app: Flask) -> None:
    app.url_map.add(app.url_rule_class("/left-behind", endpoint="auth.login"))


def put_something_around(app: Flask) -> None:
    app.wsgi_app = lambda *_told: iter(())  # type: ignore[method-assign]


@pytest.mark.parametrize(
    "change",
    [
        put_in_a_listener,
        put_in_a_listener_of_the_pool,
        put_in_a_listener_of_the_driver,
        put_in_a_function,
        put_in_a_handler_of_errors,
        replace_a_view,
        put_in_a_global,
        put_in_an_address,
        put_something_around,
    ],
)
@pytest.mark.parametrize("shelf", ["sqlite"], indirect=True)
def test_an_application_in_which_something_was_changed_is_thrown_away(
    shelf: Shelf, borrow: Callable[[], Flask], change: Callable[[Flask], None]
) -> None:
    app = borrow()
    shelf.take_back()
    assert borrow() is app
    change(app)
    shelf.take_back()
    assert borrow() is not app


def test_an_application_is_used_again_as_if_it_were_new(
    shelf: Shelf, borrow: Callable[[], Flask], tmp_path: Path
) -> None:
    app = borrow()
    settings, extensions = dict(app.config), set(app.extensions)
    page = app.test_client().get("/login")
    assert page.status_code == 200 and app.extensions["portal_addresses"]
    app.config.update(BASE_URL="https://another.example", LEFT_BEHIND=1)
    del app.config["SECRET_KEY"]
    app.extensions["portal_queue"] = object()
    write_much(app)
    with app.app_context():
        assert db.session.scalars(sa.select(Region.id)).all()
        tables.remembered(db.session, lambda: 1, key="left behind")
    shelf.take_back()

    shelf.lend()
    again = shelf.borrow({}, tmp_path / "another")
    assert again is app
    assert dict(app.config) == settings | {"INSTANCE": tmp_path / "another"}
    assert (tmp_path / "another").is_dir()
    assert set(app.extensions) == extensions
    assert not app.extensions["portal_addresses"] and not app.extensions["portal_parts"]
    with app.app_context():
        assert db.session.scalars(sa.select(Region.id)).all() == []
        assert tables.remembered(db.session, lambda: 2, key="left behind") == 2
        db.session.remove()


def test_an_application_that_refused_something_is_used_again(
    shelf: Shelf, borrow: Callable[[], Flask]
) -> None:
    app = borrow()
    with Session(engine_of(app)) as session:
        Factory(session).user(Role.ADMINISTRATOR, username="somebody")
    client = app.test_client()
    assert client.post("/login", data={"username": "somebody", "password": PASSWORD}).status_code == 303
    assert client.get("/distributors/999").status_code == 404
    assert client.post("/search").status_code == 405
    shelf.take_back()
    assert borrow() is app


def test_each_application_is_lent_once_in_a_test(
    shelf: Shelf, borrow: Callable[[], Flask], tmp_path: Path
) -> None:
    app = borrow()
    assert shelf.borrow({}, tmp_path) is None
    with_tokens = shelf.borrow({"WTF_CSRF_ENABLED": True}, tmp_path)
    assert with_tokens is not None and with_tokens is not app and with_tokens.config["WTF_CSRF_ENABLED"]
    assert shelf.borrow({"BASE_URL": "https://one.test.only"}, tmp_path) is None


# What modules keep that depends on no database: words of a catalogue, by language; letters, as they are searched.
CONSTANT = {
    "portal.web.words._said",
    "portal.web.words._badges",
    "portal.domain.distributors.search._written",
    "portal.domain.price_protection.payments.awards._gates",
}


def test_what_the_portal_remembers_is_forgotten_between_tests() -> None:
    """A new dictionary in a module that is filled while the portal runs belongs into one list or the other."""
    found = {
        f"{place}.{name}": value
        for place, module in sys.modules.items()
        if place.startswith("portal.")
        for name, value in vars(module).items()
        if isinstance(value, dict | list | set) and name.startswith("_") and name.islower() and name[1] != "_"
    }
    kept = {name for name, value in found.items() if not any(value is known for known in REMEMBERED)}
    assert len(found) - len(kept) == len(REMEMBERED)
    assert kept == CONSTANT


def test_what_a_killed_run_left_in_memory_is_removed_and_what_is_in_use_is_not() -> None:
    prefix = f"portal-left-{os.getpid()}-"
    used = QuickFolder(prefix)
    folder = f"from tests.memory import QuickFolder; print(QuickFolder({prefix!r}).path, flush=True)"
    program = f"{folder}; import os; os.abort()"
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    left, young = Path(ended.stdout.strip()), used.path.with_name(f"{prefix}young")
    young.mkdir()
    for folder in (used.path, left):
        os.utime(folder, (0, 0))
    assert ended.returncode < 0 and left.is_dir()
    another = QuickFolder(prefix)
    assert (used.path.is_dir(), left.exists(), young.is_dir()) == (True, False, True)
    young.rmdir()
    for folder in (used, another):
        folder.remove()
        folder.remove()
        assert not folder.path.exists()


@pytest.mark.own_database
def test_who_wants_a_database_of_its_own_gets_one(
    request: pytest.FixtureRequest, database_url: str, app: Flask
) -> None:
    for kind in ("sqlite", "postgresql"):
        assert database_url != request.getfixturevalue(f"{kind}_shelf").database.url
    assert app.config["SQLALCHEMY_DATABASE_URI"] == database_url
