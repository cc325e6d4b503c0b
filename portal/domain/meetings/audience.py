"""Whom to invite, beyond what the register's list is narrowed by: who bought, who has not been there for long (M1)."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA, today
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor
from portal.domain.meetings.models import Attendance, Guest, Invitation, Meeting
from portal.domain.meetings.queries import standing_arrivals
from portal.domain.price_protection.purchases.buyers import Bought, buyers
from portal.domain.users.models import User

MOST_MONTHS = 60


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the choice is narrowed to: purchases of the last months, months without a meeting; empty: nothing."""

    months: int = 12
    at_least_fen: int | None = None
    at_most_fen: int | None = None
    most: int | None = None
    absent_months: int | None = None

    @property
    def is_by_purchases(self) -> bool:
        """Whether purchases matter."""
        return any(one is not None for one in (self.at_least_fen, self.at_most_fen, self.most))


def sees_purchases(user: User) -> bool:
    """Whether the choice can be narrowed by purchases at all."""
    return user.can(P.PURCHASES_READ)


def months_ago(months: int) -> date:
    """The same day so many months ago, or the last of a shorter month."""
    day = today()
    years, month = divmod(day.month - 1 - months, 12)
    first = date(day.year + years, month + 1, 1)
    next_first = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), next_first - timedelta(days=1))


def narrowed(statement: sa.Select[Distributor], user: User, wanted: Wanted) -> sa.Select[Distributor]:
    """The statement with these conditions; whoever sees no purchases cannot narrow by them."""
    if wanted.absent_months is not None:
        since = months_ago(min(max(wanted.absent_months, 1), MOST_MONTHS))
        came = (
            standing_arrivals()
            .join(Guest, Guest.id == Attendance.guest_id)
            .join(Invitation, Invitation.id == Guest.invitation_id)
            .join(Meeting, Meeting.id == Invitation.meeting_id)
            .where(Meeting.starts_at >= datetime.combine(since, time(), CHINA))
            .with_only_columns(Invitation.distributor_id)
        )
        statement = statement.where(Distributor.id.not_in(came))
    if wanted.is_by_purchases and sees_purchases(user):
        since = months_ago(min(max(wanted.months, 1), MOST_MONTHS))
        bought = Bought(since, wanted.at_least_fen, wanted.at_most_fen, wanted.most)
        among = statement.with_only_columns(Distributor.id)
        statement = statement.where(Distributor.id.in_(buyers(user, bought, among)))
    return statement


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another meeting at the same time, within a day, to which a distributor is invited."""

    meeting_id: int
    title: str
    starts_at: datetime


def elsewhere(session: Session, meeting: Meeting, distributor_ids: list[int]) -> dict[int, Elsewhere]:
    """Of these distributors, who is invited to another meeting within a day of this one; the nearest of several."""
    day = timedelta(days=1)
    rows = session.execute(
        sa.select(Invitation.distributor_id, Meeting)
        .join(Meeting, Meeting.id == Invitation.meeting_id)
        .where(
            Invitation.distributor_id.in_(distributor_ids),
            Invitation.withdrawn_at.is_(None),
            Meeting.id != meeting.id,
            Meeting.cancelled_at.is_(None),
            Meeting.starts_at < meeting.ends_at + day,
            Meeting.ends_at > meeting.starts_at - day,
        )
    ).all()
    rows = sorted(rows, key=lambda row: abs(row[1].starts_at - meeting.starts_at), reverse=True)
    return {id: Elsewhere(one.id, one.title, one.starts_at) for id, one in rows}
