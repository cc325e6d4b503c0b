"""Reading meetings: who sees which, the list, their counts, their guests (M1)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload

from portal.db import CHINA, now
from portal.domain.access.queries import visible, within
from portal.domain.access.roles import ROLE_PERMISSIONS
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor
from portal.domain.meetings.models import (
    Attendance,
    Guest,
    Invitation,
    Meeting,
    MeetingKind,
    MeetingState,
    Reply,
    What,
)
from portal.domain.regions.models import Region
from portal.domain.users.models import Grant, User
from portal.domain.workdays import services as workdays


def meetings_visible_to(user: User) -> sa.Select[Meeting]:
    """The meetings of the user's offices, and those that a distributor of theirs is invited to."""
    return sa.select(Meeting).where(is_visible_to(user))


def is_visible_to(user: User) -> sa.ColumnElement[bool]:
    """The same as a condition."""
    mine = visible(user, P.MEETINGS_READ)
    invited = (
        sa.exists()
        .where(
            Invitation.meeting_id == Meeting.id,
            Invitation.withdrawn_at.is_(None),
            Distributor.id == Invitation.distributor_id,
            Distributor.region_id.in_(mine),
        )
        .correlate(Meeting)
    )
    return sa.or_(Meeting.region_id.in_(mine), invited)


def invitations_of(meeting: Meeting, user: User) -> sa.Select[Invitation]:
    """Who is invited: all of them for the meeting's own office, else the distributors of the user's offices."""
    return all_invitations_of(meeting, user).where(Invitation.withdrawn_at.is_(None))


def all_invitations_of(meeting: Meeting, user: User) -> sa.Select[Invitation]:
    """The same with those that were withdrawn."""
    statement = sa.select(Invitation).where(Invitation.meeting_id == meeting.id)
    if user.can(P.MEETINGS_READ, meeting.region):
        return statement
    theirs = sa.select(Distributor.id).where(Distributor.region_id.in_(visible(user, P.MEETINGS_READ)))
    return statement.where(Invitation.distributor_id.in_(theirs))


def standing_arrivals(meeting_id: int | None = None) -> sa.Select[Attendance]:
    """Arrivals that were not undone."""
    undone = aliased(Attendance)
    statement = sa.select(Attendance).where(
        Attendance.what == What.ARRIVED,
        ~sa.exists().where(
            undone.guest_id == Attendance.guest_id,
            undone.turn == Attendance.turn,
            undone.what == What.UNDONE,
        ),
    )
    return statement if meeting_id is None else statement.where(Attendance.meeting_id == meeting_id)


@dataclass(frozen=True)
class MeetingFilter:
    """What the list is narrowed to; `state` "" is everything that was not called off."""

    q: str = ""
    state: str = ""
    kind: MeetingKind | None = None
    region_id: int | None = None


SORTS: dict[str, Any] = {
    "starts": Meeting.starts_at,
    "number": Meeting.number,
    "title": Meeting.title,
    "office": sa.select(Region.path)
    .where(Region.id == Meeting.region_id)
    .correlate(Meeting)
    .scalar_subquery(),
}


def meeting_rows(user: User, wanted: MeetingFilter) -> sa.Select[Any]:
    """The list: the meetings that the user sees, with how many are invited, will come and came."""
    invited = (
        sa.select(sa.func.count())
        .where(Invitation.meeting_id == Meeting.id, Invitation.withdrawn_at.is_(None))
        .correlate(Meeting)
    )
    columns: tuple[Any, ...] = (
        Meeting.id,
        Meeting.number,
        Meeting.kind,
        Meeting.title,
        Meeting.starts_at,
        Meeting.ends_at,
        Meeting.place,
        Meeting.cancelled_at,
        Region.name.label("office"),
        User.name.label("host"),
        invited.scalar_subquery().label("invited"),
        invited.where(Invitation.reply == Reply.COMING).scalar_subquery().label("coming"),
        arrived_count().label("arrived"),
    )
    statement: sa.Select[Any] = (
        sa.select(*columns)
        .join(Region, Region.id == Meeting.region_id)
        .join(User, User.id == Meeting.host_id)
        .where(is_visible_to(user))
    )
    if wanted.q:
        like = f"%{wanted.q.replace('%', '').replace('_', '')}%"
        statement = statement.where(
            sa.or_(*(column.ilike(like) for column in (Meeting.title, Meeting.number, Meeting.place)))
        )
    if wanted.kind is not None:
        statement = statement.where(Meeting.kind == wanted.kind)
    if wanted.region_id is not None:
        statement = statement.where(Meeting.region_id.in_(within(wanted.region_id)))
    return statement.where(_in_state(wanted.state))


