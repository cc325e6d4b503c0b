"""The text of a paper in one version, its release and its offer, and drafts of the company's own texts (P8)."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, enum_type, now
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
    # Of a text that is the company's own: the one that ships whose place it takes, and what the company calls it.
    base_key: Mapped[str] = mapped_column(sa.String(60), default="", server_default="")
    name: Mapped[str] = mapped_column(sa.String(60), default="", server_default="")

    release: Mapped["TemplateRelease | None"] = relationship(back_populates="template")
    offers: Mapped[list["TemplateOffer"]] = relationship(
        back_populates="template", order_by="TemplateOffer.id.desc()"
    )


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


class TemplateOffer(Base):
    """Counsel's word that a released text is no longer offered to new drafts, or is again; the last one holds."""

    __tablename__ = "template_offer"

    id: Mapped[int] = mapped_column(primary_key=True)
    template_id: Mapped[int] = mapped_column(sa.ForeignKey("paper_template.id"), index=True)
    is_offered: Mapped[bool]
    # Agreements in work on it may no longer be approved either.
    holds_work: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(sa.String(500))
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    at: Mapped[datetime] = mapped_column(default=now)

    template: Mapped[Template] = relationship(back_populates="offers")
    by: Mapped[User] = relationship()


class TextState(StrEnum):
    """Where a draft of the company's own text stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RELEASED = "released"
    DISCARDED = "discarded"


class TemplateDraft(Base):
    """A version of the company's own text while it is written; once released it is a Template, word for word."""

    __tablename__ = "template_draft"
    __table_args__ = (
        # One version of a text is in work at a time.
        sa.Index(
            "uq_template_draft_open",
            "key",
            unique=True,
            sqlite_where=sa.text("state IN ('draft', 'submitted')"),
            postgresql_where=sa.text("state IN ('draft', 'submitted')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(60))
    version: Mapped[str] = mapped_column(sa.String(20))
    base_key: Mapped[str] = mapped_column(sa.String(60))
    name: Mapped[str] = mapped_column(sa.String(60))
    text: Mapped[str] = mapped_column(sa.Text)
    origin_key: Mapped[str] = mapped_column(sa.String(60))
    origin_version: Mapped[str] = mapped_column(sa.String(20))
    # What it was written from, kept with it: a text that ships may ship otherwise tomorrow.
    origin_text: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[TextState] = mapped_column(enum_type(TextState), default=TextState.DRAFT)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)
    template_id: Mapped[int | None] = mapped_column(sa.ForeignKey("paper_template.id"))
    row_version: Mapped[int] = mapped_column(default=1)

    steps: Mapped[list["TemplateDraftStep"]] = relationship(order_by="TemplateDraftStep.id")
    template: Mapped[Template | None] = relationship()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012


class TemplateDraftStep(Base):
    """Who did what with a draft of a text, when, and which text it was by its hash."""

    __tablename__ = "template_draft_step"

    id: Mapped[int] = mapped_column(primary_key=True)
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("template_draft.id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(20))
    at: Mapped[datetime] = mapped_column(default=now)
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    sha256: Mapped[str] = mapped_column(sa.String(64))
    note: Mapped[str] = mapped_column(sa.String(500), default="")

    by: Mapped[User] = relationship()
