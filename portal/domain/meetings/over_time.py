"""Attendance over a period: by distributor, by office, by owner (M1).

The rule, also said on the page: a meeting counts that began in the period, is over and was not called off; invited to
it counts whose invitation stands and who has a seat, and whoever came all the same. Each user sees the distributors of
the own offices, at whichever office's meetings they were.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor, Grade, Level
from portal.domain.distributors.queries import DistributorFilter, narrowed
from portal.domain.meetings.attended import Sums, counts_as_invited
from portal.domain.meetings.evidence import Period, counted
from portal.domain.meetings.models import Attendance, Guest, Invitation, Meeting, MeetingKind, Reply, What
from portal.domain.regions.models import Region
from portal.domain.users.models import User

NO_SHOW, NEVER = "no_show", "never"
ONLY = (NO_SHOW, NEVER)


@dataclass(frozen=True)
class Wanted:
    """What is counted and of whom; `only` is "" for all, else who failed to show up, or who never came."""

    period: Period
    dealers: DistributorFilter
    kind: MeetingKind | None = None
    only: str = ""


@dataclass(frozen=True, slots=True)
class Dealer:
    """A distributor with how it kept its invitations; `last_on` is when it came last in the period."""

    id: int
    code: str
    code_key: str
    name: str
    level: Level
    grade: Grade | None
    region_id: int
    office: str
    office_path: str
    owner_id: int
    owner: str
    sums: Sums
    last_on: date | None


def dealers(session: Session, user: User, wanted: Wanted) -> list[Dealer]:
    """The distributors that were invited at all, with their figures, in one statement; in the order of their codes."""
    scoped = narrowed(
        session,
        sa.select(Distributor.id).where(Distributor.region_id.in_(visible(user, P.MEETINGS_READ))),
        wanted.dealers,
    )
    figures = _figures(wanted, scoped)
    columns: tuple[Any, ...] = (
        Distributor.id,
        Distributor.code,
        Distributor.code_key,
        Distributor.name,
        Distributor.level,
        Distributor.grade,
        Distributor.region_id,
        Region.name.label("office"),
        Region.path.label("office_path"),
        Distributor.owner_id,
        User.name.label("owner"),
        figures,
    )
    statement = (
        sa.select(*columns)
        .join(figures, figures.c.distributor_id == Distributor.id)
        .join(Region, Region.id == Distributor.region_id)
        .join(User, User.id == Distributor.owner_id)
        .order_by(Distributor.code_key, Distributor.id)
    )
    if wanted.only == NO_SHOW:
        statement = statement.where(figures.c.no_shows > 0)
    elif wanted.only == NEVER:
        statement = statement.where(figures.c.came == 0)
    return [_dealer(row) for row in session.execute(statement)]


def _dealer(row: Any) -> Dealer:
    last: datetime | None = row.last_at
    return Dealer(
        row.id, row.code, row.code_key, row.name, row.level, row.grade, row.region_id, row.office,
        row.office_path, row.owner_id, row.owner,
        Sums(
            invited=row.invited, came=row.came, no_shows=row.no_shows, absent=row.absent, excused=row.excused
        ),
        last.astimezone(CHINA).date() if last is not None else None,
    )  # fmt: skip


def _figures(wanted: Wanted, scoped: sa.Select[Any]) -> sa.CTE:
    """By distributor: invited, came, no-shows, absent, excused, and when it came last."""
    one = _outcomes(wanted, scoped)

    def number(*conditions: Any) -> Any:
        return sa.cast(sa.func.sum(sa.case((sa.and_(*conditions), 1), else_=0)), sa.Integer)

    stayed = sa.not_(one.c.came)
    columns: tuple[Any, ...] = (
        one.c.distributor_id,
        sa.func.count().label("invited"),
        number(one.c.came).label("came"),
        number(stayed, one.c.reply == Reply.COMING).label("no_shows"),
        number(stayed, one.c.reply.is_(None)).label("absent"),
        number(stayed, one.c.reply == Reply.DECLINED).label("excused"),
        sa.func.max(sa.case((one.c.came, one.c.starts_at))).label("last_at"),
    )
    return (
        sa.select(*columns)
        .where(counts_as_invited(one.c.reply, one.c.withdrawn_at, one.c.came))
        .group_by(one.c.distributor_id)
        .cte("figures")
    )


def _outcomes(wanted: Wanted, scoped: sa.Select[Any]) -> sa.CTE:
    """Each invitation of these distributors to what counts, with whether somebody came.

    Written down by the database once, as is who came: 250,000 invitations are gone through in a quarter of a second,
    and asking of each of them by itself takes twenty times as long.
    """
    held = sa.select(Meeting.id).where(*counted(wanted.period))
    if wanted.kind is not None:
        held = held.where(Meeting.kind == wanted.kind)
    undone = (
        sa.select(Attendance.guest_id, Attendance.turn)
        .where(Attendance.what == What.UNDONE, Attendance.meeting_id.in_(held))
        .cte("undone")
        .prefix_with("MATERIALIZED")
    )
    came = (
        sa.select(Guest.invitation_id)
        .join(Attendance, Attendance.guest_id == Guest.id)
        .where(
            Guest.invitation_id.is_not(None),
            Attendance.what == What.ARRIVED,
            Attendance.meeting_id.in_(held),
            sa.tuple_(Attendance.guest_id, Attendance.turn).not_in(
                sa.select(undone.c.guest_id, undone.c.turn)
            ),
        )
        .cte("came")
        .prefix_with("MATERIALIZED")
    )
    columns: tuple[Any, ...] = (
        Invitation.distributor_id,
        Invitation.reply,
        Invitation.withdrawn_at,
        Meeting.starts_at,
        Invitation.id.in_(sa.select(came.c.invitation_id)).label("came"),
    )
    return (
        sa.select(*columns)
        .join(Meeting, Meeting.id == Invitation.meeting_id)
        .where(Invitation.meeting_id.in_(held), Invitation.distributor_id.in_(scoped))
        .cte("outcome")
        .prefix_with("MATERIALIZED")
    )


def sum_of(found: Iterable[Dealer]) -> Sums:
    """All of them together."""
    rows = [one.sums for one in found]
    return Sums(
        invited=sum(one.invited for one in rows),
        came=sum(one.came for one in rows),
        no_shows=sum(one.no_shows for one in rows),
        absent=sum(one.absent for one in rows),
        excused=sum(one.excused for one in rows),
    )


def by_office(found: Sequence[Dealer]) -> list[tuple[str, Sums]]:
    """Office by office, the lowest rate first; of equal rates in the order of their names."""
    return _groups(found, lambda one: (one.region_id, one.office))


def by_owner(found: Sequence[Dealer]) -> list[tuple[str, Sums]]:
    """The same by owner; two of one name are two."""
    return _groups(found, lambda one: (one.owner_id, one.owner))


def _groups(found: Sequence[Dealer], key: Callable[[Dealer], tuple[int, str]]) -> list[tuple[str, Sums]]:
    of: dict[tuple[int, str], list[Dealer]] = {}
    for one in found:
        of.setdefault(key(one), []).append(one)
    made = [(name, sum_of(rows)) for (_id, name), rows in of.items()]
    return sorted(made, key=lambda one: (one[1].rate_ppm or 0, one[0]))


def meetings_in(session: Session, user: User, wanted: Wanted) -> int:
    """How many meetings count to which a distributor of the user's offices was invited."""
    asked = (
        sa.exists()
        .where(
            Invitation.meeting_id == Meeting.id,
            Distributor.id == Invitation.distributor_id,
            Distributor.region_id.in_(visible(user, P.MEETINGS_READ)),
        )
        .correlate(Meeting)
    )
    statement = sa.select(sa.func.count()).select_from(Meeting).where(*counted(wanted.period), asked)
    if wanted.kind is not None:
        statement = statement.where(Meeting.kind == wanted.kind)
    return session.scalar(statement) or 0
