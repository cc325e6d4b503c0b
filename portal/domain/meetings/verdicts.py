"""What a person says of a sighting that was no plain arrival: it counts, it is somebody else, or it is nothing (M1)."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from portal.db import lock, now
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings import checking_in
from portal.domain.meetings.checking_in import By
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.models import (
    Attendance,
    Guest,
    How,
    Meeting,
    Sighting,
    SightingVerdict,
    Told,
    Trouble,
    Verdict,
)
from portal.domain.meetings.planning import require_host
from portal.domain.meetings.queries import standing_arrivals
from portal.domain.text import clean
from portal.domain.users.models import User

# So many are shown at once; the rest follow as these are settled.
MOST_SHOWN = 50
MOST_OFFERED = 1000


def _open(meeting: Meeting) -> sa.ColumnElement[bool]:
    return sa.and_(
        Sighting.meeting_id == meeting.id,
        Sighting.trouble != Trouble.TWICE,
        ~sa.exists().where(SightingVerdict.sighting_id == Sighting.id),
    )


def waiting(session: Session, meeting: Meeting) -> Sequence[Sighting]:
    """What a person has to look at, the earliest first."""
    return session.scalars(
        sa.select(Sighting)
        .where(_open(meeting))
        .options(
            joinedload(Sighting.guest),
            joinedload(Sighting.other),
            joinedload(Sighting.kiosk),
            joinedload(Sighting.by),
        )
        .order_by(Sighting.at, Sighting.id)
        .limit(MOST_SHOWN)
    ).all()


def tally(session: Session, meeting: Meeting) -> tuple[int, int, int]:
    """How many wait for a person, how many a person settled, and how many guests were only seen twice."""
    of_meeting = sa.select(sa.func.count()).select_from(Sighting).where(Sighting.meeting_id == meeting.id)
    settled = of_meeting.where(sa.exists().where(SightingVerdict.sighting_id == Sighting.id))
    open_, done, twice = session.execute(
        sa.select(
            of_meeting.where(_open(meeting)).scalar_subquery(),
            settled.scalar_subquery(),
            of_meeting.where(Sighting.trouble == Trouble.TWICE).scalar_subquery(),
        )
    ).one()
    return open_, done, twice


def settled(session: Session, meeting: Meeting) -> Sequence[tuple[Sighting, SightingVerdict]]:
    """What was settled, the latest first."""
    rows = session.execute(
        sa.select(Sighting, SightingVerdict)
        .join(SightingVerdict, SightingVerdict.sighting_id == Sighting.id)
        .where(Sighting.meeting_id == meeting.id)
        .options(
            joinedload(Sighting.guest),
            joinedload(Sighting.other),
            joinedload(Sighting.kiosk),
            joinedload(Sighting.by),
        )
        .options(joinedload(SightingVerdict.by))
        .order_by(SightingVerdict.id.desc())
        .limit(MOST_SHOWN)
    )
    return [(sighting, verdict) for sighting, verdict in rows]


def missing(session: Session, meeting: Meeting) -> Sequence[Guest]:
    """Who is not in yet, by the sound of their names: one of them it may have been."""
    arrived = standing_arrivals(meeting.id).with_only_columns(Attendance.guest_id)
    return session.scalars(
        sa.select(Guest)
        .where(Guest.meeting_id == meeting.id, Guest.erased_at.is_(None), Guest.id.not_in(arrived))
        .order_by(Guest.sound, Guest.id)
        .limit(MOST_OFFERED)
    ).all()


def accept(
    session: Session, actor: User, sighting: Sighting, *, guest: Guest | None = None, why: str
) -> None:
    """It counts, at the time at which it was seen; `guest` where nobody knew who it was. The caller commits.

    `why` stands in the record where an arrival of a later time has to give way to it.
    """
    meeting = _held(session, actor, sighting)
    by, key = By(user=actor), f"s{sighting.id}"
    at = min(sighting.at, now())
    who = guest or sighting.guest
    if who is not None and who.meeting_id != meeting.id:
        raise DomainError(N_("This guest belongs to another meeting."))
    if sighting.told in (Told.WALK_IN, Told.SUBSTITUTE) and sighting.trouble is not Trouble.SAME_NAME:
        _add(session, meeting, sighting, by, key)
    elif sighting.trouble is not Trouble.SAME_NAME:
        if who is None or who.erased_at is not None:
            raise DomainError(N_("Choose who it was."), "guest")
        if sighting.told is Told.LEFT:
            checking_in.leave(session, meeting, who, by, key=key, at=at)
        elif sighting.told is Told.UNDONE:
            checking_in.undo(session, meeting, who, by, sighting.note or why, key=key, at=at)
        else:
            _arrive(session, meeting, who, sighting, by, key, why)
    _settle(session, actor, sighting, Verdict.ACCEPTED, guest=who)


def same(session: Session, actor: User, sighting: Sighting, *, why: str) -> None:
    """The walk-in is the expected guest of the same name: that one is in, at the time at which the other was."""
    meeting = _held(session, actor, sighting)
    walk_in, other = sighting.guest, sighting.other
    if sighting.trouble is not Trouble.SAME_NAME or walk_in is None or other is None:
        raise DomainError(N_("There is nobody else whom this could be."))
    by, key = By(user=actor), f"s{sighting.id}"
    lock(session, walk_in)
    if checking_in.standing_of(checking_in.rows_of(session, walk_in)) is not None:
        checking_in.undo(session, meeting, walk_in, by, why, key=key + "u")
    walk_in.cancelled_at = now()
    lock(session, other)
    if other.erased_at is None and checking_in.standing_of(checking_in.rows_of(session, other)) is None:
        at = min(sighting.at, now())
        checking_in.arrive(session, meeting, other, by, how=How.NAME, key=key, at=at, is_judged=True)
    _settle(session, actor, sighting, Verdict.SAME, guest=other)


def dismiss(session: Session, actor: User, sighting: Sighting, reason: str) -> None:
    """It is nothing, for a reason; it stays on record."""
    _held(session, actor, sighting)
    said = clean(reason)[:100]
    if not said:
        raise DomainError(N_("Enter why it does not count; it stays in the record."), "reason")
    _settle(session, actor, sighting, Verdict.DISMISSED, reason=said)


def _held(session: Session, actor: User, sighting: Sighting) -> Meeting:
    """Its meeting, held by the actor, while nobody has settled it yet."""
    # Only the row: what was read with it beside has nothing to do with who comes first.
    session.execute(sa.select(Sighting.id).where(Sighting.id == sighting.id).with_for_update())
    require_host(actor, sighting.meeting)
    done = session.scalar(sa.select(SightingVerdict.id).where(SightingVerdict.sighting_id == sighting.id))
    if done is not None or sighting.trouble is Trouble.TWICE:
        raise DomainError(N_("Somebody settled this a moment ago."))
    return sighting.meeting


def _arrive(
    session: Session, meeting: Meeting, guest: Guest, sighting: Sighting, by: By, key: str, why: str
) -> None:
    lock(session, guest)
    at = min(sighting.at, now())
    standing = checking_in.standing_of(checking_in.rows_of(session, guest))
    if standing is not None:
        if standing.at <= at:
            raise DomainError(
                N_("%(name)s is in since an earlier time. Dismiss this one."), "guest", name=guest.name
            )
        checking_in.undo(session, meeting, guest, by, why, key=key + "u")
    how = How.BADGE if sighting.told is Told.SCAN else How.NAME
    checking_in.arrive(session, meeting, guest, by, how=how, key=key, at=at, is_judged=True)


def _add(session: Session, meeting: Meeting, sighting: Sighting, by: By, key: str) -> None:
    """Who came unexpected, or for somebody who turned out to be there as well: then for the same company."""
    expected = sighting.guest
    facts = GuestFacts(sighting.name, phone=sighting.phone, company=sighting.company)
    is_there = expected is not None and (
        expected.erased_at is not None
        or checking_in.standing_of(checking_in.rows_of(session, expected)) is not None
    )
    checking_in.walk_in(
        session,
        meeting,
        facts,
        by,
        key=key,
        at=min(sighting.at, now()),
        invitation=expected.invitation if expected else None,
        stands_in_for=None if is_there else expected,
        is_judged=True,
    )


def _settle(
    session: Session,
    actor: User,
    sighting: Sighting,
    verdict: Verdict,
    *,
    guest: Guest | None = None,
    reason: str = "",
) -> None:
    session.add(SightingVerdict(sighting_id=sighting.id, verdict=verdict, reason=reason, by_id=actor.id))
    session.flush()
    # Of a person no more than the number: the trail outlives what may be erased.
    audit.record(
        session,
        actor,
        f"meeting.sighting_{verdict.value}",
        sighting.meeting,
        sighting=sighting.id,
        trouble=sighting.trouble.value,
        guest=guest.id if guest else None,
    )
