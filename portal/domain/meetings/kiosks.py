"""Devices at the door: opened by a code that works once and for minutes, then good for this meeting alone (M1)."""

import hashlib
import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from portal.db import lock, now
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings.models import Kiosk, Meeting
from portal.domain.meetings.planning import DOORS_AFTER, require_host
from portal.domain.text import clean
from portal.domain.users.models import User

OPENS_FOR = timedelta(minutes=20)
MOST = 20
# What a device saw before it ended may still come in so long afterwards.
SENDS_FOR = timedelta(days=14)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def make(session: Session, actor: User, meeting: Meeting, name: str) -> tuple[Kiosk, str]:
    """A new device and the key that opens it, once, within twenty minutes; only its hash is kept."""
    lock(session, meeting)
    require_host(actor, meeting)
    if not has_door(meeting):
        raise DomainError(N_("The meeting is over or was called off: nobody checks in any more."))
    names = set(session.scalars(sa.select(Kiosk.name).where(Kiosk.meeting_id == meeting.id)))
    if len(names) >= MOST:
        raise DomainError(N_("A meeting has %(most)s devices at most. End one first."), most=MOST)
    said = clean(name)[:40] or next(str(no) for no in range(1, MOST + 2) if str(no) not in names)
    if said in names:
        raise DomainError(N_("There is a device of this name already."), "name")
    opening = secrets.token_urlsafe(24)
    made = Kiosk(
        meeting_id=meeting.id,
        name=said,
        opening_sha256=_hash(opening),
        opens_until=now() + OPENS_FOR,
        made_by_id=actor.id,
    )
    session.add(made)
    session.flush()
    audit.record(session, actor, "meeting.kiosk_made", meeting, name=said)
    return made, opening


def waiting(session: Session, opening: str) -> Kiosk | None:
    """The device that this key would open now."""
    return session.scalar(
        sa.select(Kiosk).where(
            Kiosk.opening_sha256 == _hash(opening), Kiosk.opens_until > now(), Kiosk.ended_at.is_(None)
        )
    )


def is_awaited(kiosk: Kiosk) -> bool:
    """Whether its link still opens it."""
    return kiosk.opened_at is None and kiosk.opens_until is not None and kiosk.opens_until > now()


def open_again(session: Session, actor: User, kiosk: Kiosk) -> str:
    """Another key for a device whose link nobody opened; the earlier one is worthless from now on."""
    lock(session, kiosk)
    require_host(actor, kiosk.meeting)
    if kiosk.opened_at is not None or not is_open(kiosk):
        raise DomainError(N_("This device was opened or ended. Make another one."))
    opening = secrets.token_urlsafe(24)
    kiosk.opening_sha256, kiosk.opens_until = _hash(opening), now() + OPENS_FOR
    session.flush()
    return opening


def open_with(session: Session, opening: str) -> tuple[Kiosk, str]:
    """Open the device that this key is for; gives the key it holds from now on. The caller commits."""
    found = session.scalar(sa.select(Kiosk).where(Kiosk.opening_sha256 == _hash(opening)).with_for_update())
    if found is None or found.opens_until is None or found.opens_until <= now() or found.ended_at is not None:
        raise DomainError(N_("This link was used or is too old. Ask for a new one at the meeting's devices."))
    key = secrets.token_urlsafe(32)
    found.opening_sha256, found.opens_until = None, None
    found.key_sha256, found.opened_at = _hash(key), now()
    session.flush()
    return found, key


def of_key(session: Session, meeting_id: int, key: str) -> Kiosk | None:
    """The device that holds this key, if it is one of this meeting, ended or not."""
    if not key:
        return None
    return session.scalar(_OF_KEY, {"meeting": meeting_id, "sha256": _hash(key)})


# With every scan, and with its meeting.
_OF_KEY = (
    sa.select(Kiosk)
    .options(joinedload(Kiosk.meeting, innerjoin=True))
    .where(
        Kiosk.meeting_id == sa.bindparam("meeting", type_=sa.BigInteger),
        Kiosk.key_sha256 == sa.bindparam("sha256", type_=sa.String),
    )
)


def is_open(kiosk: Kiosk, at: datetime | None = None) -> bool:
    """Whether it checks in now: opened, not ended, and its meeting neither over nor called off."""
    return kiosk.ended_at is None and has_door(kiosk.meeting, at)


def has_door(meeting: Meeting, at: datetime | None = None) -> bool:
    """Whether anybody may still be checked in: the meeting is neither over nor called off."""
    return meeting.cancelled_at is None and (at or now()) < ends_at(meeting)


def still_sends(meeting: Meeting, at: datetime | None = None) -> bool:
    """Whether what was seen at its door may still come in."""
    return (at or now()) < ends_at(meeting) + SENDS_FOR


def ends_at(meeting: Meeting) -> datetime:
    """When devices end by themselves."""
    return meeting.ends_at + DOORS_AFTER


def end(session: Session, actor: User, kiosk: Kiosk) -> None:
    """End a device; what it saw before may still come in."""
    lock(session, kiosk)
    require_host(actor, kiosk.meeting)
    if kiosk.ended_at is None:
        kiosk.ended_at, kiosk.ended_by_id = now(), actor.id
        audit.record(session, actor, "meeting.kiosk_ended", kiosk.meeting, name=kiosk.name)
    session.flush()
