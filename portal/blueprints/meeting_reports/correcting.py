"""Correcting one distributor's attendance afterwards: who was there all the same, and who was not."""

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
from portal.db import CHINA
from portal.domain.access.roles import Permission as P
from portal.domain.meetings import afterwards, queries
from portal.domain.meetings.models import Guest, Invitation, Meeting
from portal.domain.meetings.planning import china_at
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.fields import ClockField, DateOnField, LineField
from portal.web.htmx import leave, render, submit
from portal.web.meetings import own_meeting_or_404
from portal.web.requests import ROW
from portal.web.tables import as_id

_SOMEBODY_ELSE = ""


def _new_key() -> str:
    return secrets.token_urlsafe(18)


class ArrivalForm(FlaskForm):
    """Who was there, when they came, and why it is entered only now."""

    key = HiddenField(default=_new_key, validators=[InputRequired(), Length(min=16, max=60)])
    guest = SelectField(_l("Who was there"), validate_choice=False)
    name = LineField(_l("Name of somebody else"))
    on = DateOnField(lazy_pgettext("meeting", "Day"), [InputRequired(_l("Enter a date."))])
    at = ClockField(_l("Came at"), [InputRequired(_l("Enter when they came."))])
    reason = LineField(
        _l("Reason"), [InputRequired(_l("Enter why it is corrected; it stays in the record."))]
    )


def _invitation_or_404(meeting: Meeting, id: int) -> Invitation:
    return db.session.scalar(
        queries.all_invitations_of(meeting, actor()).where(Invitation.id == id)
    ) or abort(404)


@bp.route(f"/<{ROW}:id>/attendance/<{ROW}:invitation_id>", methods=["GET", "POST"])
@requires(P.MEETINGS_WRITE)
def correct(id: int, invitation_id: int) -> ResponseReturnValue:
    """The guests of a distributor with what was seen of them; somebody is entered whom the door missed."""
    meeting = own_meeting_or_404(id)
    invitation = _invitation_or_404(meeting, invitation_id)
    guests = db.session.execute(
        queries.guests_of(meeting, actor())
        .where(Guest.invitation_id == invitation.id, Guest.erased_at.is_(None))
        .order_by(Guest.id)
    ).all()
    begins = meeting.starts_at.astimezone(CHINA)
    form = ArrivalForm(on=begins.date(), at=begins.time())
    form.guest.choices = [
        *(SelectChoice(str(row.Guest.id), row.Guest.name) for row in guests if row.at is None),
        SelectChoice(_SOMEBODY_ELSE, _("Somebody else")),
    ]
    if form.validate_on_submit():
        chosen = as_id(form.guest.data or "")
        guest = next((row.Guest for row in guests if row.Guest.id == chosen), None)

        def work() -> Guest:
            return afterwards.enter(
                db.session(),
                actor(),
                invitation,
                guest,
                name=form.name.data or "",
                at=china_at(form.on.data, form.at.data),
                reason=form.reason.data or "",
                key=f"after:{form.key.data}",
            )

        if submit(form, work):
            flash(_("The arrival has been entered."))
            return leave(url_for("meeting_reports.correct", id=id, invitation_id=invitation_id))
    return render(
        "meeting_reports/correct.html",
        form=form,
        meeting=meeting,
        invitation=invitation,
        guests=guests,
        is_open=afterwards.is_open(meeting),
        days=afterwards.CORRECTED_FOR.days,
        new_key=_new_key,
    )


@bp.post(f"/<{ROW}:id>/attendance/<{ROW}:invitation_id>/guests/<{ROW}:guest_id>/take-back")
@requires(P.MEETINGS_WRITE)
def take_back(id: int, invitation_id: int, guest_id: int) -> ResponseReturnValue:
    """An arrival was a mistake; the record of it stays, with the reason."""
    meeting = own_meeting_or_404(id)
    invitation = _invitation_or_404(meeting, invitation_id)
    guest = next((one for one in invitation.guests if one.id == guest_id), None) or abort(404)
    key, why = f"after:{request.form.get('key', '')[:60]}", request.form.get("reason", "")
    submit(None, lambda: afterwards.take_back(db.session(), actor(), guest, why, key=key))
    flash(_("The arrival has been taken back; the record of it stays."))
    return leave(url_for("meeting_reports.correct", id=id, invitation_id=invitation_id))
