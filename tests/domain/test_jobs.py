"""Jobs: claimed once, finished parts kept once, what a dead worker left is done by another."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from portal.db import clock_at, now
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.errors import DomainError
from portal.domain.jobs import queries, runs, services
from portal.domain.jobs.models import Job, JobState, JobStep
from portal.domain.jobs.runs import LeaseLost, Run, Stopped
from portal.domain.users.models import User
from portal.jobs import kinds, running
from tests.factories import Factory


@pytest.fixture
def owner(make: Factory) -> User:
    return make.user(Role.REGIONAL_MANAGER, make.region())


@pytest.fixture
def ask(session: Session, owner: User) -> Callable[..., Job]:
    def ask(**params: Any) -> Job:
        job = services.enqueue(session, owner, "test", title="示例任务", **params)
        session.commit()
        return job

    return ask


def claimed(session: Session, job: Job, worker: str = "a") -> Run:
    run = runs.claim(session, job.id, worker)
    assert run is not None
    return run


def state(session: Session, job: Job) -> JobState:
    session.rollback()
    session.refresh(job)
    session.rollback()
    return job.state


def test_a_job_is_claimed_by_one_worker_only(session: Session, ask: Callable[..., Job]) -> None:
    job = ask()
    claimed(session, job, "a")
    assert runs.claim(session, job.id, "b") is None
    session.refresh(job)
    assert (job.state, job.worker, job.attempts) == (JobState.RUNNING, "a", 1)
    assert job.leased_until is not None


def test_its_end_is_written_with_the_result(session: Session, ask: Callable[..., Job]) -> None:
    job = ask()
    run = claimed(session, job)
    assert run.step({"part": 1}, done=5, total=10)
    session.refresh(job)
    assert (job.done, job.total, job.share) == (5, 10, 50)
    run.finish({"parts": 1})
    assert state(session, job) is JobState.DONE
    assert job.result == {"parts": 1}
    assert job.expires_at is not None
    assert session.scalar(sa.select(sa.func.count()).select_from(JobStep)) == 0


def test_what_a_dead_worker_left_goes_on_behind_its_finished_parts(
    session: Session, ask: Callable[..., Job]
) -> None:
    job = ask()
    claimed(session, job, "dead").step({"part": 1}, done=1, total=2)
    assert services.sweep(session) == []
    session.commit()
    with clock_at(now() + services.LEASE + timedelta(seconds=1)):
        assert services.sweep(session) == [job.id]
        session.commit()
        run = claimed(session, job, "alive")
        assert run.earlier == [{"part": 1}]
        run.step({"part": 2}, done=2, total=2)
        run.finish({})
    assert state(session, job) is JobState.DONE


def test_a_run_whose_lease_is_over_writes_no_more(session: Session, ask: Callable[..., Job]) -> None:
    job = ask()
    slow = claimed(session, job, "slow")
    with clock_at(now() + services.LEASE + timedelta(seconds=1)):
        services.sweep(session)
        session.commit()
        claimed(session, job, "quick").step({"by": "quick"}, done=1, total=1)
    for write in (lambda: slow.progress(done=9, total=9), lambda: slow.finish({}), lambda: slow.fail("x")):
        with pytest.raises(LeaseLost):
            write()
    assert state(session, job) is JobState.RUNNING
    assert (job.done, job.worker) == (1, "quick")


def test_a_beat_keeps_the_lease_of_the_jobs_that_run(session: Session, ask: Callable[..., Job]) -> None:
    first, second = ask(), ask()
    claimed(session, first), claimed(session, second)
    with clock_at(now() + timedelta(seconds=50)):
        services.beat(session, "a", [first.id])
        session.commit()
    with clock_at(now() + services.LEASE + timedelta(seconds=10)):
        assert services.sweep(session) == [second.id]
        session.commit()


def test_a_job_that_kills_its_workers_is_given_up(
    session: Session, ask: Callable[..., Job], owner: User
) -> None:
    job = ask()
    moment = now()
    for _turn in range(services.MOST_CRASHES):
        with clock_at(moment):
            claimed(session, job)
        moment += services.LEASE + timedelta(seconds=1)
        with clock_at(moment):
            services.sweep(session)
            session.commit()
    assert state(session, job) is JobState.FAILED
    assert job.error == services.GIVEN_UP
    services.try_again(session, owner, job)
    session.commit()
    assert (job.state, job.crashes, job.error) == (JobState.QUEUED, 0, "")


def test_a_message_that_was_lost_is_sent_again(session: Session, ask: Callable[..., Job]) -> None:
    job = ask()
    assert services.sweep(session) == []
    session.commit()
    with clock_at(now() + services.RESENT_AFTER + timedelta(seconds=1)):
        assert services.sweep(session) == [job.id]
        session.commit()
        assert services.sweep(session) == []
        session.commit()


def test_results_are_forgotten_after_a_month(session: Session, ask: Callable[..., Job]) -> None:
    old = ask()
    claimed(session, old).finish({"a": 1})
    with clock_at(now() + services.KEPT + timedelta(days=1)):
        recent = ask()
        services.sweep(session)
        session.commit()
    assert session.scalars(sa.select(Job.id)).all() == [recent.id]


def test_a_job_that_waits_is_cancelled_at_once_and_one_that_runs_after_its_part(
    session: Session, ask: Callable[..., Job], owner: User
) -> None:
    waiting, busy = ask(), ask()
    services.cancel(session, owner, waiting)
    session.commit()
    assert waiting.state is JobState.CANCELLED
    assert runs.claim(session, waiting.id, "a") is None
    run = claimed(session, busy)
    assert run.step({"part": 1}, done=1, total=3)
    services.cancel(session, owner, busy)
    session.commit()
    assert not run.step({"part": 2}, done=2, total=3)
    run.finish({"parts": 2})
    assert state(session, busy) is JobState.CANCELLED
    assert (busy.result, busy.cancel_asked_by_id) == ({"parts": 2}, owner.id)
    with pytest.raises(DomainError):
        services.cancel(session, owner, busy)


def test_owner_and_administrators_see_a_job_and_nobody_else(
    session: Session, ask: Callable[..., Job], owner: User, make: Factory
) -> None:
    job = ask()
    colleague = make.user(Role.REGIONAL_MANAGER, owner.home)
    for user, seen in ((owner, [job.id]), (make.user(Role.ADMINISTRATOR), [job.id]), (colleague, [])):
        assert [one.id for one in session.scalars(queries.jobs_visible_to(user))] == seen
    assert [one.id for one in session.scalars(queries.own_jobs(owner))] == [job.id]
    with clock_at(now() + timedelta(days=8)):
        assert session.scalars(queries.own_jobs(owner)).all() == []


@pytest.mark.parametrize(
    ("raised", "then"),
    [
        (DomainError("The file is empty. Choose another."), JobState.FAILED),
        (ZeroDivisionError("secret detail"), JobState.FAILED),
        (sa.exc.OperationalError("x", {}, Exception("locked")), JobState.QUEUED),
        (Stopped(), JobState.QUEUED),
    ],
)
def test_however_a_job_ends_its_row_says_so(
    app: Flask,
    session: Session,
    ask: Callable[..., Job],
    monkeypatch: pytest.MonkeyPatch,
    raised: Exception,
    then: JobState,
) -> None:
    def handler(inner: Session, run: Run) -> dict[str, Any]:
        run.step({"part": 1}, done=1, total=2)
        inner.execute(sa.update(User).values(name="never"))
        raise raised

    monkeypatch.setitem(kinds.KINDS, "test", handler)
    job = ask()
    with app.app_context():
        running.perform(job.id, "a")
    assert state(session, job) is then
    assert job.done == 1
    assert "never" not in session.scalars(sa.select(User.name)).all()
    told = f"{job.error} {job.reference}"
    assert "secret" not in told
    assert bool(told.strip()) is (then is JobState.FAILED)


def test_a_fault_that_does_not_pass_ends_the_job(
    app: Flask, session: Session, ask: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    def handler(_session: Session, _run: Run) -> dict[str, Any]:
        raise sa.exc.OperationalError("x", {}, Exception("disk full"))

    monkeypatch.setitem(kinds.KINDS, "test", handler)
    job = ask()
    for _turn in range(services.MOST_CRASHES):
        with app.app_context():
            running.perform(job.id, "a")
    assert state(session, job) is JobState.FAILED


def test_what_is_done_to_somebody_elses_job_stands_in_the_audit_trail(
    session: Session, ask: Callable[..., Job], owner: User, make: Factory
) -> None:
    boss = make.user(Role.ADMINISTRATOR)
    for who in (owner, boss):
        failed, waiting = ask(), ask()
        claimed(session, failed).fail("abc")
        session.refresh(failed)
        services.try_again(session, who, failed)
        services.cancel(session, who, waiting)
        session.commit()
    events = session.scalars(
        sa.select(AuditEvent).where(AuditEvent.subject == "job").order_by(AuditEvent.id)
    ).all()
    assert [(one.action, one.actor_id, one.subject_id, one.region_id) for one in events] == [
        ("job.restarted", boss.id, failed.id, failed.region_id),
        ("job.cancelled", boss.id, waiting.id, waiting.region_id),
    ]
    assert all(one.params == {"title": "示例任务", "owner": owner.name} for one in events)


def _busy(*_arguments: Any, **_named: Any) -> None:
    raise sa.exc.OperationalError("x", {}, Exception("locked"))


@pytest.mark.parametrize(
    ("raised", "end"),
    [
        (Stopped(), "give_back"),
        (DomainError("The file is empty. Choose another."), "refuse"),
        (sa.exc.OperationalError("x", {}, Exception("locked")), "give_back"),
        (ZeroDivisionError(), "fail"),
    ],
)
def test_an_end_that_cannot_be_written_is_logged_and_the_job_swept_up(
    app: Flask,
    session: Session,
    ask: Callable[..., Job],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    raised: Exception,
    end: str,
) -> None:
    def handler(_session: Session, _run: Run) -> dict[str, Any]:
        raise raised

    monkeypatch.setitem(kinds.KINDS, "test", handler)
    monkeypatch.setattr(runs.Run, end, _busy)
    job = ask()
    with app.app_context():
        running.perform(job.id, "here")
    assert f"job {job.id} stands still until it is swept up" in caplog.text
    assert state(session, job) is JobState.RUNNING
    with clock_at(now() + services.LEASE + timedelta(seconds=1)):
        assert services.sweep(session) == [job.id]
        session.commit()


def test_a_job_whose_key_another_took_meanwhile_is_done_again(
    app: Flask, session: Session, ask: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = psycopg.errors.UniqueViolation()
    refused = [sa.exc.IntegrityError("INSERT", {}, taken)]

    def handler(_session: Session, _run: Run) -> dict[str, Any]:
        if refused:
            raise refused.pop()
        return {}

    monkeypatch.setitem(kinds.KINDS, "test", handler)
    job = ask()
    with app.app_context():
        running.perform(job.id, "a")
    assert state(session, job) is JobState.QUEUED and job.crashes == 1
    with app.app_context():
        running.perform(job.id, "a")
    assert state(session, job) is JobState.DONE


def test_an_end_that_another_run_has_overtaken_is_not_raised(
    app: Flask, session: Session, ask: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    def handler(inner: Session, run: Run) -> dict[str, Any]:
        inner.execute(sa.update(Job).where(Job.id == run.id).values(attempts=Job.attempts + 1, worker="b"))
        inner.commit()
        raise DomainError("The file is empty. Choose another.")

    monkeypatch.setitem(kinds.KINDS, "test", handler)
    job = ask()
    with app.app_context():
        running.perform(job.id, "a")
    assert state(session, job) is JobState.RUNNING
    assert (job.worker, job.error) == ("b", "")


def test_a_job_that_cannot_even_be_claimed_waits(
    app: Flask, session: Session, ask: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "claim", _busy)
    job = ask()
    with app.app_context():
        running.perform(job.id, "here")
    assert state(session, job) is JobState.QUEUED
