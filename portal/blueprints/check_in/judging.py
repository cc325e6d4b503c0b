"""What devices sent and a person has to look at: it counts, it is somebody else, or it is nothing."""

from collections.abc import Callable

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.check_in import bp
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.meetings import verdicts
from portal.domain.meetings.models import Guest, Sighting
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, say, submit
from portal.web.meetings import own_meeting_or_404
from portal.web.requests import ROW


@bp.post(f"/meetings/<{ROW}:id>/sightings/<{ROW}:sighting_id>/accept")
@requires(P.MEETINGS_WRITE)
def accept(id: int, sighting_id: int) -> ResponseReturnValue:
    """It counts, at the time at which it was seen."""
    chosen = request.form.get("guest", "")

    def work() -> None:
        sighting = db.session.get_one(Sighting, sighting_id)
        guest = db.session.get(Guest, int(chosen)) if chosen.isdecimal() and len(chosen) < 16 else None
        verdicts.accept(db.session(), actor(), sighting, guest=guest, why=_("Seen earlier by another device"))

    return _settled(id, sighting_id, work, _("It counts, at the time at which it was seen."))


@bp.post(f"/meetings/<{ROW}:id>/sightings/<{ROW}:sighting_id>/same")
@requires(P.MEETINGS_WRITE)
def same(id: int, sighting_id: int) -> ResponseReturnValue:
    """The walk-in is the expected guest of the same name."""

    def work() -> None:
        sighting = db.session.get_one(Sighting, sighting_id)
        verdicts.same(db.session(), actor(), sighting, why=_("Is the expected guest of the same name"))

    return _settled(id, sighting_id, work, _("The expected guest is checked in instead of the walk-in."))


@bp.post(f"/meetings/<{ROW}:id>/sightings/<{ROW}:sighting_id>/dismiss")
@requires(P.MEETINGS_WRITE)
def dismiss(id: int, sighting_id: int) -> ResponseReturnValue:
    """It is nothing."""
    reason = request.form.get("reason", "")

    def work() -> None:
        verdicts.dismiss(db.session(), actor(), db.session.get_one(Sighting, sighting_id), reason)

    return _settled(id, sighting_id, work, _("It does not count; the record of it stays."))


def _settled(id: int, sighting_id: int, work: Callable[[], None], done: str) -> ResponseReturnValue:
    meeting = own_meeting_or_404(id)
    sighting = db.session.get(Sighting, sighting_id)
    if sighting is None or sighting.meeting_id != meeting.id:
        abort(404)
    try:
        submit(None, work)
    except DomainError as error:
        flash(say(error), "warning")
    else:
        flash(done, "success")
    return leave(url_for("check_in.kiosks_of", id=id) + "#to-judge")
