"""Who was asked and what they said, and the people who are expected or came."""

import sqlalchemy as sa
from flask import request
from flask.typing import ResponseReturnValue

from portal.blueprints.meetings import bp
from portal.domain.access.queries import regions_visible_to
from portal.domain.access.roles import Permission as P
from portal.domain.meetings import inviting, queries, replies, waiting
from portal.domain.meetings.models import Guest, Invitation, Reply
from portal.domain.meetings.replies import UNANSWERED, ReplyFilter
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import render
from portal.web.meetings import may_hold, meeting_or_404
from portal.web.requests import ROW
from portal.web.tables import number, page_of

_REPLIES = (UNANSWERED, *Reply)


def wanted_replies() -> ReplyFilter:
    """Whom the address narrows the list to."""
    reply = request.args.get("reply", "")
    return ReplyFilter(
        q=request.args.get("q", "").strip()[:80],
        reply=reply if reply in _REPLIES else "",
        region_id=number("region"),
        owner_id=number("owner"),
    )


@bp.get(f"/<{ROW}:id>/replies", endpoint="replies")
@requires(P.MEETINGS_READ)
def replies_of(id: int) -> ResponseReturnValue:
    """The list of who was asked: whoever said nothing first, with the telephone."""
    meeting, me, wanted = meeting_or_404(id), actor(), wanted_replies()
    sums = queries.counts(db.session, meeting)
    page = page_of(
        db.session,
        replies.asked(db.session(), meeting, me, wanted).options(*replies.WITH_WHO_IS_CALLED),
        sorts=replies.SORTS,
        default="reply",
        tie=Invitation.id,
    )
    return render(
        "meetings/replies.html",
        fragment="meetings/_replies.html",
        meeting=meeting,
        state=queries.state_of(meeting, is_invited_to=bool(sums.invited)),
        sums=sums,
        page=page,
        may_answer={one.id: inviting.may_answer(me, one) for (one,) in page.rows},
        wanted=wanted,
        may_import=bool(sums.invited) and me.can(P.MEETINGS_WRITE),
        line=waiting.waiting_line(db.session(), meeting) if sums.waiting else [],
        free=waiting.free_seats(db.session(), meeting),
        answers=list(Reply),
        owners=replies.owners_of(db.session(), meeting, me),
        offices=[
            (region.id, region.name, region.depth)
            for region in db.session.scalars(regions_visible_to(me, P.MEETINGS_READ))
        ],
        may_hold=may_hold(meeting),
    )


@bp.get(f"/<{ROW}:id>/guests", endpoint="guests")
@requires(P.MEETINGS_READ)
def guests_of(id: int) -> ResponseReturnValue:
    """The people: who is expected, and who came."""
    meeting, me = meeting_or_404(id), actor()
    people = queries.guests_of(meeting, me)
    return render(
        "meetings/guests.html",
        fragment="meetings/_guests.html",
        meeting=meeting,
        sums=queries.counts(db.session, meeting),
        page=page_of(
            db.session,
            people,
            sorts=queries.GUEST_SORTS,
            default="company",
            tie=Guest.id,
            total=db.session.scalar(people.with_only_columns(sa.func.count(Guest.id))),
        ),
    )
