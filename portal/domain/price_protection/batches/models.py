"""A batch of renewals, its rows, and the spot checks of those who approve it (P1)."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, enum_type, now
from portal.domain.price_protection.models.agreements import Agreement
from portal.domain.regions.models import Region
from portal.domain.users.models import User


class Trouble(StrEnum):
    """What stands in a row's way: nothing, holes that keep it from being submitted, or that no draft can be made."""

    NONE = "none"
    HOLES = "holes"
    BLOCKED = "blocked"


class Batch(Base):
    """批量续签: agreements chosen together, with what changes in all of them; it stays when the work is done."""

    __tablename__ = "agreement_batch"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    region_id: Mapped[int] = mapped_column(sa.ForeignKey("region.id"), index=True)
    # By what the agreements were chosen, as the page's address said it.
    chosen_by: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # What changes in all of them (`changes.Changes` as JSON); `changes_no` rises with every change of it.
    changes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    changes_no: Mapped[int] = mapped_column(default=1)
    # The ids of whoever said so; the drafts that are made of it are theirs too.
    said_by: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    # The task that was asked for last; no key, since tasks are forgotten after a month.
    job_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    version: Mapped[int] = mapped_column(default=1)

    owner: Mapped[User] = relationship()
    region: Mapped[Region] = relationship()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class BatchRow(Base):
    """One agreement of a batch: last year's, what is said of it alone, and the draft that came of it."""

    __tablename__ = "agreement_batch_row"
    __table_args__ = (
        sa.UniqueConstraint("batch_id", "earlier_id"),
        sa.CheckConstraint(
            "(left_out_at IS NULL) = (left_out_by_id IS NULL) AND (left_out_at IS NULL) = (left_out_reason = '')",
            name="left_out_by_somebody",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement_batch.id"), index=True)
    earlier_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"), index=True)
    # The draft made of it, once; whatever becomes of it stands there.
    agreement_id: Mapped[int | None] = mapped_column(sa.ForeignKey("agreement.id"), unique=True)
    left_out_at: Mapped[datetime | None]
    left_out_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    left_out_reason: Mapped[str] = mapped_column(sa.String(200), default="")
    # What this row alone changes otherwise than the batch.
    exceptions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    said_by: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    # What was found when it was last checked: differences from last year, what is missing, what is unusual.
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    trouble: Mapped[Trouble] = mapped_column(enum_type(Trouble), default=Trouble.NONE)
    # How unusual it is among the others; the highest come first.
    weight: Mapped[int] = mapped_column(default=0)
    # What the check saw: the batch's changes, the draft's version, and the hash of its data as it would be printed.
    checked_no: Mapped[int] = mapped_column(default=0)
    checked_version: Mapped[int] = mapped_column(default=0)
    sha256: Mapped[str] = mapped_column(sa.String(64), default="")
    # Why the last deed was refused: {"msgid", "params"}.
    refusal: Mapped[dict[str, Any]] = mapped_column(default=dict)

    batch: Mapped[Batch] = relationship()
    earlier: Mapped[Agreement] = relationship(foreign_keys=[earlier_id])
    agreement: Mapped[Agreement | None] = relationship(foreign_keys=[agreement_id])
    left_out_by: Mapped[User | None] = relationship()


class BatchCheck(Base):
    """A row drawn by lot for one approver to look at, and what was looked at (its hash)."""

    __tablename__ = "agreement_batch_check"
    __table_args__ = (
        sa.UniqueConstraint("row_id", "user_id"),
        sa.CheckConstraint("(looked_at IS NULL) = (looked_sha256 = '')", name="looked_at_something"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    row_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement_batch_row.id"))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    # False for what was looked at without having been drawn.
    is_drawn: Mapped[bool] = mapped_column(default=True)
    drawn_at: Mapped[datetime] = mapped_column(default=now)
    looked_at: Mapped[datetime | None]
    looked_sha256: Mapped[str] = mapped_column(sa.String(64), default="")

    row: Mapped[BatchRow] = relationship()
    user: Mapped[User] = relationship()
