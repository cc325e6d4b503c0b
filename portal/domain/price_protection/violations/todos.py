"""What waits for a user about violation cases, for the workbench; nothing of it depends on what is sealed."""

from collections.abc import Iterator
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from portal.db import CHINA, today
from portal.domain.access.roles import Permission
from portal.domain.i18n import N_
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.violations import awards, queries, steps
from portal.domain.price_protection.violations.deadlines import next_due, pay_award_by
from portal.domain.price_protection.violations.models import (
    ENDED,
    Appeal,
    AppealResult,
    Award,
    Case,
    CasePaper,
    CasePaperKind,
    Investigator,
    State,
    TakingBack,
    Withdrawal,
)
from portal.domain.price_protection.violations.steps import Step
from portal.domain.todos import Todo
from portal.domain.users.models import User
from portal.domain.workdays.services import working_days_after

GROUP = "cases"
# Working days in which who is named says whether they take it on: a notice is due in five from the opening (7.1).
ANSWER_DAYS = 3
# The paper that tells the accused how a case ended, without a deduction or with less of it.
_LAST = (CasePaperKind.WITHDRAWAL, CasePaperKind.DISMISSAL, CasePaperKind.ANSWER)
# The step that presses, first of all; what can be done at any time waits for nobody.
_PRESSING = (
    (Step.OPEN, N_("Examine a report"), N_("Examine")),
    (Step.WRITE_NOTICE, N_("Write a case notice"), N_("Write the notice")),
    (Step.WRITE_DECISION, N_("Decide a case"), N_("Decide")),
    (Step.WRITE_ANSWER, N_("Answer an appeal"), N_("Answer")),
)


def todos(session: Session, user: User) -> Iterator[Todo]:
    """Reports to take up, papers to confirm, issue and serve, cases to decide, awards: whatever is this user's turn."""
    cases = session.scalars(
        queries.cases_visible_to(user)
        .where(
            sa.or_(
                Case.state.not_in(ENDED),
                Case.id.in_(
                    sa.select(TakingBack.case_id).where(
                        TakingBack.confirmed_at.is_(None), TakingBack.dropped_at.is_(None)
                    )
                ),
                _lacks_payer(user),
                _lacks_paper(),
            )
        )
        .options(
            selectinload(Case.investigators),
            selectinload(Case.papers),
            selectinload(Case.hearings),
            selectinload(Case.appeal),
            selectinload(Case.takings_back),
            selectinload(Case.agreement).selectinload(Agreement.distributor),
            selectinload(Case.region),
        )
        .order_by(Case.id)
    )
    for case in cases:
        todo = _of(session, user, case)
        if todo is not None:
            yield todo
    yield from _to_pay(session, user)


def _lacks_payer(user: User) -> sa.ColumnElement[bool]:
    """Cases of which nobody is named who pays the award: those who investigate them know of it, and nobody else."""
    return Case.id.in_(
        sa.select(Award.case_id)
        .join(Investigator, Investigator.case_id == Award.case_id)
        .join(Case, Case.id == Award.case_id)
        .where(
            Case.state == State.EFFECTIVE,
            Award.payer_id.is_(None),
            Award.paid_on.is_(None),
            Investigator.user_id == user.id,
            Investigator.left_at.is_(None),
        )
    )


def _lacks_paper() -> sa.ColumnElement[bool]:
    """Cases that ended and whose last paper is still to be written, or to reach the accused (7.4, 7.5, 8.4)."""
    last = sa.select(CasePaper.case_id).where(CasePaper.kind.in_(_LAST), CasePaper.dropped_at.is_(None))
    lapsed = sa.select(Appeal.case_id).where(Appeal.result == AppealResult.LAPSED)
    return sa.or_(
        Case.id.in_(last.where(CasePaper.served_on.is_(None))),
        sa.and_(
            sa.or_(Case.withdrawal == Withdrawal.LAPSED, Case.id.in_(lapsed)),
            Case.id.not_in(last.where(CasePaper.kind != CasePaperKind.DISMISSAL)),
        ),
    )


def _to_pay(session: Session, user: User) -> Iterator[Todo]:
    """The awards whose payer this user is, by their codes; one that returns took whole is left out."""
    if not user.can(Permission.PAYMENTS_MAKE):
        return
    mine = session.scalars(awards.payable(user).where(Award.payer_id == user.id)).all()
    sums = awards.amounts(session, mine) if mine else {}
    for award in mine:
        if sums[award.id]:
            yield Todo(
                kind=N_("Award"),
                title=N_("Award %(code)s is to be paid"),
                verb=N_("Go to the awards"),
                endpoint="violations.awards",
                params={"code": award.code},
                due_on=awards.pay_by(award),
                amount_fen=sums[award.id],
                group="fund",
            )


