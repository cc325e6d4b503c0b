"""Inviting distributors: chosen by a filter or one by one, asked once each, their answers taken (M1)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import insert_unless_there, lock, now
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor, Standing
from portal.domain.distributors.queries import DistributorFilter, narrowed
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.mail import services as mail
from portal.domain.mail.models import Mail
from portal.domain.meetings import audience
from portal.domain.meetings.guests import GuestFacts, add, renamed
from portal.domain.meetings.models import Attendance, Guest, Invitation, Meeting, Reply, Via
from portal.domain.meetings.planning import require_host
from portal.domain.meetings.queries import standing_arrivals
from portal.domain.meetings.waiting import place_for, put_back
from portal.domain.text import clean
from portal.domain.users.models import User

MOST_PERSONS = 50
# Who no longer buys is not asked to come.
_GONE = (Standing.ELIMINATED,)


def candidates(
    session: Session,
    meeting: Meeting,
    user: User,
    wanted: DistributorFilter,
    more: audience.Wanted | None = None,
) -> sa.Select[Distributor]:
    """The distributors of the user's offices that could still be asked, narrowed as the register is, and by `more`."""
    asked = sa.exists().where(
        Invitation.meeting_id == meeting.id,
        Invitation.distributor_id == Distributor.id,
        Invitation.withdrawn_at.is_(None),
    )
    statement = sa.select(Distributor).where(
        Distributor.region_id.in_(visible(user, P.MEETINGS_WRITE)), Distributor.standing.not_in(_GONE), ~asked
    )
    return audience.narrowed(narrowed(session, statement, wanted), user, more or audience.Wanted())


def invite(session: Session, actor: User, meeting: Meeting, ids: Collection[int]) -> int:
    """Ask these distributors; returns how many were not asked before. The caller commits.

    Only those that the user could choose: what the form was tampered with is left out. Whoever was taken off the
    list comes back onto it with the answer of before.
    """
    lock(session, meeting)
    require_host(actor, meeting)
    _require_open(meeting)
    chosen = session.scalars(
        candidates(session, meeting, actor, DistributorFilter())
        .with_only_columns(Distributor.id)
        .where(Distributor.id.in_(ids))
    ).all()
    if not chosen:
        return 0
    theirs = (Invitation.meeting_id == meeting.id, Invitation.distributor_id.in_(chosen))
    rows_there = session.execute(sa.select(Invitation.distributor_id, Invitation.id).where(*theirs))
    returning: dict[int, int] = {distributor_id: id_ for distributor_id, id_ in rows_there}
    session.execute(sa.update(Invitation).where(*theirs).values(withdrawn_at=None))
    rows: list[dict[str, Any]] = [
        {
            "meeting_id": meeting.id,
            "distributor_id": id_,
            "invited_at": now(),
            "invited_by_id": actor.id,
            "note": "",
            "link_version": 1,
        }
        for id_ in chosen
        if id_ not in returning
    ]
    insert_unless_there(session, Invitation, *rows)
    session.expire_all()
    put_back(session, meeting, list(returning.values()))
    audit.record(session, actor, "meeting.invited", meeting, count=len(chosen))
    return len(chosen)


def withdraw(session: Session, actor: User, invitation: Invitation) -> None:
    """Take a distributor off the list; its guests will not be expected, and are found if they come all the same."""
    lock(session, invitation)
    require_host(actor, invitation.meeting)
    if invitation.withdrawn_at is not None:
        return
    invitation.withdrawn_at, invitation.link_version = now(), invitation.link_version + 1
    for guest in invitation.guests:
        guest.room = ""
    mail.hold_back(session, Mail.about_id == invitation.id)
    audit.record(session, actor, "meeting.uninvited", invitation.meeting, name=invitation.distributor.name)
    session.flush()


@dataclass(frozen=True)
class Answer:
    """What a distributor said: coming or not, how many, who they are as far as it is known."""

    reply: Reply
    persons: int = 0
    guests: Sequence[GuestFacts] = ()
    note: str = ""


