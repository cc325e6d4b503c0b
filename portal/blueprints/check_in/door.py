"""Who stands at a door: a device by its own cookie, or somebody who holds meetings for the office."""

import re
import secrets
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Response, current_app, g, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.domain.access.roles import Permission as P
from portal.domain.meetings import kiosks
from portal.domain.meetings.checking_in import By
from portal.domain.meetings.models import Kiosk, Meeting
from portal.extensions import db
from portal.web.access import View, actor, requires, viewer
from portal.web.meetings import own_meeting_or_404

COOKIE = "kiosk"
# Reads codes off a camera's pictures where the browser cannot; fetched when somebody turns the camera on.
DECODER = "vendor/jsqr-1.4.0.js"
_NONCE = re.compile(r"[A-Za-z0-9_-]{8,48}")


@dataclass(frozen=True)
class Door:
    """A meeting's door as this request came to it."""

    meeting: Meeting
    by: By

    @property
    def is_open(self) -> bool:
        """Whether anybody is checked in here now."""
        return kiosks.is_open(self.by.kiosk) if self.by.kiosk else kiosks.has_door(self.meeting)

    @property
    def name(self) -> str:
        """What the device, or who sits at it, is called."""
        return self.by.kiosk.name if self.by.kiosk else actor().name

    def key(self, nonce: str) -> str:
        """The attendance's key of what this form says: sent again it is the same one."""
        said = nonce if _NONCE.fullmatch(nonce) else new_nonce()
        # What a browser has not sent yet outlives the device that it was: opened anew it tells the same things.
        return f"m{self.meeting.id}:{said}" if self.by.kiosk else f"u{actor().id}:{said}"


def is_nonce(text: str) -> bool:
    """Whether this can be a sighting's own number."""
    return _NONCE.fullmatch(text) is not None


def new_nonce() -> str:
    """A form's own number."""
    return secrets.token_urlsafe(12)


def door() -> Door:
    """The door of this request."""
    found: Door = g.door
    return found


def at_the_door(view: View) -> View:
    """Open the view to this meeting's devices while they last, and to whoever holds meetings for its office.

    A device is no user: what it may do is here alone, since its cookie is looked at nowhere else.
    """

    @requires(P.MEETINGS_WRITE)
    def by_somebody(id: int, **parts: Any) -> ResponseReturnValue:
        meeting = own_meeting_or_404(id)
        return _enter(Door(meeting, By(user=actor())), None, id, parts)

    def _enter(found: Door, kiosk: Kiosk | None, id: int, parts: dict[str, Any]) -> ResponseReturnValue:
        if not found.is_open:
            return closed(found.meeting, has_ended=bool(kiosk and kiosk.ended_at))
        g.door = found
        result: ResponseReturnValue = view(id=id, **parts)
        return result

    @wraps(view)
    def wrapper(id: int, **parts: Any) -> ResponseReturnValue:
        kiosk = kiosks.of_key(db.session(), id, request.cookies.get(COOKIE, ""))
        if kiosk is None or (not kiosks.is_open(kiosk) and viewer() is not None):
            # Whoever signs in where a device ended is no device any more.
            response = make_response(by_somebody(id, **parts))
            if kiosk is not None:
                response.delete_cookie(COOKIE, path=page_address(kiosk.meeting))
            return response
        return _enter(Door(kiosk.meeting, By(kiosk=kiosk)), kiosk, id, parts)

    wrapper.access = (P.MEETINGS_WRITE,)  # type: ignore[attr-defined]
    return wrapper  # type: ignore[return-value]


def may_send(view: View) -> View:
    """Open the view to a device also after it ended, while what it saw before may still come in.

    Whoever holds meetings for the office sends as themselves, from a browser that never was a device.
    """

    @requires(P.MEETINGS_WRITE)
    def by_somebody(id: int) -> ResponseReturnValue:
        return _enter(Door(own_meeting_or_404(id), By(user=actor())), id)

    def _enter(found: Door, id: int) -> ResponseReturnValue:
        if not kiosks.still_sends(found.meeting):
            return closed(found.meeting)
        g.door = found
        result: ResponseReturnValue = view(id=id)
        return result

    @wraps(view)
    def wrapper(id: int) -> ResponseReturnValue:
        kiosk = kiosks.of_key(db.session(), id, request.cookies.get(COOKIE, ""))
        return by_somebody(id) if kiosk is None else _enter(Door(kiosk.meeting, By(kiosk=kiosk)), id)

    wrapper.access = (P.MEETINGS_WRITE,)  # type: ignore[attr-defined]
    return wrapper  # type: ignore[return-value]


def closed(meeting: Meeting | None, *, has_ended: bool = False) -> Response:
    """The page of a device that is none any more."""
    return Response(
        render_template("check_in/closed.html", meeting=meeting, has_ended=has_ended, decoder=DECODER), 410
    )


def page_address(meeting: Meeting) -> str:
    """The page on which guests of this meeting are checked in."""
    return url_for("check_in.page", id=meeting.id)


def remember_device(response: Response, kiosk: Kiosk, key: str) -> None:
    """Give the browser the device's key, for its own page and for nothing else.

    It lasts as long as what the device saw may still come in, and shows until then that the door is closed.
    """
    response.set_cookie(
        COOKIE,
        key,
        path=page_address(kiosk.meeting),
        expires=kiosks.ends_at(kiosk.meeting) + kiosks.SENDS_FOR,
        httponly=True,
        samesite="Strict",
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
    )
