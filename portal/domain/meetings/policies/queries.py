"""Reading policies: who sees which, the list, who is concerned and who was told (M1)."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from portal.db import today
from portal.domain.access.queries import visible, within
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Contact, Distributor, DistributorPhone, Standing
from portal.domain.meetings.models import Attendance, Guest, Invitation, Meeting
from portal.domain.meetings.policies.models import (
    Concerned,
    Policy,
    PolicyScope,
    PolicyState,
    PolicyText,
    Showing,
    Telling,
    ToldWhat,
)
from portal.domain.meetings.queries import standing_arrivals
from portal.domain.regions.models import Region
from portal.domain.users.models import User

# Who is told of policies, and who no longer needs to be.
CONCERNED = (Standing.ACTIVE, Standing.SUSPENDED)
GONE = (Standing.ELIMINATED,)


class PolicyPhase(StrEnum):
    """Where a policy is, as people say it; it follows from what was done and from the day."""

    DRAFT = "draft"
    TIED = "tied"
    BRIEFING = "briefing"
    READY = "ready"
    NOT_YET = "not_yet"
    EFFECTIVE = "effective"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


def phase_of(policy: Any, *, missing: int, on: date | None = None) -> PolicyPhase:
    """Where a policy (or a row of the list) is on this day; `missing`: how many were not told yet."""
    day = on or today()
    if policy.state is PolicyState.PRESENTED:
        return PolicyPhase.BRIEFING if missing else PolicyPhase.READY
    if policy.state is not PolicyState.RELEASED:
        return PolicyPhase(policy.state.value)
    if policy.superseded_on is not None and policy.superseded_on <= day:
        return PolicyPhase.SUPERSEDED
    return PolicyPhase.EFFECTIVE if policy.effective_on <= day else PolicyPhase.NOT_YET


def policies_visible_to(user: User) -> sa.Select[Policy]:
    """The policies that the user's offices issue or that are for them."""
    return sa.select(Policy).where(is_visible_to(user))


def is_visible_to(user: User) -> sa.ColumnElement[bool]:
    """The same as a condition."""
    mine = visible(user, P.MEETINGS_READ)
    above = {int(part) for path in user.paths(P.MEETINGS_READ) for part in path.strip("/").split("/") if part}
    is_for_them = (
        sa.exists()
        .where(
            PolicyScope.policy_id == Policy.id,
            sa.or_(PolicyScope.region_id.in_(mine), PolicyScope.region_id.in_(above)),
        )
        .correlate(Policy)
    )
    return sa.or_(Policy.region_id.in_(mine), is_for_them)


def is_standing(telling: Any = Telling) -> sa.ColumnElement[bool]:
    """Whether a distributor was told, and this was not undone."""
    undone = aliased(Telling)
    return sa.and_(
        telling.what == ToldWhat.TOLD,
        ~sa.exists()
        .where(
            undone.concerned_id == telling.concerned_id,
            undone.turn == telling.turn,
            undone.what == ToldWhat.UNDONE,
        )
        .correlate(telling),
    )


def in_scope(policy_id: Any) -> sa.ColumnElement[bool]:
    """Whether a distributor's office is one that the policy is for; `policy_id` may be a column."""
    office, above = aliased(Region), aliased(Region)
    return (
        sa.exists()
        .where(
            PolicyScope.policy_id == policy_id,
            above.id == PolicyScope.region_id,
            office.id == Distributor.region_id,
            office.path.startswith(above.path),
        )
        .correlate_except(PolicyScope, office, above)
    )


def was_there(meeting_id: Any) -> sa.ColumnElement[bool]:
    """Whether somebody of a distributor came to a meeting."""
    return (
        standing_arrivals()
        .with_only_columns(sa.literal(1))
        .select_from(Attendance)
        .join(Guest, Guest.id == Attendance.guest_id)
        .join(Invitation, Invitation.id == Guest.invitation_id)
        .where(Attendance.meeting_id == meeting_id, Invitation.distributor_id == Distributor.id)
        .correlate_except(Attendance, Guest, Invitation)
        .exists()
    )


