"""Commending distributors: candidates ranked by purchases and growth, chosen by a person, taken back on record (M1)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from portal.db import lock, now
from portal.domain.access.queries import visible, within
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor, Standing
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings.commending.models import Commendation
from portal.domain.meetings.models import Meeting
from portal.domain.meetings.planning import require_host
from portal.domain.meetings.policies.queries import was_there
from portal.domain.price_protection.purchases import ranking
from portal.domain.regions.models import Region
from portal.domain.text import clean
from portal.domain.users.models import User

MOST = 100
LONGEST = timedelta(days=1100)


@dataclass(frozen=True)
class Candidate:
    """A distributor with what it bought in a period and in the one before it, in fen."""

    id: int
    code: str
    name: str
    office: str
    was_there: bool
    amount_fen: int
    before_fen: int
    rank: int = 0
    growth_rank: int | None = None

    @property
    def growth_ppm(self) -> int | None:
        """How much more it bought than in the period before; None where nothing was bought then."""
        if self.before_fen <= 0:
            return None
        return (self.amount_fen - self.before_fen) * 1_000_000 // self.before_fen


def may_rank(user: User, meeting: Meeting) -> bool:
    """Whether the user may see who bought how much."""
    return user.can(P.PURCHASES_READ, meeting.region)


def period_before(first_on: date, last_on: date) -> tuple[date, date]:
    """The period of as many days just before; a whole year's is the year before, whatever its days."""
    if (first_on.month, first_on.day, last_on.month, last_on.day) == (1, 1, 12, 31):
        return first_on.replace(year=first_on.year - 1), last_on.replace(year=last_on.year - 1)
    before = first_on - timedelta(days=1)
    return before - (last_on - first_on), before


def candidates(
    session: Session,
    user: User,
    meeting: Meeting,
    first_on: date,
    last_on: date,
    region_id: int | None = None,
) -> list[Candidate]:
    """The distributors of the meeting's office that bought, most first; each has its place by growth as well.

    DomainError: the user reads no purchases there, or the days are out of order.
    """
    if not may_rank(user, meeting):
        raise DomainError(N_("You may not see who bought how much. Ask somebody who reads purchases."))
    if not first_on <= last_on <= first_on + LONGEST:
        raise DomainError(N_("Enter a period of at most three years, its first day first."), "first_on")
    amounts = ranking.bought(session, user, first_on, last_on)
    before = ranking.bought(session, user, *period_before(first_on, last_on))
    statement = (
        sa.select(
            Distributor.id,
            Distributor.code,
            Distributor.name,
            Region.name.label("office"),
            was_there(meeting.id).label("was_there"),
        )
        .select_from(Distributor)
        .join(Region, Region.id == Distributor.region_id)
        .where(
            Distributor.region_id.in_(within(region_id or meeting.region_id)),
            Distributor.region_id.in_(visible(user, P.PURCHASES_READ)),
            Distributor.standing == Standing.ACTIVE,
        )
    )
    found = [
        Candidate(*row, amounts[row.id], before.get(row.id, 0))
        for row in session.execute(statement)
        if amounts.get(row.id, 0) > 0
    ]
    found.sort(key=lambda one: (-one.amount_fen, one.code))
    grown = sorted(
        (one for one in found if one.growth_ppm is not None),
        key=lambda one: (-(one.growth_ppm or 0), one.code),
    )
    places = {one.id: no for no, one in enumerate(grown, 1)}
    return [
        Candidate(
            one.id, one.code, one.name, one.office, one.was_there, one.amount_fen, one.before_fen, no,
            places.get(one.id),
        )
        for no, one in enumerate(found, 1)
    ]  # fmt: skip


