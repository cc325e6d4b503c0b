"""Attendance as evidence of a distributor's attitude (D3, M1): facts with their source, no judgement.

Promise to whoever scores: for a distributor and a period, one fact for each meeting that is over, was not called off
and to which the distributor was invited with a seat (or came all the same), the latest first; the same facts as on
the page that `Evidence.endpoint` and `Evidence.args` lead to, where each of them can be opened. Nothing of a person
is in them, so they stay true when guests are erased. What a fact is worth, a person decides.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.db import CHINA, now
from portal.domain.meetings.attended import Presence, presence, rate_ppm
from portal.domain.meetings.models import Attendance, Guest, Invitation, Meeting, MeetingKind, Reply, What
from portal.domain.meetings.planning import china_at
from portal.domain.meetings.queries import standing_arrivals


@dataclass(frozen=True, slots=True)
class Period:
    """Days in China, both included; a meeting belongs to the day on which it begins."""

    first_on: date
    last_on: date

    @property
    def instants(self) -> tuple[datetime, datetime]:
        """From the first instant of it to the first one after it."""
        return china_at(self.first_on, time()), china_at(self.last_on + timedelta(days=1), time())


def year_of(day: date) -> Period:
    """The calendar year."""
    return Period(date(day.year, 1, 1), date(day.year, 12, 31))


@dataclass(frozen=True, slots=True)
class Fact:
    """A distributor at a meeting: what became of the invitation, and how it was kept."""

    meeting_id: int
    number: str
    title: str
    kind: MeetingKind
    on: date
    presence: Presence
    announced: int
    persons: int
    # The first of them came late; all of them left before the end.
    is_late: bool
    left_early: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """The facts of a period, and the page that shows where they come from."""

    distributor_id: int
    period: Period
    facts: tuple[Fact, ...]
    endpoint: str = "meeting_reports.dealer"

    @property
    def args(self) -> Mapping[str, Any]:
        """What the address of the page holds."""
        return {
            "id": self.distributor_id,
            "from": self.period.first_on.isoformat(),
            "until": self.period.last_on.isoformat(),
        }

    def count(self, wanted: Presence) -> int:
        """At how many meetings it was so."""
        return sum(fact.presence == wanted for fact in self.facts)

    @property
    def invited(self) -> int:
        """To how many meetings it was invited."""
        return len(self.facts)

    @property
    def came(self) -> int:
        """To how many it came."""
        return self.count(Presence.CAME)

    @property
    def no_shows(self) -> int:
        """At how many it was announced, and nobody came."""
        return self.count(Presence.NO_SHOW)

    @property
    def late(self) -> int:
        """To how many it came late."""
        return sum(fact.is_late for fact in self.facts)

    @property
    def rate_ppm(self) -> int | None:
        """Of the meetings it was invited to, to how many it came; None where it was invited to none."""
        return rate_ppm(self.came, self.invited)


def attendance_of(session: Session, distributor_id: int, period: Period) -> Evidence:
    """What the distributor's attendance was."""
    return Evidence(
        distributor_id, period, tuple(facts_of(session, [distributor_id], period)[distributor_id])
    )


def counted(period: Period) -> tuple[sa.ColumnElement[bool], ...]:
    """Which meetings count in a period: begun in it, over by now, not called off."""
    first, after = period.instants
    return (
        Meeting.starts_at >= first,
        Meeting.starts_at < after,
        Meeting.ends_at <= now(),
        Meeting.cancelled_at.is_(None),
    )


def facts_of(session: Session, distributor_ids: Collection[int], period: Period) -> dict[int, list[Fact]]:
    """The facts of each of these distributors, in two statements however many they are."""
    found: dict[int, list[Fact]] = {id: [] for id in distributor_ids}
    asked = (Invitation.distributor_id.in_(distributor_ids), *counted(period))
    came = {row.invitation_id: row for row in session.execute(_arrivals().where(*asked))}
    columns: tuple[Any, ...] = (
        Invitation.id,
        Invitation.distributor_id,
        Invitation.reply,
        Invitation.persons,
        Invitation.withdrawn_at,
        Meeting.id.label("meeting_id"),
        Meeting.number,
        Meeting.title,
        Meeting.kind,
        Meeting.starts_at,
        Meeting.late_after_minutes,
    )
    rows = session.execute(
        sa.select(*columns)
        .join(Meeting, Meeting.id == Invitation.meeting_id)
        .where(*asked)
        .order_by(Meeting.starts_at.desc(), Meeting.id.desc())
    )
    for row in rows:
        seen = came.get(row.id)
        has_a_seat = row.withdrawn_at is None and row.reply is not Reply.WAITING
        if has_a_seat or seen is not None:
            found[row.distributor_id].append(_fact(row, seen))
    return found


def meetings_of(
    session: Session, distributor_ids: Collection[int], period: Period, kind: MeetingKind | None = None
) -> list[tuple[int, date, str, str]]:
    """The meetings that these distributors were invited to, as (id, day, number, title), the earliest first."""
    asked = (
        sa.exists()
        .where(Invitation.meeting_id == Meeting.id, Invitation.distributor_id.in_(distributor_ids))
        .correlate(Meeting)
    )
    statement = sa.select(Meeting.id, Meeting.starts_at, Meeting.number, Meeting.title).where(
        *counted(period), asked
    )
    if kind is not None:
        statement = statement.where(Meeting.kind == kind)
    rows = session.execute(statement.order_by(Meeting.starts_at, Meeting.id))
    return [(id, starts_at.astimezone(CHINA).date(), number, title) for id, starts_at, number, title in rows]


def _fact(row: Any, seen: Any) -> Fact:
    persons = seen.persons if seen is not None else 0
    late_from = row.starts_at + timedelta(minutes=row.late_after_minutes)
    return Fact(
        meeting_id=row.meeting_id,
        number=row.number,
        title=row.title,
        kind=row.kind,
        on=row.starts_at.astimezone(CHINA).date(),
        presence=presence(row.reply, persons, is_over=True),
        announced=(row.persons or 0) if row.reply is Reply.COMING and row.withdrawn_at is None else 0,
        persons=persons,
        is_late=seen is not None and seen.first_at >= late_from,
        left_early=seen is not None and seen.left_early == persons,
    )


def _arrivals() -> sa.Select[Any]:
    """Of each invitation on which somebody came: how many, when the first, how many left before the end."""
    left = aliased(Attendance)
    columns: tuple[Any, ...] = (
        Guest.invitation_id,
        sa.func.count().label("persons"),
        sa.func.min(Attendance.at).label("first_at"),
        sa.func.count(left.id).label("left_early"),
    )
    statement: sa.Select[Any] = (
        standing_arrivals()
        .join(Guest, Guest.id == Attendance.guest_id)
        .join(Invitation, Invitation.id == Guest.invitation_id)
        .join(Meeting, Meeting.id == Invitation.meeting_id)
        .outerjoin(
            left,
            sa.and_(
                left.guest_id == Attendance.guest_id,
                left.turn == Attendance.turn,
                left.what == What.LEFT,
                left.at < Meeting.ends_at,
            ),
        )
        .with_only_columns(*columns)
        .group_by(Guest.invitation_id)
    )
    return statement