def _in_state(state: str) -> sa.ColumnElement[bool]:
    moment = now()
    is_on = Meeting.cancelled_at.is_(None)
    if state == "coming":
        return sa.and_(is_on, Meeting.ends_at >= moment)
    if state == "over":
        return sa.and_(is_on, Meeting.ends_at < moment)
    if state == "cancelled":
        return Meeting.cancelled_at.is_not(None)
    return sa.true()


def arrived_count() -> sa.ScalarSelect[int]:
    """How many people came to a meeting."""
    arrivals = standing_arrivals().where(Attendance.meeting_id == Meeting.id).correlate(Meeting)
    return arrivals.with_only_columns(sa.func.count()).scalar_subquery()


@dataclass(frozen=True)
class Counts:
    """What has become of a meeting's invitations, by distributor, and of its guests, by head."""

    invited: int = 0
    coming: int = 0
    declined: int = 0
    persons: int = 0
    named: int = 0
    arrived: int = 0
    companies_arrived: int = 0
    waiting: int = 0

    @property
    def unanswered(self) -> int:
        """Those who said nothing yet."""
        return self.invited - self.coming - self.declined - self.waiting


def counts(session: Session, meeting: Meeting) -> Counts:
    """How many are invited, will come, declined, came."""
    asked = session.execute(
        sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(sa.case((Invitation.reply == Reply.COMING, 1), else_=0)), 0),
            sa.func.coalesce(sa.func.sum(sa.case((Invitation.reply == Reply.DECLINED, 1), else_=0)), 0),
            sa.func.coalesce(
                sa.func.sum(sa.case((Invitation.reply == Reply.COMING, Invitation.persons), else_=0)), 0
            ),
            sa.func.coalesce(sa.func.sum(sa.case((Invitation.reply == Reply.WAITING, 1), else_=0)), 0),
        ).where(Invitation.meeting_id == meeting.id, Invitation.withdrawn_at.is_(None))
    ).one()
    named = session.scalar(
        sa.select(sa.func.count()).where(Guest.meeting_id == meeting.id, Guest.cancelled_at.is_(None))
    )
    came = session.execute(
        standing_arrivals(meeting.id)
        .join(Guest, Guest.id == Attendance.guest_id)
        .with_only_columns(sa.func.count(), sa.func.count(Guest.invitation_id.distinct()))
    ).one()
    return Counts(
        asked[0], int(asked[1]), int(asked[2]), int(asked[3]), named or 0, came[0], came[1], int(asked[4])
    )


def state_of(meeting: Any, *, is_invited_to: bool, at: datetime | None = None) -> MeetingState:
    """Where a meeting (or a row of the list) is at this instant."""
    moment = at or now()
    if meeting.cancelled_at is not None:
        return MeetingState.CANCELLED
    if moment >= meeting.ends_at:
        return MeetingState.OVER
    if moment >= meeting.starts_at:
        return MeetingState.UNDER_WAY
    return MeetingState.INVITED if is_invited_to else MeetingState.PLANNED


def guests_of(meeting: Meeting, user: User) -> sa.Select[Any]:
    """The guests that the user sees, each with the distributor, the arrival that stands and when they left."""
    arrived, left = aliased(Attendance), aliased(Attendance)
    standing = standing_arrivals(meeting.id).with_only_columns(Attendance.id)
    columns: tuple[Any, ...] = (
        Guest,
        Distributor,
        Invitation.reply,
        arrived.at,
        arrived.how,
        left.at.label("left_at"),
    )
    statement: sa.Select[Any] = (
        sa.select(*columns)
        .select_from(Guest)
        .outerjoin(Invitation, Invitation.id == Guest.invitation_id)
        .outerjoin(Distributor, Distributor.id == Invitation.distributor_id)
        .outerjoin(arrived, sa.and_(arrived.guest_id == Guest.id, arrived.id.in_(standing)))
        .outerjoin(
            left,
            sa.and_(left.guest_id == Guest.id, left.turn == arrived.turn, left.what == What.LEFT),
        )
        .where(Guest.meeting_id == meeting.id)
    )
    if user.can(P.MEETINGS_READ, meeting.region):
        return statement
    return statement.where(Distributor.region_id.in_(visible(user, P.MEETINGS_READ)))


