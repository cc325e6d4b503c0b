"""Signed sign-in sheets that came back: what is there and missing, and checking in who signed but was not scanned."""

from collections.abc import Collection

from flask import Response, abort, flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, ngettext
from flask_wtf import FlaskForm
from wtforms.validators import InputRequired

from portal.blueprints.meetings import bp
from portal.db import CHINA
from portal.domain.access.roles import Permission as P
from portal.domain.documents import services as documents
from portal.domain.documents.models import Document
from portal.domain.meetings import filed_sheets
from portal.domain.meetings.expected import sees_all
from portal.domain.meetings.models import Meeting, SignedSheet
from portal.domain.meetings.planning import china_at
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.fields import ClockField, DateOnField
from portal.web.htmx import leave, render, submit
from portal.web.meetings import may_hold, meeting_or_404, own_meeting_or_404
from portal.web.requests import ROW
from portal.web.tables import ids


class SignedForm(FlaskForm):
    """When those who signed are held to have arrived; who they are is ticked beside it."""

    arrived_on = DateOnField(_l("Arrived on"), [InputRequired(_l("Enter a date."))])
    arrived_at = ClockField(lazy_pgettext("arrival", "At"), [InputRequired(_l("Enter a time."))])


@bp.get(f"/<{ROW}:id>/signed-sheets")
@requires(P.MEETINGS_READ)
def signed_sheets(id: int) -> ResponseReturnValue:
    """What came back of each print of the sheet, with its pictures, and which pages are missing."""
    meeting = _whole(id)
    return render(
        "meetings/signed_sheets.html",
        meeting=meeting,
        editions=filed_sheets.editions(db.session(), meeting),
        may_hold=may_hold(meeting),
        may_upload=actor().can(P.PAPERS_HANDLE),
    )


@bp.get(f"/<{ROW}:id>/signed-sheets/<{ROW}:sheet_id>")
@requires(P.MEETINGS_READ)
def signed_sheet(id: int, sheet_id: int) -> ResponseReturnValue:
    """A page large, beside those who are not checked in yet."""
    meeting, form = _whole(id), SignedForm()
    begins = meeting.starts_at.astimezone(CHINA)
    form.arrived_on.process_data(begins.date())
    form.arrived_at.process_data(begins.time())
    return _shown(meeting, _sheet(meeting, sheet_id), form)


@bp.post(f"/<{ROW}:id>/signed-sheets/<{ROW}:sheet_id>")
@requires(P.MEETINGS_WRITE)
def take_down(id: int, sheet_id: int) -> ResponseReturnValue:
    """Check in those who are ticked: they signed this page."""
    meeting, form, chosen = own_meeting_or_404(id), SignedForm(), set(ids("guest"))
    sheet = _sheet(meeting, sheet_id)
    if form.validate_on_submit():
        at = china_at(form.arrived_on.data, form.arrived_at.data)
        new = submit(form, lambda: filed_sheets.take_down(db.session(), actor(), sheet, chosen, at))
        if new is not None:
            flash(
                ngettext(
                    "%(num)s guest is checked in by the sheet.",
                    "%(num)s guests are checked in by the sheet.",
                    new,
                )
            )
            return leave(url_for("meetings.signed_sheet", id=id, sheet_id=sheet_id))
    return _shown(meeting, sheet, form, chosen)


def _shown(
    meeting: Meeting, sheet: SignedSheet, form: SignedForm, chosen: Collection[int] = ()
) -> ResponseReturnValue:
    before, after = filed_sheets.neighbours(db.session(), sheet)
    return render(
        "meetings/signed_sheet.html",
        form=form,
        meeting=meeting,
        sheet=sheet,
        chosen=chosen,
        before=before,
        after=after,
        people=filed_sheets.not_in(db.session(), meeting, by_pinyin=sheet.is_by_pinyin),
        may_hold=may_hold(meeting),
    )


@bp.get(f"/<{ROW}:id>/signed-sheets/<{ROW}:sheet_id>.jpg")
@requires(P.MEETINGS_READ)
def signed_picture(id: int, sheet_id: int) -> Response:
    """The picture of a page; it never changes."""
    sheet = _sheet(_whole(id), sheet_id)
    document = db.session.get(Document, sheet.picture_id) if sheet.picture_id else None
    content = documents.content(db.session(), document) if document else abort(404)
    response = Response(content, mimetype="image/jpeg")
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response


def _whole(id: int) -> Meeting:
    """The meeting, for who sees everybody on its sheet; others see only distributors of their own."""
    meeting = meeting_or_404(id)
    return meeting if sees_all(meeting, actor()) else abort(404)


def _sheet(meeting: Meeting, sheet_id: int) -> SignedSheet:
    sheet = db.session.get(SignedSheet, sheet_id)
    return sheet if sheet is not None and sheet.meeting_id == meeting.id else abort(404)
