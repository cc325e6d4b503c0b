"""Tasks from meetings: the list, one task with its records, giving one."""

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_wtf import FlaskForm
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from portal.blueprints.minutes import bp
from portal.db import today
from portal.domain.access.queries import regions_visible_to
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor
from portal.domain.meetings import queries
from portal.domain.meetings.minutes import tasks as domain
from portal.domain.meetings.minutes.models import Task, TaskDeed
from portal.domain.meetings.minutes.tasks import TaskFilter
from portal.domain.meetings.models import Invitation
from portal.domain.users.models import User
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.fields import DateOnField, LineField
from portal.web.htmx import leave, render, submit
from portal.web.meetings import own_meeting_or_404
from portal.web.requests import ROW
from portal.web.tables import count, number, page_of

_STATES = ("overdue", "done", "dropped", "all")
_DEEDS = "any(done, reopened, dropped, moved)"


class TaskForm(FlaskForm):
    """What somebody undertook."""

    what = LineField(_l("What is to be done"), [InputRequired(_l("Enter what is to be done."))])
    doer_id = SelectField(lazy_pgettext("task", "Who"), coerce=int)
    due_on = DateOnField(lazy_pgettext("task", "Until"), [InputRequired(_l("Enter a date."))])
    distributor_id = SelectField(_l("About distributor"), coerce=int)


class DeedForm(FlaskForm):
    """What was done with a task, or why; `due_on` where it is put off."""

    note = LineField(lazy_pgettext("task", "Note"))
    due_on = DateOnField(lazy_pgettext("task", "New day"))


@bp.get("/meetings/tasks")
@requires(P.MEETINGS_READ)
def tasks() -> ResponseReturnValue:
    """The list: what is open of all that the user sees, the first due first."""
    me = actor()
    state = request.args.get("state", "")
    wanted = TaskFilter(
        q=request.args.get("q", "").strip()[:80],
        state=state if state in _STATES else "",
        doer_id=number("doer"),
        region_id=number("region"),
    )
    page = page_of(db.session, domain.task_rows(me, wanted), sorts=domain.SORTS, default="due", tie=Task.id)
    return render(
        "minutes/tasks.html",
        fragment="minutes/_tasks.html",
        page=page,
        wanted=wanted,
        total=count(db.session, domain.tasks_visible_to(me)),
        day=today(),
        me=me,
        doers=[(one.id, one.name) for one in domain.doers(db.session(), me)],
        offices=[
            (region.id, region.name, region.depth)
            for region in db.session.scalars(regions_visible_to(me, P.MEETINGS_READ))
        ],
    )


def _task(id: int) -> Task:
    found: Task = db.session.scalar(domain.tasks_visible_to(actor()).where(Task.id == id)) or abort(404)
    return found


@bp.get(f"/meetings/tasks/<{ROW}:id>")
@requires(P.MEETINGS_READ)
def task(id: int) -> ResponseReturnValue:
    """One task with all that was done with it."""
    found = _task(id)
    return _show(found, DeedForm(formdata=None))


def _show(found: Task, form: DeedForm) -> ResponseReturnValue:
    return render(
        "minutes/task.html",
        form=form,
        task=found,
        meeting=found.meeting,
        records=domain.records_of(db.session(), found),
        may_do=domain.may_do(actor(), found),
        day=today(),
    )


@bp.post(f"/meetings/tasks/<{ROW}:id>/<{_DEEDS}:deed>")
@requires(P.MEETINGS_WRITE)
def deed(id: int, deed: str) -> ResponseReturnValue:
    """Note that it is done, dropped, taken up again or put off."""
    found, form = _task(id), DeedForm()
    if form.validate_on_submit():

        def work() -> bool:
            domain.do(
                db.session(), actor(), found, TaskDeed(deed), form.note.data or "", due_on=form.due_on.data
            )
            return True

        if submit(form, work):
            flash(_("The task has been noted."))
            return leave(url_for(".task", id=id))
    return _show(found, form)


@bp.route(f"/meetings/<{ROW}:id>/tasks/new", methods=["GET", "POST"])
@requires(P.MEETINGS_WRITE)
def new_task(id: int) -> ResponseReturnValue:
    """Give somebody a task."""
    meeting, form = own_meeting_or_404(id), TaskForm()
    form.doer_id.choices = [
        SelectChoice(one.id, one.name) for one in domain.possible_doers(db.session(), meeting)
    ]
    invited = db.session.execute(
        queries.invitations_of(meeting, actor())
        .join(Distributor, Distributor.id == Invitation.distributor_id)
        .with_only_columns(Distributor.id, Distributor.name)
        .order_by(Distributor.name_key)
    )
    form.distributor_id.choices = [
        SelectChoice(0, _("none")),
        *(SelectChoice(row.id, row.name) for row in invited),
    ]
    if form.validate_on_submit():

        def work() -> Task:
            about = form.distributor_id.data
            return domain.give(
                db.session(),
                actor(),
                meeting,
                what=form.what.data or "",
                doer=db.session.get_one(User, form.doer_id.data),
                due_on=form.due_on.data,
                distributor=db.session.get_one(Distributor, about) if about else None,
            )

        made = submit(form, work)
        if made is not None:
            flash(_("The task has been given to %(name)s.", name=made.doer.name))
            return leave(url_for(".of_meeting", id=id) + "#tasks")
    return render("minutes/task_form.html", form=form, meeting=meeting)
