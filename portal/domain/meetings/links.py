"""What the link in an invitation says: this invitation, as it was given out last, signed; nothing of anybody (M1)."""

import struct
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from portal.db import now
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings import signed
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.inviting import Answer, answer
from portal.domain.meetings.models import Invitation, Lodging, Meeting, Reply, Via
from portal.domain.meetings.planning import china_at
from portal.domain.text import clean
from portal.domain.users import services as users

_PREFIX, _PURPOSE = "HZ", b"meeting reply"
_BODY = struct.Struct(">QI")
# A guest may send in a window as often as somebody may try to sign in.
MOST_ANSWERS = 20
MOST_PEOPLE = 10


class Closed(StrEnum):
    """Why a link that we gave out takes no reply any more."""

    WITHDRAWN = "withdrawn"
    CALLED_OFF = "called_off"
    TOO_LATE = "too_late"


def token(key: bytes, invitation: Any) -> str:
    """The link's token, of an invitation or a row of one; the one before is dead once it was withdrawn."""
    return signed.write(_PREFIX, key, _PURPOSE, _BODY.pack(invitation.id, invitation.link_version))


def read(session: Session, key: bytes, text: str) -> tuple[Invitation | None, Closed | None]:
    """The invitation of a token and why it is closed; (None, None) for what we did not sign. Never an exception."""
    if len(text) > 100:
        return None, None
    body = signed.read(_PREFIX, key, _PURPOSE, _BODY.size, text)
    if body is None:
        return None, None
    id_, version = _BODY.unpack(body)
    found = session.get(Invitation, id_) if id_ < 1 << 62 else None
    if found is None:
        return None, None
    if found.withdrawn_at is not None or found.link_version != version:
        return found, Closed.WITHDRAWN
    if found.meeting.cancelled_at is not None:
        return found, Closed.CALLED_OFF
    return found, Closed.TOO_LATE if now() >= until(found.meeting) else None


def until(meeting: Meeting) -> datetime:
    """Until when a link takes replies: the end of the last day for them, at the latest the start."""
    if meeting.reply_by_on is None:
        return meeting.starts_at
    return min(meeting.starts_at, china_at(meeting.reply_by_on, time()) + timedelta(days=1))


def answer_by_link(
    session: Session,
    key: bytes,
    text: str,
    *,
    reply: Reply,
    persons: int,
    people: list[tuple[str, Lodging, str]],
    note: str,
) -> Reply:
    """Take a guest's own answer (name, lodging, train of each); gives what stands. The caller commits.

    What the office knows of a person of the same name stays: the link neither shows nor changes a telephone.
    DomainError: a link that is closed, more people than it takes.
    """
    invitation, closed = read(session, key, text)
    if invitation is None or closed is not None:
        raise DomainError(N_("This link takes no replies any more."))
    known = {one.name: one for one in invitation.guests if one.erased_at is None}
    guests = []
    for name, lodging, train in people:
        said = clean(name)[:40]
        if said:
            had = known.get(said)
            guests.append(
                GuestFacts(said, had.title if had else "", had.phone if had else "", lodging, train)
            )
    if len(guests) > MOST_PEOPLE or persons > MOST_PEOPLE:
        raise DomainError(
            N_("Enter %(most)s persons at most; for more, telephone the contact."),
            "persons",
            most=MOST_PEOPLE,
        )
    answer(
        session, None, invitation, Answer(reply, persons, guests, clean(note) or invitation.note), Via.LINK
    )
    assert invitation.reply is not None
    return invitation.reply


def count_answer(session: Session, invitation_id: int, address: str) -> int:
    """Count a reply that is sent; gives the minutes to wait, 0 when it is taken. The caller commits at once."""
    return users.count_sent(session, f"reply:{invitation_id}", MOST_ANSWERS, address)