def _told_count() -> sa.ScalarSelect[int]:
    """Of a policy: how many of those it is judged by were told."""
    return _must_know().where(Telling.id.is_not(None)).scalar_subquery()


def missing_count() -> sa.ScalarSelect[int]:
    """Of a policy: how many of those it is judged by were not told yet."""
    return _must_know().where(Telling.id.is_(None)).scalar_subquery()


def _must_know() -> sa.Select[Any]:
    """Counts whom a policy waits for: listed when it was presented, still a distributor of ours."""
    return (
        sa.select(sa.func.count())
        .select_from(Concerned)
        .join(Distributor, Distributor.id == Concerned.distributor_id)
        .outerjoin(Telling, sa.and_(Telling.concerned_id == Concerned.id, is_standing()))
        .where(
            Concerned.policy_id == Policy.id,
            Concerned.is_newcomer.is_(False),
            Distributor.standing.not_in(GONE),
        )
        .correlate(Policy)
    )


@dataclass(frozen=True)
class PolicyFilter:
    """What the list is narrowed to; `phase` "" is everything."""

    q: str = ""
    phase: PolicyPhase | None = None
    region_id: int | None = None


SORTS: dict[str, Any] = {
    "number": Policy.number,
    "title": Policy.title,
    "wanted": sa.func.coalesce(Policy.effective_on, Policy.wanted_on),
    "office": sa.select(Region.path).where(Region.id == Policy.region_id).correlate(Policy).scalar_subquery(),
}


def policy_rows(user: User, wanted: PolicyFilter) -> sa.Select[Any]:
    """The list: the policies that the user sees, with how many were told and how many are missing."""
    columns: tuple[Any, ...] = (
        Policy.id,
        Policy.number,
        Policy.title,
        Policy.state,
        Policy.wanted_on,
        Policy.effective_on,
        Policy.superseded_on,
        Region.name.label("office"),
        _told_count().label("told"),
        missing_count().label("missing"),
    )
    statement: sa.Select[Any] = (
        sa.select(*columns).join(Region, Region.id == Policy.region_id).where(is_visible_to(user))
    )
    if wanted.q:
        like = f"%{wanted.q.replace('%', '').replace('_', '')}%"
        statement = statement.where(sa.or_(Policy.title.ilike(like), Policy.number.ilike(like)))
    if wanted.region_id is not None:
        statement = statement.where(Policy.region_id.in_(within(wanted.region_id)))
    return statement if wanted.phase is None else statement.where(_in_phase(wanted.phase))


def _in_phase(phase: PolicyPhase) -> sa.ColumnElement[bool]:
    day = today()
    is_released = Policy.state == PolicyState.RELEASED
    is_over = sa.and_(is_released, Policy.superseded_on <= day)
    is_not_over = sa.or_(Policy.superseded_on.is_(None), Policy.superseded_on > day)
    match phase:
        case PolicyPhase.BRIEFING:
            return sa.and_(Policy.state == PolicyState.PRESENTED, missing_count() > 0)
        case PolicyPhase.READY:
            return sa.and_(Policy.state == PolicyState.PRESENTED, missing_count() == 0)
        case PolicyPhase.NOT_YET:
            return sa.and_(is_released, Policy.effective_on > day, is_not_over)
        case PolicyPhase.EFFECTIVE:
            return sa.and_(is_released, Policy.effective_on <= day, is_not_over)
        case PolicyPhase.SUPERSEDED:
            return is_over
        case _:
            return Policy.state == PolicyState(phase.value)


