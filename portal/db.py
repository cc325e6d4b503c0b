"""The database as every feature sees it: declarative base, column types, transactions and row locks."""

import errno
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

CHINA = ZoneInfo("Asia/Shanghai")

# SQLite has no row locks: what may write takes the write lock with its BEGIN, so that nothing read in the
# transaction can be stale when it is written back. Only requests that promise to read begin deferred.
_read_only: ContextVar[bool] = ContextVar("portal_read_only_transaction", default=False)


def begin_reading(read_only: bool) -> None:
    """Choose how this thread's next transactions begin: reading (deferred) or writing (immediate)."""
    _read_only.set(read_only)


def promised_to_read() -> bool:
    """Whether this thread's next transaction begins as one that only reads."""
    return _read_only.get()


@contextmanager
def reading() -> Iterator[None]:
    """Transactions begun inside promise only to read."""
    token = _read_only.set(True)
    try:
        yield
    finally:
        _read_only.reset(token)


@contextmanager
def writing() -> Iterator[None]:
    """Transactions begun inside may write, also within `reading`."""
    token = _read_only.set(False)
    try:
        yield
    finally:
        _read_only.reset(token)


# One page after another of many indexes is written by an import: it holds more of them in memory, and what is
# written into the log is taken over less often. Whoever serves pages has many connections and small caches.
_USUAL = {"cache_size": -500, "wal_autocheckpoint": 1000}
_FOR_MUCH = {"cache_size": -16000, "wal_autocheckpoint": 8000}  # kB; pages
_much: ContextVar[bool] = ContextVar("portal_much_is_written", default=False)


@contextmanager
def writing_much() -> Iterator[None]:
    """Transactions begun inside write thousands of rows each; on PostgreSQL nothing is different."""
    before = _much.get()
    _much.set(True)
    try:
        yield
    finally:
        _much.set(before)  # no token: a generator may be closed in another context


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in Python, UTC in the database, whatever the database keeps of a time zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive instant, since it would be read back as another one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The same instant, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class china_day(FunctionElement[str]):
    """The date in China of an instant, as text: 2026-11-22; of very many rows the database writes it sooner."""

    name = "china_day"
    type = sa.String()
    inherit_cache = True


@compiles(china_day, "sqlite")
def _china_day_of_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"date({compiler.process(element.clauses, **kw)}, '+8 hours')"


@compiles(china_day, "postgresql")
def _china_day_of_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"to_char({compiler.process(element.clauses, **kw)} AT TIME ZONE '{CHINA.key}', 'YYYY-MM-DD')"


BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON()


def enum_type(enum: type[StrEnum], name: str = "") -> sa.Enum:
    """A column type for a StrEnum: its values as text, guarded by a CHECK that carries the enum's name.

    A second column of one table names its own.
    """
    return sa.Enum(
        enum,
        native_enum=False,
        create_constraint=True,
        values_callable=lambda members: [member.value for member in members],
        length=40,
        name=name or enum.__name__.lower(),
    )


class Base(DeclarativeBase):
    """Base of all models; instants are UTC, integers of unknown size are 64 bits."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012
        datetime: UtcDateTime(),
        date: sa.Date(),
        int: BigInt,
        dict[str, Any]: Json,
        list[Any]: Json,
    }


Row = TypeVar("Row", bound=Base)


_clock: ContextVar[datetime | None] = ContextVar("portal_clock", default=None)


def now() -> datetime:
    """This instant, in UTC."""
    return _clock.get() or datetime.now(UTC)


def today() -> date:
    """The date in China, on which agreements begin and end."""
    return now().astimezone(CHINA).date()


@contextmanager
def clock_at(moment: datetime) -> Iterator[None]:
    """What is done inside happens at `moment`: the demo's history is made by the same services as real work."""
    token = _clock.set(moment)
    try:
        yield
    finally:
        _clock.reset(token)


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that sees the database as it is now, whatever is written meanwhile; it holds nobody up."""
    options = (
        {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        if engine.dialect.name == "postgresql"
        else {"portal_deferred": True}
    )
    with engine.connect() as connection:
        yield connection.execution_options(**options)


def lock(session: Session, row: Row) -> Row:
    """Hold this row until the transaction ends and read it afresh; on SQLite the transaction already holds all."""
    session.refresh(row, with_for_update=True)
    return row


def insert_unless_there(session: Session, table: type[Base], *rows: dict[str, Any]) -> None:
    """Insert rows, passing over those whose key is taken.

    One that another transaction is about to take is waited for, so it is there afterwards in any case.
    """
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).on_conflict_do_nothing()
    for row in rows:
        session.execute(statement, row)


# Serialization failure, deadlock: PostgreSQL asks to try again. A unique key taken meanwhile: the work, done
# again, finds who took it.
_RETRIED = {"40001", "40P01", "23505"}


def is_for_another_try(error: exc.DBAPIError) -> bool:
    """Whether a transaction of PostgreSQL only came in another's way, and would succeed when done again."""
    return getattr(error.orig, "sqlstate", None) in _RETRIED


