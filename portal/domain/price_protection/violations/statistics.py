"""Cases in numbers: by kind, office and quarter. Only what the accused know of as well; nothing about reports."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from portal.db import today
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.price_protection.funds.models import FundDeduction
from portal.domain.price_protection.funds.suspending import case_part
from portal.domain.price_protection.violations.deadlines import standing
from portal.domain.price_protection.violations.ending import left_of
from portal.domain.price_protection.violations.models import Case, State
from portal.domain.users.models import User


@dataclass
class Row:
    """How many cases of one kind, office and quarter there were, how they stand, and what they took, in fen."""

    kind: str
    office: str
    quarter: str
    cases: int = 0
    pending: int = 0
    in_effect: int = 0
    without: int = 0
    deducted_fen: int = 0


# Over without a deduction, whichever way.
_WITHOUT = (State.DISMISSED, State.WITHDRAWN, State.OVERTURNED)


def rows(session: Session, user: User) -> list[Row]:
    """The cases whose notice was served, by kind, office and quarter concerned.

    How many reports came, from whom, when, how many led nowhere and what was awarded is counted nowhere.
    """
    cases = session.scalars(
        sa.select(Case)
        .where(Case.notified_on.is_not(None), Case.region_id.in_(visible(user, Permission.CASES_READ)))
        .options(selectinload(Case.region), selectinload(Case.appeal))
        .order_by(Case.id)
    ).all()
    taken = {
        one.case_part: left_of(one)
        for one in session.scalars(
            sa.select(FundDeduction)
            .options(selectinload(FundDeduction.changes))
            .where(FundDeduction.agreement_id.in_({case.agreement_id for case in cases}))
        )
    }
    found: dict[tuple[str, str, str], Row] = {}
    for case in cases:
        row = found.setdefault(
            (case.kind, case.region.name, case.quarter), Row(case.kind, case.region.name, case.quarter)
        )
        state = standing(case, today()).state
        row.cases += 1
        row.in_effect += state is State.EFFECTIVE
        row.without += state in _WITHOUT
        row.pending += state is not State.EFFECTIVE and state not in _WITHOUT
        if state is State.EFFECTIVE:
            row.deducted_fen += taken.get(case_part(case.id), 0)
    return sorted(found.values(), key=lambda row: (row.quarter, row.office, row.kind), reverse=True)
