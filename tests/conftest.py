"""An application for each test, on SQLite and on PostgreSQL, with a database in which nothing was written yet."""

import gc
import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import event, make_url
from sqlalchemy.orm import Session

from portal import create_app
from portal.db import promised_to_read
from portal.domain.access.roles import Role
from portal.domain.distributors.models import Distributor
from portal.domain.regions.models import Region
from portal.domain.users import services as users
from portal.domain.users.models import User
from portal.extensions import db
from portal.scanning.reader import Reader
from tests.domain.clock import on_day
from tests.factories import CHEAP, PASSWORD, Factory
from tests.postgres import PostgresServer
from tests.shelf import PostgresDatabase, Shelf, SqliteDatabase


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "own_database: a database that no other test has used or will use")
    config.addinivalue_line(
        "markers", "on_day(date): ten o'clock of this day in China, from before the fixtures on"
    )


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: looking through it again and again takes a tenth of a run's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(autouse=True)
def _clock(request: pytest.FixtureRequest) -> Iterator[None]:
    """The day on which a test, or all of a module, says that it takes place."""
    marker = request.node.get_closest_marker("on_day")
    with on_day(*marker.args) if marker else nullcontext():
        yield


@pytest.fixture(scope="session", autouse=True)
def strong_hasher() -> Iterator[PasswordHasher]:
    """What hashes the portal's passwords; during tests one does that costs a thousandth."""
    strong = users._hasher
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(users, "_hasher", CHEAP)
        yield strong
    users._dummy_hash.cache_clear()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


def _migrated(url: str, instance: Path) -> None:
    app = create_app(SQLALCHEMY_DATABASE_URI=url, INSTANCE=instance, SECRET_KEY="test")
    with app.app_context():
        upgrade()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    _migrated(f"sqlite:///{folder / 'portal.sqlite3'}", folder)
    return folder / "portal.sqlite3"


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    url = postgres.create_database("portal_template")
    _migrated(url, tmp_path_factory.mktemp("template-pg"))
    return url


@pytest.fixture(scope="session")
def sqlite_shelf(sqlite_template: Path) -> Iterator[Shelf]:
    """The SQLite file and its applications that one test after another borrows."""
    shelf = Shelf(SqliteDatabase(sqlite_template), _created)
    yield shelf
    shelf.remove()


@pytest.fixture(scope="session")
def postgresql_shelf(postgres: PostgresServer, postgres_template: str) -> Iterator[Shelf]:
    """The same on PostgreSQL."""
    shelf = Shelf(PostgresDatabase(postgres, "portal_test", template="portal_template"), _created)
    yield shelf
    shelf.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database without a row; a test that uses it, or anything below, runs on both.

    A test that does more to it than write rows asks for one that nobody uses after it: `@own_database`.
    """
    if request.node.get_closest_marker("own_database") is None:
        shelf: Shelf = request.getfixturevalue(f"{request.param}_shelf")
        yield shelf.lend()
        shelf.take_back()
    elif request.param == "sqlite":
        target = tmp_path / "portal.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), target)
        yield f"sqlite:///{target}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        request.getfixturevalue("postgres_template")
        yield server.create_database("portal_own", template="portal_template")
        server.drop_database("portal_own")


def _keeps_its_promise(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    """What promised only to read holds no write lock on SQLite and has no transaction on PostgreSQL."""
    if promised_to_read() and statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
        raise AssertionError(f"a request that only reads, or a part of a job, writes: {statement}")


class _CompiledOnce(BytecodeCache):
    """Templates as they were compiled for another application of this process, by what stands in them."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if (found := self._known.get((bucket.key, bucket.checksum))) is not None:
            bucket.bytecode_from_string(found)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


_COMPILED = _CompiledOnce()


def _created(**settings: Any) -> Flask:
    usual: dict[str, Any] = {
        "SECRET_KEY": "test",
        "TESTING": False,
        "WTF_CSRF_ENABLED": False,
        "ASSETS": "local",
        "QUEUE_URL": "immediate:",
        "BASE_URL": "http://portal.example",
    }
    app = create_app(**(usual | settings))
    app.jinja_env.bytecode_cache = _COMPILED
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", _keeps_its_promise)
    return app


@pytest.fixture
def make_app(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path
) -> Iterator[Callable[..., Flask]]:
    """Make an application on the test's database, with other settings than those usual in tests."""
    made: list[Flask] = []
    shelf: Shelf = request.getfixturevalue(f"{make_url(database_url).get_backend_name()}_shelf")
    instance = tmp_path / "instance"

    def make(**overrides: Any) -> Flask:
        if database_url == shelf.database.url and (lent := shelf.borrow(overrides, instance)) is not None:
            return lent
        app = _created(**({"SQLALCHEMY_DATABASE_URI": database_url, "INSTANCE": instance} | overrides))
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A session of its own, outside any request.

    Commit what requests should see; `session.rollback()` before reading what a request changed. It begins deferred,
    so that a test that merely looked does not lock the requests out.
    """
    with app.app_context():
        engine = db.engine.execution_options(portal_deferred=True)
    with Session(engine, expire_on_commit=False) as made:
        yield made


@pytest.fixture
def make(session: Session) -> Factory:
    """The factory of rows; everything it makes is committed."""
    return Factory(session)


class _Staying(Reader):
    """A reader that stays when its job is done."""

    def __exit__(self, *_exc: object) -> None:
        """Stay."""


@pytest.fixture(scope="module")
def _reader_of_the_module() -> Iterator[Reader]:
    reader = _Staying()
    yield reader
    reader.close()


@pytest.fixture
def one_reader(_reader_of_the_module: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """One reading process for the jobs of all tests of a module: each would else wait a second for its own."""
    monkeypatch.setattr("portal.jobs.scans.Reader", lambda: _reader_of_the_module)


@pytest.fixture
def office(make: Factory) -> Region:
    """A regional office."""
    return make.region("示例东区")


@pytest.fixture
def clerk(make: Factory, office: Region) -> User:
    """A salesperson of the office."""
    return make.user(Role.SALESPERSON, office)


@pytest.fixture
def distributor(make: Factory, office: Region, clerk: User) -> Distributor:
    """A distributor of the office that the clerk answers for."""
    return make.distributor(office, clerk)


@pytest.fixture
def sign_in(app: Flask) -> Callable[..., FlaskClient]:
    """A client signed in as the user of this name."""

    def enter(user: Any, *, language: str = "en") -> FlaskClient:
        client = app.test_client()
        username = user if isinstance(user, str) else user.username
        with client.session_transaction() as cookie:
            cookie["language"] = language
        response = client.post("/login", data={"username": username, "password": PASSWORD})
        assert response.status_code == 303, response.get_data(as_text=True)
        return client

    return enter
