"""The appeal: answered in time by people who neither investigated nor decided, and never harsher (7.5)."""

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.roles import Permission
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.models import Service
from portal.domain.price_protection.violations import base, ending, printed, reporters, writing
from portal.domain.price_protection.violations.deadlines import appeal_by
from portal.domain.price_protection.violations.models import (
    Appeal,
    AppealResult,
    Case,
    CasePaper,
    CasePaperKind,
    State,
)
from portal.domain.price_protection.violations.vault import Vault
from portal.domain.users.models import User


def appeal(session: Session, actor: User, case: Case, *, received_on: date, points: str) -> Appeal:
    """Record an appeal that came in time; one that is entered late takes a decision's effect back again."""
    base.hold(session, case)
    base.require(actor, Permission.CASES_APPEAL, case)
    if case.state not in (State.DECIDED, State.EFFECTIVE) or case.appeal is not None:
        case.moved_on()
    if case.decision_served_on is None:
        raise DomainError(
            N_("Record the service of the decision first: the time for an appeal runs from it.")
        )
    base.day(
        received_on,
        case.decision_served_on,
        "received_on",
        N_("It cannot have come before %(day)s, the day the decision was served."),
    )
    latest = appeal_by(case)
    if latest is not None and received_on > latest:
        raise DomainError(
            N_("The time for an appeal ended on %(day)s; the decision is in effect (clause 7.5)."),
            field="received_on",
            day=latest.isoformat(),
        )
    made = Appeal(
        case_id=case.id,
        received_on=received_on,
        points=base.text(points, 1000, "points"),
        entered_by_id=actor.id,
    )
    session.add(made)
    case.move_to(State.APPEALED)
    case.effective_on = case.ended_on = None
    session.flush()
    session.expire(case, ["appeal"])
    base.record(session, actor, case, "appealed", on=received_on)
    return made


def write_answer(
    session: Session,
    vault: Vault,
    actor: User,
    case: Case,
    *,
    findings: str,
    reasons: str,
    kept_fen: int,
    member_ids: Sequence[int],
) -> CasePaper:
    """Write the answer 申诉答复: what of the deduction is kept, all, some or none of it, in fen of the original one.

    What went with returns (9.1) makes the deduction no smaller than the decision said it: R tells of it.
    Its members, the writer among them, took part neither in the investigation nor in the decision.
    """
    base.hold(session, case, State.APPEALED)
    members = base.users(session, [actor.id, *member_ids])
    _require_members(session, vault, actor, members, case)
    if not 0 <= kept_fen <= deduction_taken(session, case):
        raise DomainError(
            N_("Between nothing and the whole deduction can be kept; an appeal never makes it worse."),
            field="kept",
        )
    says = {
        # Room is left for what went with returns (`printed`).
        "findings": base.text(findings, 900, "findings"),
        "reasons": base.text(reasons, 1000, "reasons"),
        "kept_fen": kept_fen,
        "members": [one.id for one in members],
    }
    return writing.write(session, actor, case, CasePaperKind.ANSWER, says)


def _require_members(
    session: Session, vault: Vault, writer: User, members: Sequence[User], case: Case
) -> None:
    """Refuse who must not hear the appeal, for reasons that everybody may know.

    What is sealed is asked of the writer alone, who knows it of himself. That no other member is a source is seen to
    by who reads the paper (`writing.confirm_redaction`): the writer could try one name after another.
    """
    base.require_free(session, vault, writer, case)
    for one in members:
        if one.id == case.decider_id:
            raise DomainError(N_("Who decided the case does not answer the appeal."), field="members")
        if base.takes_part(one, case):
            raise DomainError(
                N_("%(name)s took part in the case or looks after the account; name somebody else."),
                field="members",
                name=one.name,
            )
        base.require(one, Permission.CASES_APPEAL, case)


def could_hear(session: Session, case: Case, writer: User) -> list[User]:
    """Who may hear the appeal beside its writer, as far as anybody may know."""
    barred = {one.user_id for one in case.investigators} | {
        writer.id,
        case.decider_id,
        case.agreement.distributor.owner_id,
    }
    found = session.scalars(sa.select(User).where(User.deactivated_at.is_(None)).order_by(User.name, User.id))
    return [one for one in found if one.id not in barred and one.can(Permission.CASES_APPEAL, case.region)]


def deduction_left(session: Session, case: Case) -> int:
    """What is left of the deduction, in fen."""
    deduction = ending.deduction_of(session, case)
    return ending.left_of(deduction) if deduction is not None else 0


