"""What a paper of a case prints: frozen when it is issued; which text it is follows from the case (4.11)."""

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.money import figures
from portal.domain.papers.cases import CaseData, fill_case
from portal.domain.papers.registry_cases import ACT_QUARTER, RESULTS, SERVICE_QUARTER, WITHDRAWALS
from portal.domain.papers.values import Raw, day
from portal.domain.price_protection.deeds.inforce import said
from portal.domain.price_protection.texts import CASE_KEYS
from portal.domain.price_protection.violations import ending
from portal.domain.price_protection.violations.deadlines import decide_by
from portal.domain.price_protection.violations.models import (
    AppealResult,
    Case,
    CasePaper,
    CasePaperKind,
    HearingKind,
    Withdrawal,
)
from portal.domain.settings import services as settings
from portal.domain.templates import services as templates
from portal.domain.templates.models import Template
from portal.domain.users.models import User

KEYS = dict(zip(CasePaperKind, CASE_KEYS, strict=True))
_PARTIES = (
    "manufacturer_name",
    "manufacturer_uscc",
    "manufacturer_address",
    "manufacturer_email",
    "distributor_name",
    "distributor_uscc",
    "distributor_address",
)
_SETTINGS = ("inspection_place", "inspection_hours", "appeal_address", "appeal_contact", "appeal_phone")
_GROUNDS = dict(zip(Withdrawal, (text for text, _ in WITHDRAWALS), strict=True))
_RESULTS = dict(zip(AppealResult, (text for text, _ in RESULTS), strict=True))
_HEARD = {
    HearingKind.INSPECTION: "查阅证据",
    HearingKind.ANSWER: "提交书面意见",
    HearingKind.ORAL_ASKED: "要求当面陈述",
    HearingKind.ORAL_HELD: "当面陈述",
    HearingKind.ORAL_MISSED: "未到场陈述",
}
_NOT_HEARD = "乙方未查阅证据，未提交书面意见，未要求当面陈述"


def freeze(session: Session, case: Case, paper: CasePaper) -> None:
    """Fix what the issued paper prints, and on which text; a value that is missing is refused by its name."""
    template = templates.ensure_template(session, KEYS[paper.kind])
    data: CaseData = {"values": _values(session, case, paper), "rows": _rows(paper)}
    fill_case(templates.parsed(template.text), data)
    paper.template_id = template.id
    paper.payload = {**paper.payload, "printed": data}
    session.flush()


def data_of(paper: CasePaper) -> CaseData | None:
    """What an issued paper prints, with what is known of its service by now; None before it is issued."""
    frozen = paper.payload.get("printed")
    if frozen is None:
        return None
    service: dict[str, Raw | None] = {
        "courier_company": paper.courier_company or None,
        "courier_number": paper.courier_number or None,
        "served_on": paper.served_on.isoformat() if paper.served_on else None,
    }
    return {"values": {**frozen["values"], **service}, "rows": frozen["rows"]}


def template_of(session: Session, paper: CasePaper) -> tuple[Template, bool]:
    """The text that an issued paper is printed on, and whether counsel has released it (P8)."""
    template = session.get_one(Template, paper.template_id)
    found = templates.edition(session, template.key, template.version)
    return template, found is not None and found.release is not None


def _rows(paper: CasePaper) -> list[dict[str, Raw | None]]:
    said_rows = paper.says.get("evidence") or (
        paper.says.get("findings") if paper.kind is CasePaperKind.DECISION else ()
    )
    return [
        {name: row[name] for name in ("name", "summary", "proves", "reason") if name in row}
        for row in said_rows or ()
    ]


def _values(session: Session, case: Case, paper: CasePaper) -> dict[str, Raw | None]:
    agreed = said(session, case.agreement, on=case.act_on)["values"]
    company = settings.values(session, case.region)
    values: dict[str, Any] = {
        **{name: agreed.get(name) for name in _PARTIES},
        **{name: company.get(name) for name in _SETTINGS},
        **{name: case.values[name] for name in case.values if name != "quarter_starts"},
        "agreement_number": case.agreement.number,
        "case_number": case.number,
        "case_opened_on": case.opened_on,
        "case_kind_no": case.kind_no,
        "case_kind": case.kind,
        "case_definition": case.definition,
        "case_share": case.share_ppm,
        "case_contact": case.contact,
        "case_phone": case.phone,
        "case_notice_served_on": case.notified_on,
        "quarter_concerned": case.quarter or paper.payload.get("quarter"),
        "decided_on": case.decided_on or paper.issued_on,
        "found_facts": paper.says.get("found_facts"),
        "decision_reasons": paper.says.get("reasons"),
        "case_suspended_figures": paper.payload.get("suspended_fen"),
        "deduction_figures": paper.payload.get("deduction_fen"),
        "original_release_on": ending.release_day(session, case) if case.quarter else None,
    }
    values |= _OF_KIND[paper.kind](session, case, paper)
    return {name: raw.isoformat() if isinstance(raw, date) else raw for name, raw in values.items()}


