"""Minutes and the tasks that a meeting gives people (M1)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, enum_type, now
from portal.domain.distributors.models import Distributor
from portal.domain.meetings.models import Meeting
from portal.domain.users.models import User


class Minutes(Base):
    """会议纪要: one version of what was said and decided; issued it never changes, a correction is the next version.

    `blocks` are {"topic", "speaker", "text"} in the order of the agenda, `decisions` texts; `figures` and `tasks` are
    who was there and what was to be done on the day of issue.
    """

    __tablename__ = "meeting_minutes"
    __table_args__ = (
        sa.UniqueConstraint("meeting_id", "no"),
        sa.CheckConstraint("no > 0", name="no_positive"),
        sa.CheckConstraint("(issued_at IS NULL) = (issued_by_id IS NULL)", name="issued_by_somebody"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"))
    no: Mapped[int] = mapped_column(sa.Integer)
    chaired_by: Mapped[str] = mapped_column(sa.String(60), default="")
    taken_by: Mapped[str] = mapped_column(sa.String(60), default="")
    blocks: Mapped[list[Any]] = mapped_column(default=list)
    decisions: Mapped[list[Any]] = mapped_column(default=list)
    figures: Mapped[dict[str, Any]] = mapped_column(default=dict)
    tasks: Mapped[list[Any]] = mapped_column(default=list)
    drafted_at: Mapped[datetime] = mapped_column(default=now)
    drafted_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    issued_at: Mapped[datetime | None]
    issued_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    version: Mapped[int] = mapped_column(default=1)

    meeting: Mapped[Meeting] = relationship()
    drafted_by: Mapped[User] = relationship(foreign_keys=[drafted_by_id])
    issued_by: Mapped[User | None] = relationship(foreign_keys=[issued_by_id])

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class TaskState(StrEnum):
    """Where a task is."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


class TaskDeed(StrEnum):
    """What was done with a task."""

    DONE = "done"
    REOPENED = "reopened"
    DROPPED = "dropped"
    MOVED = "moved"


# From which state each deed leads to which.
MOVES: dict[TaskDeed, tuple[TaskState, TaskState]] = {
    TaskDeed.DONE: (TaskState.OPEN, TaskState.DONE),
    TaskDeed.DROPPED: (TaskState.OPEN, TaskState.DROPPED),
    TaskDeed.MOVED: (TaskState.OPEN, TaskState.OPEN),
}
# Reopened is what is done or dropped.
CLOSED = frozenset({TaskState.DONE, TaskState.DROPPED})


class Task(Base):
    """会议任务: what somebody undertook at a meeting until a day; its state follows its records."""

    __tablename__ = "meeting_task"
    __table_args__ = (
        sa.UniqueConstraint("meeting_id", "no"),
        sa.CheckConstraint("what <> ''", name="what_given"),
        sa.Index("ix_meeting_task_doer_id_state_due_on", "doer_id", "state", "due_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"))
    no: Mapped[int] = mapped_column(sa.Integer)
    what: Mapped[str] = mapped_column(sa.String(300))
    doer_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    due_on: Mapped[date]
    distributor_id: Mapped[int | None] = mapped_column(sa.ForeignKey("distributor.id"), index=True)
    state: Mapped[TaskState] = mapped_column(enum_type(TaskState), default=TaskState.OPEN)
    given_at: Mapped[datetime] = mapped_column(default=now)
    given_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))

    meeting: Mapped[Meeting] = relationship()
    doer: Mapped[User] = relationship(foreign_keys=[doer_id])
    given_by: Mapped[User] = relationship(foreign_keys=[given_by_id])
    distributor: Mapped[Distributor | None] = relationship()
    records: Mapped[list["TaskRecord"]] = relationship(order_by="TaskRecord.id", back_populates="task")


class TaskRecord(Base):
    """What was done with a task, written once: done, dropped, taken up again, put off."""

    __tablename__ = "meeting_task_record"
    __table_args__ = (
        sa.CheckConstraint("note <> ''", name="note_given"),
        sa.CheckConstraint(
            "(deed = 'moved') = (due_before_on IS NOT NULL) AND (deed = 'moved') = (due_on IS NOT NULL)",
            name="moved_from_day_to_day",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting_task.id"), index=True)
    deed: Mapped[TaskDeed] = mapped_column(enum_type(TaskDeed))
    at: Mapped[datetime] = mapped_column(default=now)
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    note: Mapped[str] = mapped_column(sa.String(300))
    due_before_on: Mapped[date | None]
    due_on: Mapped[date | None]

    task: Mapped[Task] = relationship(back_populates="records")
    by: Mapped[User] = relationship()
