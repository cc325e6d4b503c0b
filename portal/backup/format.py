"""The backup file: a ZIP of one JSON-lines file a table, and a manifest with the checksum of each.

The file names its own columns and kinds, so that a later version of the portal reads it without the models of
the version that wrote it. Instants are UTC, bytes base64; nothing in it belongs to one kind of database.
"""

import base64
import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from portal.db import BigInt, UtcDateTime
from portal.domain.errors import DomainError
from portal.domain.i18n import N_

FORMAT = 1
MANIFEST = "manifest.json"
# A line holds a row, mostly less than a piece of a document, 1 MiB in base64; a longer one is said beforehand.
LONGEST_LINE = 64 * 1024 * 1024
_MANIFEST_LIMIT = 8 * 1024 * 1024
# What zipfile raises over a file that something happened to: also for a method or a place that a single bit made up.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    ValueError,
    EOFError,
    OSError,
    RuntimeError,
    OverflowError,
)


class Unreadable(DomainError):
    """The file is no backup, is damaged, or was made by a newer version."""


@dataclass(frozen=True)
class Column:
    """A column as the file keeps it: int, float, text, bool, instant, date, bytes or json."""

    name: str
    kind: str
    is_nullable: bool


@dataclass(frozen=True)
class Member:
    """A table's part of the file."""

    table: str
    columns: tuple[Column, ...]
    rows: int
    sha256: str
    longest: int = 0  # bytes of the longest line; files of earlier versions say nothing


@dataclass(frozen=True)
class Manifest:
    """What a backup says about itself; `revision` is the migration that its tables stand at."""

    made_at: str
    revision: str
    database: str
    members: tuple[Member, ...]
    keys: dict[str, str]  # file in the instance folder → sha256

    @property
    def rows(self) -> int:
        """Rows of all tables together."""
        return sum(member.rows for member in self.members)

    def dumped(self) -> bytes:
        """The manifest as the file keeps it."""
        return json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False, indent=1).encode()


def member_name(table: str) -> str:
    """Where a table stands in the ZIP."""
    return f"tables/{table}.jsonl"


def key_name(file: str) -> str:
    """Where a key file stands in the ZIP."""
    return f"keys/{file}"


def kind_of(column: sa.Column[Any]) -> str:
    """The kind that the file keeps a column as; a type unknown here is a bug that a test finds first."""
    for types, kind in _KINDS:
        if isinstance(column.type, types):
            return kind
    raise TypeError(f"{column} has a type that backups do not know: {column.type!r}")


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (UtcDateTime, "instant"),
    (sa.Date, "date"),
    (sa.Boolean, "bool"),
    (sa.Integer, "int"),
    (sa.Float, "float"),
    (sa.JSON, "json"),
    (sa.LargeBinary, "bytes"),
    (sa.String, "text"),
)


def type_of(column: Column) -> sa.types.TypeEngine[Any]:
    """The type that a column of the file is written to a database with."""
    if column.kind == "json":
        return sa.JSON(none_as_null=column.is_nullable)
    return _TYPES[column.kind]


_TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "instant": UtcDateTime(),
    "date": sa.Date(),
    "bool": sa.Boolean(),
    "int": BigInt,
    "float": sa.Double(),
    "bytes": sa.LargeBinary(),
    "text": sa.Text(),
}


def encoded(value: Any) -> Any:
    """A database value as JSON keeps it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode("ascii")
    return value


def decoded(column: Column, value: Any) -> Any:
    """The value of a line as the database takes it."""
    if value is None:
        return None
    if column.kind == "instant":
        return datetime.fromisoformat(value)
    if column.kind == "date":
        return date.fromisoformat(value)
    if column.kind == "bytes":
        return base64.b64decode(value, validate=True)
    return value


class Archive:
    """A backup file opened for reading; Unreadable where it is none."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
            self.manifest = _manifest(self._read(MANIFEST, _MANIFEST_LIMIT))
        except (*_BROKEN, TypeError) as error:
            raise Unreadable(N_("%(file)s is no backup, or it is cut off."), file=path.name) from error

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_error: object) -> None:
        self._zip.close()

    def verify(self) -> None:
        """Read every part once and compare its checksum; Unreadable names the first that differs."""
        wanted = {member_name(member.table): member.sha256 for member in self.manifest.members}
        wanted |= {key_name(file): sha256 for file, sha256 in self.manifest.keys.items()}
        for name, sha256 in wanted.items():
            digest = hashlib.sha256()
            try:
                with self._zip.open(name) as part:
                    while piece := part.read(1024 * 1024):
                        digest.update(piece)
            except _BROKEN as error:
                raise Unreadable(N_("The backup is damaged: %(part)s cannot be read."), part=name) from error
            if digest.hexdigest() != sha256:
                raise Unreadable(N_("The backup is damaged: %(part)s has another checksum."), part=name)

    def rows(self, member: Member) -> Iterator[dict[str, Any]]:
        """The rows of a table, one after another."""
        longest = max(LONGEST_LINE, member.longest)
        with self._zip.open(member_name(member.table)) as part:
            while line := part.readline(longest):
                try:
                    values = json.loads(line)
                    yield {
                        column.name: decoded(column, value)
                        for column, value in zip(member.columns, values, strict=True)
                    }
                except (ValueError, TypeError) as error:
                    raise Unreadable(
                        N_("The backup is damaged: %(part)s cannot be read."), part=member.table
                    ) from error

    def key(self, file: str) -> bytes:
        """The content of a key file."""
        return self._read(key_name(file), _MANIFEST_LIMIT)

    def _read(self, name: str, limit: int) -> bytes:
        with self._zip.open(name) as part:
            content = part.read(limit + 1)
        if len(content) > limit:
            raise ValueError(f"{name} is too long")
        return content


def _manifest(content: bytes) -> Manifest:
    said = json.loads(content)
    if not isinstance(said, dict) or said.pop("format", None) != FORMAT:
        raise ValueError("another format")
    members = tuple(
        Member(
            table=str(member["table"]),
            columns=tuple(Column(**column) for column in member["columns"]),
            rows=int(member["rows"]),
            sha256=str(member["sha256"]),
            longest=int(member.get("longest", 0)),
        )
        for member in said.pop("members")
    )
    return Manifest(members=members, **said)


class Writing:
    """A part of the ZIP being written: counts and measures its rows and hashes what it holds."""

    def __init__(self, part: IO[bytes]) -> None:
        self._part, self._digest, self.rows, self.longest = part, hashlib.sha256(), 0, 0

    def row(self, values: Sequence[Any]) -> None:
        """Add a row."""
        line = json.dumps([encoded(value) for value in values], separators=(",", ":")).encode() + b"\n"
        self._part.write(line)
        self._digest.update(line)
        self.rows += 1
        self.longest = max(self.longest, len(line))

    @property
    def sha256(self) -> str:
        """The checksum of what was written so far."""
        return self._digest.hexdigest()
