"""The demo's meetings of the year that are over: so many that rates, no-shows and costs can be compared."""

from datetime import time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA, clock_at, today
from portal.demo.deeds import on
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor, Standing
from portal.domain.meetings import checking_in, costs, inviting, planning
from portal.domain.meetings.checking_in import By
from portal.domain.meetings.costs import Spent
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.inviting import Answer
from portal.domain.meetings.models import CostKind, Guest, How, Invitation, Meeting, MeetingKind, Reply, Via
from portal.domain.meetings.planning import Facts, china_at
from portal.domain.users.models import User

_MINUTE = timedelta(minutes=1)
_SPENT = (
    (CostKind.VENUE, 860_000, "示例酒店 票据 0001"),
    (CostKind.MEALS, 612_050, "示例酒店 票据 0002"),
    (CostKind.MATERIALS, 138_800, "示例印务 票据 0003"),
    (CostKind.GIFTS, 240_000, "示例礼品 票据 0004"),
)
# Days ago, whose, what, how it is called.
_HELD = (
    (252, "manager-hz", MeetingKind.ANNUAL, "示例华东区年度经销商大会"),
    (175, "manager-gz", MeetingKind.ORDERING, "示例华南区订货会"),
    (140, "manager-hz", MeetingKind.REGULAR, "示例华东区二季度经销商会议"),
)


def spend(session: Session, meeting: Meeting) -> None:
    """Pay for a meeting, one row by mistake."""
    day = meeting.starts_at.astimezone(CHINA).date()
    with clock_at(meeting.ends_at + timedelta(days=2)):
        for no, (kind, fen, note) in enumerate(_SPENT):
            spent = Spent(kind, fen, day, note)
            costs.enter(session, meeting.host, meeting, spent, key=f"demo-{meeting.id}-{no}")
        twice = costs.enter(
            session, meeting.host, meeting, Spent(CostKind.MEALS, 612_050, day, "示例酒店 票据 0002"),
            key=f"demo-{meeting.id}-twice",
        )  # fmt: skip
        costs.reverse(session, meeting.host, twice, "示例重复登记")
        session.commit()


class PastMeetings:
    """Planned, answered and come to by the services of the pages."""

    def __init__(self, session: Session, people: dict[str, User]) -> None:
        self._session = session
        self._people = people

    def load(self) -> int:
        """Hold them; returns how many."""
        for turn, (days, host, kind, title) in enumerate(_HELD):
            meeting = self._plan(days, self._people[host], kind, title)
            self._hold(meeting, turn)
            spend(self._session, meeting)
        return len(_HELD)

    def _plan(self, days: int, host: User, kind: MeetingKind, title: str) -> Meeting:
        assert host.home is not None
        day = today() - timedelta(days=days)
        start = china_at(day, time(9))
        facts = Facts(
            kind=kind, title=title, host=host, starts_at=start, ends_at=start + 420 * _MINUTE,
            place="示例酒店三楼会议厅", reply_by_on=day - timedelta(days=4), budget_fen=2_000_000,
        )  # fmt: skip
        with on(day - timedelta(days=20)):
            made = planning.plan(self._session, host, host.home, facts)
            theirs = Distributor.region_id.in_(visible(host, Permission.MEETINGS_WRITE))
            ids = self._session.scalars(
                sa.select(Distributor.id).where(theirs, Distributor.standing == Standing.ACTIVE)
            ).all()
            inviting.invite(self._session, host, made, ids)
            self._session.commit()
        return made

    def _hold(self, meeting: Meeting, turn: int) -> None:
        """Each distributor has its ways: some never answer, some always come late, one does not show up again."""
        asked = self._session.scalars(
            sa.select(Invitation).where(Invitation.meeting_id == meeting.id).order_by(Invitation.id)
        ).all()
        guests: list[tuple[int, Guest]] = []
        with clock_at(meeting.starts_at - timedelta(days=6)):
            for no, invitation in enumerate(asked):
                if no % 11 == 10 or (no + turn) % 13 == 12:
                    continue
                if (no + 3 * turn) % 8 == 7:
                    said = Answer(Reply.DECLINED)
                else:
                    said = Answer(Reply.COMING, 1, [GuestFacts(f"示例参会人{no + 1}")])
                inviting.answer(self._session, meeting.host, invitation, said, Via.PHONE)
                guests += [(no, one) for one in invitation.guests]
            self._session.commit()
        by = By(user=meeting.host)
        for no, guest in guests:
            if no == 8 or (no + turn) % 10 == 9:
                continue
            at = meeting.starts_at + (25 if no % 7 == 6 else no % 20 - 22) * _MINUTE
            with clock_at(at):
                checking_in.arrive(
                    self._session, meeting, guest, by, how=How.OFFICE, key=f"demo-past-{guest.id}"
                )
            if no % 12 == 5:
                with clock_at(meeting.starts_at + 200 * _MINUTE):
                    checking_in.leave(self._session, meeting, guest, by, key=f"demo-left-{guest.id}")
        self._session.commit()
