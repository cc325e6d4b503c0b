"""Invitations by e-mail: what each of them lacks, and what became of what was sent."""

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_wtf import FlaskForm

from portal.blueprints.meetings import bp
from portal.db import now
from portal.domain.access.roles import Permission as P
from portal.domain.mail import services as outbox
from portal.domain.meetings import mailing
from portal.domain.meetings.mailing import Need
from portal.domain.meetings.models import Invitation, Meeting
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.meeting_keys import reply_links
from portal.web.meetings import own_meeting_or_404
from portal.web.requests import ROW
from portal.web.tables import PER_PAGE, number

_SENT = {
    Need.FIRST: lambda num: ngettext("%(num)s letter", "%(num)s letters", num),
    Need.UPDATE: lambda num: ngettext("%(num)s update", "%(num)s updates", num),
    Need.CANCEL: lambda num: ngettext("%(num)s calling-off", "%(num)s callings-off", num),
}


@bp.get(f"/<{ROW}:id>/mail")
@requires(P.MEETINGS_WRITE)
def mails(id: int) -> ResponseReturnValue:
    """Whose invitation has gone out by e-mail, and what is still to be sent."""
    return _page(own_meeting_or_404(id), FlaskForm(formdata=None))


@bp.post(f"/<{ROW}:id>/mail")
@requires(P.MEETINGS_WRITE)
def send_mails(id: int) -> ResponseReturnValue:
    """Send what is lacking, to everybody whose address is known."""
    meeting, form = own_meeting_or_404(id), FlaskForm()
    done = (
        submit(form, lambda: mailing.send_all(db.session(), actor(), meeting, reply_links(meeting)))
        if form.validate()
        else None
    )
    if done is None:
        return _page(meeting, form)
    flash(
        _("To be sent: %(what)s.", what=_words(done)) if sum(done.values()) else _("Nothing was to be sent.")
    )
    return leave(url_for("meetings.mails", id=id))


@bp.post(f"/<{ROW}:id>/invitations/<{ROW}:invitation_id>/mail")
@requires(P.MEETINGS_WRITE)
def send_mail(id: int, invitation_id: int) -> ResponseReturnValue:
    """Send one invitation to the address that was typed."""
    meeting, form = own_meeting_or_404(id), FlaskForm()
    invitation = db.session.get(Invitation, invitation_id)
    if invitation is None or invitation.meeting_id != meeting.id:
        abort(404)
    to = request.form.get("to", "")
    if form.validate() and submit(
        form, lambda: mailing.send(db.session(), actor(), invitation, to, reply_links(meeting))
    ):
        flash(_("The mail to %(name)s is on its way.", name=invitation.distributor.name))
        return leave(url_for("meetings.mails", id=id, page=request.args.get("page")))
    return _page(meeting, form, typed={invitation_id: to[:200]})


@bp.post(f"/<{ROW}:id>/mails/<{ROW}:mail_id>/<any(again, drop):deed>")
@requires(P.MEETINGS_WRITE)
def tend_mail(id: int, mail_id: int, deed: str) -> ResponseReturnValue:
    """Send a mail that did not go out once more, or give it up."""
    meeting = own_meeting_or_404(id)
    letter = mailing.mails_of(db.session(), meeting, mail_id) or abort(404)
    work = mailing.again if deed == "again" else mailing.drop
    submit(None, lambda: (work(db.session(), actor(), meeting, letter),))
    flash(_("It is tried again now.") if deed == "again" else _("It is sent no more."))
    return leave(url_for("meetings.mails", id=id, page=request.args.get("page")))


def _words(counts: dict[Need, int]) -> str:
    return _(", ").join(_SENT[need](count) for need, count in counts.items() if count)


def _page(meeting: Meeting, form: FlaskForm, typed: dict[int, str] | None = None) -> ResponseReturnValue:
    lines = mailing.lines(db.session(), meeting)
    is_over = meeting.ends_at <= now()
    is_ready = outbox.is_ready(db.session())
    counts = {need: sum(line.need is need for line in lines) for need in _SENT}
    pages = max(1, -(-len(lines) // PER_PAGE))
    here = min(max(number("page") or 1, 1), pages)
    return render(
        "meetings/mail.html",
        meeting=meeting,
        form=form,
        is_ready=is_ready,
        is_over=is_over,
        total=len(lines),
        lines=lines[(here - 1) * PER_PAGE : here * PER_PAGE],
        here=here,
        pages=pages,
        lacking=_words(counts),
        without=sum(line.need is Need.ADDRESS for line in lines),
        typed=typed or {},
    )
