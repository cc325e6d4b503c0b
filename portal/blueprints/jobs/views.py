"""A task's progress, polled by htmx or by the page itself; the tasks of the last days."""

from typing import Any

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from portal.blueprints.jobs import bp
from portal.blueprints.jobs.kinds import KINDS, result_of
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.jobs import queries, services
from portal.domain.jobs.models import Job, JobState
from portal.extensions import db
from portal.jobs import start
from portal.jobs.health import queue_health
from portal.web.access import actor, signed_in
from portal.web.htmx import leave, render, say, submit
from portal.web.requests import ROW

QUARTER = 25  # percent between two announcements


def _found(job_id: int) -> Job:
    """The task; 404 when somebody else asked for it, unless the user administers that office."""
    return db.session.scalar(queries.jobs_visible_to(actor()).where(Job.id == job_id)) or abort(404)


@bp.get("/")
@signed_in
def index() -> ResponseReturnValue:
    """What I asked for during the last days, and what came of it."""
    jobs = db.session.scalars(queries.own_jobs(actor())).all()
    return render("jobs/index.html", jobs=jobs, kinds=KINDS, result_of=result_of, days=queries.SHOWN_FOR.days)


@bp.get(f"/<{ROW}:job_id>")
@signed_in
def detail(job_id: int) -> ResponseReturnValue:
    """How far a task is; once it is done, its result."""
    job = _found(job_id)
    if result := result_of(job):
        return leave(result)
    return _page(job)


@bp.get(f"/<{ROW}:job_id>/progress")
@signed_in
def progress(job_id: int) -> ResponseReturnValue:
    """The bar alone; on to the task's page once it is over. `told` is what was announced last, in percent."""
    job = _found(job_id)
    if job.is_over:
        return leave(result_of(job) or url_for(".detail", job_id=job.id))
    return _page(job, template="jobs/_progress.html")


def _page(job: Job, template: str = "jobs/detail.html", form: FlaskForm | None = None) -> ResponseReturnValue:
    told = request.args.get("told", 0, int)
    quarter = job.share // QUARTER * QUARTER
    facts: dict[str, Any] = {
        "job": job,
        "kind": KINDS[job.kind],
        "health": None if job.is_over else queue_health(),
        "is_waiting": job.state is JobState.QUEUED,
        "is_interrupted": queries.is_interrupted(job),
        "told": max(told, quarter),
        "announce": quarter if quarter > told else None,
        "refusal": say(DomainError(job.error, **job.error_params)) if job.error else "",
        "may_start_workers": actor().can(P.REGIONS_MANAGE),
    }
    return render(template, form=form, **facts)


@bp.post(f"/<{ROW}:job_id>/cancel")
@signed_in
def cancel(job_id: int) -> ResponseReturnValue:
    """Stop a task after the part it is at; one that waits does not begin."""
    job = _found(job_id)
    form = FlaskForm()

    def work() -> bool:
        services.cancel(db.session, actor(), job)
        return True

    if form.validate_on_submit() and submit(form, work):
        return leave(url_for(".detail", job_id=job_id))
    found = _found(job_id)
    return leave(url_for(".detail", job_id=job_id)) if found.is_over else _page(found, form=form)


@bp.post(f"/<{ROW}:job_id>/again")
@signed_in
def again(job_id: int) -> ResponseReturnValue:
    """Go on with a task that failed, behind the parts that are finished."""
    job = _found(job_id)
    form = FlaskForm()

    def work() -> bool:
        services.try_again(db.session, actor(), job)
        return True

    if form.validate_on_submit() and submit(form, work):
        start(job_id)
        return leave(url_for(".detail", job_id=job_id))
    return _page(_found(job_id), form=form)
