"""The tab of a meeting: which policies are presented at it, and who acknowledged each."""

from datetime import datetime

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.blueprints.policies import bp
from portal.blueprints.policies.loading import policy_or_404, showing_or_404
from portal.db import CHINA, now
from portal.domain import text
from portal.domain.access.roles import Permission as P
from portal.domain.meetings.models import Meeting
from portal.domain.meetings.policies import drafting, queries, telling
from portal.domain.meetings.policies.models import Showing, ToldHow
from portal.domain.meetings.policies.queries import CONCERNED_SORTS
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.meetings import may_hold, meeting_or_404, own_meeting_or_404
from portal.web.requests import ROW
from portal.web.tables import as_id, ids


@bp.get(f"/meetings/<{ROW}:id>/policies")
@requires(P.MEETINGS_READ)
def of_meeting(id: int) -> ResponseReturnValue:
    """The policies of a meeting, each with how many who came have acknowledged it."""
    meeting = meeting_or_404(id)
    showings = queries.showings_of(db.session(), meeting)
    holds = may_hold(meeting)
    is_open = meeting.cancelled_at is None and meeting.ends_at > now()
    return render(
        "policies/of_meeting.html",
        meeting=meeting,
        showings=[(one, *_acknowledged(one)) for one in showings],
        to_tie=queries.to_tie(db.session(), meeting, actor()) if holds and is_open else [],
        may_hold=holds,
        is_open=is_open,
        has_begun=meeting.cancelled_at is None and meeting.starts_at <= now(),
    )


def _acknowledged(showing: Showing) -> tuple[int, int]:
    """How many distributors who came acknowledged it, and how many came."""
    if showing.presented_at is None:
        return 0, 0
    rows = db.session.execute(queries.at_meeting(showing)).all()
    return sum(row.telling_id is not None for row in rows), len(rows)


@bp.post(f"/meetings/<{ROW}:id>/policies")
@requires(P.MEETINGS_WRITE)
def tie(id: int) -> ResponseReturnValue:
    """Put a policy on a meeting."""
    meeting = own_meeting_or_404(id)
    wanted = as_id(request.form.get("policy_id", ""))
    policy = policy_or_404(wanted) if wanted is not None else abort(422)
    submit(None, lambda: drafting.tie(db.session(), actor(), policy, meeting))
    flash(_("%(title)s will be presented at this meeting.", title=policy.title))
    return _back(meeting)


@bp.post(f"/meetings/<{ROW}:id>/policies/<{ROW}:showing_id>/untie")
@requires(P.MEETINGS_WRITE)
def untie(id: int, showing_id: int) -> ResponseReturnValue:
    """Take a policy off a meeting."""
    meeting = own_meeting_or_404(id)
    showing = showing_or_404(meeting, showing_id)
    submit(None, lambda: drafting.untie(db.session(), actor(), showing))
    flash(_("%(title)s is no longer on this meeting.", title=showing.policy.title))
    return _back(meeting)


@bp.post(f"/meetings/<{ROW}:id>/policies/<{ROW}:showing_id>/present")
@requires(P.MEETINGS_WRITE)
def present(id: int, showing_id: int) -> ResponseReturnValue:
    """Note that a policy was presented, now or at the time of the meeting's day that the form says."""
    meeting = own_meeting_or_404(id)
    showing = showing_or_404(meeting, showing_id)
    at = _time(meeting, request.form.get("at", ""))
    found = submit(None, lambda: drafting.present(db.session(), actor(), showing, at))
    flash(
        ngettext(
            "Presented. It concerns %(num)s distributor.",
            "Presented. It concerns %(num)s distributors.",
            found or 0,
        )
    )
    return leave(url_for(".acknowledge", id=id, showing_id=showing_id))


def _time(meeting: Meeting, said: str) -> datetime | None:
    """A time of the meeting's first day, None where nothing was said."""
    if not said.strip():
        return None
    on = meeting.starts_at.astimezone(CHINA).date()
    return datetime.combine(on, text.clock(said), CHINA)


@bp.route(f"/meetings/<{ROW}:id>/policies/<{ROW}:showing_id>", methods=["GET", "POST"])
@requires(P.MEETINGS_WRITE)
def acknowledge(id: int, showing_id: int) -> ResponseReturnValue:
    """Tick who acknowledged a policy: those ticked, or all who were there; by the signed sheet or by word."""
    meeting = own_meeting_or_404(id)
    showing = showing_or_404(meeting, showing_id)
    if request.method == "POST":
        how = ToldHow.MEETING if request.form.get("how") == ToldHow.MEETING else ToldHow.SHEET
        wanted = None if "all" in request.form else ids()
        done = submit(None, lambda: telling.acknowledge(db.session(), actor(), showing, wanted, how))
        flash(ngettext("%(num)s distributor noted.", "%(num)s distributors noted.", done or 0))
        return leave(url_for(".acknowledge", id=id, showing_id=showing_id))
    rows = db.session.execute(
        queries.at_meeting(showing).order_by(CONCERNED_SORTS["office"], CONCERNED_SORTS["code"])
    ).all()
    return render(
        "policies/acknowledge.html",
        meeting=meeting,
        showing=showing,
        policy=showing.policy,
        rows=rows,
        waiting=sum(row.telling_id is None for row in rows),
    )


def _back(meeting: Meeting) -> ResponseReturnValue:
    return leave(url_for(".of_meeting", id=meeting.id))
