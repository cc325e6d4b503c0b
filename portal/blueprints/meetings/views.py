"""The list of meetings, and one meeting with all that belongs to it."""

from flask import request
from flask.typing import ResponseReturnValue

from portal.blueprints.meetings import bp
from portal.domain.access.queries import regions_visible_to
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.meetings import costs, expected, queries, series, waiting
from portal.domain.meetings.models import Meeting, MeetingKind
from portal.domain.meetings.queries import MeetingFilter
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.audit_words import tell
from portal.web.htmx import render
from portal.web.meetings import may_hold, meeting_or_404, parts_of
from portal.web.requests import ROW
from portal.web.tables import chosen, count, number, page_of

bp.add_app_template_global(parts_of, "parts_of_meeting")

_STATES = ("coming", "over", "cancelled")


@bp.get("/")
@requires(P.MEETINGS_READ)
def index() -> ResponseReturnValue:
    """The list: what is to come and what was, the latest first."""
    me = actor()
    state = request.args.get("state", "")
    wanted = MeetingFilter(
        q=request.args.get("q", "").strip()[:80],
        state=state if state in _STATES else "",
        kind=chosen(MeetingKind, "kind"),
        region_id=number("region"),
    )
    page = page_of(
        db.session,
        queries.meeting_rows(me, wanted),
        sorts=queries.SORTS,
        default="starts",
        descending=True,
        tie=Meeting.id,
    )
    return render(
        "meetings/index.html",
        fragment="meetings/_table.html",
        page=page,
        states={row.id: queries.state_of(row, is_invited_to=bool(row.invited)) for row in page.rows},
        total=count(db.session, queries.meetings_visible_to(me)),
        wanted=wanted,
        kinds=list(MeetingKind),
        offices=[
            (region.id, region.name, region.depth)
            for region in db.session.scalars(regions_visible_to(me, P.MEETINGS_READ))
        ],
        may_write=me.can(P.MEETINGS_WRITE),
    )


@bp.get(f"/<{ROW}:id>")
@requires(P.MEETINGS_READ)
def detail(id: int) -> ResponseReturnValue:
    """One meeting: where it stands, its agenda, how many are invited, will come and came."""
    meeting, me = meeting_or_404(id), actor()
    sums = queries.counts(db.session, meeting)
    may_see_costs = costs.may_see(me, meeting)
    return render(
        "meetings/detail.html",
        meeting=meeting,
        state=queries.state_of(meeting, is_invited_to=bool(sums.invited)),
        sums=sums,
        clashes=queries.other_meetings(db.session, meeting.starts_at, meeting.ends_at, meeting.id),
        days_off=queries.days_off(db.session, meeting),
        series=[one for one in series.of(db.session(), meeting) if may_hold(one)],
        may_hold=may_hold(meeting),
        can_move_up=bool(sums.waiting) and waiting.can_move_up(db.session(), meeting),
        may_see_costs=may_see_costs,
        # It tells of every office's distributors, and of what was spent.
        events=tell(db.session, me, db.session.scalars(audit.history(meeting).limit(15)).all())
        if may_see_costs and expected.sees_all(meeting, me)
        else [],
    )
