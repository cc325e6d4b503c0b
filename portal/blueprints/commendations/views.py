"""Who is commended at a meeting, chosen from a ranking by purchases; the certificates."""

from datetime import date, timedelta

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.blueprints.commendations import bp
from portal.db import CHINA, now
from portal.domain import text
from portal.domain.access.queries import regions_visible_to
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings import expected
from portal.domain.meetings.commending import services
from portal.domain.meetings.commending.models import Commendation
from portal.domain.meetings.models import Meeting
from portal.extensions import db
from portal.printing.meetings import certificates as printing
from portal.printing.meetings.certificates import Certificate
from portal.printing.meetings.facts import facts_of
from portal.web.access import actor, requires
from portal.web.files import shown
from portal.web.htmx import leave, render, submit
from portal.web.meetings import may_hold, meeting_or_404, own_meeting_or_404
from portal.web.requests import ROW
from portal.web.tables import ids, number

_SHOWN = 50


@bp.get(f"/meetings/<{ROW}:id>/commendations")
@requires(P.MEETINGS_READ)
def of_meeting(id: int) -> ResponseReturnValue:
    """Who is commended, in the order in which they are called, and what was taken back."""
    meeting = meeting_or_404(id)
    found = services.of_meeting(db.session(), meeting, with_withdrawn=True)
    return render(
        "commendations/of_meeting.html",
        meeting=meeting,
        standing=[one for one in found if one.withdrawn_at is None],
        withdrawn=[one for one in found if one.withdrawn_at is not None],
        may_hold=may_hold(meeting),
        may_rank=services.may_rank(actor(), meeting),
    )


def _period(meeting: Meeting) -> tuple[date, date]:
    """The period of the address; the twelve whole months before the meeting where it says none."""
    last = meeting.starts_at.astimezone(CHINA).date().replace(day=1) - timedelta(days=1)
    first = last.replace(day=1, month=last.month % 12 + 1, year=last.year - (last.month < 12))
    said = [request.args.get(name, "").strip() for name in ("from", "until")]
    return (
        text.date_on(said[0]) if said[0] else first,
        text.date_on(said[1]) if said[1] else last,
    )


@bp.get(f"/meetings/<{ROW}:id>/commendations/candidates")
@requires(P.PURCHASES_READ)
def choose(id: int) -> ResponseReturnValue:
    """The ranking by purchases of a period, or by growth; whom the host ticks is commended."""
    meeting, me = meeting_or_404(id), actor()
    if not services.may_rank(me, meeting):
        abort(403)
    first_on, last_on = _period(meeting)
    by_growth = request.args.get("by") == "growth"
    office = number("region")
    offices = [
        one
        for one in db.session.scalars(regions_visible_to(me, P.PURCHASES_READ))
        if one.path.startswith(meeting.region.path)
    ]
    office = office if any(one.id == office for one in offices) else None
    rows = services.candidates(db.session(), me, meeting, first_on, last_on, office)
    if by_growth:
        rows = sorted((one for one in rows if one.growth_rank), key=lambda one: one.growth_rank or 0)
    return render(
        "commendations/choose.html",
        meeting=meeting,
        rows=rows[:_SHOWN],
        may_hold=may_hold(meeting),
        total=len(rows),
        first_on=first_on,
        last_on=last_on,
        before=services.period_before(first_on, last_on),
        by_growth=by_growth,
        office=office,
        offices=[(one.id, one.name, one.depth - meeting.region.depth) for one in offices],
        commended={one.distributor_id for one in services.of_meeting(db.session(), meeting)},
    )


@bp.post(f"/meetings/<{ROW}:id>/commendations")
@requires(P.MEETINGS_WRITE)
def commend(id: int) -> ResponseReturnValue:
    """Commend those who were ticked."""
    meeting = own_meeting_or_404(id)
    honour, reason, wanted = request.form.get("honour", ""), request.form.get("reason", ""), ids()
    if not wanted:
        raise DomainError(N_("Tick the distributors that are commended."))
    done = submit(None, lambda: services.commend(db.session(), actor(), meeting, wanted, honour, reason))
    flash(ngettext("%(num)s distributor is commended.", "%(num)s distributors are commended.", done or 0))
    return leave(url_for(".of_meeting", id=id))


def _own(meeting: Meeting, id: int) -> Commendation:
    found = services.of_meeting(db.session(), meeting, with_withdrawn=True)
    return next((one for one in found if one.id == id), None) or abort(404)


@bp.post(f"/meetings/<{ROW}:id>/commendations/<{ROW}:commendation_id>/take-back")
@requires(P.MEETINGS_WRITE)
def take_back(id: int, commendation_id: int) -> ResponseReturnValue:
    """Take a commendation back, with a reason."""
    found = _own(own_meeting_or_404(id), commendation_id)
    submit(None, lambda: services.take_back(db.session(), actor(), found, request.form.get("reason", "")))
    flash(_("The commendation of %(name)s has been taken back.", name=found.distributor.name))
    return leave(url_for(".of_meeting", id=id))


@bp.post(f"/meetings/<{ROW}:id>/commendations/<{ROW}:commendation_id>/sooner")
@requires(P.MEETINGS_WRITE)
def sooner(id: int, commendation_id: int) -> ResponseReturnValue:
    """Call it one place sooner."""
    found = _own(own_meeting_or_404(id), commendation_id)
    submit(None, lambda: services.move(db.session(), actor(), found, up=True))
    return leave(url_for(".of_meeting", id=id))


@bp.get(f"/meetings/<{ROW}:id>/certificates.pdf")
@requires(P.MEETINGS_READ)
def certificates(id: int) -> ResponseReturnValue:
    """荣誉证书 of all who are commended, or of the one that `?only=` asks for."""
    meeting = meeting_or_404(id)
    only = number("only")
    found = [
        Certificate(one.distributor.name, one.honour, one.reason)
        for one in services.of_meeting(db.session(), meeting)
        if only is None or one.id == only
    ]
    if not found:
        raise DomainError(N_("Nobody is commended yet. Choose who is, then print."))
    facts, sender = facts_of(meeting), expected.sender(db.session(), meeting)
    db.session.rollback()
    pdf = printing.certificates(facts, sender.company, found, made_at=now())
    return shown(pdf, "application/pdf", f"荣誉证书-{facts.number}.pdf")
