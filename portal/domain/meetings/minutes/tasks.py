"""Tasks from meetings: given, done, put off, dropped and taken up again, each time on record (M1)."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from portal.db import lock, today
from portal.domain.access.queries import visible, within
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings.minutes.models import (
    CLOSED,
    MOVES,
    Task,
    TaskDeed,
    TaskRecord,
    TaskState,
)
from portal.domain.meetings.models import Meeting
from portal.domain.meetings.planning import require_host
from portal.domain.meetings.queries import hosts
from portal.domain.text import clean
from portal.domain.users.models import User


def give(
    session: Session,
    actor: User,
    meeting: Meeting,
    *,
    what: str,
    doer: User,
    due_on: date,
    distributor: Distributor | None = None,
) -> Task:
    """Write down what somebody undertook at a meeting. The caller commits."""
    lock(session, meeting)
    require_host(actor, meeting)
    said = clean(what)
    if not said:
        raise DomainError(N_("Enter what is to be done."), "what")
    if due_on < today():
        raise DomainError(N_("Enter a day that is to come."), "due_on")
    if doer.deactivated_at is not None or not _has_to_do_with(doer, meeting):
        raise DomainError(N_("%(name)s has nothing to do with this office."), "doer_id", name=doer.name)
    last = session.scalar(sa.select(sa.func.max(Task.no)).where(Task.meeting_id == meeting.id))
    made = Task(
        meeting_id=meeting.id,
        no=(last or 0) + 1,
        what=said[:300],
        doer_id=doer.id,
        due_on=due_on,
        distributor_id=distributor.id if distributor else None,
        given_by_id=actor.id,
    )
    session.add(made)
    session.flush()
    audit.record(session, actor, "meeting.task_given", meeting, name=doer.name, no=made.no, due_on=due_on)
    return made


def do(
    session: Session, actor: User, task: Task, deed: TaskDeed, note: str, *, due_on: date | None = None
) -> None:
    """Note a deed about a task, with what is to be said of it; refused where it does not fit the task's state."""
    lock(session, task)
    if not may_do(actor, task):
        raise DomainError(N_("This task is another office's. Ask its staff to change it."))
    if deed is TaskDeed.REOPENED:
        if task.state not in CLOSED:
            raise DomainError(N_("The task is open already."))
        after = TaskState.OPEN
    else:
        before, after = MOVES[deed]
        if task.state is not before:
            raise DomainError(N_("The task is closed. Take it up again first."))
    said = clean(note)[:300]
    if len(said) < 2:
        raise DomainError(N_("Enter what was done, or why."), "note")
    record = TaskRecord(task_id=task.id, deed=deed, by_id=actor.id, note=said)
    if deed is TaskDeed.MOVED:
        if due_on is None or due_on < today() or due_on == task.due_on:
            raise DomainError(N_("Enter another day that is to come."), "due_on")
        record.due_before_on, record.due_on = task.due_on, due_on
        task.due_on = due_on
    task.state = after
    session.add(record)
    session.flush()
    audit.record(session, actor, f"meeting.task_{deed}", task.meeting, no=task.no, why=said)


def may_do(user: User, task: Task) -> bool:
    """Whether the user changes a task: its doer, and who holds the meeting."""
    is_own = task.doer_id == user.id and user.can(P.MEETINGS_WRITE)
    return is_own or user.can(P.MEETINGS_WRITE, task.meeting.region)


def _has_to_do_with(user: User, meeting: Meeting) -> bool:
    """Whether somebody holds meetings for its office, or works in one below it."""
    below = meeting.region.path
    return user.can(P.MEETINGS_WRITE, meeting.region) or any(
        path.startswith(below) for path in user.paths(P.MEETINGS_WRITE)
    )


def possible_doers(session: Session, meeting: Meeting) -> list[User]:
    """Who may be given a task of a meeting, by name."""
    offices = session.scalars(within(meeting.region_id)).all()
    return hosts(session, list(offices))


@dataclass(frozen=True)
class TaskFilter:
    """What the list is narrowed to; `state` "" is what is open."""

    q: str = ""
    state: str = ""
    doer_id: int | None = None
    region_id: int | None = None


SORTS: dict[str, Any] = {
    "due": Task.due_on,
    "what": Task.what,
    "doer": User.name,
    "meeting": Meeting.starts_at,
}


def tasks_visible_to(user: User) -> sa.Select[Task]:
    """The tasks of the meetings of the user's offices, and the user's own."""
    return (
        sa.select(Task)
        .join(Meeting, Meeting.id == Task.meeting_id)
        .where(sa.or_(Meeting.region_id.in_(visible(user, P.MEETINGS_READ)), Task.doer_id == user.id))
    )


def task_rows(user: User, wanted: TaskFilter) -> sa.Select[Any]:
    """The list: what is open first of all."""
    columns: tuple[Any, ...] = (
        Task.id,
        Task.no,
        Task.what,
        Task.due_on,
        Task.state,
        User.name.label("doer"),
        Meeting.id.label("meeting_id"),
        Meeting.number,
        Meeting.title,
        Distributor.name.label("distributor"),
    )
    statement: sa.Select[Any] = (
        sa.select(*columns)
        .select_from(Task)
        .join(Meeting, Meeting.id == Task.meeting_id)
        .join(User, User.id == Task.doer_id)
        .outerjoin(Distributor, Distributor.id == Task.distributor_id)
        .where(sa.or_(Meeting.region_id.in_(visible(user, P.MEETINGS_READ)), Task.doer_id == user.id))
    )
    if wanted.q:
        like = f"%{wanted.q.replace('%', '').replace('_', '')}%"
        statement = statement.where(
            sa.or_(*(one.ilike(like) for one in (Task.what, Meeting.title, Distributor.name)))
        )
    if wanted.doer_id is not None:
        statement = statement.where(Task.doer_id == wanted.doer_id)
    if wanted.region_id is not None:
        statement = statement.where(Meeting.region_id.in_(within(wanted.region_id)))
    if wanted.state == "all":
        return statement
    if wanted.state in ("done", "dropped"):
        return statement.where(Task.state == TaskState(wanted.state))
    statement = statement.where(Task.state == TaskState.OPEN)
    return statement.where(Task.due_on < today()) if wanted.state == "overdue" else statement


def of_meeting(session: Session, meeting: Meeting, user: User) -> list[Task]:
    """The tasks of a meeting that the user sees, by number."""
    return list(
        session.scalars(
            tasks_visible_to(user)
            .where(Task.meeting_id == meeting.id)
            .options(joinedload(Task.doer), joinedload(Task.distributor))
            .order_by(Task.no)
        )
    )


def doers(session: Session, user: User) -> list[User]:
    """Who has tasks that the user sees, by name."""
    ids = tasks_visible_to(user).with_only_columns(Task.doer_id)
    return list(session.scalars(sa.select(User).where(User.id.in_(ids)).order_by(User.name, User.id)))


def records_of(session: Session, task: Task) -> list[TaskRecord]:
    """What was done with a task, the latest first."""
    return list(
        session.scalars(
            sa.select(TaskRecord)
            .where(TaskRecord.task_id == task.id)
            .options(joinedload(TaskRecord.by))
            .order_by(TaskRecord.id.desc())
        )
    )
