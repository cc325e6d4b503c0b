"""What tests of violations start from: an agreement in force with a fund, and the people of a case."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.access.roles import Role
from portal.domain.price_protection.models import Agreement, Service
from portal.domain.price_protection.violations import (
    appealing,
    deciding,
    evidence,
    investigating,
    naming,
    overturning,
    reporting,
    writing,
)
from portal.domain.price_protection.violations.models import (
    Case,
    CasePaper,
    CasePaperKind,
    HearingKind,
    TakingBack,
    TakingBackGround,
)
from portal.domain.price_protection.violations.reporters import Reporter, Source
from portal.domain.price_protection.violations.reporting import Report
from portal.domain.price_protection.violations.vault import Vault
from portal.domain.settings import services as settings
from portal.domain.users.models import User
from tests.domain.clock import on_day
from tests.domain.fund_world import FundWorld
from tests.factories import Factory

ACT, REPORTED, OPENED = date(2026, 7, 3), date(2026, 7, 20), date(2026, 8, 3)
NOTICED, SERVED = date(2026, 8, 5), date(2026, 8, 7)
ANSWERED, DECIDED, DECISION_SERVED = date(2026, 8, 18), date(2026, 9, 1), date(2026, 9, 3)
HEARING = {
    "inspection_place": "浙江省杭州市西湖区示例路1号合规室",
    "appeal_address": "邮箱appeal@example.com",
    "appeal_contact": "郑九",
    "appeal_phone": "0571-55550104",
}
BOUGHT = date(2026, 7, 2)
JUDGMENT = b"%PDF-1.7 a fictional judgment"
PHOTO = b"\xff\xd8\xff\xe0 fictional photograph of a van with cartons"


class CaseWorld(FundWorld):
    """An office with two investigators, two who may decide, a payer; 1,000.00 in the fund of 2026Q3."""

    def __init__(self, session: Session, make: Factory) -> None:
        super().__init__(session, make)
        self.vault = Vault(b"k" * 32)
        self.first: User = make.user(Role.INVESTIGATOR, name="赵示一")
        self.second: User = make.user(Role.INVESTIGATOR, name="钱示二")
        self.director: User = make.user(Role.EXECUTIVE, name="孙示三")
        settings.change(session, None, make.head_office(), dict(HEARING))
        session.commit()
        self.reporting_distributor = self.add_distributor(
            uscc="91330100MA00EX1A2G", name="旁证示例商贸有限公司"
        )

    def with_fund(self, fen: int = 5_000_000, **said: Any) -> Agreement:
        """An agreement in force with purchases of the third quarter: 2 % of them are its fund."""
        agreement = self.in_force(**said)
        if fen:
            self.buy(agreement, BOUGHT, fen)
        return agreement

    def reporter(self, **said: Any) -> Reporter:
        return Reporter(
            **{
                "source": Source.OUTSIDE,
                "name": "周匿名",
                "phone": "13900001234",
                "account": "6222020000001234567",
                "place": "浙江省嘉兴市南湖区示例市场",
                "story": "七月三日看见一辆货车卸货，箱上有追溯码",
                **said,
            }
        )

    def report(
        self,
        agreement: Agreement,
        *,
        on: date = REPORTED,
        act_on: date = ACT,
        kinds: Sequence[str] = ("cross_territory",),
        by: User | None = None,
        files: Sequence[tuple[str, bytes]] = (("示例照片.jpg", PHOTO),),
        product_id: int | None = None,
        **reporter: Any,
    ) -> Case:
        with on_day(on):
            case = reporting.report(
                self.session,
                self.vault,
                by or self.manager,
                agreement,
                Report(act_on, kinds, self.reporter(**reporter), product_id, files),
            )
            self.session.commit()
        return case

    def examined(self, agreement: Agreement, **said: Any) -> Case:
        case = self.report(agreement, **said)
        with on_day(max(said.get("on", REPORTED), REPORTED)):
            people = [self.first.id, self.second.id]
            naming.name_investigators(self.session, self.vault, self.first, case, people)
            naming.take_on(self.session, self.vault, self.second, case)
            self.session.commit()
        return case

    def opened(self, agreement: Agreement, *, opened_on: date = OPENED, **said: Any) -> Case:
        case = self.examined(agreement, **said)
        with on_day(opened_on):
            row = case.evidence[0]
            evidence.describe(
                self.session,
                self.vault,
                self.first,
                case,
                row,
                name="追溯码核对记录",
                summary="所列追溯码与乙方进货批次一致",
                proves="货物由乙方售出",
            )
            investigating.open_case(
                self.session, self.vault, self.first, case, contact="周七", phone="0571-55550103"
            )
            self.session.commit()
        return case

    def confirm(self, case: Case, paper: CasePaper, by: User | None = None) -> None:
        writing.confirm_redaction(
            self.session, self.vault, by or self.second, case, paper, seen_sha256=paper.sha256
        )

    def noticed(self, agreement: Agreement, *, noticed_on: date = NOTICED, **said: Any) -> Case:
        """A case whose notice was issued and is with the courier."""
        case = self.opened(agreement, **said)
        with on_day(noticed_on):
            paper = investigating.write_notice(
                self.session,
                self.vault,
                self.first,
                case,
                act_time="2026年7月上旬",
                act_place="浙江省嘉兴市南湖区",
                act_facts="乙方在业务区域以外向当地门店主动推销并送货",
                evidence_ids=[case.evidence[0].id],
            )
            self.confirm(case, paper)
            investigating.issue_notice(self.session, self.first, case, paper)
            writing.sent(self.session, self.first, case, paper, "示例速递", "SF0000000000001")
            self.session.commit()
        return case

    def notified(
        self, agreement: Agreement, *, served_on: date = SERVED, entered_on: date | None = None, **said: Any
    ) -> Case:
        case = self.noticed(agreement, **said)
        with on_day(entered_on or served_on):
            paper = writing.issued(case, CasePaperKind.NOTICE)
            investigating.serve_notice(
                self.session, self.first, case, paper, served_on=served_on, how=Service.COURIER
            )
            self.session.commit()
        return case

    def heard(self, agreement: Agreement, *, answered_on: date = ANSWERED, **said: Any) -> Case:
        case = self.notified(agreement, **said)
        with on_day(answered_on):
            investigating.hear(
                self.session, self.first, case, HearingKind.ANSWER, answered_on, "部分货物由客户主动上门购买"
            )
            self.session.commit()
        return case

    def draft_decision(self, case: Case, *, by: User | None = None, share_ppm: int = 500_000) -> CasePaper:
        return deciding.write_decision(
            self.session,
            self.vault,
            by or self.director,
            case,
            found_facts="乙方于7月上旬在业务区域以外主动推销并送货",
            reasons="主动上门购买的部分不计；其余系乙方主动推销",
            findings=[(case.evidence[0].id, "与乙方提交的出库单相符")],
            share_ppm=share_ppm,
            mitigation="情节轻微，已收回货物" if share_ppm < case.share_ppm else "",
            defence_points="部分货物由客户主动上门购买",
        )

    def decided(
        self, agreement: Agreement, *, decided_on: date = DECIDED, share_ppm: int = 500_000, **said: Any
    ) -> Case:
        case = self.heard(agreement, **said)
        with on_day(decided_on):
            paper = self.draft_decision(case, share_ppm=share_ppm)
            self.confirm(case, paper)
            deciding.decide(self.session, self.vault, self.director, case, paper)
            self.session.commit()
        return case

    def decision_served(self, agreement: Agreement, *, on: date = DECISION_SERVED, **said: Any) -> Case:
        case = self.decided(agreement, **said)
        with on_day(on):
            paper = writing.issued(case, CasePaperKind.DECISION)
            writing.sent(self.session, self.first, case, paper, "示例速递", "SF0000000000002")
            deciding.serve_decision(self.session, self.first, case, paper, served_on=on, how=Service.COURIER)
            self.session.commit()
        return case

    def appealed(self, agreement: Agreement, *, received_on: date = date(2026, 9, 10), **said: Any) -> Case:
        case = self.decision_served(agreement, **said)
        with on_day(received_on):
            appealing.appeal(self.session, self.counsel, case, received_on=received_on, points="扣减比例过高")
            self.session.commit()
        return case

    def answer(self, case: Case, kept_fen: int, *, on: date = date(2026, 9, 25)) -> None:
        with on_day(on):
            paper = appealing.write_answer(
                self.session,
                self.vault,
                self.counsel,
                case,
                findings="与原决定认定的事实一致",
                reasons="货物已全部收回，应再予减轻",
                kept_fen=kept_fen,
                member_ids=[],
            )
            self.confirm(case, paper)
            appealing.answer(self.session, self.vault, self.counsel, case, paper)
            self.session.commit()

    def propose_taking_back(self, case: Case, by: User | None = None) -> TakingBack:
        """Whoever decided may propose it as well; somebody else confirms."""
        return overturning.propose(
            self.session,
            self.vault,
            by or self.director,
            case,
            ground=TakingBackGround.JUDGMENT,
            said="（2026）示例民终1号判决",
            data=JUDGMENT,
        )


__all__ = ["on_day", "timedelta"]