def _of(session: Session, user: User, case: Case) -> Todo | None:
    offered = steps.offered(session, user, case)
    if Step.TAKE_ON in offered:
        return _todo(case, N_("You are named as an investigator"), N_("Take it on or step aside"))
    if case.state is State.REPORTED:
        if Step.NAME not in offered:
            return None
        if not any(one.is_asked for one in case.investigators):
            return _todo(case, N_("Take up a report"), N_("Name investigators"))
        if _is_silent(session, case):
            return _todo(case, N_("Nobody named has taken a report on"), N_("Name others"))
        return None
    if Step.CONFIRM_SET_ASIDE in offered:
        return _todo(case, N_("Confirm that a decision is taken back"), N_("Read and confirm"))
    has_draft = any(steps.is_draft(paper) for paper in case.papers)
    if case.state is State.WITHDRAWN and Step.WRITE_WITHDRAWAL in offered and not has_draft:
        return _todo(case, N_("Write the withdrawal of a case"), N_("Write it"), "violations.withdrawal")
    for paper in _under_way(case):
        found = _paper(user, case, paper)
        if found is not None:
            return found
        if steps.is_draft(paper) and paper.kind is not CasePaperKind.WITHDRAWAL:
            # Somebody else's turn; where nobody else has taken the case on, it is nobody's.
            if Step.NAME in offered and _lacks_reader(case, paper) and _is_silent(session, case):
                return _todo(case, N_("A paper waits for a second investigator"), N_("Name others"))
            return None
    for step, kind, verb in _PRESSING:
        if step in offered and not (step is Step.WRITE_NOTICE and any(one.issued_on for one in case.papers)):
            return _todo(case, kind, verb)
    if Step.NAME_PAYER in offered:
        return _todo(case, N_("Say who pays an award"), N_("Name the payer"), due_on=pay_award_by(case))
    return None


def _is_silent(session: Session, case: Case) -> bool:
    """Whether whoever was named last has had the time to say whether they take it on.

    It rests on the day of the naming alone: whoever stays silent because the report is theirs, and whoever is on
    leave, look the same in it.
    """
    named = [one.named_at for one in case.investigators if one.is_asked]
    if not named:
        return True
    since = max(named).astimezone(CHINA).date()
    return today() > working_days_after(session, since, ANSWER_DAYS)


def _lacks_reader(case: Case, paper: CasePaper) -> bool:
    """Whether a draft waits to be read and nobody but its writer investigates."""
    readers = [one for one in case.investigators if one.is_at_work and one.user_id != paper.written_by_id]
    return paper.confirmed_at is None and not readers


def _under_way(case: Case) -> list[CasePaper]:
    """The papers that somebody's turn may hang on, the latest first; of a case that ended only the last one."""
    found = [paper for paper in reversed(case.papers) if paper.dropped_at is None]
    return found[:1] if case.state in ENDED else found


def _paper(user: User, case: Case, paper: CasePaper) -> Todo | None:
    args: dict[str, int | str] = {"code": case.code, "paper_id": paper.id}
    if steps.may_confirm(user, case, paper):
        return _todo(case, N_("Read a paper for what it gives away"), N_("Read"), "violations.paper", args)
    if steps.may_issue(user, case, paper):
        return _todo(case, N_("Issue a confirmed paper"), N_("Issue"), "violations.paper", args)
    if paper.issued_on and paper.served_on is None and case.is_investigator(user):
        return _todo(case, N_("Record the service of a paper"), N_("Record"), "violations.paper", args)
    return None


def _todo(
    case: Case,
    kind: str,
    verb: str,
    endpoint: str = "violations.detail",
    args: dict[str, int | str] | None = None,
    due_on: date | None = None,
) -> Todo:
    return Todo(
        kind=kind,
        title=N_("%(number)s %(agreement)s") if case.number else N_("%(agreement)s"),
        sub=case.kind,
        verb=verb,
        endpoint=endpoint,
        args=args or {"code": case.code},
        params={"number": case.number or "", "agreement": case.agreement.number},
        due_on=due_on or next_due(case),
        group=GROUP,
    )
