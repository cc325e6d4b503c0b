"""How a case ends, by decision or because time ran out; what it held is let go (4.4, 7.4, 7.5, 8.1, 8.4)."""

from collections.abc import Sequence
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, today
from portal.domain.errors import DomainError
from portal.domain.price_protection.funds import deducting, releasing, suspending
from portal.domain.price_protection.funds.models import FundDeduction
from portal.domain.price_protection.violations import base
from portal.domain.price_protection.violations.deadlines import days, standing
from portal.domain.price_protection.violations.models import (
    AppealResult,
    Award,
    Case,
    State,
    Withdrawal,
)
from portal.domain.users.models import User


def release_day(session: Session, case: Case) -> date:
    """The day by which the fund of the quarter concerned is to be released (4.3)."""
    quarter = releasing.quarter_of_agreement(session, case.agreement_id, case.quarter)
    return quarter.last_on + timedelta(days=days(case, "release_days"))


def let_go(session: Session, actor: User | None, case: Case) -> None:
    """Lift what the case holds back, and release what waited for it alone: a closed quarter, or what came back.

    A quarter that is not closed yet is released with its close, by two people and with its statement.
    """
    if not case.quarter:
        return
    suspending.lift(session, case.agreement_id, case.id)
    if suspending.released(session, case.agreement_id, case.quarter) is not None:
        releasing.release_restored(session, actor, case.agreement_id, case.quarter)
    elif releasing.closed(session, case.agreement_id, case.quarter) is not None:
        releasing.release(session, actor, case.agreement_id, case.quarter)


def deduction_of(session: Session, case: Case) -> FundDeduction | None:
    """What the decision of this case took, if there was one."""
    return session.scalar(
        sa.select(FundDeduction).where(
            FundDeduction.agreement_id == case.agreement_id,
            FundDeduction.case_part == suspending.case_part(case.id),
        )
    )


def left_of(deduction: FundDeduction) -> int:
    """What is left of a deduction after returns and restorations, in fen."""
    return deduction.changes[-1].amount_fen if deduction.changes else deduction.amount_fen


def gone_with_returns(deduction: FundDeduction) -> int:
    """What of a deduction went with goods that came back (9.1), in fen: neither kept by the company nor restored."""
    before, gone = deduction.amount_fen, 0
    for change in deduction.changes:
        gone += before - change.amount_fen if change.purchase_id is not None else 0
        before = change.amount_fen
    return gone


def withdraw(session: Session, actor: User | None, case: Case, ground: Withdrawal, on: date) -> None:
    """The case is withdrawn: nothing is deducted, and what it held back is released (7.4, 8.4)."""
    case.move_to(State.WITHDRAWN)
    case.withdrawal, case.ended_on = ground, on
    let_go(session, actor, case)
    base.record(session, actor, case, "withdrawn", ground=ground.value, on=on)
    session.flush()


def dismiss(session: Session, actor: User, case: Case) -> None:
    """The act is not proven: nothing is deducted, and what the case held back is released (8.4)."""
    case.move_to(State.DISMISSED)
    case.ended_on = today()
    let_go(session, actor, case)
    base.record(session, actor, case, "dismissed")
    session.flush()


def take_effect(session: Session, actor: User | None, case: Case, on: date) -> None:
    """The decision is in effect: the award can be paid, what was still held back is released (7.5, 8.1, 8.3)."""
    case.move_to(State.EFFECTIVE)
    case.effective_on = case.ended_on = on
    let_go(session, actor, case)
    base.record(session, actor, case, "effective", on=on)
    session.flush()


def overturn(
    session: Session, actor: User | None, case: Case, result: AppealResult | None, on: date, because: str = ""
) -> int:
    """The decision is taken back: everything is as it was; returns what was restored, in fen (8.4)."""
    case.move_to(State.OVERTURNED)
    case.effective_on, case.ended_on, case.ended_because = None, on, because
    if case.appeal is not None and result is not None:
        case.appeal.result, case.appeal.kept_fen, case.appeal.answered_on = result, 0, on
    back = give_back(session, actor, case, keep_fen=0)
    let_go(session, actor, case)
    base.record(session, actor, case, "overturned", result=result.value if result else "set_aside", on=on)
    session.flush()
    return back


def give_back(session: Session, actor: User | None, case: Case, *, keep_fen: int) -> int:
    """Put back what the decision took but for what is kept of it, in fen."""
    deduction = deduction_of(session, case)
    if deduction is None:
        return 0
    back = deducting.restore(session, actor, deduction, keep_fen)
    session.expire(deduction, ["changes"])
    return back


def lapse(session: Session, case: Case) -> bool:
    """Book what a deadline that passed has brought about; whether one had. The caller holds the case."""
    now_is = standing(case, today())
    if now_is.lapsed_on is None:
        return False
    if now_is.state is State.WITHDRAWN:
        withdraw(session, None, case, Withdrawal.LAPSED, now_is.lapsed_on)
    elif now_is.state is State.EFFECTIVE:
        take_effect(session, None, case, now_is.lapsed_on)
    else:
        overturn(session, None, case, AppealResult.LAPSED, now_is.lapsed_on)
    return True


def due_to_lapse(session: Session) -> Sequence[int]:
    """The cases whose deadline has passed without its effect being booked, the earliest first."""
    waiting = session.scalars(
        sa.select(Case)
        .where(Case.state.in_((State.NOTIFIED, State.DECIDED, State.APPEALED)))
        .order_by(Case.id)
    )
    return [case.id for case in waiting if standing(case, today()).lapsed_on is not None]


def sweep(session: Session) -> int:
    """Book the effect of every deadline that has passed, each case in a transaction of its own; how many there were.

    However often it runs, and by however many at once: each effect comes once. One case that cannot be booked keeps
    no other back; its refusal is raised when all had their turn.
    """
    ids = due_to_lapse(session)
    session.rollback()
    done = 0
    refusal: DomainError | None = None
    for case_id in ids:
        case = session.get_one(Case, case_id)
        lock(session, case)
        try:
            done += lapse(session, case)
        except DomainError as error:
            session.rollback()
            refusal = error
        else:
            session.commit()
    if refusal is not None:
        raise refusal
    return done


def award_of(session: Session, case: Case) -> Award | None:
    """The award of this case, if there is one."""
    return session.scalar(sa.select(Award).where(Award.case_id == case.id))
