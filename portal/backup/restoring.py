"""Putting a backup back, onto an empty database of either kind: all of it in one transaction, or nothing."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session

from portal.backup.format import Archive, Manifest, Member, Unreadable, key_name, type_of
from portal.backup.writing import KEY_FILES
from portal.db import now
from portal.domain.audit import services as audit
from portal.domain.distributors import search
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.regions import services as regions
from portal.domain.tables import every_table
from portal.domain.users.models import SignIn

# What only migrations make: cleared with the tables of the models, filled anew from them.
_OF_MIGRATIONS = ("distributor_search", "alembic_version")
_ROWS_AT_ONCE = 500
_LARGE_ROWS_AT_ONCE = 8

# Brings the database of a connection to a migration, within the connection's transaction.
Migrate = Callable[[Connection, str], None]
Progress = Callable[[int], None]


class NotEmpty(DomainError):
    """The database holds something already."""


def restore(
    engine: Engine,
    path: Path,
    *,
    migrate: Migrate,
    revisions: frozenset[str],
    replace: bool = False,
    keys_to: Path | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Put the backup `path` into this database, verified before anything is written.

    `revisions` are the migrations that this version of the portal knows: a file of an older version is put back at
    its own and then brought to the newest. Raises Unreadable, or NotEmpty where the database holds rows and
    `replace` is not said. `keys_to`, an instance folder, takes the file's keys. Every sign-in that ran ends,
    and the audit trail tells of the restore.
    """
    with Archive(path) as archive:
        manifest = archive.manifest
        if manifest.revision not in revisions:
            raise Unreadable(
                N_("The backup was made by a newer version of the portal (%(revision)s). Update first."),
                revision=manifest.revision,
            )
        archive.verify()
        # A file from elsewhere must not write where it likes: its names are those that a backup gives.
        if strange := set(manifest.keys) - set(KEY_FILES):
            raise Unreadable(
                N_("The backup is damaged: %(part)s cannot be read."), part=key_name(min(strange))
            )
        with _writing(engine) as connection:
            _clear(connection, replace=replace)
            migrate(connection, manifest.revision)
            with _foreign_keys_later(connection):
                for member in manifest.members:
                    _load(connection, archive, member, progress)
            _mend_sequences(connection, manifest)
            migrate(connection, "head")
            _finish(connection, manifest)
        if keys_to is not None:
            _write_keys(archive, keys_to)
    return manifest


@contextmanager
def _writing(engine: Engine) -> Iterator[Connection]:
    """One transaction for everything; on SQLite without foreign keys, which are checked at its end."""
    with engine.connect() as connection:
        is_sqlite = engine.dialect.name == "sqlite"
        if is_sqlite:  # the pragma works outside a transaction only
            _pragma(connection, "foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                if is_sqlite and (broken := connection.execute(sa.text("PRAGMA foreign_key_check")).first()):
                    raise Unreadable(
                        N_("The backup does not hold together: a row of %(table)s points nowhere."),
                        table=broken[0],
                    )
        except sa.exc.IntegrityError as error:
            raise Unreadable(
                N_("The backup does not hold together: %(reason)s"), reason=str(error.orig).split("\n")[0]
            ) from error
        finally:
            if is_sqlite:
                _pragma(connection, "foreign_keys=ON")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def _pragma(connection: Connection, pragma: str) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(f"PRAGMA {pragma}")


def _clear(connection: Connection, *, replace: bool) -> None:
    """Take away our own tables; whatever else lives in the database stays."""
    there = set(sa.inspect(connection).get_table_names())
    ours = [table for table in every_table() if table.name in there]
    if not replace:
        for table in ours:
            if connection.scalar(sa.select(sa.literal(1)).select_from(table).limit(1)):
                raise NotEmpty(
                    N_("The database is not empty: there are rows in %(table)s. Say --replace to lose them."),
                    table=table.name,
                )
    cascade = " CASCADE" if connection.dialect.name == "postgresql" else ""
    for name in (*(table.name for table in reversed(ours)), *_OF_MIGRATIONS):
        connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{name}"{cascade}')


def _load(connection: Connection, archive: Archive, member: Member, progress: Progress | None) -> None:
    target = sa.table(member.table, *(sa.column(c.name, type_of(c)) for c in member.columns))
    is_large = any(column.kind == "bytes" for column in member.columns)
    done = 0
    found = archive.rows(member)
    while rows := list(islice(found, _LARGE_ROWS_AT_ONCE if is_large else _ROWS_AT_ONCE)):
        connection.execute(sa.insert(target), rows)
        done += len(rows)
        if progress is not None:
            progress(len(rows))
    if done != member.rows:
        raise Unreadable(N_("The backup is damaged: %(part)s cannot be read."), part=member.table)


@contextmanager
def _foreign_keys_later(connection: Connection) -> Iterator[None]:
    """PostgreSQL checks foreign keys at the end: a record may stand before the one that it points to."""
    if connection.dialect.name != "postgresql":
        yield
        return
    ours = {table.name for table in every_table()}
    keys = [
        (table, key["name"])
        for table in sa.inspect(connection).get_table_names()
        if table in ours
        for key in sa.inspect(connection).get_foreign_keys(table)
    ]
    _alter(connection, keys, "DEFERRABLE INITIALLY DEFERRED")
    yield
    connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
    _alter(connection, keys, "NOT DEFERRABLE")


def _alter(connection: Connection, keys: list[tuple[str, Any]], how: str) -> None:
    for table, key in keys:
        connection.exec_driver_sql(f'ALTER TABLE "{table}" ALTER CONSTRAINT "{key}" {how}')


def _mend_sequences(connection: Connection, manifest: Manifest) -> None:
    """PostgreSQL's counters go on behind the highest id; SQLite needs none."""
    if connection.dialect.name != "postgresql":
        return
    for member in manifest.members:
        if not any(column.name == "id" and column.kind == "int" for column in member.columns):
            continue
        name = f'"{member.table}"'
        connection.execute(
            sa.text(
                f"SELECT setval(found, GREATEST(1, (SELECT COALESCE(MAX(id), 0) FROM {name})), "  # noqa: S608
                f"EXISTS (SELECT 1 FROM {name})) "
                "FROM pg_get_serial_sequence(:name, 'id') AS found WHERE found IS NOT NULL"
            ),
            {"name": name},
        )


def _finish(connection: Connection, manifest: Manifest) -> None:
    """What is not in the file: the full-text table, the end of old sign-ins, the trail's word of the restore."""
    with Session(bind=connection, join_transaction_mode="conditional_savepoint") as session:
        search.index(session, session.scalars(sa.select(Distributor.id)))
        session.execute(sa.update(SignIn).where(SignIn.ended_at.is_(None)).values(ended_at=now()))
        audit.record(
            session,
            None,
            "database.restored",
            regions.head_office(session),
            made_at=manifest.made_at,
            database=manifest.database,
            rows=manifest.rows,
        )
        session.commit()


def _write_keys(archive: Archive, instance: Path) -> None:
    """Put the keys in place; one that differs is kept beside under another name."""
    for file in archive.manifest.keys:
        path, content = instance / file, archive.key(file)
        if path.is_file() and path.read_bytes() == content:
            continue
        if path.is_file():
            path.rename(path.with_name(f"{file}.before-{now():%Y%m%d-%H%M%S}"))
        temporary = path.with_name(f".{file}.{secrets.token_hex(6)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        temporary.rename(path)
