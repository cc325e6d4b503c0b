"""A task after a stalled run, and after somebody asked for its end."""

from datetime import timedelta
from io import BytesIO

import pytest
from sqlalchemy.orm import Session

from portal.db import clock_at, now
from portal.domain.access.roles import Role
from portal.domain.jobs import kept, runs, services
from portal.domain.jobs.models import Job, JobState
from portal.domain.jobs.runs import LeaseLost, Run
from portal.domain.users.models import User
from tests.factories import Factory


@pytest.fixture
def owner(make: Factory) -> User:
    return make.user(Role.REGIONAL_MANAGER, make.region())


@pytest.fixture
def job(session: Session, owner: User) -> Job:
    job = services.enqueue(session, owner, "test", title="示例任务")
    session.commit()
    return job


def claimed(session: Session, job: Job, worker: str) -> Run:
    run = runs.claim(session, job.id, worker)
    assert run is not None
    return run


def put_in(session: Session, run: Run, content: bytes) -> None:
    kept.keep(
        session,
        run.id,
        BytesIO(content),
        filename="示例.pdf",
        media_type="application/pdf",
        hold=run.hold,
        goes_on=lambda: run.progress(done=1, total=1),
    )


def test_a_stalled_run_does_not_remove_the_file_of_the_run_that_finished(session: Session, job: Job) -> None:
    slow = claimed(session, job, "slow")
    with clock_at(now() + services.LEASE + timedelta(seconds=1)):
        services.sweep(session)
        session.commit()
        quick = claimed(session, job, "quick")
        put_in(session, quick, b"whole")
        quick.finish({"printed": 1})
        with pytest.raises(LeaseLost):  # it wakes up where it puts its own file in
            put_in(session, slow, b"other")
        session.rollback()
        file = kept.file_of(session, job.id)
        assert file is not None
        assert b"".join(kept.pieces(session, file.id, file.pieces)) == b"whole"


def test_the_next_run_of_a_task_replaces_what_a_killed_one_put_in(session: Session, job: Job) -> None:
    put_in(session, claimed(session, job, "killed"), b"cut")
    session.commit()
    with clock_at(now() + services.LEASE + timedelta(seconds=1)):
        services.sweep(session)
        session.commit()
        again = claimed(session, job, "again")
        put_in(session, again, b"whole")
        again.finish({})
        file = kept.file_of(session, job.id)
        assert file is not None
        assert b"".join(kept.pieces(session, file.id, file.pieces)) == b"whole"


def test_a_task_that_is_tried_again_is_not_cancelled_by_the_click_of_before(
    session: Session, owner: User, job: Job
) -> None:
    run = claimed(session, job, "a")
    services.cancel(session, owner, job)
    session.commit()
    run.fail("abc")  # its part broke before it could heed the click
    session.refresh(job)
    services.try_again(session, owner, job)
    session.commit()
    again = claimed(session, job, "b")
    assert again.step({}, done=1, total=2)
    again.finish({})
    session.refresh(job)
    assert job.state is JobState.DONE
