"""One run of a job: claimed once, its parts written once, its end told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import now, writing
from portal.domain.access.roles import Permission
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs.models import Job, JobState, JobStep
from portal.domain.jobs.services import GIVEN_UP, KEPT, LEASE, MOST_CRASHES, RESENT_AFTER
from portal.domain.users.models import User


class LeaseLost(Exception):
    """Another run has this job now; nothing of the part at hand is kept."""


class Stopped(Exception):
    """The worker is told to end; the job goes on elsewhere, behind the parts that are finished."""


class Run:
    """One run of a job, for the function that does it.

    The function works in parts: it writes a part's changes and calls `step`, which commits them together with
    the progress. What earlier runs finished stands in `earlier`; that is not to be done again. What it returns
    is the job's result, committed with whatever it wrote last.
    """

    def __init__(
        self, session: Session, job: Job, attempt: int, is_stopping: Callable[[], bool] = lambda: False
    ) -> None:
        self.session, self.attempt, self.is_stopping = session, attempt, is_stopping
        self.id, self.kind, self.params, self.owner_id = job.id, job.kind, dict(job.params), job.owner_id
        self.is_cancelled = job.cancel_asked_at is not None
        self.earlier: list[dict[str, Any]] = list(
            session.scalars(sa.select(JobStep.result).where(JobStep.job_id == job.id).order_by(JobStep.no))
        )
        self._no, self._crashes = len(self.earlier), job.crashes
        self._reach: dict[Permission, frozenset[str]] = {}

    @property
    def owner(self) -> User:
        """Whoever asked for the job."""
        owner = self.session.get(User, self.owner_id)
        assert owner is not None
        return owner

    def check_owner(self, permission: Permission | None = None) -> None:
        """Refuse a run in the name of somebody who has left meanwhile, or no longer has the permission.

        Asked again, also when the permission no longer reaches every region that it did at first.
        """
        owner = self.owner
        if not owner.is_active:
            raise DomainError(
                N_("The account of %(name)s has been deactivated, so the task was stopped."), name=owner.name
            )
        if permission is not None and not owner.can(permission):
            raise DomainError(
                N_("%(name)s no longer has the permission for this task, so it was stopped."), name=owner.name
            )
        if permission is not None:
            reach = frozenset(owner.paths(permission))
            if not self._reach.setdefault(permission, reach) <= reach:
                raise DomainError(
                    N_("%(name)s no longer has the permission in every office of before, so it was stopped."),
                    name=owner.name,
                )

    def step(self, result: dict[str, Any], *, done: int, total: int) -> bool:
        """Commit a part; False when the job is to be cancelled, so that the function says what it has done.

        Raises LeaseLost when another run has the job (nothing is committed then) and Stopped when the worker
        ends.
        """
        self.session.add(JobStep(job_id=self.id, no=self._no, result=result))
        self._say(done=done, total=total)
        self.session.commit()
        self._no += 1
        return self._go_on()

    def progress(self, *, done: int, total: int) -> bool:
        """Tell how far it is where nothing is kept of a part; as `step` otherwise."""
        with writing():
            self._say(done=done, total=total)
            self.session.commit()
        return self._go_on()

    def hold(self) -> None:
        """Keep the job for this run until the transaction at hand ends; raises LeaseLost when another has it."""
        self._say()

    def _say(self, **facts: Any) -> None:
        told = self.session.execute(
            sa.update(Job)
            .where(Job.id == self.id, Job.attempts == self.attempt, Job.state == JobState.RUNNING)
            .values(leased_until=now() + LEASE, **facts)
            .returning(Job.cancel_asked_at)
            .execution_options(synchronize_session=False)
        ).one_or_none()
        if told is None:
            self.session.rollback()
            raise LeaseLost
        self.is_cancelled = told.cancel_asked_at is not None

    def _go_on(self) -> bool:
        if self.is_stopping():
            raise Stopped
        return not self.is_cancelled

    def finish(self, result: dict[str, Any]) -> None:
        """The job is done, or cancelled where that was asked for; its parts are in the result and go."""
        self.session.execute(sa.delete(JobStep).where(JobStep.job_id == self.id))
        self._end(JobState.CANCELLED if self.is_cancelled else JobState.DONE, result=result)

    def refuse(self, error: DomainError) -> None:
        """The job cannot be done as it was asked for; the owner reads why."""
        self._end(JobState.FAILED, error=error.msgid, error_params=dict(error.params))

    def fail(self, reference: str) -> None:
        """The job failed for a reason that only the log tells, under this reference."""
        self._end(JobState.FAILED, reference=reference)

    def give_back(self, *, is_crash: bool = False) -> None:
        """The job waits for another run; one that was cut short again and again is given up."""
        if is_crash and self._crashes + 1 >= MOST_CRASHES:
            self._end(JobState.FAILED, error=GIVEN_UP, crashes=self._crashes + 1)
            return
        waits = timedelta(0) if is_crash else RESENT_AFTER + timedelta(seconds=1)
        self._move(JobState.QUEUED, crashes=self._crashes + is_crash, sent_at=now() - waits)

    def _end(self, state: JobState, **facts: Any) -> None:
        self._move(state, ended_at=now(), expires_at=now() + KEPT, **facts)

    def _move(self, state: JobState, **facts: Any) -> None:
        moved = self.session.execute(
            sa.update(Job)
            .where(Job.id == self.id, Job.attempts == self.attempt, Job.state == JobState.RUNNING)
            .values(state=state, worker="", leased_until=None, **facts)
            .returning(Job.id)
            .execution_options(synchronize_session=False)
        ).one_or_none()
        if moved is None:
            self.session.rollback()
            raise LeaseLost
        self.session.commit()


def claim(
    session: Session, job_id: int, worker: str, is_stopping: Callable[[], bool] = lambda: False
) -> Run | None:
    """Take a job that waits, and commit; None when another worker has it or it is over."""
    moment = now()
    attempt = session.execute(
        sa.update(Job)
        .where(Job.id == job_id, Job.state == JobState.QUEUED)
        .values(
            state=JobState.RUNNING,
            worker=worker,
            attempts=Job.attempts + 1,
            leased_until=moment + LEASE,
            started_at=sa.func.coalesce(Job.started_at, moment),
        )
        .returning(Job.attempts)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    session.commit()
    if attempt is None:
        return None
    job = session.get(Job, job_id, populate_existing=True)
    assert job is not None
    run = Run(session, job, attempt, is_stopping)
    session.commit()
    return run
