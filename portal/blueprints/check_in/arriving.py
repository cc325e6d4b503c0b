"""The page at the door: a badge is scanned, or a name typed and tapped."""

from datetime import datetime

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import pgettext

from portal.blueprints.check_in import bp
from portal.blueprints.check_in.answers import Said, answered, nobody, refused, shown
from portal.blueprints.check_in.door import at_the_door, door
from portal.db import now
from portal.domain.meetings import checking_in, doors, packs, tokens
from portal.domain.meetings.checking_in import Outcome
from portal.domain.meetings.doors import AtDoor
from portal.domain.meetings.models import How
from portal.domain.meetings.tokens import Refused
from portal.extensions import db
from portal.web.meeting_keys import badge_key
from portal.web.requests import ROW

MOST_TYPED = 200


@bp.route(f"/meetings/<{ROW}:id>/check-in", methods=["GET", "POST"])
@at_the_door
def page(id: int) -> ResponseReturnValue:
    """What was scanned is checked in; what was typed is looked for."""
    said = request.form.get("said", "").strip()[:MOST_TYPED] if request.method == "POST" else ""
    if not said:
        return shown()
    if not tokens.looks_like_one(said):
        return shown(hits=doors.found(db.session(), door().meeting, said), typed=said)
    read = tokens.read(badge_key(), said, id, now())
    if isinstance(read, Refused):
        return shown(refused(read))
    return answered(lambda: _arrive(read.guest_id, How.BADGE))


@bp.post(f"/meetings/<{ROW}:id>/check-in/guests/<{ROW}:guest_id>")
@at_the_door
def arrive(id: int, guest_id: int) -> ResponseReturnValue:
    """Somebody tapped their name."""
    return answered(lambda: _arrive(guest_id, How.NAME))


def _arrive(guest_id: int, how: How) -> Said:
    return arrived(guest_id, how, door().key(request.form.get("nonce", "")))


def arrived(guest_id: int, how: How, key: str, at: datetime | None = None) -> Said:
    """Check in whoever stands at the door, now or when a device saw them."""
    session, meeting = db.session(), door().meeting
    done = checking_in.scan(session, meeting, guest_id, door().by, how=how, key=key, at=at)
    if done is None:
        return nobody()
    arrival, company, path = done
    desk = packs.desks(session, meeting).of(arrival.guest.initials, path)
    # What is shown is known already: after the commit nothing of it is asked for again.
    session.expire_on_commit = False
    who = AtDoor(arrival.guest, company, arrival.at, None, desk)
    return welcome(arrival, who, doors.tally(session, meeting))


def welcome(
    arrival: checking_in.Arrival, who: AtDoor | None = None, tally: tuple[int, int] | None = None
) -> Said:
    """What is said to whoever arrived."""
    kind = arrival.outcome.value
    return Said(kind, words_of(kind), arrival.guest.id, arrival.at, who=who, tally=tally)


def words_of(outcome: str) -> str:
    """The same in a word."""
    words = {
        Outcome.WELCOME.value: pgettext("door", "Checked in"),
        Outcome.LATE.value: _("Checked in, late"),
        Outcome.ALREADY.value: _("Already in"),
    }
    return words[outcome]
