"""Meetings that come again: made at once in a rhythm, away from days off, changed together, called off alone (M1)."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA, lock, now
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings import inviting, planning
from portal.domain.meetings.models import Attendance, Invitation, Meeting
from portal.domain.meetings.planning import Facts, Item, china_at, require_host
from portal.domain.users.models import User
from portal.domain.workdays import services as workdays

MOST_TIMES = 24
_LONGEST_BREAK = 30
_SATURDAY = 5


class Rhythm(StrEnum):
    """How often; by month it is the same weekday of the month, such as the first Tuesday."""

    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A day in the rhythm; `instead` is the next working day where it is none."""

    on: date
    instead: date | None = None

    @property
    def day(self) -> date:
        """The day that is proposed."""
        return self.instead or self.on


def days(first: date, rhythm: Rhythm, times: int) -> list[date]:
    """So many days after the first; a fifth weekday of the month stands for the last one."""
    if rhythm in (Rhythm.WEEKLY, Rhythm.FORTNIGHTLY):
        step = 7 if rhythm is Rhythm.WEEKLY else 14
        return [first + timedelta(days=step * no) for no in range(1, times + 1)]
    step, nth = (1 if rhythm is Rhythm.MONTHLY else 3), (first.day - 1) // 7
    found = []
    for no in range(1, times + 1):
        years, month = divmod(first.month - 1 + step * no, 12)
        year, month = first.year + years, month + 1
        to_weekday = (first.weekday() - date(year, month, 1).weekday()) % 7
        day = 1 + to_weekday + 7 * nth
        if day > calendar.monthrange(year, month)[1]:
            day -= 7
        found.append(date(year, month, day))
    return found


def proposed(session: Session, meeting: Meeting, rhythm: Rhythm, times: int) -> list[Proposal]:
    """The days on which it would come again, each with the next working day where it falls on a day off.

    Whoever meets at a weekend on purpose, as the first one, is not moved away from weekends.
    """
    first = _day(meeting)
    at_weekends = first.weekday() >= _SATURDAY
    if not 0 < times <= MOST_TIMES:
        raise DomainError(N_("Enter 1 to %(most)s times."), "times", most=MOST_TIMES)
    found = []
    for on in days(first, rhythm, times):
        is_free = not (at_weekends and on.weekday() >= _SATURDAY) and not workdays.is_working(session, on)
        found.append(Proposal(on, _next_working(session, on) if is_free else None))
    return found


def _next_working(session: Session, on: date) -> date | None:
    later = (on + timedelta(days=no) for no in range(1, _LONGEST_BREAK))
    return next((day for day in later if workdays.is_working(session, day)), None)


def repeat(
    session: Session, actor: User, meeting: Meeting, on: Sequence[date], *, with_audience: bool
) -> list[Meeting]:
    """Plan it again on each of these days, with its agenda, as one series; invite the same on wish.

    DomainError: no day, a day that is past or on which the series meets already, too many. The caller commits.
    """
    lock(session, meeting)
    require_host(actor, meeting)
    if meeting.cancelled_at is not None:
        raise DomainError(N_("The meeting was called off. Copy it to hold it on another day."))
    taken = {_day(one) for one in of(session, meeting) if one.cancelled_at is None} | {_day(meeting)}
    if not on:
        raise DomainError(N_("Leave at least one day."), "days")
    if len(on) > MOST_TIMES:
        raise DomainError(N_("Enter 1 to %(most)s times."), "times", most=MOST_TIMES)
    at = meeting.starts_at.astimezone(CHINA).time()
    made = []
    for day in sorted(on):
        if day in taken:
            raise DomainError(N_("The series meets on %(day)s already."), "days", day=day.isoformat())
        if china_at(day, at) <= now():
            raise DomainError(N_("%(day)s is past."), "days", day=day.isoformat())
        taken.add(day)
        facts = planning.again(meeting, china_at(day, at), meeting.host)
        made.append(planning.plan(session, actor, meeting.region, facts, copied_from=meeting))
    first = meeting.series_id or meeting.id
    meeting.series_id = first
    for one in made:
        one.series_id = first
    session.flush()
    if with_audience:
        asked = session.scalars(
            sa.select(Invitation.distributor_id).where(
                Invitation.meeting_id == meeting.id, Invitation.withdrawn_at.is_(None)
            )
        ).all()
        for one in made:
            inviting.invite(session, actor, one, asked)
    return made