class Trouble(StrEnum):
    """What keeps the database from working although the portal is in order."""

    BUSY = "busy"  # somebody else holds what is needed: again in a moment, nothing was written
    GONE = "gone"  # it does not answer; whether the last commit arrived is not known
    FULL = "full"  # no room: nothing was written, and nothing can be until somebody makes room


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# SQLite's primary result codes: https://sqlite.org/rescode.html
_SQLITE = {
    5: Trouble.BUSY,
    6: Trouble.BUSY,
    10: Trouble.GONE,
    11: Trouble.GONE,
    13: Trouble.FULL,
    14: Trouble.GONE,
    26: Trouble.GONE,
}
# PostgreSQL's classes and codes: serialization failure and deadlock come here when three tries were not enough.
_POSTGRES = {
    "40001": Trouble.BUSY,
    "40P01": Trouble.BUSY,
    "53100": Trouble.FULL,
    "53200": Trouble.BUSY,
    "53300": Trouble.BUSY,
    "55P03": Trouble.BUSY,
    "57014": Trouble.BUSY,
    "25006": Trouble.GONE,
    "08": Trouble.GONE,
    "57P": Trouble.GONE,
    "58": Trouble.GONE,
}


def trouble_of(error: BaseException) -> Trouble | None:
    """What is wrong with the database or the disk, if that is what this error says; None for a bug of ours."""
    if isinstance(error, OSError):
        return Trouble.FULL if error.errno in _FULL else None
    if isinstance(error, exc.TimeoutError):
        return Trouble.BUSY  # every connection of the pool is in use
    if not isinstance(error, exc.DBAPIError):
        return None
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return _SQLITE.get(code & 0xFF)
    state = getattr(error.orig, "sqlstate", None)
    if state:
        return next((_POSTGRES[key] for key in (state, state[:3], state[:2]) if key in _POSTGRES), None)
    # No code at all: the connection broke, or could not be made.
    return Trouble.GONE if isinstance(error, exc.OperationalError | exc.InterfaceError) else None


LOCK_SECONDS = 20
# The least that PostgreSQL's library waits for a connection.
_HURRIED_SECONDS = 2
_hurried: ContextVar[bool] = ContextVar("portal_in_a_hurry", default=False)


@contextmanager
def in_a_hurry() -> Iterator[None]:
    """Connections opened inside wait for a server and for locks no longer than two seconds, and make no database."""
    token = _hurried.set(True)
    try:
        yield
    finally:
        _hurried.reset(token)


def _lock_seconds() -> int:
    return _HURRIED_SECONDS if _hurried.get() else LOCK_SECONDS


def prepare_engine(engine: Engine) -> None:
    """Give every connection of this engine the portal's pragmas and its way to begin a transaction."""
    if engine.dialect.name != "sqlite":
        _prepare_postgresql(engine)
        return
    if engine.url.database not in (None, "", ":memory:"):
        _watch_file(engine, Path(str(engine.url.database)))

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself; `began` below does
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={_lock_seconds() * 1000}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "recursive_triggers=ON",
            f"cache_size={_USUAL['cache_size']}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def began(connection: Connection) -> None:
        if connection.info.get("portal_much", False) is not _much.get():
            _prepare_for_much(connection, _much.get())
        deferred = connection.get_execution_options().get("portal_deferred", _read_only.get())
        if deferred or not _begins_soon(connection):
            connection.exec_driver_sql("BEGIN" if deferred else "BEGIN IMMEDIATE")


# So often, and a thousandth of a second apart, the write lock is asked for before SQLite waits in its own way.
_ASKED_SOON = 200