def answer(session: Session, actor: User | None, invitation: Invitation, said: Answer, via: Via) -> None:
    """Take a distributor's answer down; the last one holds. The caller commits.

    Whoever comes when the seats are taken waits (`Reply.WAITING`), in the order of the first such answer.
    Whoever is named anew is added, whoever is named no more will not be expected. Refused for a meeting that was
    called off or is over, and for a user who does not deal with this distributor.
    """
    meeting = invitation.meeting
    if meeting.seats is not None:
        lock(session, meeting)  # before the invitation, as whoever moves up does
    lock(session, invitation)
    if actor is not None and not may_answer(actor, invitation):
        raise DomainError(
            N_("You take no replies for %(name)s; its own office does."), name=invitation.distributor.name
        )
    _require_open(meeting)
    if invitation.withdrawn_at is not None:
        raise DomainError(N_("This distributor is no longer invited. Invite it again first."))
    guests = [one for one in said.guests if clean(one.name)]
    persons = max(said.persons, len(guests)) if said.reply is Reply.COMING else 0
    if said.reply is Reply.COMING and not 0 < persons <= MOST_PERSONS:
        raise DomainError(N_("Enter how many come, 1 to %(most)s."), "persons", most=MOST_PERSONS)
    before = _said(invitation)
    reply = place_for(session, invitation, persons) if persons else said.reply
    since = invitation.waiting_since or now()
    invitation.reply, invitation.persons = reply, persons
    invitation.waiting_since = since if reply is Reply.WAITING else None
    invitation.replied_at, invitation.replied_via = now(), via
    invitation.replied_by_id = actor.id if actor else None
    invitation.note = clean(said.note)[:200]
    _expect(session, invitation, guests if persons else [])
    audit.record(
        session,
        actor,
        "meeting.answered",
        meeting,
        name=invitation.distributor.name,
        changes=audit.changes(before, _said(invitation)),
    )
    session.flush()


def may_answer(user: User, invitation: Invitation) -> bool:
    """Whether the user takes this distributor's replies: its own office's people, and the meeting's."""
    return any(
        user.can(P.MEETINGS_WRITE, region)
        for region in (invitation.distributor.region, invitation.meeting.region)
    )


def _expect(session: Session, invitation: Invitation, wanted: Sequence[GuestFacts]) -> None:
    """Make the list of guests say these: the same name is the same guest, so that a badge stays good."""
    waits = invitation.reply is Reply.WAITING
    arrivals = standing_arrivals(invitation.meeting_id).with_only_columns(Attendance.guest_id)
    inside = set(session.scalars(arrivals))
    known: dict[str, list[Guest]] = {}
    for one in sorted(invitation.guests, key=lambda one: (one.cancelled_at is not None, one.id)):
        if one.erased_at is None:
            known.setdefault(one.name, []).append(one)
    for facts in wanted:
        same = known.get(clean(facts.name)[:40])
        guest = same.pop(0) if same else None
        if guest is None:
            guest = add(session, invitation.meeting, facts, invitation=invitation)
        else:
            renamed(guest, facts)
            if guest.cancelled_at is not None:
                # The seat may be another's by now; a new one is proposed.
                guest.table_no = guest.seat_no = ""
        if guest.id not in inside:
            guest.is_waiting, guest.cancelled_at = waits, now() if waits else None
            if waits:
                guest.room = ""
    for guest in chain.from_iterable(known.values()):
        guest.is_waiting = False
        # Whoever is in stays in, whatever is said of them afterwards.
        if guest.cancelled_at is None and not guest.is_walk_in and guest.id not in inside:
            guest.cancelled_at, guest.room = now(), ""


def _said(invitation: Invitation) -> dict[str, object]:
    return {"reply": invitation.reply, "persons": invitation.persons, "note": invitation.note}


def _require_open(meeting: Meeting) -> None:
    if meeting.cancelled_at is not None:
        raise DomainError(N_("The meeting was called off. Copy it to hold it on another day."))
    if meeting.ends_at <= now():
        raise DomainError(N_("The meeting is over."))
