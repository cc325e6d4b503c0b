"""The demo's dealer meetings: last quarter's with who came, and the next one with replies on their way."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import clock_at, now, today
from portal.demo.deeds import on
from portal.demo.past_meetings import PastMeetings, spend
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor, Standing
from portal.domain.meetings import (
    checking_in,
    inviting,
    kiosks,
    packs,
    planning,
    rooms,
    seats,
    series,
    sightings,
)
from portal.domain.meetings.checking_in import By
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.inviting import Answer
from portal.domain.meetings.models import (
    Attendance,
    Guest,
    How,
    Invitation,
    Lodging,
    Meeting,
    MeetingKind,
    Reply,
    Told,
    Via,
)
from portal.domain.meetings.planning import Facts, Item, china_at
from portal.domain.meetings.series import Rhythm
from portal.domain.meetings.sightings import Seen
from portal.domain.users.models import User

_MINUTE = timedelta(minutes=1)


class Meetings:
    """Plans, invites, answers and checks in by the same services as the pages."""

    def __init__(self, session: Session, people: dict[str, User]) -> None:
        self._session = session
        self._people = people
        self._host = people["manager-hz"]

    def load(self) -> int:
        """The year's meetings that are over, one ten weeks ago, one that has just begun, and one in twelve days."""
        over = PastMeetings(self._session, self._people).load()
        past = self._plan(today() - timedelta(days=70), "示例华东区三季度经销商会议", days_before=21)
        self._replies(past, ahead=12, unanswered=3)
        self._seats(past, days_before=3)
        self._door(past)
        spend(self._session, past)
        begins = now().replace(second=0, microsecond=0) - 5 * _MINUTE
        present = self._plan(today(), "示例华东区备货动员会", days_before=14, start=begins)
        self._replies(present, ahead=9, unanswered=6)
        self._seats(present, days_before=3)
        self._door(present)
        self._device(present)
        coming = self._plan(
            today() + timedelta(days=12), "示例华东区四季度经销商会议", days_before=17, seats=22
        )
        self._replies(coming, ahead=14, unanswered=9)
        self._seats(coming, days_before=13)
        self._rooms(coming, days_before=13)
        self._again(coming)
        return over + 4

    def _plan(
        self, day: date, title: str, *, days_before: int, seats: int = 60, start: datetime | None = None
    ) -> Meeting:
        region = self._host.home
        assert region is not None
        start = start or china_at(day, time(9))
        agenda = (
            Item(start, "开场致辞", "示例杭州经理"),
            Item(start + 30 * _MINUTE, "下季度价格与返利政策宣贯", "示例总监"),
            Item(start + 120 * _MINUTE, "优秀经销商表彰", "示例杭州经理"),
            Item(start + 300 * _MINUTE, "分组讨论", ""),
        )
        facts = Facts(
            kind=MeetingKind.REGULAR,
            title=title,
            host=self._host,
            starts_at=start,
            ends_at=start + 480 * _MINUTE,
            place="示例酒店三楼会议厅",
            address="杭州市示例路1号",
            reply_by_on=day - timedelta(days=4),
            seats=seats,
            budget_fen=3_000_000,
            agenda=agenda,
        )
        with on(day - timedelta(days=days_before)):
            made = planning.plan(self._session, self._host, region, facts)
            theirs = Distributor.region_id.in_(visible(self._host, Permission.MEETINGS_WRITE))
            ids = self._session.scalars(
                sa.select(Distributor.id).where(theirs, Distributor.standing == Standing.ACTIVE)
            ).all()
            inviting.invite(self._session, self._host, made, ids)
            self._session.commit()
        return made

    def _replies(self, meeting: Meeting, *, ahead: int, unanswered: int) -> None:
        """Most of them come, every seventh does not, the last ones have not said anything."""
        asked = self._session.scalars(
            sa.select(Invitation).where(Invitation.meeting_id == meeting.id).order_by(Invitation.id)
        ).all()
        with clock_at(meeting.starts_at - timedelta(days=ahead)):
            for no, invitation in enumerate(asked[: len(asked) - unanswered]):
                said = (
                    Answer(Reply.DECLINED, note="当天出差") if no % 7 == 6 else self._coming(invitation, no)
                )
                inviting.answer(self._session, invitation.distributor.owner, invitation, said, Via.PHONE)
            self._session.commit()

    def _coming(self, invitation: Invitation, no: int) -> Answer:
        contact = next(iter(invitation.distributor.people), None)
        first = GuestFacts(
            contact.name if contact else f"示例参会人{no + 1}",
            contact.title if contact else "",
            contact.phone if contact else "",
            lodging=Lodging.SINGLE if no % 12 == 0 else Lodging.SHARED if no % 4 == 0 else Lodging.NONE,
            train="示例高铁 G1 次" if no % 4 == 0 else "",
            is_lady=None if no % 16 == 8 else no % 3 == 0,
        )
        more = (
            [GuestFacts(f"示例同行人{no + 1}", lodging=Lodging.SHARED, is_lady=no % 2 == 0)]
            if no % 3 == 0
            else []
        )
        return Answer(Reply.COMING, 1 + len(more), [first, *more])

    def _again(self, meeting: Meeting) -> None:
        """The next quarter's, planned as one series."""
        (day,) = series.proposed(self._session, meeting, Rhythm.QUARTERLY, 1)
        with clock_at(meeting.starts_at - timedelta(days=12)):
            (one,) = series.repeat(self._session, self._host, meeting, [day.day], with_audience=False)
            named = replace(
                planning.again(one, one.starts_at, self._host), title="示例华东区一季度经销商会议"
            )
            planning.change(self._session, self._host, one, named, seen_version=one.version)
            self._session.commit()

    def _seats(self, meeting: Meeting, *, days_before: int) -> None:
        """Tables with the speakers at the head one; whoever replies later has no seat yet."""
        with clock_at(meeting.starts_at - timedelta(days=days_before)):
            seats.lay(self._session, self._host, meeting, "主桌 8\n1-5 8", seen="")
            seats.add_own(self._session, self._host, meeting, "示例总监 总监\n示例杭州经理 大区经理")
            seats.propose(self._session, self._host, meeting)
            packs.set_desks(self._session, self._host, meeting, "A-L：1号台\nM-Z：2号台\n其他：总台", seen="")
            self._session.commit()

    def _rooms(self, meeting: Meeting, *, days_before: int) -> None:
        """Whoever stays overnight shares a room as proposed; of one nobody said Mr or Ms."""
        with clock_at(meeting.starts_at - timedelta(days=days_before)):
            rooms.lay(self._session, self._host, meeting, "双床房 2 301-306\n大床房 1 4", seen="")
            rooms.propose(self._session, self._host, meeting)
            self._session.commit()

    def _door(self, meeting: Meeting) -> None:
        """Every ninth stays away, every eighth comes late; of a meeting that is going on, who came until now."""
        guests = self._session.scalars(
            sa.select(Guest)
            .where(Guest.meeting_id == meeting.id, Guest.cancelled_at.is_(None))
            .order_by(Guest.id)
        ).all()
        by, moment = By(user=self._host), now()
        for no, guest in enumerate(guests):
            if no % 9 == 8:
                continue
            at = meeting.starts_at + (12 if no % 8 == 7 else no % 20 - 25) * _MINUTE
            if at > moment:
                continue
            with clock_at(at):
                checking_in.arrive(self._session, meeting, guest, by, how=How.OFFICE, key=f"demo-{guest.id}")
        self._session.commit()

    def _device(self, meeting: Meeting) -> None:
        """A device that had no network: what it sent afterwards, and what of it somebody has to look at."""
        arrived = sa.select(Attendance.guest_id).where(Attendance.meeting_id == meeting.id)
        people = sa.select(Guest).where(Guest.meeting_id == meeting.id, Guest.cancelled_at.is_(None))
        absent = self._session.scalars(
            people.where(Guest.id.not_in(arrived)).order_by(Guest.id).limit(2)
        ).all()
        came = self._session.scalars(people.where(Guest.id.in_(arrived)).order_by(Guest.id).limit(1)).all()
        start = meeting.starts_at
        with clock_at(start - 70 * _MINUTE):
            _made, opening = kiosks.make(self._session, self._host, meeting, "东门")
            device, _key = kiosks.open_with(self._session, opening)
        walk_in = [GuestFacts(one.name, company="示例路过商贸") for one in absent[:1]]
        seen = [
            *[Seen(Told.WALK_IN, start - 20 * _MINUTE, facts=one) for one in walk_in],
            Seen(Told.SCAN, start - 18 * _MINUTE, said="HYAAAAAAAAAAAAAAAAAAAAAA"),
            *[Seen(Told.GUEST, start - 90 * _MINUTE, guest_id=one.id) for one in absent[1:]],
            *[Seen(Told.GUEST, start - 4 * _MINUTE, guest_id=one.id) for one in came],
        ]
        with clock_at(start - 2 * _MINUTE):
            for no, one in enumerate(seen):
                key = f"{device.id}:demo-{no}"
                sightings.take(self._session, meeting, By(kiosk=device), one, key=key, badge_key=b"")
            self._session.commit()
