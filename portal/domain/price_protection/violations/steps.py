"""What may be done next in a case and by whom; issuing and serving each paper with its own effect."""

from datetime import date
from enum import StrEnum

from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.roles import Permission
from portal.domain.price_protection.models import Service
from portal.domain.price_protection.violations import (
    appealing,
    deciding,
    ending,
    investigating,
    overturning,
    writing,
)
from portal.domain.price_protection.violations.deadlines import standing
from portal.domain.price_protection.violations.models import (
    AppealResult,
    Case,
    CasePaper,
    CasePaperKind,
    State,
)
from portal.domain.price_protection.violations.vault import Vault
from portal.domain.users.models import User


class Step(StrEnum):
    """Something that a user may do with a case now."""

    NAME = "name"
    TAKE_ON = "take_on"
    STEP_ASIDE = "step_aside"
    OPEN = "open"
    TURN_DOWN = "turn_down"
    ADD_EVIDENCE = "add_evidence"
    WRITE_NOTICE = "write_notice"
    HEAR = "hear"
    EXTEND = "extend"
    WRITE_WITHDRAWAL = "write_withdrawal"
    WRITE_DECISION = "write_decision"
    APPEAL = "appeal"
    WRITE_ANSWER = "write_answer"
    SET_ASIDE = "set_aside"
    CONFIRM_SET_ASIDE = "confirm_set_aside"
    DROP_SET_ASIDE = "drop_set_aside"
    NAME_PAYER = "name_payer"


# While investigators are at work.
_INVESTIGATED = (State.EXAMINED, State.OPENED, State.NOTIFIED)


def offered(session: Session, user: User, case: Case) -> frozenset[Step]:
    """The steps that the state of the case leaves to this user; nothing here depends on what is sealed."""
    state = standing(case, today()).state
    found: set[Step] = set()
    if case.is_investigator(user):
        found |= {
            State.EXAMINED: {Step.NAME, Step.OPEN, Step.TURN_DOWN, Step.ADD_EVIDENCE},
            State.OPENED: {Step.NAME, Step.WRITE_NOTICE, Step.WRITE_WITHDRAWAL, Step.ADD_EVIDENCE},
            State.NOTIFIED: {Step.NAME, Step.HEAR, Step.WRITE_WITHDRAWAL, Step.ADD_EVIDENCE},
            State.WITHDRAWN: {Step.WRITE_WITHDRAWAL},
            State.EFFECTIVE: {Step.NAME_PAYER},
        }.get(state, set())
        if state is State.NOTIFIED and not case.extension_days:
            found.add(Step.EXTEND)
        if Step.WRITE_WITHDRAWAL in found and (
            writing.issued(case, CasePaperKind.WITHDRAWAL) or state is not case.state
        ):
            found.discard(Step.WRITE_WITHDRAWAL)
        award = ending.award_of(session, case) if Step.NAME_PAYER in found else None
        if award is None or award.paid_on is not None:
            found.discard(Step.NAME_PAYER)
        if state in _INVESTIGATED and sum(one.is_at_work for one in case.investigators) > 1:
            found.add(Step.STEP_ASIDE)
    elif case.is_asked(user):
        found |= {Step.TAKE_ON, Step.STEP_ASIDE} if state in (State.REPORTED, *_INVESTIGATED) else set()
        if case.state is State.REPORTED:
            found.add(Step.NAME)
    elif case.state is State.REPORTED and user.can(Permission.CASES_INVESTIGATE, case.region):
        found.add(Step.NAME)
    elif case.agreement.distributor.owner_id != user.id:
        found |= _deciding(user, case, state)
    return frozenset(found)


def _deciding(user: User, case: Case, state: State) -> set[Step]:
    found: set[Step] = set()
    if user.can(Permission.CASES_DECIDE, case.region):
        if state is State.NOTIFIED and investigating.is_heard(case):
            found.add(Step.WRITE_DECISION)
        if state in overturning.TAKEN and overturning.may_propose(user, case):
            found |= _taking_back(user, case)
    if user.can(Permission.CASES_APPEAL, case.region):
        if case.state in (State.DECIDED, State.EFFECTIVE) and case.decision_served_on and not case.appeal:
            found.add(Step.APPEAL)
        has_lapsed = (
            case.state is State.OVERTURNED
            and case.appeal is not None
            and case.appeal.result is AppealResult.LAPSED
            and writing.issued(case, CasePaperKind.ANSWER) is None
        )
        if user.id != case.decider_id and (state is State.APPEALED or has_lapsed):
            found.add(Step.WRITE_ANSWER)
    return found


def _taking_back(user: User, case: Case) -> set[Step]:
    waits = overturning.proposal(case)
    if waits is None:
        return {Step.SET_ASIDE}
    found = {Step.DROP_SET_ASIDE}
    if overturning.may_confirm(user, case):
        found.add(Step.CONFIRM_SET_ASIDE)
    return found


def may_confirm(user: User, case: Case, paper: CasePaper) -> bool:
    """Whether this user is the one who reads a draft for what it gives away."""
    return (
        is_draft(paper)
        and paper.confirmed_at is None
        and case.is_investigator(user)
        and user.id != paper.written_by_id
    )


def is_draft(paper: CasePaper) -> bool:
    """Whether the paper is still under way."""
    return paper.issued_on is None and paper.dropped_at is None


def may_issue(user: User, case: Case, paper: CasePaper) -> bool:
    """Whether this user lets a confirmed paper go: decisions and answers their writer, others an investigator."""
    if not is_draft(paper) or paper.confirmed_at is None:
        return False
    if paper.kind in (CasePaperKind.NOTICE, CasePaperKind.WITHDRAWAL):
        return case.is_investigator(user)
    return paper.written_by_id == user.id


def may_read(user: User, case: Case, paper: CasePaper) -> bool:
    """Whether this user may read a paper: once it went out whoever sees the case, before only who works on it."""
    if paper.issued_on is not None:
        return True
    return paper.written_by_id == user.id or case.is_investigator(user)


def issue(session: Session, vault: Vault, actor: User, case: Case, paper: CasePaper) -> None:
    """Let a confirmed paper go, with the effect of its kind; the caller commits."""
    if paper.kind is CasePaperKind.NOTICE:
        investigating.issue_notice(session, actor, case, paper)
    elif paper.kind is CasePaperKind.WITHDRAWAL:
        investigating.withdraw(session, actor, case, paper)
    elif paper.kind is CasePaperKind.ANSWER:
        appealing.answer(session, vault, actor, case, paper)
    else:
        deciding.decide(session, vault, actor, case, paper)


def serve(
    session: Session, actor: User, case: Case, paper: CasePaper, *, served_on: date, how: Service
) -> None:
    """Record that a paper was served, with the effect of its kind; the caller commits."""
    if paper.kind is CasePaperKind.NOTICE:
        investigating.serve_notice(session, actor, case, paper, served_on=served_on, how=how)
    elif paper.kind is CasePaperKind.ANSWER:
        appealing.serve_answer(session, actor, case, paper, served_on=served_on, how=how)
    else:
        deciding.serve_decision(session, actor, case, paper, served_on=served_on, how=how)


def paper_of(case: Case, user: User, paper_id: int) -> CasePaper | None:
    """This paper of the case, if the user may read it."""
    return next((one for one in case.papers if one.id == paper_id and may_read(user, case, one)), None)