def _begins_soon(connection: Connection) -> bool:
    """Whether the write lock was to be had within a moment, and the transaction has begun.

    SQLite waits by sleeping longer each time, up to a tenth of a second: of four that write for a few milliseconds
    each, one would wait for most of a second while nobody writes.
    """
    driver: Any = connection.connection.dbapi_connection
    (patience,) = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute("PRAGMA busy_timeout=0")
    try:
        for _ in range(_ASKED_SOON):
            try:
                driver.execute("BEGIN IMMEDIATE")
            except driver.OperationalError as error:
                if _SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF) is not Trouble.BUSY:
                    return False
                time.sleep(0.001)
            else:
                return True
        return False
    finally:
        driver.execute(f"PRAGMA busy_timeout={patience}")


def _prepare_for_much(connection: Connection, much: bool) -> None:
    for pragma, value in (_FOR_MUCH if much else _USUAL).items():
        connection.exec_driver_sql(f"PRAGMA {pragma}={value}").close()
    connection.info["portal_much"] = much


# A connection that has rested for so long is asked whether it still works; a firewall may have forgotten it.
_RESTED_SECONDS = 30.0


def _prepare_postgresql(engine: Engine) -> None:
    """Every round trip to the server costs as much as finding a record: none is made that says nothing."""

    @event.listens_for(engine, "do_connect")
    def connecting(_dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]) -> None:
        if _hurried.get():
            options["connect_timeout"] = _HURRIED_SECONDS

    @event.listens_for(engine, "connect")
    def wait_no_longer(connection: Any, _record: Any) -> None:
        # As long as SQLite waits: a request that hangs for ever tells its user nothing.
        connection.execute(f"SET lock_timeout = '{_lock_seconds()}s'")
        connection.commit()
        # Planning costs more than finding: what comes a second time is prepared, and all pages' statements have room.
        connection.prepare_threshold, connection.prepare_max = 1, 500

    @event.listens_for(engine, "checkin")
    def rests(_connection: Any, record: Any) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def still_works(connection: Any, record: Any, _proxy: Any) -> None:
        rested = time.monotonic() - record.info.get("rests_since", 0.0)
        # A server that stops says so, and closes: that has arrived here and only waits to be read.
        if (rested > _RESTED_SECONDS or _has_news(connection)) and not _answers(engine.dialect, connection):
            raise exc.DisconnectionError("the database has closed this connection")

    @event.listens_for(engine, "begin")
    def began(connection: Connection) -> None:
        if "isolation_level" in connection.get_execution_options():
            return  # somebody has chosen already
        # Each statement sees what is committed when it begins, with a transaction around it or not: who only
        # reads need not begin and end one.
        driver, reads = connection.connection.dbapi_connection, _read_only.get()
        if driver is not None and driver.autocommit != reads:
            driver.autocommit = reads


def _has_news(connection: Any) -> bool:
    """Whether something has arrived on this connection while nobody asked; also when it is closed."""
    if connection.closed:
        return True
    if hasattr(select, "poll"):
        waiting = select.poll()
        waiting.register(connection.fileno(), select.POLLIN)
        return bool(waiting.poll(0))
    return bool(select.select([connection.fileno()], [], [], 0)[0])


def _answers(dialect: Dialect, connection: Any) -> bool:
    try:
        return dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error:
        return False


def _watch_file(engine: Engine, path: Path) -> None:
    """See to it that a database whose file is moved or removed is missed.

    An open connection would go on writing into a file that has no name any more, and a new one would make an
    empty database in its place; both look as if all were well.
    """
    had_file = False

    @event.listens_for(engine, "do_connect")
    def must_be_there(dialect: Any, _record: Any, _args: Any, _kwargs: Any) -> None:
        if (had_file or _hurried.get()) and not path.exists():
            raise dialect.dbapi.OperationalError(f"the database file is gone: {path}")

    @event.listens_for(engine, "connect")
    def opened(_connection: Any, record: Any) -> None:
        nonlocal had_file
        had_file = True
        record.info["file"] = _identity(path)

    @event.listens_for(engine, "checkout")
    def still_the_same(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info.get("file") != _identity(path):
            raise exc.DisconnectionError(f"the database file was replaced: {path}")


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file the path leads to; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
