"""What waits for a user about meetings, for the workbench: replies, agendas, minutes, tasks, policies (M1)."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA, UtcDateTime, now, today
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor
from portal.domain.i18n import N_
from portal.domain.meetings.minutes.models import Minutes, Task, TaskState
from portal.domain.meetings.models import AgendaItem, Invitation, Meeting
from portal.domain.meetings.policies.models import Concerned, Policy, PolicyState, Telling
from portal.domain.meetings.policies.queries import (
    CONCERNED,
    GONE,
    in_scope,
    is_standing,
    missing_count,
)
from portal.domain.todos import Todo
from portal.domain.users.models import User
from portal.domain.workdays.services import working_days_after

GROUP = "meetings"
# So long before a meeting its owners ask those who said nothing, and its host sees what it lacks.
SOON = timedelta(days=3)
NEARLY = timedelta(days=7)
# Working days in which minutes are written, and in which an absentee is briefed.
MINUTES_DAYS, BRIEFING_DAYS = 2, 5
# Minutes of longer ago nobody writes any more.
_MEMORY = timedelta(days=60)


def todos(session: Session, user: User) -> Iterator[Todo]:
    """Everything about meetings that is this user's turn; nothing for whoever holds none."""
    if not user.can(P.MEETINGS_WRITE):
        return
    # One question for all three: the workbench asks every feature.
    parts = (_meetings(user), _tasks(user), _policies(user))
    rows = session.execute(sa.union_all(*parts)).all()
    for row in sorted(rows, key=lambda row: (row.what, row.id)):
        yield from _TOLD[row.what](session, user, row)


def _row(
    what: str,
    id_: Any,
    title: Any,
    *,
    sub: Any = "",
    first_at: Any = None,
    last_at: Any = None,
    due_on: Any = None,
    number: Any = 0,
    flags: Sequence[Any] = (),
) -> sa.Select[Any]:
    """The columns that all three have in common; what a part does not know is empty."""
    given = [*flags, *(sa.literal(False),) * 3][:3]
    return sa.select(
        sa.literal(what).label("what"),
        id_.label("id"),
        title.label("title"),
        sa.literal(sub).label("sub") if isinstance(sub, str) else sub.label("sub"),
        (sa.null().cast(UtcDateTime()) if first_at is None else first_at).label("first_at"),
        (sa.null().cast(UtcDateTime()) if last_at is None else last_at).label("last_at"),
        (sa.null().cast(sa.Date()) if due_on is None else due_on).label("due_on"),
        (sa.literal(number) if isinstance(number, int) else number).label("number"),
        *(flag.label(name) for flag, name in zip(given, ("is_mine", "is_asked", "has_agenda"), strict=True)),
    )


def _meetings(user: User) -> sa.Select[Any]:
    """Of the user's meetings what is missing, of the user's distributors who said nothing."""
    moment = now()
    silent = (
        sa.select(sa.func.count())
        .select_from(Invitation)
        .join(Distributor, Distributor.id == Invitation.distributor_id)
        .where(
            Invitation.meeting_id == Meeting.id,
            Invitation.withdrawn_at.is_(None),
            Invitation.reply.is_(None),
            Distributor.owner_id == user.id,
        )
        .correlate(Meeting)
        .scalar_subquery()
    )
    is_asked = sa.exists().where(Invitation.meeting_id == Meeting.id, Invitation.withdrawn_at.is_(None))
    has_agenda = sa.exists().where(AgendaItem.meeting_id == Meeting.id)
    has_minutes = sa.exists().where(Minutes.meeting_id == Meeting.id, Minutes.issued_at.is_not(None))
    is_to_come = sa.and_(Meeting.starts_at > moment, Meeting.starts_at < moment + NEARLY)
    is_over = sa.and_(Meeting.ends_at <= moment, Meeting.ends_at > moment - _MEMORY, ~has_minutes)
    flags = (Meeting.host_id == user.id, is_asked, has_agenda)
    return _row(
        "meeting",
        Meeting.id,
        Meeting.title,
        first_at=Meeting.starts_at,
        last_at=Meeting.ends_at,
        number=silent,
        flags=flags,
    ).where(
        Meeting.cancelled_at.is_(None),
        sa.or_(
            sa.and_(Meeting.host_id == user.id, sa.or_(is_to_come, is_over)),
            sa.and_(Meeting.starts_at > moment, Meeting.starts_at < moment + SOON, silent > 0),
        ),
    )


