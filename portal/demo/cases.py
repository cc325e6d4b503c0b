"""The demo's violation cases: a report to take up, a case to decide, one under appeal, one whose decision holds."""

from collections.abc import Generator
from contextlib import AbstractContextManager
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA, clock_at, today
from portal.demo.agenda import Course
from portal.demo.quarters import last_ended
from portal.domain.price_protection.models import Agreement, Service, Status
from portal.domain.price_protection.violations import (
    appealing,
    deciding,
    ending,
    evidence,
    investigating,
    naming,
    reporting,
    steps,
    writing,
)
from portal.domain.price_protection.violations.models import Case, CasePaper, HearingKind
from portal.domain.price_protection.violations.reporters import Reporter, Source
from portal.domain.price_protection.violations.reporting import Report
from portal.domain.price_protection.violations.vault import Vault
from portal.domain.regions import services as regions
from portal.domain.settings import services as settings
from portal.domain.users.models import User

_HEARING = {
    "inspection_place": "浙江省杭州市西湖区示例路1号合规室",
    "appeal_address": "邮箱appeal@example.com",
    "appeal_contact": "郑示例",
    "appeal_phone": "0571-55550104",
}
_FILE = ("示例照片.txt", "示例证据：箱上追溯码 DEMO-0001 至 DEMO-0024".encode())
_KIND = "cross_territory"


