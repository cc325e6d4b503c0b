"""What a device takes along before the network is gone: its page, kept by a service worker, and the guests."""

import hashlib

from flask import Response, jsonify, render_template
from flask.typing import ResponseReturnValue

from portal.blueprints.check_in import bp
from portal.blueprints.check_in.door import DECODER, at_the_door, door, page_address
from portal.db import now
from portal.domain.meetings import doors, kiosks
from portal.extensions import db
from portal.web.assets import HTMX_FILE, asset, site_icon, stylesheet
from portal.web.meeting_keys import badge_code
from portal.web.requests import ROW


@bp.get(f"/meetings/<{ROW}:id>/check-in/worker.js")
@at_the_door
def worker(id: int) -> ResponseReturnValue:
    """The page's service worker; it may see to that page and what lies below it, and to nothing else."""
    if door().by.kiosk is None:
        return _nothing()
    page = page_address(door().meeting)
    kept = [
        stylesheet(),
        site_icon(),
        asset("app.js"),
        asset("queue.js"),
        asset("kiosk.js"),
        asset(HTMX_FILE),
    ]
    script = render_template("check_in/worker.js", page=page, assets=kept, later=[asset(DECODER)])
    response = Response(script, mimetype="text/javascript")
    response.headers["Service-Worker-Allowed"] = page
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get(f"/meetings/<{ROW}:id>/check-in/guests.json")
@at_the_door
def known(id: int) -> ResponseReturnValue:
    """Who may come, with no more of a person than it takes to find the right one.

    Of a badge's code the device gets the hash: it knows a badge that it sees, and can make none.
    """
    if door().by.kiosk is None:
        return _nothing()
    meeting = door().meeting
    response = jsonify(
        now=now().isoformat(),
        until=kiosks.ends_at(meeting).isoformat(),
        guests=[
            {
                "id": one.guest.id,
                "name": one.guest.name,
                "sound": one.guest.sound,
                "initials": one.guest.initials,
                "tail": one.guest.phone_tail,
                "company": one.company,
                "table": one.guest.table_no,
                "seat": one.guest.seat_no,
                "desk": one.desk,
                "in": one.arrived_at.isoformat() if one.arrived_at else None,
                "left": one.left_at.isoformat() if one.left_at else None,
                "code": hashlib.sha256(badge_code(meeting, one.guest.id).encode()).hexdigest(),
            }
            for one in doors.known(db.session(), meeting)
        ],
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _nothing() -> Response:
    """Somebody's own browser takes nothing along: another may sign in there tomorrow."""
    return Response(status=204)