def concerned_rows(policy: Policy, user: User | None = None) -> sa.Select[Any]:
    """Everybody concerned, each with how and when it was told; newcomers of whom nothing was noted yet too.

    `user` sees all of the policy's own office, else the distributors of the own offices.
    """
    noted_by = aliased(User)
    is_new = sa.or_(Concerned.id.is_(None), Concerned.is_newcomer)
    columns: tuple[Any, ...] = (
        Distributor.id,
        Distributor.code,
        Distributor.name,
        Distributor.standing,
        Distributor.region_id,
        Distributor.owner_id,
        Region.name.label("office"),
        User.name.label("owner"),
        is_new.label("is_newcomer"),
        Telling.id.label("telling_id"),
        Telling.how,
        Telling.told_on,
        Telling.spoke_with,
        Telling.note,
        noted_by.name.label("noted_by"),
        sa.exists()
        .where(
            Showing.policy_id == policy.id, Showing.presented_at.is_not(None), was_there(Showing.meeting_id)
        )
        .label("was_there"),
    )
    statement: sa.Select[Any] = (
        sa.select(*columns)
        .select_from(Distributor)
        .join(Region, Region.id == Distributor.region_id)
        .join(User, User.id == Distributor.owner_id)
        .outerjoin(
            Concerned, sa.and_(Concerned.distributor_id == Distributor.id, Concerned.policy_id == policy.id)
        )
        .outerjoin(Telling, sa.and_(Telling.concerned_id == Concerned.id, is_standing()))
        .outerjoin(noted_by, noted_by.id == Telling.noted_by_id)
        .where(sa.or_(Concerned.id.is_not(None), _is_newcomer_of(policy)))
    )
    if user is None or user.can(P.MEETINGS_READ, policy.region):
        return statement
    return statement.where(Distributor.region_id.in_(visible(user, P.MEETINGS_READ)))


def _is_newcomer_of(policy: Policy) -> sa.ColumnElement[bool]:
    if policy.state not in (PolicyState.PRESENTED, PolicyState.RELEASED):
        return sa.false()
    return sa.and_(Distributor.standing.in_(CONCERNED), in_scope(policy.id))


def how_many(session: Session, rows: sa.Select[Any]) -> int:
    """How many of `concerned_rows` a narrowed statement gives."""
    return (
        session.scalar(
            sa.select(sa.func.count()).select_from(rows.with_only_columns(Distributor.id).subquery())
        )
        or 0
    )


def is_missing() -> sa.ColumnElement[bool]:
    """Of `concerned_rows`: who still has to be told."""
    return sa.and_(Telling.id.is_(None), Distributor.standing.not_in(GONE))


CONCERNED_SORTS: dict[str, Any] = {
    "code": Distributor.code_key,
    "name": Distributor.name,
    "office": Region.path,
    "owner": User.name,
    "told": Telling.told_on,
}


@dataclass(frozen=True)
class Progress:
    """How far an owner of an office has come: told, still missing, newcomers among those missing."""

    office: str
    region_id: int
    owner: str
    owner_id: int
    told: int
    missing: int
    newcomers: int

    @property
    def total(self) -> int:
        """Everybody who has to know."""
        return self.told + self.missing


def progress(session: Session, policy: Policy, user: User | None = None) -> list[Progress]:
    """Office by office, owner by owner."""
    rows = concerned_rows(policy, user).subquery()
    is_told = rows.c.telling_id.is_not(None)
    waits = sa.and_(rows.c.telling_id.is_(None), rows.c.standing.not_in(GONE))

    def how_many(condition: sa.ColumnElement[bool]) -> sa.Function[int]:
        return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)

    found = session.execute(
        sa.select(
            rows.c.office,
            rows.c.region_id,
            rows.c.owner,
            rows.c.owner_id,
            how_many(is_told),
            how_many(waits),
            how_many(sa.and_(waits, rows.c.is_newcomer)),
        )
        .join(Region, Region.id == rows.c.region_id)
        .group_by(rows.c.office, rows.c.region_id, rows.c.owner, rows.c.owner_id, Region.path)
        .order_by(Region.path, rows.c.owner)
    )
    return [Progress(*row[:4], *(int(value) for value in row[4:])) for row in found]


