"""The wall at a meeting: for the room, and for those who hold it."""

from flask import Response, make_response, request
from flask.typing import ResponseReturnValue

from portal.blueprints.meetings import bp
from portal.domain.access.roles import Permission as P
from portal.domain.meetings import wall
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import render, wants_fragment
from portal.web.meetings import meeting_or_404
from portal.web.requests import ROW


@bp.get(f"/<{ROW}:id>/wall")
@requires(P.MEETINGS_READ)
def room_wall(id: int) -> ResponseReturnValue:
    """What may be projected for everybody: how many are in, who came last. No telephone, nobody who is missing."""
    return _shown(id, for_organisers=False)


@bp.get(f"/<{ROW}:id>/wall/organisers")
@requires(P.MEETINGS_READ)
def organisers_wall(id: int) -> ResponseReturnValue:
    """The same with the A distributors who are missing, their owners and the owners' telephones."""
    return _shown(id, for_organisers=True)


def _shown(id: int, *, for_organisers: bool) -> ResponseReturnValue:
    meeting = meeting_or_404(id)
    mark = wall.mark(db.session(), meeting)
    if wants_fragment() and request.args.get("since") == mark:
        # Asked every few seconds by each wall there is; htmx leaves all as it is.
        return Response(status=204, headers={"Vary": "HX-Request"})
    return make_response(
        render(
            "meetings/wall.html",
            fragment="meetings/_wall.html",
            meeting=meeting,
            wall=wall.wall(db.session(), meeting, actor()),
            mark=mark,
            for_organisers=for_organisers,
        )
    )