def commend(
    session: Session, actor: User, meeting: Meeting, ids: Collection[int], honour: str, reason: str
) -> int:
    """Commend these distributors, each once with this honour; returns how many are new. The caller commits."""
    lock(session, meeting)
    require_host(actor, meeting)
    if meeting.cancelled_at is not None:
        raise DomainError(N_("The meeting was called off. Commend at the one that is held instead."))
    said = clean(honour)[:40]
    if not said:
        raise DomainError(N_("Enter the honour, for instance 年度优秀经销商."), "honour")
    standing = sa.select(Commendation.distributor_id).where(
        Commendation.meeting_id == meeting.id,
        Commendation.honour == said,
        Commendation.withdrawn_at.is_(None),
    )
    reached = visible(actor, P.MEETINGS_WRITE)
    found = session.execute(
        sa.select(Distributor.id, Distributor.name).where(
            Distributor.id.in_(ids), Distributor.region_id.in_(reached), Distributor.id.not_in(standing)
        )
    ).all()
    if not found:
        return 0
    count = session.scalar(
        sa.select(sa.func.count()).where(
            Commendation.meeting_id == meeting.id, Commendation.withdrawn_at.is_(None)
        )
    )
    if (count or 0) + len(found) > MOST:
        raise DomainError(N_("At most %(most)s commendations at one meeting."), most=MOST)
    names = {row.id: row.name for row in found}
    wanted = [id_ for id_ in dict.fromkeys(ids) if id_ in names]
    last = session.scalar(
        sa.select(sa.func.max(Commendation.position)).where(Commendation.meeting_id == meeting.id)
    )
    session.add_all(
        Commendation(
            meeting_id=meeting.id,
            distributor_id=id_,
            honour=said,
            reason=clean(reason)[:200],
            position=(last or 0) + no,
            given_by_id=actor.id,
        )
        for no, id_ in enumerate(wanted, 1)
    )
    session.flush()
    for id_ in wanted:
        audit.record(session, actor, "meeting.commended", meeting, name=names[id_], title=said)
    return len(wanted)


def move(session: Session, actor: User, commendation: Commendation, *, up: bool) -> None:
    """Call it one place sooner or later."""
    meeting = lock(session, commendation.meeting)
    require_host(actor, meeting)
    order = of_meeting(session, meeting)
    here = next((no for no, one in enumerate(order) if one.id == commendation.id), None)
    there = None if here is None else here - 1 if up else here + 1
    if here is None or there is None or not 0 <= there < len(order):
        return
    order[here], order[there] = order[there], order[here]
    for no, one in enumerate(order, 1):
        one.position = no
    session.flush()


def take_back(session: Session, actor: User, commendation: Commendation, reason: str) -> None:
    """Take a commendation back, with a reason; it stays on record."""
    lock(session, commendation)
    require_host(actor, commendation.meeting)
    said = clean(reason)[:200]
    if len(said) < 4:
        raise DomainError(N_("Enter why the commendation is taken back."), "reason")
    if commendation.withdrawn_at is not None:
        raise DomainError(N_("The commendation was taken back already."))
    commendation.withdrawn_at, commendation.withdrawn_by_id = now(), actor.id
    commendation.withdrawn_reason = said
    session.flush()
    audit.record(
        session,
        actor,
        "meeting.commendation_taken_back",
        commendation.meeting,
        name=commendation.distributor.name,
        title=commendation.honour,
        why=said,
    )


def of_meeting(session: Session, meeting: Meeting, *, with_withdrawn: bool = False) -> list[Commendation]:
    """The commendations of a meeting in their order."""
    statement = (
        sa.select(Commendation)
        .where(Commendation.meeting_id == meeting.id)
        .options(
            # Not joined: a row that is locked afterwards is read by the same options.
            selectinload(Commendation.distributor).selectinload(Distributor.region),
            selectinload(Commendation.withdrawn_by),
        )
        .order_by(Commendation.withdrawn_at.is_not(None), Commendation.position, Commendation.id)
    )
    if not with_withdrawn:
        statement = statement.where(Commendation.withdrawn_at.is_(None))
    return list(session.scalars(statement))


def of_distributor(session: Session, distributor_id: int) -> list[Any]:
    """What a distributor was commended for, the latest first: rows (honour, reason, meeting_id, title, starts_at)."""
    columns: tuple[Any, ...] = (
        Commendation.honour,
        Commendation.reason,
        Meeting.id.label("meeting_id"),
        Meeting.title,
        Meeting.starts_at,
    )
    return list(
        session.execute(
            sa.select(*columns)
            .join(Meeting, Meeting.id == Commendation.meeting_id)
            .where(Commendation.distributor_id == distributor_id, Commendation.withdrawn_at.is_(None))
            .order_by(Meeting.starts_at.desc(), Commendation.position)
            .limit(20)
        )
    )
