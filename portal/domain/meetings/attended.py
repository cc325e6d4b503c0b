"""What became of each invitation to a meeting: who came, late or only for a while, who stayed away and how (M1).

A distributor counts as invited where its invitation stands and it has a seat; and where somebody came although the
invitation was withdrawn, or only waited for a seat.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.db import now
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor
from portal.domain.meetings.models import Attendance, Guest, Invitation, Meeting, Reply, What
from portal.domain.meetings.queries import standing_arrivals
from portal.domain.regions.models import Region
from portal.domain.users.models import User


class Presence(StrEnum):
    """What became of an invitation."""

    CAME = "came"
    # 爽约: said they would come, and nobody did.
    NO_SHOW = "no_show"
    # 无故缺席: said nothing and did not come.
    ABSENT = "absent"
    # 请假: said beforehand that they would not come.
    EXCUSED = "excused"
    # The meeting is not over, and nobody has come so far.
    AWAITED = "awaited"


def presence(reply: Reply | None, arrived: int, *, is_over: bool) -> Presence:
    """What became of an invitation, by its last answer and how many came; whoever came, came, whatever was said."""
    if arrived:
        return Presence.CAME
    if reply is Reply.DECLINED:
        return Presence.EXCUSED
    if not is_over:
        return Presence.AWAITED
    return Presence.NO_SHOW if reply is Reply.COMING else Presence.ABSENT


def counts_as_invited(reply: Any, withdrawn_at: Any, came: Any) -> sa.ColumnElement[bool]:
    """Whether an invitation counts, as a condition on these columns."""
    has_a_seat = sa.and_(withdrawn_at.is_(None), sa.func.coalesce(reply, "") != Reply.WAITING.value)
    return sa.or_(came, has_a_seat)


@dataclass(frozen=True, slots=True)
class Present:
    """Of one invitation, by head: how many came, since when, late, gone early, in place of another, unexpected."""

    arrived: int = 0
    first_at: datetime | None = None
    late: int = 0
    left_early: int = 0
    substitutes: int = 0
    walk_ins: int = 0


@dataclass(frozen=True, slots=True)
class Attended:
    """A distributor at a meeting; `announced` is how many it said would come."""

    invitation_id: int
    distributor_id: int
    code: str
    name: str
    region_id: int
    office: str
    owner_id: int
    owner: str
    is_withdrawn: bool
    reply: Reply | None
    announced: int
    present: Present
    presence: Presence
    is_late: bool


@dataclass(frozen=True, slots=True)
class Sums:
    """What became of these invitations, by distributor, and who was announced and came, by head."""

    invited: int = 0
    came: int = 0
    no_shows: int = 0
    absent: int = 0
    excused: int = 0
    awaited: int = 0
    late: int = 0
    announced: int = 0
    arrived: int = 0

    @property
    def rate_ppm(self) -> int | None:
        """到会率: of those invited, how many came; None where nobody was invited."""
        return rate_ppm(self.came, self.invited)


def rate_ppm(came: int, invited: int) -> int | None:
    """Which share of those invited came, rounded half up to a tenth of a percent; None of nobody."""
    return (2_000 * came + invited) // (2 * invited) * 1_000 if invited else None


def sums(rows: Iterable[Attended]) -> Sums:
    """Add them up."""
    found = list(rows)

    def count(wanted: Presence) -> int:
        return sum(one.presence is wanted for one in found)

    return Sums(
        invited=len(found),
        came=count(Presence.CAME),
        no_shows=count(Presence.NO_SHOW),
        absent=count(Presence.ABSENT),
        excused=count(Presence.EXCUSED),
        awaited=count(Presence.AWAITED),
        late=sum(one.is_late for one in found),
        announced=sum(one.announced for one in found),
        arrived=sum(one.present.arrived for one in found),
    )


def by_office(rows: Sequence[Attended]) -> list[tuple[str, Sums]]:
    """Add them up office by office, in their order."""
    return _by(rows, lambda one: (one.region_id, one.office))


def by_owner(rows: Sequence[Attended]) -> list[tuple[str, Sums]]:
    """The same by owner; two of one name are two."""
    return _by(rows, lambda one: (one.owner_id, one.owner))


def _by(rows: Sequence[Attended], key: Callable[[Attended], tuple[int, str]]) -> list[tuple[str, Sums]]:
    groups: dict[tuple[int, str], list[Attended]] = {}
    for one in rows:
        groups.setdefault(key(one), []).append(one)
    return [(name, sums(of)) for (_id, name), of in groups.items()]


@dataclass(frozen=True, slots=True)
class Report:
    """A meeting's attendance as far as the user sees it; `others` are guests of no distributor that was invited."""

    rows: list[Attended]
    others: Present
    is_over: bool
    sees_all: bool
    sums: Sums = field(default_factory=Sums)

    @property
    def arrived(self) -> int:
        """Everybody who came, by head."""
        return self.sums.arrived + self.others.arrived


