"""What tests of meetings start from: an office, a manager, dealers, a meeting on a day in June, and a clock."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from portal.db import clock_at, now
from portal.domain.access.roles import Role
from portal.domain.distributors.models import Distributor
from portal.domain.meetings import checking_in, inviting, kiosks, planning
from portal.domain.meetings.checking_in import Arrival, By
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.models import Guest, How, Invitation, Kiosk, Meeting, MeetingKind, Reply, Via
from portal.domain.meetings.planning import Facts, Item, china_at
from portal.domain.users.models import User
from tests.factories import Factory

DAY = date(2026, 6, 12)
START, END = china_at(DAY, time(9)), china_at(DAY, time(17))
BEFORE = china_at(date(2026, 6, 1), time(10))


class MeetingWorld:
    """An office that holds meetings; each call commits."""

    def __init__(self, session: Session, make: Factory) -> None:
        self.session, self.make = session, make
        self.office = make.region("示例杭州办事处")
        self.manager: User = make.user(Role.REGIONAL_MANAGER, self.office)
        self.sales: User = make.user(Role.SALESPERSON, self.office)
        self._keys = count(1)

    def facts(self, **said: Any) -> Facts:
        usual: dict[str, Any] = {
            "kind": MeetingKind.REGULAR,
            "title": "示例二季度经销商会议",
            "host": self.manager,
            "starts_at": START,
            "ends_at": END,
            "place": "示例酒店三楼",
            "agenda": (Item(START, "示例政策宣贯", "示例主讲"), Item(START + timedelta(hours=1), "示例表彰")),
        }
        return Facts(**usual | said)

    def soon(self) -> dict[str, Any]:
        """Times that lie ahead whatever day it is."""
        starts_at = now() + timedelta(days=30)
        return {"on": now(), "starts_at": starts_at, "ends_at": starts_at + timedelta(hours=8), "agenda": ()}

    def plan(self, *, on: datetime = BEFORE, **said: Any) -> Meeting:
        with clock_at(on):
            made = planning.plan(self.session, self.manager, self.office, self.facts(**said))
            self.session.commit()
        return made

    def dealers(self, number: int, **facts: Any) -> list[Distributor]:
        return [self.make.distributor(self.office, self.sales, **facts) for _ in range(number)]

    def invite(
        self, meeting: Meeting, dealers: Sequence[Distributor], *, on: datetime = BEFORE
    ) -> list[Invitation]:
        with clock_at(on):
            inviting.invite(self.session, self.manager, meeting, [one.id for one in dealers])
            self.session.commit()
        return [
            self.session.query(Invitation).filter_by(meeting_id=meeting.id, distributor_id=one.id).one()
            for one in dealers
        ]

    def coming(self, invitation: Invitation, *names: str, on: datetime = BEFORE) -> list[Guest]:
        """These people come; a telephone may follow a name after a blank."""
        guests = [GuestFacts(name, phone=phone) for name, _, phone in (one.partition(" ") for one in names)]
        with clock_at(on):
            said = inviting.Answer(Reply.COMING, len(guests), guests)
            inviting.answer(self.session, self.manager, invitation, said, Via.PHONE)
            self.session.commit()
        return [one for one in invitation.guests if one.cancelled_at is None]

    def kiosk(self, meeting: Meeting, *, on: datetime = START) -> Kiosk:
        with clock_at(on):
            _, opening = kiosks.make(self.session, self.manager, meeting, "")
            made, _ = kiosks.open_with(self.session, opening)
            self.session.commit()
        return made

    def arrive(self, guest: Guest, by: By | None = None, *, on: datetime, key: str = "") -> Arrival:
        with clock_at(on):
            done = checking_in.arrive(
                self.session,
                guest.meeting,
                guest,
                by or By(user=self.manager),
                how=How.BADGE,
                key=key or f"k{next(self._keys)}",
            )
            self.session.commit()
        return done
