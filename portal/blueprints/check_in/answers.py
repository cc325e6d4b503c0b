"""What the door answers: a name, a word, a colour and a tone, and what to do next."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Response, make_response, render_template
from flask_babel import gettext as _

from portal.blueprints.check_in.door import DECODER, door, new_nonce
from portal.db import reading
from portal.domain.errors import DomainError
from portal.domain.meetings import doors
from portal.domain.meetings.doors import AtDoor
from portal.domain.meetings.tokens import Refused
from portal.extensions import db
from portal.web.htmx import say, submit, wants_fragment
from portal.web.security import CAMERA_HERE


@dataclass(frozen=True)
class Said:
    """One answer. `kind` is an Outcome, "left", "undone" or "refused"; its colour and its tone hang on it.

    Whose it is and how many are in: where the deed did not tell, it is asked for afterwards.
    """

    kind: str
    word: str
    guest_id: int | None = None
    at: datetime | None = None
    text: str = ""
    who: AtDoor | None = None
    tally: tuple[int, int] | None = None


def refused(code: Refused) -> Said:
    """Why a code is not taken, and what to do next."""
    words = {
        Refused.FORGED: (
            _("Code not valid"),
            _("It is none of our badges, or it is damaged. Scan it once more, or type the name."),
        ),
        Refused.ELSEWHERE: (
            _("Badge of another meeting"),
            _("It does not count here. Type the name: whoever is expected here is found."),
        ),
        Refused.EXPIRED: (
            _("Badge no longer valid"),
            _("Its time is over. Type the name: whoever is expected here is found."),
        ),
    }
    word, text = words[code]
    return Said("refused", word, text=text)


def nobody() -> Said:
    """A badge whose guest is gone from the list."""
    return Said(
        "refused",
        _("Not on the list"),
        text=_("Whoever this badge was for is not on the list any more. Type the name, or add a walk-in."),
    )


def answered(work: Callable[[], Said], *, unable: str = "") -> Response:
    """Do it, commit, and say so; a refusal is an answer as well, `unable` its word."""
    try:
        said = submit(None, work)
    except DomainError as error:
        said = Said("refused", unable or _("Not checked in"), text=say(error))
    assert said is not None
    return shown(said)


def spoken(said: Said) -> tuple[str, str]:
    """The answer as the page's script shows it, and how many are in."""
    with reading():
        who, inside, expected = _known_of(said)
        html = render_template(
            "check_in/_answer.html",
            meeting=door().meeting,
            said=said,
            who=who,
            hits=None,
            inside=inside,
            expected=expected,
        )
    return html, _("%(inside)s of %(expected)s in", inside=inside, expected=expected)


def counted() -> str:
    """How many are in, of how many."""
    _who, inside, expected = _known_of(None)
    text: str = _("%(inside)s of %(expected)s in", inside=inside, expected=expected)
    return text


def _known_of(said: Said | None) -> tuple[AtDoor | None, int, int]:
    """Whose answer it is and how many are in, of how many; asked for where the deed did not tell."""
    meeting = door().meeting
    who = said.who if said else None
    if said and said.guest_id and not who:
        who = doors.one(db.session(), meeting, said.guest_id)
    inside, expected = (said and said.tally) or doors.tally(db.session(), meeting)
    return who, inside, expected


def shown(
    said: Said | None = None,
    *,
    hits: Sequence[AtDoor] | None = None,
    typed: str = "",
) -> Response:
    """The page with an answer on it, or the answer alone where the page's script asks for it."""
    with reading():
        meeting = door().meeting
        who, inside, expected = _known_of(said)
        name = "check_in/_answer.html" if wants_fragment() else "check_in/page.html"
        html = render_template(
            name,
            meeting=meeting,
            device=door().name,
            said=said,
            who=who,
            hits=hits,
            typed=typed,
            inside=inside,
            expected=expected,
            nonce=new_nonce,
            takes_along=door().by.kiosk is not None,
            decoder=DECODER,
        )
    response = make_response(html, 422 if said and said.kind == "refused" else 200)
    response.vary.add("HX-Request")
    response.headers["Permissions-Policy"] = CAMERA_HERE
    return response
