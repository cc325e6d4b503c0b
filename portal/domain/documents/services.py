"""Keeping and giving back files."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import insert_unless_there
from portal.domain.documents.images import MOST_PIXELS, pixels
from portal.domain.documents.kinds import SCANS, media_type_of, refusal
from portal.domain.documents.models import CHUNK, Blob, Document
from portal.domain.errors import DomainError
from portal.domain.text import clean
from portal.domain.users.models import User

__all__ = [
    "SCANS",
    "Looked",
    "content",
    "look_at",
    "media_type_of",
    "piece_by_piece",
    "pieces",
    "store",
    "store_file",
]


def store(
    session: Session,
    data: bytes,
    *,
    filename: str,
    by: User | None,
    media_type: str | None = None,
    allowed: frozenset[str] | None = None,
    field: str | None = None,
) -> Document:
    """Keep a file; raises DomainError when it is empty, a bomb, or not of an `allowed` type (told by its bytes)."""
    if not data:
        raise DomainError("The file is empty. Choose it again.", field=field)
    kind = media_type or media_type_of(data)
    if allowed is not None and kind not in allowed:
        raise refusal(data, field)
    if pixels(data) > MOST_PIXELS:
        raise DomainError(
            "This image has far more pixels than a scan: %(millions)s million. Scan it again, with 300 dpi.",
            field=field,
            millions=pixels(data) // 1_000_000,
        )
    digest = hashlib.sha256(data).hexdigest()
    if session.scalar(sa.select(Blob.no).where(Blob.sha256 == digest).limit(1)) is None:
        for no, start in enumerate(range(0, len(data), CHUNK)):
            insert_unless_there(
                session, Blob, {"sha256": digest, "no": no, "data": data[start : start + CHUNK]}
            )
    document = Document(
        sha256=digest,
        size=len(data),
        media_type=kind,
        filename=_name(filename),
        stored_by_id=by.id if by else None,
    )
    session.add(document)
    session.flush()
    return document


@dataclass(frozen=True)
class Looked:
    """What a file is, seen without the database: its kind, its hash, its size in bytes."""

    kind: str
    sha256: str
    size: int


def look_at(source: BinaryIO, allowed: frozenset[str]) -> Looked:
    """Read a file of any size, a piece at a time; refused as `store` does. Takes seconds for a large one."""
    source.seek(0)
    head = source.read(CHUNK)
    if not head:
        raise DomainError("The file is empty. Choose it again.")
    kind = media_type_of(head)
    if kind not in allowed:
        raise refusal(head)
    digest, size = hashlib.sha256(head), len(head)
    while piece := source.read(CHUNK):
        digest.update(piece)
        size += len(piece)
    return Looked(kind, digest.hexdigest(), size)


def store_file(
    session: Session, source: BinaryIO, looked: Looked, *, filename: str, by: User | None
) -> Document:
    """Keep a file that was looked at, a piece at a time, in memory that does not grow."""
    if session.scalar(sa.select(Blob.no).where(Blob.sha256 == looked.sha256).limit(1)) is None:
        source.seek(0)
        for no in range(-(-looked.size // CHUNK)):
            insert_unless_there(
                session, Blob, {"sha256": looked.sha256, "no": no, "data": source.read(CHUNK)}
            )
    document = Document(
        sha256=looked.sha256,
        size=looked.size,
        media_type=looked.kind,
        filename=_name(filename),
        stored_by_id=by.id if by else None,
    )
    session.add(document)
    session.flush()
    return document


def _name(filename: str) -> str:
    """What a file is called, without the folders it came from and what nobody can see in it."""
    return PurePath(clean(filename).replace("\\", "/")).name.strip(". ")[-200:] or "file"


def pieces(session: Session, document: Document) -> Iterator[bytes]:
    """The content in order, a piece at a time."""
    yield from session.scalars(sa.select(Blob.data).where(Blob.sha256 == document.sha256).order_by(Blob.no))


def piece_by_piece(session: Session, sha256: str, size: int) -> Iterator[bytes]:
    """The content in order, each piece asked for when it is its turn: for files of any size.

    RuntimeError when a piece has gone.
    """
    for no in range(-(-size // CHUNK)):
        piece = session.scalar(sa.select(Blob.data).where(Blob.sha256 == sha256, Blob.no == no))
        if piece is None:
            raise RuntimeError(f"piece {no} of document {sha256} has gone")
        yield piece


def content(session: Session, document: Document) -> bytes:
    """The whole content; raises RuntimeError when what is stored is not what was handed in."""
    data = b"".join(pieces(session, document))
    if hashlib.sha256(data).hexdigest() != document.sha256:
        raise RuntimeError(f"document {document.id} is damaged")
    return data