def _notice(_session: Session, _case: Case, paper: CasePaper) -> dict[str, Any]:
    return {
        **{name: paper.says[name] for name in ("act_time", "act_place", "act_facts")},
        "case_notice_on": paper.issued_on,
        "quarter_concerned_basis": (ACT_QUARTER if paper.payload["is_act_quarter"] else SERVICE_QUARTER)[0],
        "case_balance_on": paper.payload["balance_on"],
    }


def _decision(session: Session, case: Case, paper: CasePaper) -> dict[str, Any]:
    until = decide_by(case)
    return {
        "case_extension": f"已书面延长至{day(until)}" if case.extension_days and until else None,
        "defence_record": defence_record(case),
        "defence_points": paper.says.get("defence_points"),
        "mitigation": paper.says.get("mitigation"),
        "decision_base_figures": paper.payload.get("base_fen"),
        "decision_share": paper.says.get("share_ppm"),
        "remainder_figures": paper.payload.get("remainder_fen"),
        "decided_by": session.get_one(User, paper.written_by_id).name,
    }


def _withdrawal(_session: Session, case: Case, paper: CasePaper) -> dict[str, Any]:
    return {
        "withdrawn_on": case.ended_on or paper.issued_on,
        "withdrawal_ground": _GROUNDS[Withdrawal(paper.says["ground"])],
        "decided_on": paper.issued_on,
    }


def _answer(session: Session, case: Case, paper: CasePaper) -> dict[str, Any]:
    appeal = case.appeal
    assert appeal is not None
    assert appeal.result is not None
    members = session.scalars(
        sa.select(User.name).where(User.id.in_([int(id) for id in paper.says["members"]])).order_by(User.id)
    )
    return {
        "decision_served_on": case.decision_served_on,
        "appeal_received_on": appeal.received_on,
        "appeal_points": appeal.points,
        "appeal_findings": _findings(paper, appeal.result),
        "appeal_reasons": paper.says["reasons"],
        "appeal_result": _RESULTS[appeal.result],
        "kept_figures": paper.payload["kept_fen"],
        "returned_figures": paper.payload["returned_fen"],
        "appeal_members": "、".join(members),
        "appeal_decided_on": paper.issued_on,
    }


def _findings(paper: CasePaper, result: AppealResult) -> str:
    """What was found, and what of the deduction went with returns (9.1): it is neither kept nor paid back."""
    said, told = str(paper.says["findings"]), paper.payload
    gone = int(told.get("gone_fen", 0))
    if not gone:
        return said
    if result is AppealResult.REJECTED:
        left = int(told["kept_fen"]) - gone
        note = f"原扣减额中人民币{figures(gone)}元已因退货依协议第9.1款冲回，现余人民币{figures(left)}元"
    else:
        left = int(told["returned_fen"]) - gone
        note = f"恢复额中人民币{figures(gone)}元对应的返利已因退货依协议第9.1款冲回，实际恢复人民币{figures(left)}元"
    return f"{said}。{note}" if said else note


def _nothing(_session: Session, _case: Case, _paper: CasePaper) -> dict[str, Any]:
    return {}


_OF_KIND = {
    CasePaperKind.NOTICE: _notice,
    CasePaperKind.DECISION: _decision,
    CasePaperKind.DISMISSAL: lambda session, _case, paper: {
        "decided_by": session.get_one(User, paper.written_by_id).name
    },
    CasePaperKind.WITHDRAWAL: _withdrawal,
    CasePaperKind.ANSWER: _answer,
}


def defence_record(case: Case) -> str:
    """When the accused inspected, answered and was heard, as the decision says it."""
    told = "，".join(f"{row.on.month}月{row.on.day}日{_HEARD[row.kind]}" for row in case.hearings)
    return told[:300] or _NOT_HEARD
