"""Files kept in the database, content-addressed, in rows of at most 1 MiB."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, now

CHUNK = 1024 * 1024


class Document(Base):
    """A file as it was handed in or made; reached only through the record it belongs to."""

    __tablename__ = "document"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(sa.String(64), index=True)
    size: Mapped[int]
    media_type: Mapped[str] = mapped_column(sa.String(100))
    filename: Mapped[str] = mapped_column(sa.String(200))
    stored_at: Mapped[datetime] = mapped_column(default=now)
    stored_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))


class Blob(Base):
    """One piece of a content; equal contents share their pieces."""

    __tablename__ = "document_blob"

    sha256: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    no: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    data: Mapped[bytes] = mapped_column(sa.LargeBinary)
