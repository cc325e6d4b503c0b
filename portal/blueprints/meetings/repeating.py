"""A meeting that comes again: its days are proposed, looked at, then planned at once."""

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf import FlaskForm
from wtforms import BooleanField

from portal.blueprints.meetings import bp
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.meetings import series
from portal.domain.meetings.models import Meeting
from portal.domain.meetings.series import Rhythm
from portal.domain.text import date_on
from portal.domain.workdays import services as workdays
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.fields import LinesField
from portal.web.htmx import leave, render, submit
from portal.web.meetings import own_meeting_or_404
from portal.web.requests import ROW
from portal.web.tables import chosen, number


class DaysForm(FlaskForm):
    """The days, a line each."""

    days = LinesField(_l("Days"))
    with_audience = BooleanField(_l("Invite the same distributors"), default=True)


@bp.route(f"/<{ROW}:id>/repeat", methods=["GET", "POST"])
@requires(P.MEETINGS_WRITE)
def repeat(id: int) -> ResponseReturnValue:
    """The days in a rhythm (`?rhythm=`, `?times=`), those off moved to the next working day; then plan them."""
    meeting, form = own_meeting_or_404(id), DaysForm()
    rhythm = chosen(Rhythm, "rhythm") or Rhythm.MONTHLY
    times = min(number("times") or 3, series.MOST_TIMES)
    found = series.proposed(db.session(), meeting, rhythm, max(times, 1))
    if request.method == "GET":
        form = DaysForm(
            formdata=None, days="\n".join(one.day.isoformat() for one in found), with_audience=True
        )
    if form.validate_on_submit():

        def work() -> list[Meeting]:
            try:
                days = [date_on(line) for line in (form.days.data or "").splitlines() if line.strip()]
            except DomainError as error:
                error.field = "days"
                raise
            return series.repeat(db.session(), actor(), meeting, days, with_audience=form.with_audience.data)

        made = submit(form, work)
        if made is not None:
            flash(
                ngettext(
                    "%(num)s meeting has been planned.", "%(num)s meetings have been planned.", len(made)
                )
            )
            return leave(url_for("meetings.detail", id=id) + "#series")
    return render(
        "meetings/repeat.html",
        form=form,
        meeting=meeting,
        rhythm=rhythm,
        rhythms=list(Rhythm),
        times=times,
        unannounced=[
            year for year in sorted({one.on.year for one in found}) if workdays.lacks(db.session(), year)
        ],
        moved=[one for one in found if one.instead],
    )