def _of_meeting(session: Session, _user: User, row: Any) -> Iterator[Todo]:
    moment = now()
    starts_on = row.first_at.astimezone(CHINA).date()
    said = {"title": row.title, "count": row.number}
    place = {"id": row.id}
    if row.last_at <= moment:
        due_on = working_days_after(session, row.last_at.astimezone(CHINA).date(), MINUTES_DAYS)
        yield Todo(
            N_("Minutes of a meeting"), N_("%(title)s has no minutes yet"), N_("Write the minutes"),
            "minutes.of_meeting", place, params=said, due_on=due_on, group=GROUP,
        )  # fmt: skip
        return
    if row.first_at < moment + SOON and row.number:
        yield Todo(
            N_("Replies to a meeting"), N_("%(count)s of your distributors have not answered: %(title)s"),
            N_("Ask them"), "meetings.replies", place, params=said, due_on=starts_on, group=GROUP,
        )  # fmt: skip
    if row.is_mine and not row.is_asked:
        yield Todo(
            N_("A meeting is near"), N_("Nobody is invited to %(title)s yet"), N_("Invite distributors"),
            "meetings.audience", place, params=said, due_on=starts_on, group=GROUP,
        )  # fmt: skip
    elif row.is_mine and not row.has_agenda:
        yield Todo(
            N_("A meeting is near"), N_("%(title)s has no agenda yet"), N_("Enter the agenda"),
            "meetings.edit", place, params=said, due_on=starts_on, group=GROUP,
        )  # fmt: skip


def _tasks(user: User) -> sa.Select[Any]:
    return (
        _row("task", Task.id, Task.what, sub=Meeting.title, due_on=Task.due_on)
        .join(Meeting, Meeting.id == Task.meeting_id)
        .where(Task.doer_id == user.id, Task.state == TaskState.OPEN)
    )


def _of_task(_session: Session, _user: User, row: Any) -> Iterator[Todo]:
    yield Todo(
        N_("Task from a meeting"), N_("%(what)s"), N_("To the task"), "minutes.task", {"id": row.id},
        sub=N_("%(title)s"), params={"what": row.title, "title": row.sub}, due_on=row.due_on, group=GROUP,
    )  # fmt: skip


def _policies(user: User) -> sa.Select[Any]:
    """Whom the user is to brief, policy by policy, and what the user may let take effect."""
    told = sa.exists().where(Telling.concerned_id == Concerned.id, is_standing()).correlate(Concerned)
    is_of_both = (Concerned.policy_id == Policy.id, Concerned.distributor_id == Distributor.id)
    listed = sa.exists().where(*is_of_both, told).correlate(Policy, Distributor)
    was_listed = sa.exists().where(*is_of_both).correlate(Policy, Distributor)
    mine = (
        sa.select(sa.func.count())
        .select_from(Distributor)
        .where(
            Distributor.owner_id == user.id,
            sa.or_(
                sa.and_(was_listed, Distributor.standing.not_in(GONE)),
                sa.and_(Distributor.standing.in_(CONCERNED), in_scope(Policy.id)),
            ),
            ~listed,
        )
        .correlate(Policy)
        .scalar_subquery()
    )
    releases = (
        sa.and_(
            Policy.region_id.in_(visible(user, P.POLICIES_RELEASE)),
            Policy.state == PolicyState.PRESENTED,
            missing_count() == 0,
        )
        if user.can(P.POLICIES_RELEASE)
        else sa.false()
    )
    return _row(
        "policy",
        Policy.id,
        Policy.title,
        first_at=Policy.presented_at,
        due_on=Policy.wanted_on,
        number=mine,
        flags=(releases,),
    ).where(
        sa.or_(
            Policy.state == PolicyState.PRESENTED,
            sa.and_(Policy.state == PolicyState.RELEASED, Policy.superseded_on.is_(None)),
        ),
        sa.or_(mine > 0, releases),
    )


def _of_policy(session: Session, user: User, row: Any) -> Iterator[Todo]:
    said = {"title": row.title, "count": row.number}
    if row.number:
        presented_on = row.first_at.astimezone(CHINA).date()
        yield Todo(
            N_("Briefing of absentees"),
            N_("%(count)s of your distributors were not told of %(title)s yet"),
            N_("Brief them"),
            "policies.detail",
            {"id": row.id, "show": "missing", "owner": user.id, "_anchor": "concerned"},
            params=said,
            due_on=working_days_after(session, presented_on, BRIEFING_DAYS),
            group=GROUP,
        )
    if row.is_mine:
        yield Todo(
            N_("Policy ready to take effect"), N_("Everybody was told of %(title)s"), N_("Release it"),
            "policies.release", {"id": row.id}, params=said, due_on=max(row.due_on, today()), group=GROUP,
        )  # fmt: skip


_TOLD: dict[str, Callable[[Session, User, Any], Iterator[Todo]]] = {
    "meeting": _of_meeting,
    "task": _of_task,
    "policy": _of_policy,
}
