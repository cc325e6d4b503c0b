"""The fund of a user's offices in a few figures: what it holds, what is to be paid and is late, the open cases."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.funds import queries as funds
from portal.domain.price_protection.payments.payable import Wanted, payable
from portal.domain.price_protection.violations import queries as cases
from portal.domain.price_protection.violations.models import ENDED, Case
from portal.domain.users.models import User


@dataclass(frozen=True)
class FundOverview:
    """Sums in fen; what is payable less what is set off of it, as many sums as the list of payments has rows."""

    held_fen: int
    payable: int
    payable_fen: int
    overdue: int
    overdue_fen: int
    # Cases that are not over yet; None for whoever reads none.
    cases: int | None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is held, owed or under way."""
        return not (self.held_fen or self.payable or self.cases)


def fund_overview(session: Session, user: User) -> FundOverview:
    """The figures as they are now, within the offices whose funds the user reads."""
    items = payable(session, user, Wanted(), P.FUNDS_READ)
    late = [item for item in items if item.due_on is not None and item.due_on < today()]
    return FundOverview(
        held_fen=sum(funds.held_by_quarter(session, user).values()),
        payable=len(items),
        payable_fen=sum(item.to_pay_fen for item in items),
        overdue=len(late),
        overdue_fen=sum(item.to_pay_fen for item in late),
        cases=_open_cases(session, user) if user.can(P.CASES_READ) or user.can(P.CASES_FOLLOW) else None,
    )


def _open_cases(session: Session, user: User) -> int:
    wanted = cases.cases_visible_to(user).where(Case.state.not_in(ENDED)).with_only_columns(sa.func.count())
    return session.scalar(wanted) or 0
