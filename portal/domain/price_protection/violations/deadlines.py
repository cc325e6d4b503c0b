"""The days of a case: by when what must be done, and what passes into effect when it was not (7.1-7.5, 8.3, 8.4).

Every length is the agreement's own, as it stood on the day of the act (`Case.values`).
"""

from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy.orm import object_session

from portal.domain.price_protection.violations.models import Case, State
from portal.domain.workdays.services import working_days_after

_DAY = timedelta(days=1)


def months_after(on: date, months: int) -> date:
    """The same day so many months later, or the last one of a shorter month."""
    number = on.month - 1 + months
    year, month = on.year + number // 12, number % 12 + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    return min(date(year, month, 1) + timedelta(days=on.day - 1), following - _DAY)


def open_by(act_on: date, months: int) -> date:
    """The last day on which a case about an act of this day may be opened (5.2)."""
    return months_after(act_on, months) - _DAY


def notice_by(case: Case) -> date | None:
    """By when the notice must be written (7.1)."""
    return _working_days_after(case, case.opened_on, "case_notice_days") if case.opened_on else None


def answer_by(case: Case) -> date | None:
    """Until when the accused may inspect and answer (7.2)."""
    return _working_days_after(case, case.notified_on, "response_days") if case.notified_on else None


def decide_by(case: Case) -> date | None:
    """The last day for the decision (7.4)."""
    if case.notified_on is None:
        return None
    return case.notified_on + timedelta(days=days(case, "decision_days") + case.extension_days)


def appeal_by(case: Case) -> date | None:
    """The last day for an appeal (7.5)."""
    if case.decision_served_on is None:
        return None
    return _working_days_after(case, case.decision_served_on, "appeal_days")


def answer_appeal_by(case: Case) -> date | None:
    """The last day for the answer to the appeal (7.5)."""
    if case.appeal is None:
        return None
    return case.appeal.received_on + timedelta(days=days(case, "appeal_decision_days"))


def pay_award_by(case: Case) -> date | None:
    """The last day to pay the award (8.3)."""
    if case.effective_on is None:
        return None
    return _working_days_after(case, case.effective_on, "award_payment_days")


def _working_days_after(case: Case, on: date, name: str) -> date:
    """As many working days after a day as the agreement gave."""
    session = object_session(case)
    assert session is not None  # a case is asked for its days where it was found
    return working_days_after(session, on, days(case, name))


def days(case: Case, name: str) -> int:
    """How many days of a kind the agreement gave on the day of the act."""
    return int(case.values[name])


class Standing(NamedTuple):
    """Where a case stands on a day, and since when if only because time ran out."""

    state: State
    lapsed_on: date | None = None


def standing(case: Case, on: date) -> Standing:
    """Where the case stands on a day: a deadline that passed has had its effect, whether or not it is booked."""
    due, then = {
        State.NOTIFIED: (decide_by(case), State.WITHDRAWN),
        State.DECIDED: (appeal_by(case), State.EFFECTIVE),
        State.APPEALED: (answer_appeal_by(case), State.OVERTURNED),
    }.get(case.state, (None, case.state))
    if due is not None and on > due:
        return Standing(then, due + _DAY)
    return Standing(case.state)


def next_due(case: Case) -> date | None:
    """The next day by which somebody must have acted, in the state the case is in."""
    match case.state:
        case State.REPORTED | State.EXAMINED:
            return open_by(case.act_on, days(case, "limitation_months"))
        case State.OPENED:
            return notice_by(case)
        case State.NOTIFIED:
            return decide_by(case)
        case State.DECIDED:
            return appeal_by(case)
        case State.APPEALED:
            return answer_appeal_by(case)
    return None
