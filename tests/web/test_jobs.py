"""Tasks on the page: a large list is read and imported by a worker, its progress is shown, it can be cancelled."""

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from portal.db import clock_at, now
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors.importing import course, files
from portal.domain.distributors.models import Distributor, ImportFile
from portal.domain.jobs import runs, services
from portal.domain.jobs.models import Job, JobState, JobWorker
from portal.domain.regions.models import Region
from portal.domain.users import services as users
from portal.domain.users.models import Grant, User
from portal.jobs import queue, running
from tests.domain.tabular_files import csv_text
from tests.factories import Factory

SignIn = Callable[..., FlaskClient]
ROWS = 25


@pytest.fixture
def app(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Every list is a large one, chunks are of ten rows, and a worker is needed."""
    monkeypatch.setattr(files.DEALERS, "small_bytes", 0)
    monkeypatch.setattr(course, "CHUNK", 10)
    return make_app(QUEUE_URL="")


@pytest.fixture
def manager(make: Factory) -> User:
    return make.user(Role.REGIONAL_MANAGER, make.region("华东大区", code="E"))


def dealers(rows: int = ROWS) -> bytes:
    lines = [("E", f"A{number:03d}", f"示例{number}号商行") for number in range(1, rows + 1)]
    return csv_text(("大区", "编码", "名称"), *lines, ("E", "A900", "")).encode()


def hand_in(client: FlaskClient, data: bytes) -> str:
    answer = client.post(
        "/distributors/import",
        data={"file": (io.BytesIO(data), "名录.csv"), "owner_id": ""},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 303, answer.text
    return answer.location


def work(app: Flask) -> list[int]:
    """Do what is in the queue, as a worker does."""
    taken: list[int] = []
    worker = queue.Queue(app, taken.append)
    while (task := worker.huey.dequeue()) is not None:
        worker.huey.execute(task)
    for job_id in taken:
        with app.app_context():
            running.perform(job_id, "test")
    return taken


def count(session: Session) -> int:
    session.rollback()
    return session.scalar(sa.select(sa.func.count()).select_from(Distributor)) or 0


def last_job(session: Session) -> Job:
    session.rollback()
    job = session.scalars(sa.select(Job).order_by(Job.id.desc())).first()
    assert job is not None
    session.rollback()
    return job


def planned(app: Flask, client: FlaskClient) -> str:
    """A list that a worker has read: the address of its page."""
    page = hand_in(client, dealers())
    work(app)
    return page


def test_a_large_list_is_read_and_imported_by_a_worker(
    app: Flask, session: Session, manager: User, sign_in: SignIn
) -> None:
    client = sign_in(manager)
    page = hand_in(client, dealers())
    waiting = client.get(page)
    assert waiting.status_code == 303
    progress = client.get(waiting.location)
    assert progress.status_code == 200
    assert "<progress" in progress.text
    assert "no worker is running" in progress.text
    assert f'http-equiv="refresh" content="2;url={waiting.location}"' in progress.text
    assert len(work(app)) == 1
    shown = client.get(page)
    assert shown.status_code == 200
    assert f"Import {ROWS} rows" in shown.text
    applied = client.post(f"{page}/apply")
    assert applied.status_code == 303
    assert count(session) == 0
    assert len(work(app)) == 1
    assert count(session) == ROWS
    job = last_job(session)
    assert (job.state, job.done, job.result["created"]) == (JobState.DONE, ROWS + 1, ROWS)
    assert client.get(f"/tasks/{job.id}").location == page
    done = client.get(page).text
    assert "The name is missing" in done
    assert client.get(f"{page}/refused").status_code == 200
    listed = client.get("/tasks/").text
    assert "Importing a dealer list" in listed
    assert f"{ROWS} records were written" in listed


def test_the_bar_is_swapped_and_leads_on_when_all_is_done(
    app: Flask, session: Session, manager: User, sign_in: SignIn
) -> None:
    client = sign_in(manager)
    page = planned(app, client)
    client.post(f"{page}/apply")
    job = last_job(session)
    run = runs.claim(session, job.id, "test")
    assert run is not None
    run.progress(done=13, total=26)
    address = f"/tasks/{job.id}/progress"
    bar = client.get(address, headers={"HX-Request": "true"})
    assert bar.status_code == 200
    assert 'value="50"' in bar.text
    assert "13 of 26, 50%" in bar.text
    assert 'id="told"' in bar.text
    assert "<html" not in bar.text
    again = client.get(f"{address}?told=50", headers={"HX-Request": "true"})
    assert 'id="told"' not in again.text
    run.finish({"created": 0, "updated": 0, "refused": 0})
    over = client.get(address, headers={"HX-Request": "true"})
    assert (over.status_code, over.headers["HX-Redirect"]) == (204, page)


def test_where_a_worker_lives_nobody_is_told_to_start_one(
    app: Flask, session: Session, manager: User, make: Factory, sign_in: SignIn
) -> None:
    client = sign_in(manager)
    address = client.get(hand_in(client, dealers())).location
    assert "no worker is running" in client.get(address).text
    assert "python -m portal.jobs" in sign_in(make.user(Role.ADMINISTRATOR)).get(address).text
    services.beat(session, "alive")
    session.commit()
    assert "no worker is running" not in client.get(address).text
    session.execute(sa.update(JobWorker).values(beat_at=JobWorker.started_at))
    session.commit()


def test_a_cancelled_import_stops_at_the_next_chunk_and_says_what_is_written(
    app: Flask, session: Session, manager: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(manager)
    page = planned(app, client)
    client.post(f"{page}/apply")
    job = last_job(session)
    # Before the second chunk's transaction: SQLite lets one write at a time.
    monkeypatch.setattr(runs.Run, "_go_on", _cancelling(runs.Run._go_on, client, job.id))
    work(app)
    assert count(session) == 20
    assert last_job(session).state is JobState.CANCELLED
    text = client.get(page).text
    assert "cancelled after 20 rows" in text
    again = hand_in(client, dealers())
    monkeypatch.undo()
    monkeypatch.setattr(files.DEALERS, "small_bytes", 0)
    work(app)
    client.post(f"{again}/apply")
    work(app)
    assert count(session) == ROWS
    assert last_job(session).result["created"] == 5


def _cancelling(go_on: Callable[[runs.Run], bool], client: FlaskClient, job_id: int) -> Callable[..., bool]:
    """Cancel after the first chunk's commit; the second still sees it only at its own end."""
    asked: list[int] = []

    def wrapper(run: runs.Run) -> bool:
        if not asked:
            asked.append(client.post(f"/tasks/{job_id}/cancel").status_code)
            assert asked == [303]
        return go_on(run)

    return wrapper


def test_a_worker_that_dies_between_two_chunks_leaves_nothing_twice_and_nothing_out(
    app: Flask, session: Session, manager: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(manager)
    page = planned(app, client)
    client.post(f"{page}/apply")
    go_on = runs.Run._go_on
    turns: list[int] = []

    def stopping(run: runs.Run) -> bool:
        turns.append(1)
        if len(turns) < 3:
            raise runs.Stopped
        return go_on(run)

    monkeypatch.setattr(runs.Run, "_go_on", stopping)
    job = last_job(session)
    for _turn in range(3):
        with app.app_context():
            running.perform(job.id, "test")
    done = last_job(session)
    assert (done.state, done.attempts, done.result["created"]) == (JobState.DONE, 3, ROWS)
    assert count(session) == ROWS
    file = session.scalars(sa.select(ImportFile)).one()
    report = files.DEALERS.report_of(file)
    assert report is not None
    assert (report.read, report.created, report.refused, len(report.rows)) == (ROWS + 1, ROWS, 1, ROWS + 1)


def test_a_file_that_cannot_be_read_is_told_on_the_task(
    app: Flask, session: Session, manager: User, sign_in: SignIn
) -> None:
    client = sign_in(manager)
    page = hand_in(client, b"%PDF-1.7 fictional")
    work(app)
    assert last_job(session).state is JobState.FAILED
    answer = client.get(page)
    assert answer.status_code == 303
    text = client.get(answer.location).text
    assert "not a table" in text
    assert "/distributors/import" in text


def test_a_fault_gives_a_reference_and_can_be_tried_again(
    app: Flask, session: Session, manager: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(manager)
    page = planned(app, client)
    client.post(f"{page}/apply")
    with monkeypatch.context() as patch:
        patch.setattr(course.DealerCourse, "take", lambda *_: 1 / 0)
        work(app)
    job = last_job(session)
    assert job.state is JobState.FAILED
    text = client.get(f"/tasks/{job.id}").text
    assert job.reference in text
    assert "ZeroDivision" not in text
    assert client.post(f"/tasks/{job.id}/again").status_code == 303
    work(app)
    assert count(session) == ROWS


def test_while_a_list_is_worked_on_it_is_not_imported_again(
    app: Flask, session: Session, manager: User, sign_in: SignIn
) -> None:
    client = sign_in(manager)
    page = planned(app, client)
    assert client.post(f"{page}/apply").status_code == 303
    assert client.post(f"{page}/apply").status_code in (303, 409, 422)
    assert client.post(f"{page}/plan", data={"owner_id": ""}).status_code in (303, 409, 422)
    session.rollback()
    assert session.scalar(sa.select(sa.func.count()).where(Job.kind == files.DEALERS.import_kind)) == 1
    work(app)
    assert count(session) == ROWS


def test_nobody_else_sees_a_task(app: Flask, session: Session, manager: User, make: Factory, sign_in: SignIn):
    client = sign_in(manager)
    address = client.get(hand_in(client, dealers())).location
    other = sign_in(make.user(Role.REGIONAL_MANAGER, manager.home))
    for path in (address, f"{address}/progress"):
        assert other.get(path).status_code == 404
    assert other.post(f"{address}/cancel").status_code == 404
    assert sign_in(make.user(Role.ADMINISTRATOR)).get(address).status_code == 200
    assert "No tasks" in other.get("/tasks/").text


def _deactivated(session: Session, manager: User) -> str:
    users.deactivate(session, manager, by=None)
    return f"The account of {manager.name} has been deactivated"


def _without_role(session: Session, manager: User) -> str:
    session.execute(sa.delete(Grant).where(Grant.user_id == manager.id))
    return f"{manager.name} no longer has the permission"


@pytest.mark.parametrize("loses", [_deactivated, _without_role])
@pytest.mark.parametrize("is_applied", [False, True], ids=["plan", "import"])
def test_a_queued_task_is_not_done_in_the_name_of_who_may_no_longer_ask_for_it(
    app: Flask,
    session: Session,
    manager: User,
    make: Factory,
    sign_in: SignIn,
    loses: Callable[[Session, User], str],
    is_applied: bool,
) -> None:
    client = sign_in(manager)
    page = hand_in(client, dealers())
    if is_applied:
        work(app)
        client.post(f"{page}/apply")
    why = loses(session, manager)
    session.commit()
    assert len(work(app)) == 1
    job = last_job(session)
    assert (job.state, job.reference, job.attempts) == (JobState.FAILED, "", 1)
    assert count(session) == 0
    assert why in sign_in(make.user(Role.ADMINISTRATOR)).get(f"/tasks/{job.id}").text


def _elsewhere(session: Session, manager: User) -> str:
    west = sa.select(Region.id).where(Region.code == "W").scalar_subquery()
    session.execute(sa.update(Grant).where(Grant.user_id == manager.id).values(region_id=west))
    return f"{manager.name} no longer has the permission in every office"


@pytest.mark.parametrize("loses", [_deactivated, _without_role, _elsewhere])
def test_an_import_stops_at_the_next_rows_once_its_user_has_left_or_may_no_longer(
    app: Flask,
    session: Session,
    manager: User,
    make: Factory,
    sign_in: SignIn,
    monkeypatch: pytest.MonkeyPatch,
    loses: Callable[[Session, User], str],
) -> None:
    client, boss = sign_in(manager), sign_in(make.user(Role.ADMINISTRATOR))
    page = planned(app, client)
    client.post(f"{page}/apply")
    make.region("西部大区", code="W")
    session.commit()
    step, why = runs.Run.step, []

    def step_and_lose(run: runs.Run, *args: object, **facts: int) -> bool:
        goes_on = step(run, *args, **facts)
        if not why:
            with sa.orm.Session(session.get_bind()) as other:
                user = other.get_one(User, manager.id)
                why.append(loses(other, user))
                other.commit()
        return goes_on

    monkeypatch.setattr(runs.Run, "step", step_and_lose)
    work(app)
    job = last_job(session)
    assert (job.state, job.reference, job.done) == (JobState.FAILED, "", 10)
    assert count(session) == 10, "what was committed before stays, nothing more is written"
    text = boss.get(f"/tasks/{job.id}").text
    assert why[0] in text
    assert "had been processed by then; what was written stays." in text
    events = session.scalars(sa.select(AuditEvent).where(AuditEvent.subject == "distributor_import"))
    assert [(e.action, e.actor_id, e.params["created"]) for e in events] == [
        ("distributor_import.stopped", manager.id, 10)
    ]
    for asked in ("", "?record=名录.csv"):
        trail = boss.get(f"/admin/audit{asked}").text
        assert '<th scope="row">Import of a dealer list stopped' in trail
        assert '名录.csv<span class="sub">Dealer list' in trail
        assert "new 10, changed 0, unchanged 0, refused 0" in trail


def test_an_administrator_who_cancels_or_restarts_a_task_is_named_in_the_audit_trail(
    app: Flask, session: Session, manager: User, make: Factory, sign_in: SignIn
) -> None:
    client = sign_in(manager)
    hand_in(client, b"%PDF-1.7 fictional")
    work(app)
    failed = last_job(session).id
    boss = sign_in(make.user(Role.ADMINISTRATOR, name="示例管理员"))
    assert boss.post(f"/tasks/{failed}/again").status_code == 303
    assert boss.post(f"/tasks/{failed}/cancel").status_code == 303
    text = boss.get("/admin/audit").text
    for said in (
        "another user restarted",
        "another user cancelled",
        f"名录.csv, task of {manager.name}",
        "示例管理员",
    ):
        assert said in text


def test_a_task_whose_worker_is_silent_says_that_it_goes_on(
    app: Flask, session: Session, manager: User, sign_in: SignIn
) -> None:
    client = sign_in(manager)
    page = planned(app, client)
    client.post(f"{page}/apply")
    job = last_job(session)
    services.beat(session, "another")
    session.commit()
    run = runs.claim(session, job.id, "killed")
    assert run is not None
    said = "The worker was interrupted; the task goes on within a minute."
    for silent, is_told in ((15, False), (25, True)):
        lease = now() + services.LEASE - timedelta(seconds=silent)
        session.execute(sa.update(Job).where(Job.id == job.id).values(leased_until=lease))
        session.commit()
        for address in (f"/tasks/{job.id}", f"/tasks/{job.id}/progress"):
            assert (said in client.get(address).text) is is_told
    session.execute(sa.delete(JobWorker))
    session.commit()
    text = client.get(f"/tasks/{job.id}").text
    assert said not in text
    assert "no worker is running" in text
    assert run.step({}, done=1, total=26)
    assert "no worker is running" not in client.get(f"/tasks/{job.id}").text


def test_a_small_list_whose_job_cannot_be_ended_shows_the_task_and_no_error(
    app: Flask, session: Session, manager: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files.DEALERS, "small_bytes", 100_000)
    client = sign_in(manager)
    page = hand_in(client, dealers())

    def busy(*_arguments: object, **_named: object) -> None:
        raise sa.exc.OperationalError("x", {}, Exception("locked"))

    with monkeypatch.context() as patch:
        patch.setattr(course.DealerCourse, "take", busy)
        patch.setattr(runs.Run, "give_back", busy)
        assert client.post(f"{page}/apply").status_code == 303
    job = last_job(session)
    assert (job.state, client.get(page).location) == (JobState.RUNNING, f"/tasks/{job.id}")
    with clock_at(now() + services.LEASE + timedelta(seconds=1)):
        assert services.sweep(session) == [job.id]
        session.commit()
    with app.app_context():
        running.perform(job.id, "another")
    assert count(session) == ROWS


def test_a_refused_step_refreshes_onto_the_tasks_own_page(
    app: Flask, session: Session, manager: User, sign_in: SignIn
) -> None:
    client = sign_in(manager)
    address = client.get(hand_in(client, dealers())).location
    refused = client.post(f"{address}/again")
    assert refused.status_code == 422
    assert f'http-equiv="refresh" content="2;url={address}"' in refused.text
    assert client.get(address).status_code == 200
