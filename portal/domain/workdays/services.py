"""Which days are working days: deadlines of agreements count by them (工作日: 3.2, 7.1, 7.2, 7.5, 8.3).

The list of the State Council, with days made up for (调休), comes with the portal and ends where it was last announced;
a year behind it has its weekdays until somebody enters its days off. What was entered goes before the list.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session, joinedload

from portal.db import today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.regions import services as regions
from portal.domain.users.models import User
from portal.domain.workdays.models import WorkdayException
from portal.later import later

chinese_calendar = later("chinese_calendar")

MOST_DAYS = 31
_AHEAD = timedelta(days=800)
_DAY = timedelta(days=1)
_KEPT = "workday exceptions"


@dataclass(frozen=True)
class Day:
    """A day that is not as its weekday says; `name` is the list's English one, `entered` what somebody said."""

    on: date
    is_working: bool
    name: str
    entered: WorkdayException | None


def is_working(session: Session, on: date) -> bool:
    """Whether this day is a working day."""
    said = _exceptions(session).get(on)
    return _announced(on) if said is None else said


def working_days_after(session: Session, on: date, days: int) -> date:
    """The last of so many working days after a day, which itself does not count."""
    while days > 0:
        on += _DAY
        days -= is_working(session, on)
    return on


def is_announced(year: int) -> bool:
    """Whether the list that came with the portal knows the year."""
    try:
        chinese_calendar.is_workday(date(year, 7, 1))
    except NotImplementedError:
        return False
    return True


def lacks(session: Session, year: int) -> bool:
    """Whether nobody has said yet which days of a year are off: neither the list nor anybody here."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    return not is_announced(year) and not any(first <= on <= last for on in _exceptions(session))


def days_of(session: Session, year: int) -> list[Day]:
    """The days of a year that are not as their weekday says, by the list or by what was entered, in order."""
    entered = {
        row.on: row
        for row in session.scalars(
            sa.select(WorkdayException)
            .where(WorkdayException.on.between(date(year, 1, 1), date(year, 12, 31)))
            .options(joinedload(WorkdayException.changed_by))
        )
    }
    found, on = [], date(year, 1, 1)
    while on.year == year:
        row, announced = entered.get(on), _announced(on)
        if row is not None or announced != (on.weekday() < 5):
            found.append(Day(on, row.is_working if row else announced, _name(on), row))
        on += _DAY
    return found


def say(
    session: Session, actor: User, first_on: date, last_on: date, *, is_working: bool, note: str = ""
) -> int:
    """Say that the days of a span are off, or are worked on; how many it changed. The caller commits.

    What the list says anyway is not kept twice. DomainError for days that have come already: deadlines were counted
    by them.
    """
    _require(actor)
    if last_on < first_on:
        raise DomainError(N_("The last day is before the first."), field="last_on")
    if (last_on - first_on).days >= MOST_DAYS:
        raise DomainError(N_("At most %(most)s days at once."), field="last_on", most=MOST_DAYS)
    _require_to_come(first_on, "first_on")
    if last_on > today() + _AHEAD:
        raise DomainError(N_("That is too far ahead: two years at most."), field="last_on")
    note = note.strip()
    if len(note) > 40:
        raise DomainError(N_("At most %(most)s characters."), field="note", most=40)
    known = {
        row.on: row
        for row in session.scalars(
            sa.select(WorkdayException).where(WorkdayException.on.between(first_on, last_on))
        )
    }
    changed = 0
    for number in range((last_on - first_on).days + 1):
        on = first_on + number * _DAY
        row = known.get(on)
        if _announced(on) == is_working:
            if row is not None:
                session.delete(row)
                changed += 1
        elif row is None:
            session.add(WorkdayException(on=on, is_working=is_working, note=note, changed_by_id=actor.id))
            changed += 1
        elif (row.is_working, row.note) != (is_working, note):
            row.is_working, row.note, row.changed_by_id = is_working, note, actor.id
            changed += 1
    if changed:
        session.flush()
        session.info.pop(_KEPT, None)
        _record(session, actor, first_on, last_on, "worked" if is_working else "off", note)
    return changed


def take_back(session: Session, actor: User, on: date) -> None:
    """Let a day be again as the list has it; the caller commits."""
    _require(actor)
    _require_to_come(on, None)
    row = session.get(WorkdayException, on)
    if row is None:
        raise DomainError(N_("Nothing was entered for this day any more; load the page again."))
    session.delete(row)
    session.flush()
    session.info.pop(_KEPT, None)
    _record(session, actor, on, on, "listed", "")


def _record(session: Session, actor: User, first_on: date, last_on: date, what: str, note: str) -> None:
    head = regions.head_office(session)
    audit.record(
        session, actor, "workdays.changed", head, region_id=head.id,
        first_on=first_on.isoformat(), last_on=last_on.isoformat(), what=what, note=note,
    )  # fmt: skip


def _require(actor: User) -> None:
    if not actor.can(Permission.SETTINGS_WRITE):
        raise DomainError(N_("You may not change the working days."))


def _require_to_come(on: date, field: str | None) -> None:
    if on <= today():
        raise DomainError(
            N_("Only days from tomorrow on can be changed: deadlines were counted by those before."),
            field=field,
        )


def _announced(on: date) -> bool:
    """As the list has it; a year that it does not know has its weekdays."""
    try:
        return bool(chinese_calendar.is_workday(on))
    except NotImplementedError:
        return on.weekday() < 5


def _name(on: date) -> str:
    try:
        return str(chinese_calendar.get_holiday_detail(on)[1] or "")
    except NotImplementedError:
        return ""


def _exceptions(session: Session) -> dict[date, bool]:
    """All that was entered: asked once in a transaction."""
    known: dict[date, bool] | None = session.info.get(_KEPT)
    if known is None:
        rows = session.execute(sa.select(WorkdayException.on, WorkdayException.is_working))
        known = session.info[_KEPT] = {row.on: row.is_working for row in rows}
    return known


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, _transaction: object) -> None:
    session.info.pop(_KEPT, None)
