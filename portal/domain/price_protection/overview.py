"""The agreements of a user's regions in figures: where they stand, and when they end."""

from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.price_protection.models import Agreement, Status
from portal.domain.price_protection.phases import Phase, in_phase
from portal.domain.price_protection.queries import agreements_visible_to
from portal.domain.users.models import User

MONTHS = 12


@dataclass(frozen=True)
class Overview:
    """Agreements by phase, those that there are, and by the month of their last day, every month."""

    phases: list[tuple[Phase, int]]
    # The first day of each month, beginning with this one.
    ending: list[tuple[date, int]]

    @property
    def total(self) -> int:
        """How many agreements the user sees."""
        return sum(count for _phase, count in self.phases)

    @property
    def total_ending(self) -> int:
        """How many of them end within these months."""
        return sum(count for _month, count in self.ending)


def overview(session: Session, user: User, on: date | None = None) -> Overview:
    """The figures on a day, today in China when none is named: two statements, however many there are."""
    on = on or today()
    phase = sa.case(*((in_phase(known, on), known.value) for known in Phase))
    visible = agreements_visible_to(user)
    by_phase = {
        Phase(row.phase): row.number
        for row in session.execute(
            visible.with_only_columns(phase.label("phase"), sa.func.count().label("number")).group_by(phase)
        )
    }
    months = [_month_after(on, step) for step in range(MONTHS + 1)]
    year, month = sa.extract("year", Agreement.ends_on), sa.extract("month", Agreement.ends_on)
    by_month = {
        date(int(row.year), int(row.month), 1): row.number
        for row in session.execute(
            visible.with_only_columns(
                year.label("year"), month.label("month"), sa.func.count().label("number")
            )
            .where(Agreement.status == Status.SIGNED, Agreement.ends_on >= on, Agreement.ends_on < months[-1])
            .group_by(year, month)
        )
    }
    return Overview(
        phases=[(known, by_phase[known]) for known in Phase if by_phase.get(known)],
        ending=[(first, by_month.get(first, 0)) for first in months[:-1]],
    )


def month_end(first: date) -> date:
    """The last day of the month that begins on this day."""
    return _month_after(first, 1) - timedelta(days=1)


def _month_after(day: date, months: int) -> date:
    """The first day of the month that lies so many months after this day's."""
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, 1)
