"""A meeting as it fills: how many are in, of which office, who came last, and which A distributors are missing (M1)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.db import now
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor, Grade
from portal.domain.meetings.expected import sees_all
from portal.domain.meetings.models import Attendance, Guest, Invitation, Meeting, Reply
from portal.domain.meetings.queries import invitations_of, standing_arrivals
from portal.domain.regions.models import Region
from portal.domain.users.models import User

LATEST = 8


@dataclass(slots=True)
class Office:
    """The guests of an office's distributors; `name` is empty for guests of none that is invited."""

    name: str
    inside: int = 0
    expected: int = 0


@dataclass(frozen=True, slots=True)
class Came:
    """Somebody who came, for whom, and when."""

    name: str
    company: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Missing:
    """An A distributor of whom nobody is there yet: who owns it, where the owner is reached, what it answered."""

    distributor_id: int
    company: str
    office: str
    owner: str
    phone: str
    is_coming: bool


@dataclass(slots=True)
class Wall:
    """What the wall shows of what its user may see."""

    inside: int = 0
    expected: int = 0
    offices: list[Office] = field(default_factory=list)
    latest: list[Came] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)


def wall(session: Session, meeting: Meeting, user: User) -> Wall:
    """The wall, counted of the invitations and guests that the user sees."""
    shown = Wall()
    by_path: dict[str, Office] = {}
    for row in session.execute(_invited(meeting, user)):
        persons = (row.persons or 0) if row.reply == Reply.COMING else 0
        office = by_path.setdefault(row.path, Office(row.office))
        office.inside += row.inside or 0
        office.expected += max(persons, row.named or 0)
        if row.grade == Grade.A and not row.inside and row.reply != Reply.DECLINED:
            answer = row.reply == Reply.COMING
            shown.missing.append(Missing(row.id, row.company, row.office, row.owner, row.phone, answer))
    shown.offices = [office for _, office in sorted(by_path.items()) if office.expected or office.inside]
    if sees_all(meeting, user):
        named, inside = session.execute(_of_nobody(meeting)).one()
        if named or inside:
            shown.offices.append(Office("", inside, named))
    shown.inside = sum(office.inside for office in shown.offices)
    shown.expected = sum(office.expected for office in shown.offices)
    shown.latest = [Came(*row) for row in session.execute(_latest(meeting, user))]
    return shown


def mark(session: Session, meeting: Meeting) -> str:
    """Stays the same while nothing happens that the wall counts; every five minutes it is another one.

    What seldom changes while guests arrive, such as a company's name or its owner, is on the wall by then.
    """
    seen = sa.select(sa.func.coalesce(sa.func.max(Attendance.id), 0)).where(
        Attendance.meeting_id == meeting.id
    )
    # Another sum whatever answer takes the place of another.
    weight = sa.case(
        (Invitation.reply.is_(None), 1),
        (Invitation.reply == Reply.COMING, 1000 + sa.func.coalesce(Invitation.persons, 0)),
        else_=0,
    )
    answers = sa.select(sa.func.coalesce(sa.func.sum(weight), 0)).where(
        Invitation.meeting_id == meeting.id, Invitation.withdrawn_at.is_(None)
    )
    named = sa.select(sa.func.count()).where(Guest.meeting_id == meeting.id, Guest.cancelled_at.is_(None))
    found = session.execute(sa.select(*(one.scalar_subquery() for one in (seen, answers, named)))).one()
    return "-".join(str(int(part)) for part in (*found, now().timestamp() // 300))


def _invited(meeting: Meeting, user: User) -> sa.Select[Any]:
    """Of each that is invited: the office, the owner, the answer, how many are named and how many are in."""
    heads = _heads(meeting).where(Guest.invitation_id.is_not(None)).group_by(Guest.invitation_id).subquery()
    columns: tuple[Any, ...] = (
        Distributor.id,
        Distributor.name.label("company"),
        Distributor.grade,
        Region.name.label("office"),
        Region.path,
        User.name.label("owner"),
        User.phone,
        Invitation.reply,
        Invitation.persons,
        heads.c.named,
        heads.c.inside,
    )
    return (
        invitations_of(meeting, user)
        .select_from(Invitation)
        .join(Distributor, Distributor.id == Invitation.distributor_id)
        .join(Region, Region.id == Distributor.region_id)
        .join(User, User.id == Distributor.owner_id)
        .outerjoin(heads, heads.c.invitation_id == Invitation.id)
        .with_only_columns(*columns)
        .order_by(Region.path, Distributor.name_key, Distributor.id)
    )


def _of_nobody(meeting: Meeting) -> sa.Select[Any]:
    """Those who are of no distributor, or of one that was taken off the list: how many are named, and are in."""
    return (
        _heads(meeting)
        .outerjoin(Invitation, Invitation.id == Guest.invitation_id)
        .where(sa.or_(Guest.invitation_id.is_(None), Invitation.withdrawn_at.is_not(None)))
        .with_only_columns(*_COUNTED)
    )


# Whoever came is in, also when they had called off; a place is one of those that stand.
_ARRIVED = aliased(Attendance)
_COUNTED: tuple[Any, ...] = (
    sa.func.count(sa.case((Guest.cancelled_at.is_(None), 1))).label("named"),
    sa.func.count(_ARRIVED.id).label("inside"),
)


def _heads(meeting: Meeting) -> sa.Select[Any]:
    standing = standing_arrivals(meeting.id).with_only_columns(Attendance.id)
    return (
        sa.select(Guest.invitation_id, *_COUNTED)
        .select_from(Guest)
        .outerjoin(_ARRIVED, sa.and_(_ARRIVED.guest_id == Guest.id, _ARRIVED.id.in_(standing)))
        .where(Guest.meeting_id == meeting.id)
    )


def _latest(meeting: Meeting, user: User) -> sa.Select[Any]:
    arrived = aliased(Attendance)
    standing = standing_arrivals(meeting.id).with_only_columns(Attendance.id)
    columns: tuple[Any, ...] = (Guest.name, sa.func.coalesce(Distributor.name, Guest.company), arrived.at)
    statement = (
        sa.select(*columns)
        .select_from(Guest)
        .join(arrived, sa.and_(arrived.guest_id == Guest.id, arrived.id.in_(standing)))
        .outerjoin(Invitation, Invitation.id == Guest.invitation_id)
        .outerjoin(Distributor, Distributor.id == Invitation.distributor_id)
        .where(Guest.meeting_id == meeting.id, Guest.erased_at.is_(None))
        .order_by(arrived.at.desc(), arrived.id.desc())
        .limit(LATEST)
    )
    if sees_all(meeting, user):
        return statement
    return statement.where(Distributor.region_id.in_(visible(user, P.MEETINGS_READ)))
