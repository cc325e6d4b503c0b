"""What the door shows: who is meant, where they sit, whether they are in already, how many are in (M1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.distributors.models import Distributor
from portal.domain.meetings import guests, packs
from portal.domain.meetings.models import Attendance, Guest, Invitation, Kiosk, Meeting, Reply, What
from portal.domain.meetings.queries import standing_arrivals
from portal.domain.regions.models import Region

LAST = 20


@dataclass(frozen=True)
class AtDoor:
    """A guest as the door knows them: no more of a person than it takes to find the right one."""

    guest: Guest
    company: str
    arrived_at: datetime | None
    left_at: datetime | None
    # Where the materials are given out.
    desk: str = ""

    @property
    def is_in(self) -> bool:
        """Whether they are checked in."""
        return self.arrived_at is not None


def found(session: Session, meeting: Meeting, typed: str) -> list[AtDoor]:
    """Who may be meant by what was typed: name, pinyin, initials or the telephone's end."""
    return _read(session, meeting, guests.like(meeting, typed))


def one(session: Session, meeting: Meeting, guest_id: int) -> AtDoor | None:
    """A guest of this meeting by id; none who is another's or was erased."""
    statement = sa.select(Guest).where(
        Guest.meeting_id == meeting.id, Guest.id == guest_id, Guest.erased_at.is_(None)
    )
    return next(iter(_read(session, meeting, statement)), None)


def known(session: Session, meeting: Meeting) -> list[AtDoor]:
    """Everybody whom a device may have to know without asking, by the sound of their names."""
    return _read(
        session,
        meeting,
        sa.select(Guest)
        .where(Guest.meeting_id == meeting.id, Guest.erased_at.is_(None))
        .order_by(Guest.sound, Guest.id),
    )


def last(session: Session, meeting: Meeting) -> list[AtDoor]:
    """Who came last, the latest first; arrivals that were undone are gone from it."""
    statement = (
        sa.select(Guest)
        .where(Guest.meeting_id == meeting.id, Guest.erased_at.is_(None), _ARRIVED.at.is_not(None))
        .order_by(_ARRIVED.at.desc(), _ARRIVED.id.desc())
        .limit(LAST)
    )
    return _read(session, meeting, statement)


def tally(session: Session, meeting: Meeting) -> tuple[int, int]:
    """How many are in, of how many: those who are named, and those whom a reply announces without a name."""
    inside, named, nameless = session.execute(_TALLY, {"meeting": meeting.id}).one()
    return int(inside), named + int(nameless)


def _tally() -> sa.Select[Any]:
    """Asked for with every scan. An arrival is undone once at most, so those that stand are a difference."""
    meeting: sa.BindParameter[int] = sa.bindparam("meeting", type_=sa.BigInteger)
    stands = sa.case((Attendance.what == What.ARRIVED, 1), (Attendance.what == What.UNDONE, -1), else_=0)
    inside = sa.select(sa.func.coalesce(sa.func.sum(stands), 0)).where(Attendance.meeting_id == meeting)
    is_named = Guest.cancelled_at.is_(None)
    named = sa.select(sa.func.count()).where(Guest.meeting_id == meeting, is_named)
    of_one = (
        sa.select(sa.func.count())
        .where(Guest.invitation_id == Invitation.id, is_named)
        .correlate(Invitation)
        .scalar_subquery()
    )
    more = Invitation.persons - of_one
    nameless = sa.select(sa.func.coalesce(sa.func.sum(sa.case((more > 0, more), else_=0)), 0)).where(
        Invitation.meeting_id == meeting,
        Invitation.withdrawn_at.is_(None),
        Invitation.reply == Reply.COMING,
    )
    return sa.select(*(one.scalar_subquery() for one in (inside, named, nameless)))


_TALLY = _tally()


@dataclass(frozen=True)
class Device:
    """A device with what it did."""

    kiosk: Kiosk
    arrivals: int
    latest_at: datetime | None


def devices(session: Session, meeting: Meeting) -> list[Device]:
    """The devices of a meeting in the order they were made, those that ended last."""
    seen = sa.and_(Attendance.kiosk_id == Kiosk.id, Attendance.what == What.ARRIVED)
    rows = session.execute(
        sa.select(Kiosk, sa.func.count(Attendance.id), sa.func.max(Attendance.at))
        .outerjoin(Attendance, seen)
        .where(Kiosk.meeting_id == meeting.id)
        .group_by(Kiosk.id)
        .order_by(Kiosk.ended_at.is_not(None), Kiosk.id)
    )
    return [Device(kiosk, arrivals, latest) for kiosk, arrivals, latest in rows]


_ARRIVED, _LEFT = aliased(Attendance), aliased(Attendance)


def _read(session: Session, meeting: Meeting, statement: sa.Select[Guest]) -> list[AtDoor]:
    standing = standing_arrivals(meeting.id).with_only_columns(Attendance.id)
    rows: Sequence[Any] = session.execute(
        statement.outerjoin(Invitation, Invitation.id == Guest.invitation_id)
        .outerjoin(Distributor, Distributor.id == Invitation.distributor_id)
        .outerjoin(_ARRIVED, sa.and_(_ARRIVED.guest_id == Guest.id, _ARRIVED.id.in_(standing)))
        .outerjoin(
            _LEFT,
            sa.and_(_LEFT.guest_id == Guest.id, _LEFT.turn == _ARRIVED.turn, _LEFT.what == What.LEFT),
        )
        .outerjoin(Region, Region.id == Distributor.region_id)
        .add_columns(Distributor.name, Region.path, _ARRIVED.at, _LEFT.at)
    ).all()
    desks = packs.desks(session, meeting)
    return [
        AtDoor(guest, name or guest.company, at, left, desks.of(guest.initials, path or ""))
        for guest, name, path, at, left in rows
    ]
