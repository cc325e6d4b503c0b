"""Violation cases for the access table: one whose notice was served, one with an award to pay."""

from itertools import count

from sqlalchemy.orm import Session

from portal.db import now, today
from portal.domain.documents import services as documents
from portal.domain.papers.cases import CaseData
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.violations.models import (
    Award,
    Case,
    CasePaper,
    CasePaperKind,
    CaseReporter,
    Evidence,
    State,
    TakingBack,
    TakingBackGround,
)
from portal.domain.templates.services import ensure_template

_numbers = count(1)


def example_of(letter: str, row_list: str = "") -> CaseData:
    """What the paper of this letter prints, by the examples of its placeholders."""
    known = [entry for entry in PLACEHOLDERS.values() if letter in entry.papers]
    row = {entry.key: entry.example for entry in known if entry.row_list == row_list and entry.is_input}
    return {
        "values": {entry.name: entry.example for entry in known if entry.row_list is None},
        "rows": [row] if row_list else [],
    }


_DAYS = (
    "limitation_months", "case_notice_days", "response_days", "decision_days", "extension_days", "appeal_days",
    "appeal_decision_days", "restore_days", "award_payment_days", "release_days",
)  # fmt: skip


def case_of(session: Session, agreement: Agreement) -> dict[str, int | str]:
    """What addresses call a case, a piece of its evidence, its notice, and an award of another case."""
    first, second = (_case(session, agreement, state) for state in (State.NOTIFIED, State.EFFECTIVE))
    second.effective_on = second.ended_on = today()
    box = documents.store(
        session, b"sealed", filename="evidence", by=None, media_type="application/octet-stream"
    )
    evidence = Evidence(case_id=first.id, no=1, document_id=box.id, key_id="", sealed=b"sealed")
    paper = CasePaper(
        case_id=first.id,
        kind=CasePaperKind.NOTICE,
        says={"evidence": []},
        template_id=ensure_template(session, "case-notice.zh").id,
        payload={"printed": example_of("N", "evidence")},
        sha256="0" * 64,
        written_by_id=agreement.author_id,
        confirmed_by_id=agreement.author_id,
        confirmed_at=now(),
        issued_on=today(),
        issued_at=now(),
    )
    award = Award(case_id=second.id, code=f"JL-{next(_numbers):08X}")
    taking_back = TakingBack(
        case_id=first.id,
        no=1,
        ground=TakingBackGround.JUDGMENT,
        said="示例判决",
        document_id=box.id,
        proposed_by_id=agreement.author_id,
    )
    session.add_all([evidence, paper, award, taking_back])
    session.flush()
    return {
        "case": first.id,
        "case_code": first.code,
        "taking_back": taking_back.no,
        "evidence": evidence.no,
        "case_paper": paper.id,
        "award": award.code,
    }


def _case(session: Session, agreement: Agreement, state: State) -> Case:
    number = next(_numbers)
    found = Case(
        number=f"WG-2026-T{number:04d}",
        agreement_id=agreement.id,
        region_id=agreement.region_id,
        state=state,
        act_on=today(),
        act_mark=f"{number:064d}",
        kind_no=1,
        kind_code="cross_territory",
        kind="跨区域销售（窜货）",
        definition="示例",
        share_ppm=1_000_000,
        award_ppm=1_000_000,
        values={
            **dict.fromkeys(_DAYS, 10),
            "quarter_starts": "每年1、4、7、10月1日",
            "appeal_body": "示例委员会",
        },
        opened_on=today(),
        quarter="2026Q4",
        notified_on=today(),
    )
    session.add(found)
    session.flush()
    session.add(CaseReporter(case_id=found.id, key_id="", sealed=b"sealed"))
    return found
