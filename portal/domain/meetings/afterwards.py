"""What the door missed: the office enters afterwards who was there, or takes back who was not, with the reason (M1)."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings import checking_in
from portal.domain.meetings.checking_in import By
from portal.domain.meetings.guests import GuestFacts, add
from portal.domain.meetings.models import Attendance, Guest, How, Invitation, Meeting
from portal.domain.meetings.planning import DOORS_BEFORE, require_host
from portal.domain.meetings.queries import standing_arrivals
from portal.domain.text import clean
from portal.domain.users.models import User

# Later than that nobody remembers who was there, and what follows from it has been decided.
CORRECTED_FOR = timedelta(days=30)


def is_open(meeting: Meeting) -> bool:
    """Whether attendance can be corrected: from the start of a meeting until thirty days after its end."""
    return meeting.cancelled_at is None and meeting.starts_at <= now() < meeting.ends_at + CORRECTED_FOR


def enter(
    session: Session,
    actor: User,
    invitation: Invitation,
    guest: Guest | None,
    *,
    name: str,
    at: datetime,
    reason: str,
    key: str,
) -> Guest:
    """Enter that somebody of this distributor was there, once for each key: a guest who is known, or another's name.

    The caller commits. DomainError: too early or too late for it, a time outside the meeting, nobody named, no reason,
    somebody who is checked in already. Who it was stands in the guest's own row, and nowhere in the audit trail.
    """
    meeting = invitation.meeting
    lock(session, invitation)
    require_host(actor, meeting)
    known = session.scalar(sa.select(Attendance).where(Attendance.key == key))
    if known is not None:
        if known.guest.invitation_id != invitation.id:
            raise DomainError(N_("This form was sent before with something else. Open it again."))
        return known.guest
    _require_open(meeting)
    said = _reason(reason)
    if not meeting.starts_at - DOORS_BEFORE <= at <= min(meeting.ends_at, now()):
        raise DomainError(N_("This time lies outside the meeting."), "at")
    who = guest or _named(session, invitation, name)
    if who.invitation_id != invitation.id or who.erased_at is not None:
        raise DomainError(N_("This guest belongs to another meeting."), "guest")
    if _is_in(session, who):
        raise DomainError(N_("%(name)s is checked in already."), "guest", name=who.name)
    by = By(user=actor)
    checking_in.arrive(session, meeting, who, by, how=How.OFFICE, key=key, at=at, note=said)
    audit.record(session, actor, "meeting.arrival_entered", meeting, name=invitation.distributor.name)
    return who


def take_back(session: Session, actor: User, guest: Guest, reason: str, *, key: str) -> None:
    """Take an arrival back that was none, within the same time; the record of it stays. The caller commits."""
    _require_open(guest.meeting)
    said = _reason(reason)
    checking_in.undo(session, guest.meeting, guest, By(user=actor), said, key=key)
    company = guest.invitation.distributor.name if guest.invitation else guest.company
    audit.record(session, actor, "meeting.arrival_taken_back", guest.meeting, name=company)


def _require_open(meeting: Meeting) -> None:
    if meeting.cancelled_at is not None:
        raise DomainError(N_("The meeting was called off: nobody checks in."))
    if meeting.starts_at > now():
        raise DomainError(N_("The meeting has not begun. Correct its attendance afterwards."))
    if not is_open(meeting):
        raise DomainError(
            N_("Attendance is corrected until %(days)s days after a meeting. This one stays as it is."),
            days=CORRECTED_FOR.days,
        )


def _reason(reason: str) -> str:
    said = clean(reason)[:100]
    if len(said) < 2:
        raise DomainError(N_("Enter why it is corrected; it stays in the record."), "reason")
    return said


def _named(session: Session, invitation: Invitation, name: str) -> Guest:
    """The guest of this name, or a new one whom nobody had announced."""
    wanted = clean(name)[:40]
    if not wanted:
        raise DomainError(N_("Choose who was there, or enter the name."), "name")
    for guest in invitation.guests:
        if guest.name == wanted and guest.erased_at is None:
            return guest
    return add(session, invitation.meeting, GuestFacts(wanted), invitation=invitation, is_walk_in=True)


def _is_in(session: Session, guest: Guest) -> bool:
    standing = standing_arrivals(guest.meeting_id).where(Attendance.guest_id == guest.id)
    return session.scalar(standing.with_only_columns(Attendance.id)) is not None
