"""Asking for jobs, cancelling them, and looking after those whose worker is gone."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs import kept
from portal.domain.jobs.models import ENDED, Job, JobState, JobStep, JobWorker
from portal.domain.users.models import User

LEASE = timedelta(seconds=60)  # a worker that has not said for so long that it lives is taken for dead
BEAT = timedelta(seconds=10)  # how often it says so
RESENT_AFTER = timedelta(seconds=30)  # a message that nobody has taken by then is sent again
MOST_CRASHES = 3
KEPT = timedelta(days=30)
_NOTED = "jobs asked for"
_LOST = N_("It was interrupted; another task goes on with it.")
GIVEN_UP = N_("The task was interrupted several times and has been abandoned. Tell an administrator.")


def enqueue(
    session: Session, owner: User, kind: str, *, title: str = "", total: int = 0, **params: Any
) -> Job:
    """Write a job in this transaction; once that is committed, `portal.jobs.start` sends it to a worker."""
    job = Job(
        kind=kind,
        owner_id=owner.id,
        region_id=owner.home.id if owner.home else None,
        title=title[:200],
        total=total,
        params=params,
    )
    session.add(job)
    session.flush()
    return job


def note(session: Session, job: Job) -> None:
    """Remember a job that a service asked for, so that whoever commits can send it (`portal.jobs.start_noted`)."""
    session.info.setdefault(_NOTED, []).append(job.id)


def noted(session: Session) -> list[int]:
    """The jobs that were noted and are not sent yet; they are forgotten."""
    ids: list[int] = session.info.pop(_NOTED, [])
    return ids


def cancel(session: Session, actor: User, job: Job) -> None:
    """End a job that waits, at once; one that runs stops after the part it is at. One that is over stays."""
    lock(session, job)
    if job.is_over:
        raise DomainError(N_("This task has already ended."))
    moment = now()
    job.cancel_asked_at, job.cancel_asked_by_id = moment, actor.id
    if job.state is JobState.QUEUED and not _has_steps(session, job):
        job.state, job.ended_at, job.expires_at = JobState.CANCELLED, moment, moment + KEPT
    if actor.id != job.owner_id:
        audit.record(session, actor, "job.cancelled", job, title=job.title, owner=job.owner.name)


def end_lost(session: Session, job: Job) -> bool:
    """End a job whose worker has gone, where somebody asks for its work anew; gives whether it is over.

    No sweeper need be there to see it: a worker that only stood still finds its lease lost, and keeps nothing more.
    """
    lock(session, job)
    if job.is_lost:
        moment = now()
        job.state, job.worker, job.leased_until, job.crashes = JobState.FAILED, "", None, job.crashes + 1
        job.ended_at, job.expires_at, job.error = moment, moment + KEPT, _LOST
        session.flush()
    return job.is_over


def try_again(session: Session, actor: User, job: Job) -> None:
    """Queue a job that failed once more, in its owner's name; it goes on behind the parts that are finished.

    As with `cancel`, the audit trail says who did this to somebody else's job.
    """
    lock(session, job)
    if job.state is not JobState.FAILED:
        raise DomainError(N_("Only a task that failed can be tried again."))
    job.state, job.ended_at, job.expires_at = JobState.QUEUED, None, None
    job.error, job.error_params, job.reference = "", {}, ""
    job.crashes, job.sent_at = 0, now()
    # Whoever asked for its end has seen it end.
    job.cancel_asked_at = job.cancel_asked_by_id = None
    if actor.id != job.owner_id:
        audit.record(session, actor, "job.restarted", job, title=job.title, owner=job.owner.name)


def _has_steps(session: Session, job: Job) -> bool:
    return session.scalar(sa.select(JobStep.no).where(JobStep.job_id == job.id).limit(1)) is not None


def beat(session: Session, worker: str, jobs: Collection[int] = ()) -> None:
    """Say that this worker lives, and that these jobs are still its own."""
    moment = now()
    known = session.execute(sa.update(JobWorker).where(JobWorker.name == worker).values(beat_at=moment))
    if not known.rowcount:  # type: ignore[attr-defined]
        session.add(JobWorker(name=worker, started_at=moment, beat_at=moment))
    session.execute(
        sa.update(Job)
        .where(Job.id.in_(jobs), Job.worker == worker, Job.state == JobState.RUNNING)
        .values(leased_until=moment + LEASE)
        .execution_options(synchronize_session=False)
    )


def leave(session: Session, worker: str) -> None:
    """Say that this worker ends."""
    session.execute(sa.delete(JobWorker).where(JobWorker.name == worker))


def sweep(session: Session) -> Sequence[int]:
    """Queue what dead workers left, forget what is past its time; the ids whose message is to be sent again.

    A job whose worker died again and again is given up: it is perhaps what kills them.
    """
    moment = now()
    dead = sa.and_(Job.state == JobState.RUNNING, Job.leased_until < moment)
    session.execute(
        sa.update(Job)
        .where(dead, Job.crashes + 1 >= MOST_CRASHES)
        .values(
            state=JobState.FAILED,
            worker="",
            leased_until=None,
            crashes=Job.crashes + 1,
            ended_at=moment,
            expires_at=moment + KEPT,
            error=GIVEN_UP,
        )
        .execution_options(synchronize_session=False)
    )
    left = session.scalars(sa.select(Job.id).where(dead)).all()
    if left:
        session.execute(
            sa.update(Job)
            .where(dead, Job.id.in_(left))
            .values(state=JobState.QUEUED, worker="", leased_until=None, crashes=Job.crashes + 1)
            .execution_options(synchronize_session=False)
        )
    waiting = session.scalars(
        sa.select(Job.id)
        .where(Job.state == JobState.QUEUED, sa.or_(Job.sent_at < moment - RESENT_AFTER, Job.id.in_(left)))
        .order_by(Job.id)
    ).all()
    if waiting:
        session.execute(
            sa.update(Job)
            .where(Job.id.in_(waiting))
            .values(sent_at=moment)
            .execution_options(synchronize_session=False)
        )
    _forget(session)
    return waiting


def _forget(session: Session) -> None:
    """Results are kept for a month, files for a week: what they led to stands in records of its own."""
    moment = now()
    kept.forget(session)
    old = session.scalars(sa.select(Job.id).where(Job.state.in_(ENDED), Job.expires_at < moment)).all()
    if old:
        kept.forget(session, jobs=old)
        session.execute(sa.delete(JobStep).where(JobStep.job_id.in_(old)))
        session.execute(sa.delete(Job).where(Job.id.in_(old)))
    session.execute(sa.delete(JobWorker).where(JobWorker.beat_at < moment - timedelta(days=1)))