def missing(session: Session, policy: Policy) -> int:
    """How many the policy still waits for: newcomers hold it up no more than who is gone."""
    return session.scalar(sa.select(missing_count()).where(Policy.id == policy.id)) or 0


def showings_of(session: Session, meeting: Meeting) -> list[Showing]:
    """The policies tied to a meeting, in the order in which they were."""
    return list(
        session.scalars(
            sa.select(Showing)
            .join(Policy, Policy.id == Showing.policy_id)
            .where(Showing.meeting_id == meeting.id, Showing.untied_at.is_(None))
            .options(sa.orm.contains_eager(Showing.policy))
            .order_by(Showing.id)
        )
    )


def to_tie(session: Session, meeting: Meeting, user: User) -> list[Policy]:
    """The policies that could be presented at a meeting."""
    taken = sa.select(Showing.policy_id).where(Showing.meeting_id == meeting.id, Showing.untied_at.is_(None))
    return list(
        session.scalars(
            policies_visible_to(user)
            .where(
                Policy.state.in_((PolicyState.DRAFT, PolicyState.TIED, PolicyState.PRESENTED)),
                Policy.id.not_in(taken),
            )
            .order_by(Policy.id.desc())
            .limit(50)
        )
    )


def at_meeting(showing: Showing) -> sa.Select[Any]:
    """The distributors that came to a meeting and are concerned by a policy presented there, with who was told how."""
    return concerned_rows(showing.policy).where(was_there(showing.meeting_id), Concerned.id.is_not(None))


def signers(session: Session, showing: Showing) -> list[Any]:
    """Who signs for a policy at a meeting: the invited distributors of its offices, office by office."""
    columns: tuple[Any, ...] = (Distributor.code, Distributor.name, Region.name.label("office"))
    return list(
        session.execute(
            sa.select(*columns)
            .join(Invitation, Invitation.distributor_id == Distributor.id)
            .join(Region, Region.id == Distributor.region_id)
            .where(
                Invitation.meeting_id == showing.meeting_id,
                Invitation.withdrawn_at.is_(None),
                Distributor.standing.in_(CONCERNED),
                in_scope(showing.policy_id),
            )
            .order_by(Region.path, Distributor.name_key)
        )
    )


# What a policy's page shows beside it.
WITH_ALL = (
    joinedload(Policy.region),
    joinedload(Policy.replaces),
    joinedload(Policy.released_by),
    joinedload(Policy.withdrawn_by),
    selectinload(Policy.scopes).joinedload(PolicyScope.region),
    selectinload(Policy.texts).joinedload(PolicyText.written_by),
    selectinload(Policy.showings).options(
        joinedload(Showing.meeting).joinedload(Meeting.region), joinedload(Showing.presented_by)
    ),
)


def contacts(session: Session, ids: list[int]) -> dict[int, tuple[str, str]]:
    """Of each distributor whom to ask for and under which number: its main contact, else its first telephone."""
    found: dict[int, tuple[str, str]] = {}
    phones = session.execute(
        sa.select(DistributorPhone.distributor_id, DistributorPhone.display)
        .where(DistributorPhone.distributor_id.in_(ids))
        .order_by(DistributorPhone.no, DistributorPhone.id)
    )
    for id_, display in phones:
        found.setdefault(id_, ("", display))
    people = session.execute(
        sa.select(Contact.distributor_id, Contact.name, Contact.phone)
        .where(Contact.distributor_id.in_(ids), Contact.ended_at.is_(None))
        .order_by(Contact.is_primary.desc(), Contact.id)
    )
    named: set[int] = set()
    for id_, name, phone in people:
        if id_ not in named:
            named.add(id_)
            found[id_] = (name, phone or found.get(id_, ("", ""))[1])
    return found
