"""Jobs, what each of them has finished so far, the files that came of them, and the workers that do them."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, enum_type, now
from portal.domain.regions.models import Region
from portal.domain.users.models import User


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Job(Base):
    """One piece of long work, written with the business change that asks for it; a queue only carries its id.

    Whoever runs it holds a lease; `attempts` numbers the runs, so that one whose lease is over writes no more.
    """

    __tablename__ = "job"
    __table_args__ = (
        sa.CheckConstraint("(state = 'running') = (leased_until IS NOT NULL)", name="leased_while_running"),
        sa.CheckConstraint(
            "(state IN ('done', 'failed', 'cancelled')) = (ended_at IS NOT NULL)", name="ended_at_an_instant"
        ),
        sa.CheckConstraint(
            "done >= 0 AND total >= 0 AND attempts >= 0 AND crashes >= 0", name="counts_not_negative"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # "distributors.import": who runs it is looked up by this name (portal.jobs.kinds).
    kind: Mapped[str] = mapped_column(sa.String(60))
    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    region_id: Mapped[int | None] = mapped_column(sa.ForeignKey("region.id"), index=True)
    # What it is called on screen beside its kind: a file's name.
    title: Mapped[str] = mapped_column(sa.String(200), default="")
    params: Mapped[dict[str, Any]] = mapped_column(default=dict)

    state: Mapped[JobState] = mapped_column(enum_type(JobState), default=JobState.QUEUED, index=True)
    asked_at: Mapped[datetime] = mapped_column(default=now)
    # When its message was last sent to the queue, or should have been.
    sent_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    cancel_asked_at: Mapped[datetime | None]
    cancel_asked_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))

    attempts: Mapped[int] = mapped_column(default=0)
    crashes: Mapped[int] = mapped_column(default=0)  # runs whose worker went without a word
    worker: Mapped[str] = mapped_column(sa.String(80), default="")
    leased_until: Mapped[datetime | None]

    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # A refusal's msgid and params; of a fault only the reference under which the log tells it.
    error: Mapped[str] = mapped_column(sa.String(300), default="")
    error_params: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reference: Mapped[str] = mapped_column(sa.String(20), default="")
    expires_at: Mapped[datetime | None] = mapped_column(index=True)

    owner: Mapped[User] = relationship(foreign_keys=[owner_id])
    cancel_asked_by: Mapped[User | None] = relationship(foreign_keys=[cancel_asked_by_id])
    region: Mapped[Region | None] = relationship()

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it unless somebody asks."""
        return self.state in ENDED

    @property
    def is_lost(self) -> bool:
        """Whether its worker has gone without a word, and no other has taken it up yet."""
        return self.leased_until is not None and self.leased_until < now()

    @property
    def share(self) -> int:
        """How much is done, in percent; 0 while nobody knows how much there is."""
        return min(100, self.done * 100 // self.total) if self.total else 0


class JobStep(Base):
    """A part of a job that is finished, written in the part's own transaction; its key makes it happen once."""

    __tablename__ = "job_step"

    job_id: Mapped[int] = mapped_column(sa.ForeignKey("job.id"), primary_key=True)
    no: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)


class JobFile(Base):
    """A file that a job made, to be fetched for some days; what it was made from stands elsewhere for good."""

    __tablename__ = "job_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(sa.ForeignKey("job.id"), index=True)
    filename: Mapped[str] = mapped_column(sa.String(200))
    media_type: Mapped[str] = mapped_column(sa.String(100))
    size: Mapped[int]
    pieces: Mapped[int] = mapped_column(sa.Integer)
    # None while it is being put in.
    made_at: Mapped[datetime | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class JobFilePiece(Base):
    """At most 1 MiB of a job's file."""

    __tablename__ = "job_file_piece"

    file_id: Mapped[int] = mapped_column(sa.ForeignKey("job_file.id"), primary_key=True)
    no: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    data: Mapped[bytes] = mapped_column(sa.LargeBinary)


class JobWorker(Base):
    """A process that does jobs, and when it last said so."""

    __tablename__ = "job_worker"

    name: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(default=now)
    beat_at: Mapped[datetime] = mapped_column(default=now)


class DailyDeed(Base):
    """Something that is done once a day without anybody asking: when it was done and tried last."""

    __tablename__ = "daily_deed"

    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    done_on: Mapped[date | None]
    tried_at: Mapped[datetime | None]
