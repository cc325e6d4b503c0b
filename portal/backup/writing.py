"""Writing a backup while the portal is in use: one read snapshot, one table after another, bounded memory."""

import hashlib
import os
import secrets
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from portal.backup.format import MANIFEST, Column, Manifest, Member, Writing, key_name, kind_of, member_name
from portal.db import now, snapshot
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.tables import every_table

# What signs cookies and seals the ledger: files of the instance folder, kept outside the database.
KEY_FILES = ("secret_key", "ledger_key")
_ROWS_AT_ONCE = 1000
_LARGE_ROWS_AT_ONCE = 8  # a row with bytes may weigh 1 MiB


def write(engine: Engine, path: Path, *, head: str, keys_of: Path | None = None) -> Manifest:
    """Write everything the database holds into a new file of mode 0600; gives what the file says of itself.

    The file appears whole or not at all. `keys_of`, an instance folder, adds its key files. DomainError when the
    file exists already or the database is not at the migration `head`.
    """
    with snapshot(engine) as connection, _appearing(path) as file:
        revision = _revision(connection)
        if revision != head:
            raise DomainError(
                N_("The database is at version %(revision)s, the portal at %(head)s: run db upgrade first."),
                revision=revision or "—",
                head=head,
            )
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            members = tuple(_table(connection, archive, table) for table in every_table())
            keys = _keys(archive, keys_of) if keys_of is not None else {}
            manifest = Manifest(
                made_at=now().isoformat(timespec="seconds"),
                revision=revision,
                database=engine.dialect.name,
                members=members,
                keys=keys,
            )
            archive.writestr(MANIFEST, manifest.dumped())
    return manifest


def _table(connection: Connection, archive: zipfile.ZipFile, table: sa.Table) -> Member:
    columns = tuple(Column(column.name, kind_of(column), bool(column.nullable)) for column in table.columns)
    at_once = _LARGE_ROWS_AT_ONCE if any(c.kind == "bytes" for c in columns) else _ROWS_AT_ONCE
    rows = connection.execution_options(stream_results=True, yield_per=at_once).execute(
        sa.select(table).order_by(*table.primary_key.columns)
    )
    with archive.open(member_name(table.name), "w", force_zip64=True) as part:
        writing = Writing(part)
        for row in rows:
            writing.row(row)
    return Member(table.name, columns, writing.rows, writing.sha256, writing.longest)


def _keys(archive: zipfile.ZipFile, instance: Path) -> dict[str, str]:
    found = {}
    for file in KEY_FILES:
        path = instance / file
        if path.is_file():
            content = path.read_bytes()
            archive.writestr(key_name(file), content)
            found[file] = hashlib.sha256(content).hexdigest()
    return found


def _revision(connection: Connection) -> str:
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.scalar(sa.text("SELECT version_num FROM alembic_version")) or "")


@contextmanager
def _appearing(path: Path) -> Iterator[IO[bytes]]:
    """A file beside `path` that takes its name once it is whole, on the disk, and nobody has the name."""
    if path.exists():
        raise DomainError(N_("%(file)s exists already; a backup replaces nothing."), file=str(path))
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.partial")
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(temporary)  # refuses to replace, unlike a rename
        except FileExistsError:
            raise DomainError(
                N_("%(file)s exists already; a backup replaces nothing."), file=str(path)
            ) from None
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
