"""The decision: by somebody who neither investigated nor reported nor looks after the account (7.4, 8.1-8.3)."""

import secrets
from collections.abc import Sequence
from datetime import date

from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.roles import Permission
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.funds import deducting
from portal.domain.price_protection.models import Service
from portal.domain.price_protection.violations import base, ending, investigating, printed, reporters, writing
from portal.domain.price_protection.violations.deadlines import answer_by
from portal.domain.price_protection.violations.models import Award, Case, CasePaper, CasePaperKind, State
from portal.domain.price_protection.violations.vault import Vault
from portal.domain.users.models import User

DECISIONS = (CasePaperKind.DECISION, CasePaperKind.DISMISSAL)


def write_decision(
    session: Session,
    vault: Vault,
    actor: User,
    case: Case,
    *,
    found_facts: str,
    reasons: str,
    findings: Sequence[tuple[int, str]],
    share_ppm: int,
    mitigation: str = "",
    defence_points: str = "",
) -> CasePaper:
    """Write that the violation is proven 处理决定: facts, evidence, reasons, and the share of the fund.

    `findings` are (evidence id, what it proves and why it is believed): only what the accused could inspect (7.3). The
    share is at most that of annex 2; a lower one has its mitigation (5.2).
    """
    _begin(session, vault, actor, case)
    if not 0 <= share_ppm <= case.share_ppm:
        raise DomainError(
            N_("The share is at most that of annex 2: %(most)s (clause 5.2)."),
            field="share",
            most=f"{case.share_ppm / 10_000:g}%",
        )
    rows = {row.id: row for row in case.evidence}
    told = []
    for evidence_id, reason in findings:
        row = rows.get(evidence_id)
        if row is None or row.disclosed_on is None:
            raise DomainError(
                N_("A decision rests only on evidence that the accused could inspect (clause 7.3)."),
                field="findings",
            )
        told.append(
            {
                "evidence_id": row.id,
                "name": row.name,
                "summary": row.summary,
                "reason": base.text(reason, 200, "findings"),
            }
        )
    if not told:
        raise DomainError(N_("Choose the evidence that the decision rests on."), field="findings")
    says = {
        "found_facts": base.text(found_facts, 1000, "found_facts"),
        "reasons": base.text(reasons, 1000, "reasons"),
        "mitigation": base.text(mitigation, 200, "mitigation", is_needed=share_ppm < case.share_ppm),
        "defence_points": base.text(
            defence_points, 1000, "defence_points", is_needed=any(row.points for row in case.hearings)
        ),
        "share_ppm": share_ppm,
        "findings": told,
    }
    return writing.write(session, actor, case, CasePaperKind.DECISION, says)


def write_dismissal(
    session: Session, vault: Vault, actor: User, case: Case, *, found_facts: str, reasons: str
) -> CasePaper:
    """Write that the violation is not proven 处理决定（不成立）."""
    _begin(session, vault, actor, case)
    says = {
        "found_facts": base.text(found_facts, 1000, "found_facts"),
        "reasons": base.text(reasons, 1000, "reasons"),
    }
    return writing.write(session, actor, case, CasePaperKind.DISMISSAL, says)


def _begin(session: Session, vault: Vault, actor: User, case: Case) -> None:
    base.hold(session, case, State.NOTIFIED)
    base.require(actor, Permission.CASES_DECIDE, case)
    base.require_free(session, vault, actor, case)
    if not investigating.is_heard(case):
        latest = answer_by(case)
        raise DomainError(
            N_(
                "The accused may still be heard, until %(day)s, or has asked for a hearing that was not held; only"
                " then can the case be decided (clause 7.2)."
            ),
            day=latest.isoformat() if latest else "",
        )


def decide(session: Session, vault: Vault, actor: User, case: Case, paper: CasePaper) -> None:
    """Issue the decision: deduction and award are booked in one transaction with it (8.1-8.3); the caller commits.

    Only its writer, only in time, and only once a named investigator confirmed that it gives nobody away.
    """
    _begin(session, vault, actor, case)
    if paper.kind not in DECISIONS or paper.written_by_id != actor.id:
        raise DomainError(N_("Only who wrote the decision issues it."))
    writing.issue(session, actor, case, paper)
    case.decided_on, case.decider_id = today(), actor.id
    if paper.kind is CasePaperKind.DISMISSAL:
        held_fen = investigating.suspended(session, case, case.quarter)
        paper.payload = {**paper.payload, "suspended_fen": held_fen}
        ending.dismiss(session, actor, case)
        printed.freeze(session, case, paper)
        return
    _deduct(session, vault, actor, case, paper)
    case.move_to(State.DECIDED)
    # What was not deducted goes its usual way (8.1); after its day it waits for the decision to take effect.
    if today() <= ending.release_day(session, case):
        ending.let_go(session, actor, case)
    printed.freeze(session, case, paper)
    base.record(session, actor, case, "decided", on=case.decided_on)
    session.flush()


def _deduct(session: Session, vault: Vault, actor: User, case: Case, paper: CasePaper) -> None:
    reporter = reporters.unsealed(session, vault, case)
    award_ppm = 0 if reporters.excluded(session, case, reporter) is not None else case.award_ppm
    taken = deducting.deduct(
        session,
        actor,
        case.agreement_id,
        case.quarter,
        case.id,
        int(paper.says["share_ppm"]),
        award_ppm,
    )
    paper.payload = {
        **paper.payload,
        "base_fen": taken.base_fen,
        "deduction_fen": taken.amount_fen,
        "remainder_fen": taken.base_fen - taken.amount_fen,
    }
    if award_ppm and taken.amount_fen:
        # Drawn by lot: neither the case's number nor its place in a row.
        session.add(Award(case_id=case.id, code=f"JL-{secrets.token_hex(4).upper()}"))
    session.flush()


def serve_decision(
    session: Session, actor: User, case: Case, paper: CasePaper, *, served_on: date, how: Service
) -> None:
    """Record the service of a decision: the time for an appeal runs (7.5)."""
    base.hold(session, case, State.DECIDED, State.DISMISSED, State.WITHDRAWN)
    reporters.require_named(case, actor)
    if paper.kind is CasePaperKind.DECISION:
        if case.state is not State.DECIDED:
            case.moved_on()
        writing.served(case, paper, served_on, how)
        case.decision_served_on = served_on
    else:
        writing.served(case, paper, served_on, how)
    base.record(session, actor, case, "paper_served", paper=paper.kind.value, on=served_on, how=how.value)
    session.flush()