def of(session: Session, meeting: Meeting) -> list[Meeting]:
    """The meetings of its series, itself too, by day; empty where it belongs to none."""
    if meeting.series_id is None:
        return []
    statement = sa.select(Meeting).where(Meeting.series_id == meeting.series_id)
    return list(session.scalars(statement.order_by(Meeting.starts_at, Meeting.id)))


def later_ones(session: Session, meeting: Meeting) -> list[Meeting]:
    """Those of its series that come after it and can still be changed."""
    has_arrivals = sa.exists().where(Attendance.meeting_id == Meeting.id).correlate(Meeting)
    if meeting.series_id is None:
        return []
    statement = sa.select(Meeting).where(
        Meeting.series_id == meeting.series_id,
        Meeting.starts_at > meeting.starts_at,
        Meeting.cancelled_at.is_(None),
        Meeting.ends_at > now(),
        ~has_arrivals,
    )
    return list(session.scalars(statement.order_by(Meeting.starts_at, Meeting.id)))


def change(
    session: Session, actor: User, meeting: Meeting, facts: Facts, *, seen_version: int, with_later: bool
) -> int:
    """Change this meeting, and `with_later` what changed of it in the later ones too; returns how many of those.

    A later one keeps its own day, and what was different about it where nothing was changed here.
    """
    before = planning.again(meeting, meeting.starts_at, meeting.host)
    later = later_ones(session, meeting) if with_later else []
    planning.change(session, actor, meeting, facts, seen_version=seen_version)
    for one in later:
        planning.change(session, actor, one, _like(one, before, facts), seen_version=one.version)
    return len(later)


_TIMES = ("starts_at", "ends_at", "reply_by_on", "agenda")


def _like(one: Meeting, before: Facts, after: Facts) -> Facts:
    """A later meeting's facts with what changed between these two."""
    own = planning.again(one, one.starts_at, one.host)
    # What colleagues made of a later meeting's own agenda or deadline is theirs.
    has_its_agenda = _outline(own) == _outline(before)
    has_its_deadline = _days_to_reply(own) == _days_to_reply(before)
    changed = {
        field.name: getattr(after, field.name)
        for field in fields(Facts)
        if field.name not in _TIMES and getattr(after, field.name) != getattr(before, field.name)
    }
    own = replace(own, **changed)
    if _clock(before.starts_at) != _clock(after.starts_at) or _lasts(before) != _lasts(after):
        begins = china_at(own.starts_at.astimezone(CHINA).date(), after.starts_at.astimezone(CHINA).time())
        by = begins - own.starts_at
        moved = tuple(Item(item.starts_at + by, item.topic, item.speaker) for item in own.agenda)
        own = replace(own, starts_at=begins, ends_at=begins + _lasts(after), agenda=moved)
    if has_its_agenda and _outline(before) != _outline(after):
        by = own.starts_at - after.starts_at
        own = replace(
            own, agenda=tuple(Item(item.starts_at + by, item.topic, item.speaker) for item in after.agenda)
        )
    if has_its_deadline and _days_to_reply(before) != _days_to_reply(after):
        gap = _days_to_reply(after)
        on = own.starts_at.astimezone(CHINA).date()
        own = replace(own, reply_by_on=None if gap is None else on - timedelta(days=gap))
    return own


def _day(meeting: Meeting) -> date:
    return meeting.starts_at.astimezone(CHINA).date()


def _clock(at: datetime) -> tuple[int, int]:
    here = at.astimezone(CHINA)
    return here.hour, here.minute


def _lasts(facts: Facts) -> timedelta:
    return facts.ends_at - facts.starts_at


def _outline(facts: Facts) -> list[tuple[timedelta, str, str]]:
    return [(item.starts_at - facts.starts_at, item.topic, item.speaker) for item in facts.agenda]


def _days_to_reply(facts: Facts) -> int | None:
    if facts.reply_by_on is None:
        return None
    return (facts.starts_at.astimezone(CHINA).date() - facts.reply_by_on).days
