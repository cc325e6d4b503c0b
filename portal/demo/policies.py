"""The demo's policies: one in force, one whose absentees are being briefed, one for the next meeting, one draft."""

from collections.abc import Sequence
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA, clock_at, today
from portal.domain.distributors.models import Distributor
from portal.domain.meetings.models import Meeting
from portal.domain.meetings.policies import drafting, queries, releasing, telling
from portal.domain.meetings.policies.drafting import Said
from portal.domain.meetings.policies.models import Policy, Showing, ToldHow
from portal.domain.meetings.policies.telling import Briefing
from portal.domain.users.models import User

_DAY = timedelta(days=1)
_TEXT = """一、本政策适用于{offices}所辖经销商。
二、订货返利：季度进货达到目标的，按协议约定的返利率计算；超过目标的部分另加一个百分点。
三、门头与陈列：新建示例形象门头的，凭验收照片和发票给予补贴，每店每年一次。
四、价格秩序：各经销商应按协议约定的价格和区域销售，不得低价、窜货。
五、本政策由{office}解释；与原政策不一致的，以本政策为准。"""


class Policies:
    """Writes, presents, tells and releases by the same services as the pages."""

    def __init__(self, session: Session, people: dict[str, User]) -> None:
        self._session = session
        self._host = people["manager-hz"]

    def load(self) -> int:
        """One policy in each phase that a newcomer asks about; returns how many."""
        past, coming = self._meetings()
        held_on = past.starts_at.astimezone(CHINA).date()
        known = self._presented(past, "示例华东区三季度返利政策", held_on + 30 * _DAY)
        self._brief(known, held_on, leave=0)
        with clock_at(past.ends_at + 20 * _DAY):
            releasing.release(self._session, self._host, known, held_on + 30 * _DAY)
            self._session.commit()
        waits = self._presented(past, "示例门店陈列补贴办法", today() + 20 * _DAY)
        self._brief(waits, held_on, leave=3)
        soon = self._drafted("示例华东区四季度返利政策", today() + 40 * _DAY, replaces=known)
        drafting.tie(self._session, self._host, soon, coming)
        self._drafted("示例新品铺货奖励办法（征求意见）", today() + 60 * _DAY)
        self._session.commit()
        return 4

    def _meetings(self) -> Sequence[Meeting]:
        """That of the third quarter, which is over, and that of the fourth, which is to come."""
        wanted = Meeting.title.in_(("示例华东区三季度经销商会议", "示例华东区四季度经销商会议"))
        return self._session.scalars(sa.select(Meeting).where(wanted).order_by(Meeting.starts_at)).all()

    def _drafted(self, title: str, wanted_on: date, *, replaces: Policy | None = None) -> Policy:
        region = self._host.home
        assert region is not None
        body = _TEXT.format(offices=region.name, office=region.name)
        said = Said(title, body, wanted_on, [region], replaces)
        return drafting.draft(self._session, self._host, region, said)

    def _presented(self, meeting: Meeting, title: str, wanted_on: date) -> Policy:
        with clock_at(meeting.starts_at - 7 * _DAY):
            policy = self._drafted(title, wanted_on)
            showing: Showing = drafting.tie(self._session, self._host, policy, meeting)
            self._session.commit()
        with clock_at(meeting.ends_at):
            drafting.present(self._session, self._host, showing, meeting.starts_at + timedelta(minutes=45))
            telling.acknowledge(self._session, self._host, showing, None, ToldHow.SHEET)
            self._session.commit()
        return policy

    def _brief(self, policy: Policy, held_on: date, *, leave: int) -> None:
        """Brief who was absent in the week after, but for the last ones."""
        rows = self._session.execute(
            queries.concerned_rows(policy).where(queries.is_missing()).order_by(Distributor.id)
        ).all()
        hows = (ToldHow.PHONE, ToldHow.VISIT, ToldHow.MAIL)
        for no, row in enumerate(rows[: len(rows) - leave] if leave else rows):
            dealer = self._session.get_one(Distributor, row.id)
            on = held_on + (1 + no % 5) * _DAY
            contact = next(iter(dealer.people), None)
            said = Briefing(hows[no % 3], on, contact.name if contact else "示例店主")
            with clock_at(policy.presented_at + 7 * _DAY if policy.presented_at else policy.created_at):
                telling.brief(self._session, dealer.owner, policy, dealer, said)
        self._session.commit()
