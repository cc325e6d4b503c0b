"""The demo's violation cases: a report to take up, a case to decide, one whose decision is in effect."""

from contextlib import AbstractContextManager
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA, clock_at, today
from portal.domain.price_protection.models import Agreement, Service, Status
from portal.domain.price_protection.violations import (
    deciding,
    ending,
    evidence,
    investigating,
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

    def load(self) -> int:
        """Make them; returns how many there are."""
        with self._on(-110):
            settings.change(self._session, None, regions.head_office(self._session), dict(_HEARING))
        found = self._agreements()
        for lead, agreement in zip((self._decided, self._heard, self._reported), found, strict=False):
            lead(agreement)
        ending.sweep(self._session)
        return min(3, len(found))

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
        return [one for one in rows if any(row.code == _KIND for row in one.last_terms.violations)][:3]

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

    def _reported(self, agreement: Agreement) -> None:
        self._report(agreement, -9, -3)

    def _heard(self, agreement: Agreement) -> Case:
        return self._to_hearing(agreement, act=-60, report=-50, opened=-24, served=-20, answered=-8)

    def _to_hearing(
        self, agreement: Agreement, *, act: int, report: int, opened: int, served: int, answered: int
    ) -> Case:
        session, first = self._session, self._first
        case = self._report(agreement, act, report)
        with self._on(report + 1):
            investigating.name_investigators(session, first, case, [first.id, self._second.id])
            session.commit()
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
            self._through(case, paper, first, "SF0000000000001")
            session.commit()
        self._serve(case, paper, served)
        with self._on(answered):
            investigating.hear(
                session, first, case, HearingKind.ANSWER, self._day(answered), "部分货物由客户主动上门购买"
            )
            session.commit()
        return case

    def _decided(self, agreement: Agreement) -> None:
        session = self._session
        case = self._to_hearing(agreement, act=-100, report=-92, opened=-82, served=-78, answered=-66)
        with self._on(-56):
            paper = deciding.write_decision(
                session,
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
            self._through(case, paper, self._director, "SF0000000000002")
            session.commit()
        self._serve(case, paper, -54)

    def _through(self, case: Case, paper: CasePaper, by: User, number: str) -> None:
        writing.confirm_redaction(
            self._session, self._vault, self._second, case, paper, seen_sha256=paper.sha256
        )
        steps.issue(self._session, self._vault, by, case, paper)
        writing.sent(self._session, self._first, case, paper, "示例速递", number)

    def _serve(self, case: Case, paper: CasePaper, on: int) -> None:
        with self._on(on):
            steps.serve(self._session, self._first, case, paper, served_on=self._day(on), how=Service.COURIER)
            self._session.commit()
