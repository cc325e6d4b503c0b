"""A pile of scanned papers: its files as they were uploaded, their pages, and what each page is of."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from portal.db import Base, enum_type, now
from portal.domain.documents.models import Document
from portal.domain.jobs.models import Job
from portal.domain.price_protection.models import Agreement, Service
from portal.domain.price_protection.trail.models import count_of
from portal.domain.regions.models import Region
from portal.domain.users.models import User

_IS_AGREEMENT = sa.text("amendment_id IS NULL AND termination_id IS NULL AND statement_id IS NULL")


class FileState(StrEnum):
    """How far a file of a pile is read."""

    WAITING = "waiting"
    READ = "read"
    REFUSED = "refused"


class PageKind(StrEnum):
    """What a page turned out to be when it was read; where it was put by hand, its marks say."""

    READ = "read"  # it has one of our codes
    UNREAD = "unread"  # something is on it, but no code of ours could be read
    BLANK = "blank"  # nothing is on it
    BROKEN = "broken"  # it cannot be drawn


class ScanPile(Base):
    """What somebody uploaded together, for the agreements of one office and those below it."""

    __tablename__ = "scan_pile"

    id: Mapped[int] = mapped_column(primary_key=True)
    region_id: Mapped[int] = mapped_column(sa.ForeignKey("region.id"), index=True)
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    at: Mapped[datetime] = mapped_column(default=now)
    # The day of signing for every agreement of the pile that has none of its own.
    signed_on: Mapped[date | None]
    # What the audit trail calls it.
    office: Mapped[str] = column_property(
        sa.select(Region.name).where(Region.id == region_id).scalar_subquery(), deferred=True
    )

    region: Mapped[Region] = relationship()
    by: Mapped[User] = relationship()
    files: Mapped[list["ScanFile"]] = relationship(back_populates="pile", order_by="ScanFile.no")


class ScanFile(Base):
    """A file of a pile, kept as it came; one that is refused says why."""

    __tablename__ = "scan_file"
    __table_args__ = (
        sa.UniqueConstraint("pile_id", "no"),
        sa.CheckConstraint("(state = 'refused') = (refusal <> '')", name="refused_for_a_reason"),
        sa.CheckConstraint("document_id IS NOT NULL OR state = 'refused'", name="kept_unless_refused"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    pile_id: Mapped[int] = mapped_column(sa.ForeignKey("scan_pile.id"))
    no: Mapped[int] = mapped_column(sa.Integer)
    filename: Mapped[str] = mapped_column(sa.String(200))
    document_id: Mapped[int | None] = mapped_column(sa.ForeignKey("document.id"))
    state: Mapped[FileState] = mapped_column(enum_type(FileState), default=FileState.WAITING)
    pages: Mapped[int | None] = mapped_column(sa.Integer)
    refusal: Mapped[str] = mapped_column(sa.String(300), default="")
    refusal_params: Mapped[dict[str, Any]] = mapped_column(default=dict)
    job_id: Mapped[int | None] = mapped_column(sa.ForeignKey("job.id", ondelete="SET NULL"), index=True)

    pile: Mapped[ScanPile] = relationship(back_populates="files")
    document: Mapped[Document | None] = relationship()
    job: Mapped[Job | None] = relationship()


class ScanPage(Base):
    """One picture of a file: a page as a rule, two where sheets were laid side by side."""

    __tablename__ = "scan_page"
    __table_args__ = (
        sa.UniqueConstraint("file_id", "no"),
        sa.CheckConstraint("quarter_turns >= 0 AND quarter_turns <= 3", name="quarter_turns_in_range"),
        sa.CheckConstraint(
            "(set_aside_at IS NULL) = (set_aside_by_id IS NULL)", name="set_aside_by_somebody"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    pile_id: Mapped[int] = mapped_column(sa.ForeignKey("scan_pile.id"), index=True)
    file_id: Mapped[int] = mapped_column(sa.ForeignKey("scan_file.id"))
    no: Mapped[int] = mapped_column(sa.Integer)
    kind: Mapped[PageKind] = mapped_column(enum_type(PageKind))
    # Clockwise, to bring it upright.
    quarter_turns: Mapped[int] = mapped_column(sa.Integer, default=0)
    preview_id: Mapped[int | None] = mapped_column(sa.ForeignKey("document.id"))
    set_aside_at: Mapped[datetime | None]
    set_aside_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))

    file: Mapped[ScanFile] = relationship()


class ScanMark(Base):
    """What a page is of, as its code says, or somebody who looked at it: a paper's page of this number.

    `paper_id` is an agreement's paper, `deed_paper_id` an amendment's or a notice's; all are empty where nobody
    knows the code, or the paper has no page of this number.
    """

    __tablename__ = "scan_mark"
    __table_args__ = (
        sa.CheckConstraint("page_no > 0", name="page_no_positive"),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by_id IS NULL)", name="withdrawn_by_somebody"
        ),
        sa.CheckConstraint(
            f"{count_of('paper_id', 'deed_paper_id', 'statement_id')} <= 1", name="of_one_paper"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    page_id: Mapped[int] = mapped_column(sa.ForeignKey("scan_page.id"), index=True)
    code: Mapped[str] = mapped_column(sa.String(40), index=True)
    page_no: Mapped[int] = mapped_column(sa.Integer)
    paper_id: Mapped[int | None] = mapped_column(sa.ForeignKey("agreement_paper.id"), index=True)
    deed_paper_id: Mapped[int | None] = mapped_column(sa.ForeignKey("deed_paper.id"), index=True)
    statement_id: Mapped[int | None] = mapped_column(sa.ForeignKey("statement.id"), index=True)
    placed_at: Mapped[datetime | None]
    placed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))

    page: Mapped[ScanPage] = relationship()


class ScanReturn(Base):
    """What a pile knows of one agreement, amendment, notice or statement: whether it was due, what became of filing it.

    `agreement_id` is always the agreement that it is about; once filed, a row never changes.
    """

    __tablename__ = "scan_return"
    __table_args__ = (
        sa.Index(
            "uq_scan_return_of_agreement", "pile_id", "agreement_id", unique=True,
            sqlite_where=_IS_AGREEMENT, postgresql_where=_IS_AGREEMENT,
        ),
        sa.UniqueConstraint("pile_id", "amendment_id"),
        sa.UniqueConstraint("pile_id", "termination_id"),
        sa.UniqueConstraint("pile_id", "statement_id"),
        sa.CheckConstraint(
            f"{count_of('amendment_id', 'termination_id', 'statement_id')} <= 1", name="of_one_paper"
        ),
        sa.CheckConstraint("(filed_at IS NULL) = (filed_by_id IS NULL)", name="filed_by_somebody"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    pile_id: Mapped[int] = mapped_column(sa.ForeignKey("scan_pile.id"))
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"), index=True)
    amendment_id: Mapped[int | None] = mapped_column(sa.ForeignKey("amendment.id"), index=True)
    termination_id: Mapped[int | None] = mapped_column(sa.ForeignKey("termination.id"), index=True)
    statement_id: Mapped[int | None] = mapped_column(sa.ForeignKey("statement.id"), index=True)
    # Out for signature when the pile was begun.
    is_due: Mapped[bool]
    # Where it was signed on another day than the rest of the pile; for a notice the day of its service, and how;
    # for a statement the day on which it came back, and what is ticked on it (`objections.Ticked`).
    signed_on: Mapped[date | None]
    served_how: Mapped[Service | None] = mapped_column(enum_type(Service))
    served_note: Mapped[str] = mapped_column(sa.String(100), default="", server_default="")
    ticked: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    filed_at: Mapped[datetime | None]
    filed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    refusal: Mapped[str] = mapped_column(sa.String(300), default="")
    refusal_params: Mapped[dict[str, Any]] = mapped_column(default=dict)

    agreement: Mapped[Agreement] = relationship()