def report(session: Session, meeting: Meeting, user: User) -> Report:
    """Who was invited and what became of it, office by office; of other offices' distributors only who may see them."""
    is_over = meeting.cancelled_at is None and meeting.ends_at <= now()
    sees_all = user.can(P.MEETINGS_READ, meeting.region)
    rows = [
        _row(meeting, row, is_over=is_over)
        for row in session.execute(_rows(meeting, None if sees_all else visible(user, P.MEETINGS_READ)))
    ]
    others = Present(*session.execute(_others(meeting)).one()) if sees_all else Present()
    return Report(rows, others, is_over, sees_all, sums(rows))


def _row(meeting: Meeting, row: Any, *, is_over: bool) -> Attended:
    arrived = row.arrived or 0
    return Attended(
        invitation_id=row.id,
        distributor_id=row.distributor_id,
        code=row.code,
        name=row.name,
        region_id=row.region_id,
        office=row.office,
        owner_id=row.owner_id,
        owner=row.owner,
        is_withdrawn=row.withdrawn_at is not None,
        reply=row.reply,
        announced=(row.persons or 0) if row.reply is Reply.COMING and row.withdrawn_at is None else 0,
        present=Present(
            arrived,
            row.first_at,
            row.late or 0,
            row.left_early or 0,
            row.substitutes or 0,
            row.walk_ins or 0,
        ),
        presence=presence(row.reply, arrived, is_over=is_over),
        is_late=row.first_at is not None and row.first_at >= meeting.late_from,
    )


def _figures(meeting: Meeting) -> sa.Select[Any]:
    """The figures of `Present` over standing arrivals."""
    left = aliased(Attendance)
    columns: tuple[Any, ...] = (
        sa.func.count().label("arrived"),
        sa.func.min(Attendance.at).label("first_at"),
        _number_of(Attendance.at >= meeting.late_from).label("late"),
        _number_of(left.at < meeting.ends_at).label("left_early"),
        _number_of(Guest.stands_in_for_id.is_not(None)).label("substitutes"),
        _number_of(Guest.is_walk_in).label("walk_ins"),
    )
    statement: sa.Select[Any] = (
        standing_arrivals(meeting.id)
        .join(Guest, Guest.id == Attendance.guest_id)
        .outerjoin(
            left,
            sa.and_(
                left.guest_id == Attendance.guest_id,
                left.turn == Attendance.turn,
                left.what == What.LEFT,
            ),
        )
        .with_only_columns(*columns)
    )
    return statement


def _number_of(condition: Any) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def _others(meeting: Meeting) -> sa.Select[Any]:
    return _figures(meeting).where(Guest.invitation_id.is_(None))


def _rows(meeting: Meeting, offices: sa.Select[int] | None) -> sa.Select[Any]:
    came = (
        _figures(meeting)
        .where(Guest.invitation_id.is_not(None))
        .add_columns(Guest.invitation_id)
        .group_by(Guest.invitation_id)
        .subquery()
    )
    columns: tuple[Any, ...] = (
        Invitation.id,
        Invitation.distributor_id,
        Invitation.reply,
        Invitation.persons,
        Invitation.withdrawn_at,
        Distributor.code,
        Distributor.name,
        Distributor.region_id,
        Region.name.label("office"),
        Distributor.owner_id,
        User.name.label("owner"),
        *(came.c[name] for name in ("arrived", "first_at", "late", "left_early", "substitutes", "walk_ins")),
    )
    statement: sa.Select[Any] = (
        sa.select(*columns)
        .join(Distributor, Distributor.id == Invitation.distributor_id)
        .join(Region, Region.id == Distributor.region_id)
        .join(User, User.id == Distributor.owner_id)
        .outerjoin(came, came.c.invitation_id == Invitation.id)
        .where(
            Invitation.meeting_id == meeting.id,
            counts_as_invited(Invitation.reply, Invitation.withdrawn_at, came.c.arrived > 0),
        )
        .order_by(Region.path, Distributor.name_key, Invitation.id)
    )
    return statement if offices is None else statement.where(Distributor.region_id.in_(offices))