def deduction_taken(session: Session, case: Case) -> int:
    """What the decision deducted, in fen, whatever became of it since."""
    deduction = ending.deduction_of(session, case)
    return deduction.amount_fen if deduction is not None else 0


def _told(session: Session, case: Case, kept_fen: int) -> dict[str, int]:
    """What the answer prints: kept and restored are the deduction of the decision (PLACEHOLDERS 5)."""
    deduction = ending.deduction_of(session, case)
    taken = deduction.amount_fen if deduction is not None else 0
    return {
        "deduction_fen": taken,
        "kept_fen": kept_fen,
        "returned_fen": taken - kept_fen,
        "gone_fen": ending.gone_with_returns(deduction) if deduction is not None else 0,
    }


def answer(session: Session, vault: Vault, actor: User, case: Case, paper: CasePaper) -> AppealResult:
    """Issue the answer: what is not kept is restored at once, what is kept takes effect with its service (7.5, 8.4)."""
    base.hold(session, case, State.APPEALED, State.OVERTURNED)
    if paper.kind is not CasePaperKind.ANSWER or paper.written_by_id != actor.id:
        raise DomainError(N_("Only who wrote the answer issues it."))
    members = base.users(session, [int(id) for id in paper.says["members"]])
    _require_members(session, vault, actor, members, case)
    assert case.appeal is not None
    if case.state is State.OVERTURNED:
        return _tell_of_lapse(session, actor, case, paper)
    left = deduction_left(session, case)
    # Returns made the deduction smaller (9.1): what they left is kept or restored, down to nothing at all.
    said = int(paper.says["kept_fen"])
    is_kept = 0 < said >= left
    kept = min(said, left)
    writing.issue(session, actor, case, paper)
    taken = deduction_taken(session, case)
    paper.payload = {**paper.payload, **_told(session, case, taken if is_kept else said)}
    case.appeal.members = list(paper.says["members"])
    if said == 0:
        ending.overturn(session, actor, case, AppealResult.UPHELD, today())
        printed.freeze(session, case, paper)
        return AppealResult.UPHELD
    result = AppealResult.REJECTED if is_kept else AppealResult.PARTLY
    case.appeal.result, case.appeal.kept_fen, case.appeal.answered_on = result, kept, today()
    case.move_to(State.ANSWERED)
    session.flush()
    ending.give_back(session, actor, case, keep_fen=kept)
    if result is AppealResult.PARTLY:  # its days run from the answer, not from its service (8.4)
        ending.let_go(session, actor, case)
    printed.freeze(session, case, paper)
    base.record(session, actor, case, "appeal_answered", result=result.value, on=today())
    session.flush()
    return result


def _tell_of_lapse(session: Session, actor: User, case: Case, paper: CasePaper) -> AppealResult:
    """Issue the paper about an answer that did not come in time; its effect is there already (PLACEHOLDERS 4.12)."""
    if case.appeal is None or case.appeal.result is not AppealResult.LAPSED:
        case.moved_on()
    writing.issue(session, actor, case, paper)
    paper.payload = {**paper.payload, **_told(session, case, 0)}
    printed.freeze(session, case, paper)
    session.flush()
    return AppealResult.LAPSED


def serve_answer(
    session: Session, actor: User, case: Case, paper: CasePaper, *, served_on: date, how: Service
) -> None:
    """Record the service of the answer: what it kept takes effect (PLACEHOLDERS 4.12)."""
    base.hold(session, case, State.ANSWERED, State.OVERTURNED)
    reporters.require_named(case, actor)
    writing.served(case, paper, served_on, how)
    base.record(session, actor, case, "paper_served", paper=paper.kind.value, on=served_on, how=how.value)
    if case.state is State.ANSWERED:
        ending.take_effect(session, actor, case, served_on)


def write_lapsed_answer(session: Session, actor: User, case: Case) -> CasePaper:
    """Write the paper that tells that no answer came in time; it only says what has happened (PLACEHOLDERS 4.12)."""
    base.hold(session, case, State.OVERTURNED)
    base.require(actor, Permission.CASES_APPEAL, case)
    if case.appeal is None or case.appeal.result is not AppealResult.LAPSED:
        case.moved_on()
    says = {"findings": "", "reasons": "", "kept_fen": 0, "members": [actor.id]}
    return writing.write(session, actor, case, CasePaperKind.ANSWER, says)
