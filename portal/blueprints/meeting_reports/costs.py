"""What a meeting cost: entered row by row, taken back with a reason."""

import secrets

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from portal.blueprints.meeting_reports import bp
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.meetings import costs
from portal.domain.meetings.costs import Spent
from portal.domain.meetings.models import Cost, CostKind
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.fields import AmountField, DateOnField, LineField
from portal.web.htmx import leave, render, submit
from portal.web.meetings import own_meeting_or_404
from portal.web.requests import ROW
from portal.web.words import WORDS


def _new_key() -> str:
    return secrets.token_urlsafe(18)


class CostForm(FlaskForm):
    """A payment; `key` makes a form that is sent twice one row."""

    key = HiddenField(default=_new_key, validators=[InputRequired(), Length(min=16, max=40)])
    kind = SelectField(
        lazy_pgettext("cost", "Spent on"),
        choices=[SelectChoice(kind.value, WORDS[kind]) for kind in CostKind],
    )
    amount = AmountField(_l("Amount (yuan)"), [InputRequired(_l("Enter what was paid, more than nothing."))])
    paid_on = DateOnField(_l("Paid on"), [InputRequired(_l("Enter a date."))], default=today)
    note = LineField(lazy_pgettext("cost", "What for, receipt"))

    @property
    def spent(self) -> Spent:
        """What was typed, as the domain takes it."""
        return Spent(CostKind(self.kind.data), self.amount.data, self.paid_on.data, self.note.data or "")


@bp.route(f"/<{ROW}:id>/costs/new", methods=["GET", "POST"])
@requires(P.MEETINGS_WRITE)
def new_cost(id: int) -> ResponseReturnValue:
    """Enter a payment; `again` leads to the next one."""
    meeting, form = own_meeting_or_404(id), CostForm()
    if form.validate_on_submit():
        key = f"form:{form.key.data}"[:40]
        made = submit(form, lambda: costs.enter(db.session, actor(), meeting, form.spent, key=key))
        if made is not None:
            flash(_("The cost has been entered."))
            if "again" in request.form:
                return leave(url_for("meeting_reports.new_cost", id=id))
            return leave(url_for("meeting_reports.attendance", id=id) + "#costs")
    return render("meeting_reports/cost.html", form=form, meeting=meeting)


@bp.post(f"/<{ROW}:id>/costs/<{ROW}:cost_id>/reverse")
@requires(P.MEETINGS_WRITE)
def reverse_cost(id: int, cost_id: int) -> ResponseReturnValue:
    """Take a payment back that was entered wrongly."""
    own_meeting_or_404(id)
    cost = db.session.get(Cost, cost_id)
    if cost is None or cost.meeting_id != id:
        abort(404)
    submit(None, lambda: costs.reverse(db.session, actor(), cost, request.form.get("reason", "")))
    flash(_("The cost has been taken back; both entries stay in the record."))
    return leave(url_for("meeting_reports.attendance", id=id) + "#costs")