class Cases:
    """Leads fictional cases through the services that the pages use, each step on its own day."""

    def __init__(self, session: Session, people: dict[str, User], vault: Vault) -> None:
        self._session, self._vault, self._today = session, vault, today()
        self._first, self._second = people["investigator"], people["investigator-2"]
        self._director, self._taker = people["director"], people["trainer"]
        self._counsel = people["counsel"]

    def courses(self) -> list[Course]:
        """The cases, each of another agreement: decided, appealed, to be decided, to be taken up.

        The first two concern the quarter that ended last and are led around its end, so that its statements tell of
        a deduction and of a fund that is held back; when that was long ago, they have ended meanwhile.
        """
        with self._on(-110):
            settings.change(self._session, None, regions.head_office(self._session), dict(_HEARING))
        since = (last_ended().last_on - self._today).days
        leads = (
            lambda agreement: self._decided(agreement, since),
            lambda agreement: self._appealed(agreement, since),
            lambda agreement: self._heard(agreement, since),
            self._reported,
        )
        return [lead(agreement) for lead, agreement in zip(leads, self._agreements(), strict=False)]

    def sweep(self) -> None:
        """Book what deadlines that passed have brought about."""
        ending.sweep(self._session)

    def _agreements(self) -> list[Agreement]:
        """Agreements that have been in force for a while and name the kind, each of another distributor."""
        rows = self._session.scalars(
            sa.select(Agreement)
            .where(
                Agreement.status == Status.SIGNED,
                Agreement.effective_on <= today() - timedelta(days=120),
                Agreement.ends_on > today(),
            )
            .order_by(Agreement.id)
        )
        return [one for one in rows if any(row.code == _KIND for row in one.last_terms.violations)][:4]

    def _on(self, days: int) -> AbstractContextManager[None]:
        return clock_at(datetime.combine(self._day(days), time(10, 30), CHINA))

    def _day(self, days: int) -> date:
        return self._today + timedelta(days=days)

    def _report(self, agreement: Agreement, act: int, on: int) -> Case:
        reporter = Reporter(
            source=Source.OUTSIDE,
            name="示例线人",
            phone="13900000000",
            place="示例市示例县建材市场",
            story="看见一辆货车在市场卸货，箱上的追溯码与本地经销商的不同。",
        )
        act_on = self._day(act)
        with self._on(on):
            case = reporting.report(
                self._session,
                self._vault,
                self._taker,
                agreement,
                Report(act_on, (_KIND,), reporter, files=(_FILE,)),
            )
            self._session.commit()
        return case

    def _reported(self, agreement: Agreement) -> Course:
        yield self._day(-3)
        self._report(agreement, -9, -3)

    def _heard(self, agreement: Agreement, since: int) -> Course:
        yield from self._to_hearing(
            agreement, act=-60, report=max(-50, since - 38), opened=-24, served=-20, answered=-8
        )

    def _to_hearing(
        self, agreement: Agreement, *, act: int, report: int, opened: int, served: int, answered: int
    ) -> Generator[date, None, Case]:
        session, first = self._session, self._first
        yield self._day(report)
        case = self._report(agreement, act, report)
        with self._on(report + 1):
            naming.name_investigators(session, self._vault, first, case, [first.id, self._second.id])
            naming.take_on(session, self._vault, self._second, case)
            session.commit()
        yield self._day(opened)
        with self._on(opened):
            row = case.evidence[0]
            evidence.describe(
                session,
                self._vault,
                first,
                case,
                row,
                name="追溯码核对记录",
                summary="所列追溯码与乙方进货批次一致",
                proves="货物由乙方售出",
            )
            investigating.open_case(
                session, self._vault, first, case, contact="周示例", phone="0571-55550103"
            )
            paper = investigating.write_notice(
                session,
                self._vault,
                first,
                case,
                act_time=f"{case.act_on.year}年{case.act_on.month}月",
                act_place="示例市示例县",
                act_facts="乙方在业务区域以外主动推销并送货，货物的追溯码属于乙方所进批次",
                evidence_ids=[row.id],
            )
            self._through(case, paper, first)
            session.commit()
        yield self._day(served)
        self._serve(case, paper, served)
        yield self._day(answered)
        with self._on(answered):
            investigating.hear(
                session, first, case, HearingKind.ANSWER, self._day(answered), "部分货物由客户主动上门购买"
            )
            session.commit()
        return case

    def _decision(self, case: Case, day: int) -> CasePaper:
        with self._on(day):
            paper = deciding.write_decision(
                self._session,
                self._vault,
                self._director,
                case,
                found_facts="乙方在业务区域以外主动推销并送货",
                reasons="主动上门购买的部分不计；其余系乙方主动推销",
                findings=[(case.evidence[0].id, "与乙方提交的出库单相符")],
                share_ppm=case.share_ppm // 2,
                mitigation="情节轻微，已收回货物",
                defence_points="部分货物由客户主动上门购买",
            )
            self._through(case, paper, self._director)
            self._session.commit()
        return paper

    def _decided(self, agreement: Agreement, since: int) -> Course:
        """Decided before the quarter's end: what the decision left of its fund is released with all others."""
        case = yield from self._to_hearing(
            agreement,
            act=since - 52,
            report=since - 46,
            opened=since - 36,
            served=since - 32,
            answered=since - 20,
        )
        yield self._day(since - 10)
        paper = self._decision(case, since - 10)
        yield self._day(since - 8)
        self._serve(case, paper, since - 8)
        # Ten working days later it is in effect.
        yield self._day(min(0, since + 16))
        with self._on(min(0, since + 16)):
            self.sweep()

    def _appealed(self, agreement: Agreement, since: int) -> Course:
        """Served before the quarter's end and put off: the statement tells what is held back."""
        session, first = self._session, self._first
        case = yield from self._to_hearing(
            agreement,
            act=since - 45,
            report=since - 40,
            opened=since - 14,
            served=since - 8,
            answered=since + 2,
        )
        yield self._day(since + 12)
        with self._on(since + 12):
            investigating.extend(session, first, case, 15, "等待第三方出具追溯码核验结果")
            session.commit()
        yield self._day(since + 35)
        paper = self._decision(case, since + 35)
        yield self._day(since + 36)
        self._serve(case, paper, since + 36)
        yield self._day(since + 46)
        with self._on(since + 46):
            appealing.appeal(
                session,
                self._counsel,
                case,
                received_on=self._day(since + 46),
                points="货物由客户自行转运，乙方不知情，请求撤销处理决定",
            )
            session.commit()

    def _through(self, case: Case, paper: CasePaper, by: User) -> None:
        writing.confirm_redaction(
            self._session, self._vault, self._second, case, paper, seen_sha256=paper.sha256
        )
        steps.issue(self._session, self._vault, by, case, paper)
        writing.sent(self._session, self._first, case, paper, "示例速递", f"SF{paper.id:013d}")

    def _serve(self, case: Case, paper: CasePaper, on: int) -> None:
        with self._on(on):
            steps.serve(self._session, self._first, case, paper, served_on=self._day(on), how=Service.COURIER)
            self._session.commit()
