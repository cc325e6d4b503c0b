"""The devices at a meeting's door: made, opened by a link that works once, ended."""

import io
from typing import Any

from flask import abort, make_response, redirect, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, logout_user
from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import SubmitField

from portal.blueprints.check_in import bp
from portal.blueprints.check_in.door import closed, page_address, remember_device
from portal.domain.access.roles import Permission as P
from portal.domain.meetings import doors, kiosks, verdicts
from portal.domain.meetings.models import Kiosk, Meeting
from portal.domain.users import services as users
from portal.extensions import db
from portal.later import later
from portal.web.access import actor, public, requires, viewer
from portal.web.fields import LineField
from portal.web.htmx import leave, render, submit
from portal.web.meetings import own_meeting_or_404
from portal.web.papers import base_url
from portal.web.requests import ROW

segno = later("segno")


class DeviceForm(FlaskForm):
    """A device that is to be made; `here` makes this very browser one."""

    name = LineField(_l("Name of the device"))
    here = SubmitField(_l("Use this device itself"))


@bp.route(f"/meetings/<{ROW}:id>/kiosks", methods=["GET", "POST"])
@requires(P.MEETINGS_WRITE)
def kiosks_of(id: int) -> ResponseReturnValue:
    """The devices; the answer to a new one is its link, which is shown this once and kept nowhere."""
    meeting = own_meeting_or_404(id)
    form = DeviceForm()
    if not form.validate_on_submit():
        return _show(meeting, form)
    if form.here.data:
        return _here(meeting, form)
    made = submit(form, lambda: kiosks.make(db.session(), actor(), meeting, form.name.data or ""))
    if made is None:
        return _show(own_meeting_or_404(id), form)
    return _show(made[0].meeting, DeviceForm(formdata=None), *made)


@bp.post(f"/meetings/<{ROW}:id>/kiosks/<{ROW}:kiosk_id>/link")
@requires(P.MEETINGS_WRITE)
def link(id: int, kiosk_id: int) -> ResponseReturnValue:
    """Another link for a device that was not opened in time."""
    meeting = own_meeting_or_404(id)
    kiosk = _device(meeting, kiosk_id)
    form = DeviceForm(formdata=None)
    opening = submit(form, lambda: kiosks.open_again(db.session(), actor(), kiosk))
    if opening is None:
        return _show(own_meeting_or_404(id), form)
    return _show(kiosk.meeting, form, kiosk, opening)


@bp.post(f"/meetings/<{ROW}:id>/kiosks/<{ROW}:kiosk_id>/end")
@requires(P.MEETINGS_WRITE)
def end(id: int, kiosk_id: int) -> ResponseReturnValue:
    """A device is lost or not needed any more."""
    meeting = own_meeting_or_404(id)
    kiosk = _device(meeting, kiosk_id)
    submit(None, lambda: kiosks.end(db.session(), actor(), kiosk))
    return leave(url_for("check_in.kiosks_of", id=id))


@bp.route("/check-in/open/<opening>", methods=["GET", "POST"])
@public
def open_device(opening: str) -> ResponseReturnValue:
    """What a link leads to: what will happen, and one button that makes it happen."""
    kiosk = kiosks.waiting(db.session(), opening)
    if kiosk is None:
        return closed(None)
    form = FlaskForm()
    if not form.validate_on_submit():
        return render("check_in/open.html", form=form, kiosk=kiosk, ends_at=kiosks.ends_at(kiosk.meeting))
    token = current_user.token if viewer() is not None else None
    return _opened(submit(None, lambda: _open(opening, token)))


def _here(meeting: Meeting, form: DeviceForm) -> ResponseReturnValue:
    token = current_user.token

    def work() -> tuple[Kiosk, str]:
        _made, opening = kiosks.make(db.session(), actor(), meeting, form.name.data or "")
        return _open(opening, token)

    done = submit(form, work)
    return _show(own_meeting_or_404(meeting.id), form) if done is None else _opened(done)


def _open(opening: str, token: str | None) -> tuple[Kiosk, str]:
    """Open the device; whoever is signed in here is no more, since a device at the door stands alone."""
    if token is not None:
        users.end_sign_in(db.session(), token)
    return kiosks.open_with(db.session(), opening)


def _opened(done: tuple[Kiosk, str] | None) -> ResponseReturnValue:
    kiosk, key = done or abort(410)
    language = session.get("language")
    if (signed_in := viewer()) is not None:
        language = signed_in.language or language
        logout_user()
    session.clear()
    if language:
        session["language"] = language
    response = make_response(redirect(page_address(kiosk.meeting), 303))
    remember_device(response, kiosk, key)
    return response


def _device(meeting: Meeting, kiosk_id: int) -> Kiosk:
    kiosk = db.session.get(Kiosk, kiosk_id)
    return kiosk if kiosk is not None and kiosk.meeting_id == meeting.id else abort(404)


def _show(
    meeting: Meeting, form: DeviceForm, made: Kiosk | None = None, opening: str = ""
) -> ResponseReturnValue:
    address = base_url() + url_for("check_in.open_device", opening=opening) if opening else ""
    return render(
        "check_in/kiosks.html",
        form=form,
        meeting=meeting,
        devices=doors.devices(db.session(), meeting),
        is_open=kiosks.has_door(meeting),
        ends_at=kiosks.ends_at(meeting),
        made=made,
        address=address,
        code=_picture(address) if address else "",
        state_of=_state_of,
        **_to_judge(meeting),
    )


def _to_judge(meeting: Meeting) -> dict[str, Any]:
    """What the devices sent that is no plain arrival; most meetings have none of it."""
    open_, done, twice = verdicts.tally(db.session(), meeting)
    return {
        "to_judge": open_,
        "twice": twice,
        "waiting": verdicts.waiting(db.session(), meeting) if open_ else [],
        "missing": verdicts.missing(db.session(), meeting) if open_ else [],
        "settled": verdicts.settled(db.session(), meeting) if done else [],
    }


def _state_of(kiosk: Kiosk) -> tuple[str, str]:
    """Where a device is, in words, and its colour."""
    if kiosk.ended_at is not None:
        return _("Ended"), ""
    if not kiosks.is_open(kiosk):
        return _("Ended with the meeting"), ""
    if kiosk.opened_at is not None:
        return _("At the door"), "ok"
    if kiosks.is_awaited(kiosk):
        return _("Waits to be opened"), "wait"
    return _("Link too old"), "warn"


def _picture(address: str) -> Markup:
    """The code as a drawing that stands in the page."""
    out = io.BytesIO()
    segno.make_qr(address, error="m").save(
        out, kind="svg", xmldecl=False, svgns=True, nl=False, omitsize=True, svgclass=None, lineclass=None
    )
    return Markup(out.getvalue().decode())  # noqa: S704 - drawn here, of an address of ours
