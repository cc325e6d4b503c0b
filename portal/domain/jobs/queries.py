"""Reading jobs: whose they are, and how the workers are."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import now
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.jobs.models import Job, JobState, JobWorker
from portal.domain.jobs.services import LEASE
from portal.domain.users.models import User

SHOWN_FOR = timedelta(days=7)
SILENT = timedelta(seconds=20)  # two beats left out


def jobs_visible_to(user: User) -> sa.Select[Job]:
    """The jobs that `user` asked for, and for an administrator those of the offices in care."""
    return sa.select(Job).where(
        sa.or_(Job.owner_id == user.id, Job.region_id.in_(visible(user, Permission.REGIONS_MANAGE)))
    )


def own_jobs(user: User) -> sa.Select[Job]:
    """What `user` asked for during the last days, newest first."""
    return (
        sa.select(Job)
        .where(Job.owner_id == user.id, Job.asked_at >= now() - SHOWN_FOR)
        .order_by(Job.id.desc())
        .limit(100)
    )


def is_interrupted(job: Job) -> bool:
    """Whether nobody has said lately that a running job goes on: its worker is probably gone."""
    return job.leased_until is not None and job.leased_until - LEASE < now() - SILENT


def last_beat(session: Session) -> datetime | None:
    """When any worker last said that it lives; None when there is none."""
    return session.scalar(sa.select(sa.func.max(JobWorker.beat_at)))


def has_worker(session: Session) -> bool:
    """Whether a worker has said within its lease that it lives."""
    beat = last_beat(session)
    return beat is not None and beat > now() - LEASE


def counts(session: Session) -> dict[JobState, int]:
    """How many jobs there are in each state."""
    found = dict.fromkeys(JobState, 0)
    for state, count in session.execute(sa.select(Job.state, sa.func.count()).group_by(Job.state)):
        found[state] = count
    return found


def waiting_since(session: Session) -> datetime | None:
    """When the job that has waited longest was asked for."""
    return session.scalar(sa.select(sa.func.min(Job.asked_at)).where(Job.state == JobState.QUEUED))
