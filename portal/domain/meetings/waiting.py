"""候补: who said they come when the seats were taken; whoever waits longest is moved up first, by a person (M1)."""

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from portal.db import lock, now
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings.models import Invitation, Meeting, Reply
from portal.domain.meetings.planning import require_host
from portal.domain.users.models import User


def free_seats(session: Session, meeting: Meeting, besides: Invitation | None = None) -> int | None:
    """How many seats nobody has, below nothing where more come than there are; None where they are not counted."""
    if meeting.seats is None:
        return None
    taken = sa.select(sa.func.coalesce(sa.func.sum(Invitation.persons), 0)).where(
        Invitation.meeting_id == meeting.id,
        Invitation.withdrawn_at.is_(None),
        Invitation.reply == Reply.COMING,
    )
    if besides is not None:
        taken = taken.where(Invitation.id != besides.id)
    return meeting.seats - int(session.scalar(taken) or 0)


def waiting_line(session: Session, meeting: Meeting) -> list[Invitation]:
    """Who waits, the one who has waited longest first."""
    return list(
        session.scalars(
            sa.select(Invitation)
            .where(
                Invitation.meeting_id == meeting.id,
                Invitation.withdrawn_at.is_(None),
                Invitation.reply == Reply.WAITING,
            )
            .order_by(Invitation.waiting_since, Invitation.id)
            .options(selectinload(Invitation.distributor).selectinload(Distributor.phones))
        )
    )


def can_move_up(session: Session, meeting: Meeting) -> bool:
    """Whether a seat is free for one who waits."""
    free = free_seats(session, meeting)
    line = waiting_line(session, meeting)
    return any(free is None or (one.persons or 0) <= free for one in line)


def place_for(session: Session, invitation: Invitation, persons: int) -> Reply:
    """Whether so many have a place or wait; the meeting is locked, so that nobody else takes the last one.

    Whoever waits and would fit goes first. DomainError where more than before are to come and only they have no
    place: those who had one keep it.
    """
    free = free_seats(session, invitation.meeting, invitation)
    if free is None:
        return Reply.COMING
    held = invitation.persons or 0 if invitation.reply is Reply.COMING else 0
    if persons <= held:
        return Reply.COMING
    others = [one for one in waiting_line(session, invitation.meeting) if one.id != invitation.id]
    if invitation.waiting_since is not None:
        others = [
            one for one in others if (one.waiting_since, one.id) < (invitation.waiting_since, invitation.id)
        ]
    if persons <= free and not any((one.persons or 0) <= free for one in others):
        return Reply.COMING
    if held:
        raise DomainError(
            N_(
                "Only %(free)s seats are left for them. Enter at most as many, or raise the meeting's seats first."
            ),
            "persons",
            free=max(free, held),
        )
    return Reply.WAITING


def move_up(session: Session, actor: User, invitation: Invitation) -> None:
    """Give one who waits a place; of two who want the last one, the second is refused. The caller commits."""
    meeting = lock(session, invitation.meeting)
    lock(session, invitation)
    require_host(actor, meeting)
    if meeting.cancelled_at is not None or meeting.ends_at <= now():
        raise DomainError(N_("The meeting is over or was called off."))
    if invitation.reply is not Reply.WAITING or invitation.withdrawn_at is not None:
        raise DomainError(N_("%(name)s does not wait any more."), name=invitation.distributor.name)
    free = free_seats(session, meeting)
    if free is not None and (invitation.persons or 0) > free:
        raise DomainError(
            N_(
                "%(name)s comes with %(persons)s, and %(free)s seats are free. Raise the seats, or ask for fewer."
            ),
            name=invitation.distributor.name,
            persons=invitation.persons,
            free=max(free, 0),
        )
    invitation.reply, invitation.waiting_since = Reply.COMING, None
    for guest in invitation.guests:
        if guest.is_waiting:
            guest.is_waiting, guest.cancelled_at = False, None
    audit.record(
        session,
        actor,
        "meeting.moved_up",
        meeting,
        name=invitation.distributor.name,
        changes={"reply": [Reply.WAITING, Reply.COMING], "persons": [None, invitation.persons]},
    )
    session.flush()


def put_back(session: Session, meeting: Meeting, returning: list[int]) -> None:
    """Of those who come onto the list again with the answer of before, let wait whom no place is left for."""
    free = free_seats(session, meeting)
    if free is None or free >= 0 or not returning:
        return
    rows = session.scalars(
        sa.select(Invitation)
        .where(Invitation.id.in_(returning), Invitation.reply == Reply.COMING)
        .order_by(Invitation.replied_at.desc(), Invitation.id.desc())
    )
    for one in rows:
        if free >= 0:
            break
        free += one.persons or 0
        one.reply, one.waiting_since = Reply.WAITING, now()
        for guest in one.guests:
            if guest.cancelled_at is None and not guest.is_walk_in:
                guest.is_waiting, guest.cancelled_at, guest.room = True, one.waiting_since, ""
    session.flush()
