"""What devices send: their sightings in batches, each taken in once at its own time."""

from datetime import datetime, timedelta
from typing import Any

from flask import abort, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from portal.blueprints.check_in import bp
from portal.blueprints.check_in.answers import Said, counted, nobody, refused, spoken
from portal.blueprints.check_in.arriving import MOST_TYPED, arrived, words_of
from portal.blueprints.check_in.door import door, is_nonce, may_send
from portal.db import CHINA, now
from portal.domain.errors import DomainError
from portal.domain.meetings import checking_in, plainly, sightings, tokens
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.models import How, Told, Trouble
from portal.domain.meetings.sightings import Seen, Taken
from portal.domain.meetings.tokens import Refused
from portal.extensions import csrf, db
from portal.web.htmx import say, submit
from portal.web.meeting_keys import badge_key
from portal.web.requests import ROW

MOST_AT_ONCE = 50
MOST_BYTES = 64 * 1024
_WAITS = timedelta(minutes=2)
_NO_ID = 1 << 53
_REFUSED = {
    Trouble.FORGED: Refused.FORGED,
    Trouble.ELSEWHERE: Refused.ELSEWHERE,
    Trouble.EXPIRED: Refused.EXPIRED,
}


# A page that was loaded without a network has no form token that still counts. Nobody else's page can make a browser
# send this: JSON is no form's type, so another origin has to ask first and is never allowed, the device's cookie is
# SameSite=Strict and a sign-in's is Lax; browsers that say where a request comes from must say it comes from here.
@csrf.exempt
@bp.post(f"/meetings/<{ROW}:id>/check-in/sightings")
@may_send
def sightings_of(id: int) -> ResponseReturnValue:
    """Take in a batch, what is plain at once and all else one by one; the answer says of each what became of it."""
    told = _told()
    device_now = _instant(told.get("now"))
    live, html, count, results = told.get("live"), "", "", []
    plain = _plain(told["entries"], device_now)
    for entry in told["entries"]:
        nonce = entry.get("nonce") if isinstance(entry, dict) else None
        if not _is_readable(entry):
            results.append({"nonce": nonce, "what": "invalid"})
            continue
        seen = _seen(entry, device_now)
        is_live = nonce == live and _stands_there(seen) and door().is_open
        key = door().key(nonce)
        said = plain.get(key) or _taken(seen, key, is_live=is_live)
        results.append(_result(nonce, said))
        if is_live:
            html, count = spoken(said)
    return jsonify(
        results=results,
        html=html,
        count=count or counted(),
        skew=round((now() - device_now).total_seconds()) if device_now else 0,
    )


def _is_readable(entry: Any) -> bool:
    """Whether this has a number of its own and is of a kind that we know."""
    if not isinstance(entry, dict):
        return False
    nonce, kind = entry.get("nonce"), entry.get("kind")
    return isinstance(nonce, str) and is_nonce(nonce) and isinstance(kind, str) and kind in _KINDS


def _plain(entries: list[Any], device_now: datetime | None) -> dict[str, Said]:
    """Who of a batch arrives for the first time, by key: written down together, since each commit waits for the disk.

    Nothing where another device was faster with one of them, or where there is but one.
    """
    batch = {door().key(entry["nonce"]): _seen(entry, device_now) for entry in entries if _is_readable(entry)}
    if len(batch) < 2:
        return {}
    session, meeting = db.session(), door().meeting
    try:
        taken = submit(None, lambda: plainly.take(session, meeting, door().by, batch, badge_key()))
    except IntegrityError:
        return {}
    said = {}
    for key, guest_id in (taken or {}).items():
        at = batch[key].at
        assert at is not None
        kind = checking_in.welcome(meeting, at).value
        said[key] = Said(kind, words_of(kind), guest_id, at)
    return said


def _taken(seen: Seen, key: str, *, is_live: bool) -> Said:
    """What became of it, once it is written down."""
    try:
        said = submit(None, lambda: _at_once(seen, key) if is_live else _said(_take(seen, key)))
    except DomainError as error:  # only where somebody waits for the answer
        return Said("refused", _("Not checked in"), text=say(error))
    assert said is not None
    return said


def _at_once(seen: Seen, key: str) -> Said:
    """Somebody stands there: asked as seldom as a form that is sent."""
    if seen.told is Told.GUEST and seen.guest_id:
        return arrived(seen.guest_id, How.NAME, key, seen.at)
    if seen.told is Told.SCAN:
        read = tokens.read(badge_key(), seen.said, door().meeting.id, now())
        return refused(read) if isinstance(read, Refused) else arrived(read.guest_id, How.BADGE, key, seen.at)
    return _said(_take(seen, key, is_live=True))


def _take(seen: Seen, key: str, *, is_live: bool = False) -> Taken:
    return sightings.take(
        db.session(), door().meeting, door().by, seen, key=key, badge_key=badge_key(), is_live=is_live
    )


def _stands_there(seen: Seen) -> bool:
    """Whether somebody can still wait for the answer; what comes later is judged as what was seen off line."""
    return seen.at is not None and abs(now() - seen.at) < _WAITS


_KINDS = {kind.value for kind in Told}


def _told() -> dict[str, Any]:
    if request.mimetype != "application/json":
        abort(415)
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        abort(403)
    request.max_content_length = MOST_BYTES
    told = request.get_json(silent=True)
    if not isinstance(told, dict) or not isinstance(told.get("entries"), list):
        abort(400)
    if len(told["entries"]) > MOST_AT_ONCE:
        abort(413)
    return told


def _seen(entry: dict[str, Any], device_now: datetime | None) -> Seen:
    guest_id = entry.get("guest")
    return Seen(
        told=Told(entry["kind"]),
        at=sightings.corrected(_instant(entry.get("at")), device_now),
        said=_text(entry, "said"),
        guest_id=guest_id if type(guest_id) is int and 0 < guest_id < _NO_ID else None,
        facts=GuestFacts(
            name=_text(entry, "name"), phone=_text(entry, "phone"), company=_text(entry, "company")
        ),
        note=_text(entry, "note"),
    )


def _text(entry: dict[str, Any], name: str) -> str:
    value = entry.get(name)
    # Half a character pair is JSON, but no database's text.
    return (
        value.encode("utf-8", "ignore").decode().replace("\0", "")[:MOST_TYPED]
        if isinstance(value, str)
        else ""
    )


def _instant(said: Any) -> datetime | None:
    """An instant with its zone; None for anything else, a year of no calendar too."""
    if not isinstance(said, str):
        return None
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return None
    return at if at.tzinfo is not None and 2000 <= at.year < 2200 else None


def _said(taken: Taken) -> Said:
    guest_id = taken.guest.id if taken.guest else None
    if taken.what == "refused":
        if taken.trouble in _REFUSED:
            return refused(_REFUSED[taken.trouble])
        return nobody()
    if taken.what == "listed":
        return Said(
            "listed", _("To be looked at"), guest_id, text=_("Kept for the staff, who decide what it was.")
        )
    if taken.what in (Told.LEFT, Told.UNDONE):
        return Said(
            taken.what, _("Left early") if taken.what == Told.LEFT else _("Check-in undone"), guest_id
        )
    return Said(taken.what, words_of(taken.what), guest_id, taken.at)


def _result(nonce: str, said: Said) -> dict[str, Any]:
    at = said.at.astimezone(CHINA).isoformat() if said.at else None
    return {
        "nonce": nonce,
        "what": said.kind,
        "guest": said.guest_id,
        "at": at,
        "word": said.word,
        "text": said.text,
    }
