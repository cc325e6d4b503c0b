"""The text of a paper in one version, and its release (P8)."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, now
from portal.domain.users.models import User


class Template(Base):
    """One version of a paper's text, kept for ever once an agreement was written on it (P8)."""

    __tablename__ = "paper_template"
    __table_args__ = (sa.UniqueConstraint("key", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(60))
    version: Mapped[str] = mapped_column(sa.String(20))
    sha256: Mapped[str] = mapped_column(sa.String(64))
    text: Mapped[str] = mapped_column(sa.Text)
    stored_at: Mapped[datetime] = mapped_column(default=now)

    release: Mapped["TemplateRelease | None"] = relationship(back_populates="template")


class TemplateRelease(Base):
    """Counsel's release of one text: id, version and sha256 of what was read; without it nothing is approved (P8)."""

    __tablename__ = "template_release"

    id: Mapped[int] = mapped_column(primary_key=True)
    template_id: Mapped[int] = mapped_column(sa.ForeignKey("paper_template.id"), unique=True)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    released_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    released_at: Mapped[datetime] = mapped_column(default=now)
    note: Mapped[str] = mapped_column(sa.String(200), default="")

    template: Mapped[Template] = relationship(back_populates="release")
    released_by: Mapped[User] = relationship()
