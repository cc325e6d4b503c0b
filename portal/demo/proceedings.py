"""The demo's minutes with tasks, and the distributors that were commended at last quarter's meeting."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA, clock_at, today
from portal.domain.meetings.commending import services as commending
from portal.domain.meetings.minutes import tasks, writing
from portal.domain.meetings.minutes.models import TaskDeed
from portal.domain.meetings.minutes.writing import Block, Said
from portal.domain.meetings.models import Meeting
from portal.domain.users.models import User

_DAY = timedelta(days=1)
_SAID = (
    "示例杭州经理致辞，通报三季度销售情况和市场秩序情况，感谢各经销商的支持。",
    "示例总监宣讲三季度返利政策和门店陈列补贴办法，现场答疑，到会经销商逐家签收。\n对跨区销售的处理口径作了说明。",
    "对年度优秀经销商颁发荣誉证书，获奖代表介绍经验。",
    "各组就旺季备货、门店陈列和价格秩序进行讨论，提出建议十二条。",
)


class Proceedings:
    """Writes, issues, gives tasks and commends by the same services as the pages."""

    def __init__(self, session: Session, people: dict[str, User]) -> None:
        self._session = session
        self._people = people
        self._host = people["manager-hz"]

    def load(self) -> int:
        """Minutes of the first meeting with four tasks, and three commendations; returns how many of all."""
        wanted = sa.select(Meeting).where(Meeting.title == "示例华东区三季度经销商会议")
        held = self._session.scalars(wanted).one()
        self._tasks(held)
        self._minutes(held)
        return 5 + self._commendations(held)

    def _tasks(self, held: Meeting) -> None:
        on = held.ends_at.astimezone(CHINA).date()
        wanted = (
            ("整理十二条建议并逐条答复", "manager-hz", on + 14 * _DAY),
            ("完成缺席经销商的政策传达", "sales-nb", today() - 5 * _DAY),
            ("核实示例门店跨区销售的线索", "sales-hz", today() + 6 * _DAY),
            ("旺季备货计划表发至各经销商", "sales-hz", on + 10 * _DAY),
        )
        with clock_at(held.ends_at):
            given = [
                tasks.give(self._session, self._host, held, what=what, doer=self._people[who], due_on=due_on)
                for what, who, due_on in wanted
            ]
            self._session.commit()
        with clock_at(held.ends_at + 9 * _DAY):
            tasks.do(self._session, self._people["sales-hz"], given[3], TaskDeed.DONE, "已发送，全部确认收到")
            later = on + 30 * _DAY
            why = "两条建议要等总部答复"
            tasks.do(self._session, self._host, given[0], TaskDeed.MOVED, why, due_on=later)
            self._session.commit()
        with clock_at(held.ends_at + 28 * _DAY):
            tasks.do(self._session, self._host, given[0], TaskDeed.DONE, "已书面答复")
            self._session.commit()

    def _minutes(self, held: Meeting) -> None:
        with clock_at(held.ends_at + _DAY):
            blocks = [
                Block(item.topic, item.speaker, text) for item, text in zip(held.agenda, _SAID, strict=False)
            ]
            decisions = [
                "三季度返利政策自公布之日起执行，缺席经销商由负责人一周内传达。",
                "各经销商于本月底前报送旺季备货计划。",
                "对跨区销售从严处理，线索由各负责人核实后上报。",
            ]
            said = Said(blocks, decisions, self._host.name, self._people["sales-hz"].name)
            made = writing.write(self._session, self._host, held, said, seen="0")
            writing.issue(self._session, self._host, held, seen=writing.mark(made))
            self._session.commit()

    def _commendations(self, held: Meeting) -> int:
        on = held.starts_at.astimezone(CHINA).date()
        with clock_at(held.starts_at - 2 * _DAY):
            ranked = commending.candidates(self._session, self._host, held, on - 400 * _DAY, on)
            ids = [one.id for one in ranked[:3]]
            made = commending.commend(
                self._session, self._host, held, ids[:1], "销售冠军", "年度进货额居全区第一"
            )
            made += commending.commend(
                self._session, self._host, held, ids[1:], "优秀经销商", "销售业绩突出，价格秩序良好"
            )
            self._session.commit()
        return made
