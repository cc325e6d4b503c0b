"""What is out of the ordinary at the door: walk-ins, substitutes, leaving early, and taking a mistake back."""

from flask import abort, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_wtf import FlaskForm
from wtforms import HiddenField
from wtforms.validators import InputRequired

from portal.blueprints.check_in import bp
from portal.blueprints.check_in.answers import Said, answered, shown
from portal.blueprints.check_in.arriving import welcome
from portal.blueprints.check_in.door import at_the_door, door, new_nonce
from portal.domain.meetings import checking_in, doors
from portal.domain.meetings.doors import AtDoor
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.models import Guest
from portal.extensions import db
from portal.web.fields import LineField
from portal.web.htmx import render, submit
from portal.web.requests import ROW


class WalkInForm(FlaskForm):
    """Somebody whom nobody expected, or who comes for somebody else."""

    name = LineField(lazy_pgettext("person", "Name"), [InputRequired(_l("Enter the name."))])
    phone = LineField(_l("Phone"))
    company = LineField(_l("Company"))
    nonce = HiddenField(default=new_nonce)


class MendForm(FlaskForm):
    """Why an arrival is taken back."""

    reason = LineField(_l("Reason"))


@bp.route(f"/meetings/<{ROW}:id>/check-in/walk-in", methods=["GET", "POST"])
@at_the_door
def walk_in(id: int) -> ResponseReturnValue:
    """Somebody is here whom nobody expected."""
    return _added(None)


@bp.route(f"/meetings/<{ROW}:id>/check-in/guests/<{ROW}:guest_id>/substitute", methods=["GET", "POST"])
@at_the_door
def substitute(id: int, guest_id: int) -> ResponseReturnValue:
    """Somebody else comes in place of an expected guest, for the same company and to the same seat."""
    return _added(doors.one(db.session(), door().meeting, guest_id) or abort(404))


@bp.get(f"/meetings/<{ROW}:id>/check-in/last")
@at_the_door
def last(id: int) -> ResponseReturnValue:
    """Who came last, to note that they leave or to take a mistake back."""
    return render(
        "check_in/last.html",
        form=MendForm(formdata=None),
        meeting=door().meeting,
        device=door().name,
        rows=doors.last(db.session(), door().meeting),
        nonce=new_nonce,
    )


@bp.post(f"/meetings/<{ROW}:id>/check-in/guests/<{ROW}:guest_id>/left")
@at_the_door
def left(id: int, guest_id: int) -> ResponseReturnValue:
    """Somebody goes before the end."""
    _at_door(guest_id)

    def work() -> Said:
        guest = db.session.get_one(Guest, guest_id)
        key = door().key(request.form.get("nonce", ""))
        checking_in.leave(db.session(), door().meeting, guest, door().by, key=key)
        return Said("left", _("Left early"), guest_id)

    return answered(work, unable=_("Not done"))


@bp.post(f"/meetings/<{ROW}:id>/check-in/guests/<{ROW}:guest_id>/undo")
@at_the_door
def undo(id: int, guest_id: int) -> ResponseReturnValue:
    """An arrival was a mistake; the record of it stays, with the reason."""
    _at_door(guest_id)

    def work() -> Said:
        guest = db.session.get_one(Guest, guest_id)
        key = door().key(request.form.get("nonce", ""))
        why = request.form.get("reason", "")
        checking_in.undo(db.session(), door().meeting, guest, door().by, why, key=key)
        return Said("undone", _("Check-in undone"), guest_id)

    return answered(work, unable=_("Not done"))


def _at_door(guest_id: int) -> AtDoor:
    return doors.one(db.session(), door().meeting, guest_id) or abort(404)


def _added(instead_of: AtDoor | None) -> ResponseReturnValue:
    form = WalkInForm()
    guest_id = instead_of.guest.id if instead_of else None

    def work() -> Said:
        facts = GuestFacts(
            name=form.name.data or "", phone=form.phone.data or "", company=form.company.data or ""
        )
        arrival = checking_in.walk_in(
            db.session(),
            door().meeting,
            facts,
            door().by,
            key=door().key(form.nonce.data or ""),
            stands_in_for=db.session.get_one(Guest, guest_id) if guest_id else None,
        )
        return welcome(arrival)

    if form.validate_on_submit() and (said := submit(form, work)) is not None:
        return shown(said)
    return render(
        "check_in/walk_in.html",
        form=form,
        meeting=door().meeting,
        device=door().name,
        instead_of=instead_of,
    )
