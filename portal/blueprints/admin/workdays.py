"""Working days of a year: the list that came with the portal, and the days on which the company says otherwise."""

from datetime import date

from flask import Response, abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_wtf import FlaskForm
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from portal.blueprints.admin import bp
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.audit.models import AuditEvent
from portal.domain.regions import services as regions
from portal.domain.workdays import services as workdays
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.audit_words import tell
from portal.web.fields import DateOnField, LineField
from portal.web.htmx import leave, render, submit
from portal.web.tables import number

HOLIDAYS = {
    "New Year's Day": _l("New Year's Day"),
    "Spring Festival": _l("Spring Festival"),
    "Tomb-sweeping Day": _l("Tomb-Sweeping Day"),
    "Labour Day": _l("Labour Day"),
    "Dragon Boat Festival": _l("Dragon Boat Festival"),
    "National Day": _l("National Day"),
    "Mid-autumn Festival": _l("Mid-Autumn Festival"),
}


class DaysForm(FlaskForm):
    """A span of days that are off, or worked on."""

    first_on = DateOnField(lazy_pgettext("calendar", "First day"), [InputRequired(_l("Enter a date."))])
    last_on = DateOnField(lazy_pgettext("calendar", "Last day"))
    what = SelectField(
        _l("They are"),
        choices=[
            SelectChoice("off", _l("days off")),
            SelectChoice("worked", lazy_pgettext("calendar", "working days")),
        ],
    )
    note = LineField(_l("Note"))


def _year() -> int:
    """The year that the address names, else this one."""
    year = number("year") or today().year
    return year if 2004 <= year <= today().year + 2 else abort(404)


@bp.get("/workdays")
@requires(P.SETTINGS_READ)
def working_days() -> ResponseReturnValue:
    """The days of a year that are not as their weekday says."""
    return _page(DaysForm(formdata=None), _year())


@bp.post("/workdays")
@requires(P.SETTINGS_WRITE)
def change_working_days() -> ResponseReturnValue:
    """Say that days are off, or worked on."""
    form = DaysForm()
    if form.validate_on_submit():
        first_on = form.first_on.data
        done = submit(
            form,
            lambda: workdays.say(
                db.session(),
                actor(),
                first_on,
                form.last_on.data or first_on,
                is_working=form.what.data == "worked",
                note=form.note.data or "",
            ),
        )
        if done is not None:
            flash(_("The working days have been changed.") if done else _("Nothing was changed."))
            return leave(url_for("admin.working_days", year=first_on.year))
    return _page(form, _year())


@bp.post("/workdays/<string(length=10):day>/take-back")
@requires(P.SETTINGS_WRITE)
def take_back_working_day(day: str) -> ResponseReturnValue:
    """Let a day be again as the list has it."""
    try:
        on = date.fromisoformat(day)
    except ValueError:
        abort(404)
    form = FlaskForm()
    if form.validate_on_submit() and submit(
        form, lambda: workdays.take_back(db.session(), actor(), on) or True
    ):
        flash(_("The working days have been changed."))
        return leave(url_for("admin.working_days", year=on.year))
    return _page(form, on.year)


def _page(form: FlaskForm, year: int) -> Response:
    me, session = actor(), db.session()
    head = regions.head_office(session)
    changes = audit.history(head).where(AuditEvent.action == "workdays.changed").limit(20)
    days_form = form if isinstance(form, DaysForm) else DaysForm(formdata=None)
    return render(
        "admin/workdays.html",
        form=form,
        entry=days_form,
        year=year,
        years=range(today().year - 1, today().year + 3),
        days=workdays.days_of(session, year),
        lacks=workdays.lacks(session, year),
        holidays=HOLIDAYS,
        today=today(),
        may_change=me.can(P.SETTINGS_WRITE),
        action=url_for("admin.change_working_days", year=request.args.get("year") or None),
        events=tell(session, me, session.scalars(changes).all()),
    )
