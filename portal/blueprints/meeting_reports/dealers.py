"""One distributor's attendance over a period, and what it is invited to."""

from flask import abort
from flask.typing import ResponseReturnValue

from portal.blueprints.meeting_reports import bp
from portal.blueprints.meeting_reports.periods import wanted_period
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor
from portal.domain.distributors.queries import distributors_visible_to
from portal.domain.meetings import evidence, queries
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import render
from portal.web.requests import ROW


@bp.get(f"/of/<{ROW}:id>")
@requires(P.MEETINGS_READ)
def dealer(id: int) -> ResponseReturnValue:
    """The meetings of a distributor: what became of each, and those that are still to come."""
    me = actor()
    statement = distributors_visible_to(me, P.MEETINGS_READ).where(Distributor.id == id)
    distributor = db.session.scalar(statement) or abort(404)
    return render(
        "meeting_reports/dealer.html",
        d=distributor,
        attended=evidence.attendance_of(db.session, id, wanted_period()),
        coming=queries.to_come(db.session, id),
    )