@dataclass(frozen=True)
class Clash:
    """Something that speaks against a day: a day off (`name` empty for a weekend), or another meeting."""

    on: date
    meeting: Meeting | None = None
    dealers: int = 0


def other_meetings(
    session: Session, starts_at: datetime, ends_at: datetime, besides: int | None
) -> list[Clash]:
    """Other meetings within a day of these times to which distributors of this one are invited too."""
    theirs = aliased(Invitation)
    shared = (
        sa.select(sa.func.count())
        .where(
            Invitation.meeting_id == Meeting.id,
            Invitation.withdrawn_at.is_(None),
            theirs.meeting_id == besides,
            theirs.withdrawn_at.is_(None),
            theirs.distributor_id == Invitation.distributor_id,
        )
        .correlate(Meeting)
        .scalar_subquery()
    )
    day = timedelta(days=1)
    rows = session.execute(
        sa.select(Meeting, shared)
        .where(
            Meeting.cancelled_at.is_(None),
            Meeting.id != (besides or 0),
            Meeting.starts_at < ends_at + day,
            Meeting.ends_at > starts_at - day,
            shared > 0,
        )
        .order_by(Meeting.starts_at)
    )
    return [Clash(meeting.starts_at.date(), meeting, dealers) for meeting, dealers in rows]


def days_off(session: Session, meeting: Meeting) -> list[date]:
    """The days of a meeting that are no working days."""
    day, last = (one.astimezone(CHINA).date() for one in (meeting.starts_at, meeting.ends_at))
    found = []
    while day <= last:
        if not workdays.is_working(session, day):
            found.append(day)
        day += timedelta(days=1)
    return found


def hosts(session: Session, region_ids: list[int]) -> list[User]:
    """Who may answer for a meeting of one of these offices: whoever holds meetings there, by name."""
    paths = session.scalars(sa.select(Region.path).where(Region.id.in_(region_ids))).all()
    above = {int(part) for path in paths for part in path.strip("/").split("/") if part}
    return list(
        session.scalars(
            sa.select(User)
            .where(
                User.deactivated_at.is_(None),
                sa.exists().where(
                    Grant.user_id == User.id, Grant.role.in_(_HOLDERS), Grant.region_id.in_(above)
                ),
            )
            .order_by(User.name, User.id)
        )
    )


def owners(session: Session, user: User, permission: P = P.MEETINGS_WRITE) -> list[User]:
    """Who owns distributors in the offices where the user has the permission, by name."""
    owning = sa.exists().where(
        Distributor.owner_id == User.id, Distributor.region_id.in_(visible(user, permission))
    )
    return list(session.scalars(sa.select(User).where(owning).order_by(User.name, User.id)))


def to_come(session: Session, distributor_id: int) -> list[Invitation]:
    """The invitations of a distributor to meetings that are not over, the next one first."""
    return list(
        session.scalars(
            sa.select(Invitation)
            .join(Meeting, Meeting.id == Invitation.meeting_id)
            .where(
                Invitation.distributor_id == distributor_id,
                Invitation.withdrawn_at.is_(None),
                Meeting.cancelled_at.is_(None),
                Meeting.ends_at > now(),
            )
            .order_by(Meeting.starts_at, Meeting.id)
            .options(joinedload(Invitation.meeting))
        )
    )


GUEST_SORTS: dict[str, Any] = {
    "company": sa.func.coalesce(Distributor.name_key, "~" + Guest.company),
    "name": Guest.sound,
}
_HOLDERS = tuple(role for role, allowed in ROLE_PERMISSIONS.items() if P.MEETINGS_WRITE in allowed)
# What lists of distributors and of invitations show beside them.
NAMED_BY_OFFICE = (joinedload(Distributor.region), joinedload(Distributor.owner))
