"""Quarters as an agreement counts them: three months from its own first days, named by the year they begin in (1.4)."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from portal.domain.errors import DomainError

_STARTS = re.compile(r"(\d+)\D+(\d+)\D+(\d+)\D+(\d+)月(\d+)日")
_NAME = re.compile(r"(\d{4})[Qq]([1-4])")


@dataclass(frozen=True)
class Quarter:
    """A quarter, `2026Q3`, from its first to its last day, in China."""

    year: int
    number: int
    first_on: date
    last_on: date

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"


@dataclass(frozen=True)
class Calendar:
    """The four quarters of a year: the month of the first one's first day, and that day."""

    month: int = 1
    day: int = 1

    def of(self, on: date) -> Quarter:
        """The quarter in which a day lies."""
        for year in (on.year, on.year - 1):
            for number in (4, 3, 2, 1):
                quarter = self.quarter(year, number)
                if quarter.first_on <= on:
                    return quarter
        raise AssertionError("every day lies in a quarter")

    def quarter(self, year: int, number: int) -> Quarter:
        """The quarter of this year and number."""
        return Quarter(
            year, number, self._first(year, number), self._first(year, number + 1) - timedelta(days=1)
        )

    def named(self, name: str) -> Quarter:
        """The quarter that is written 2026Q3; DomainError for anything else."""
        match = _NAME.fullmatch(name.strip())
        if match is None or not 2000 <= int(match[1]) <= 2999:
            raise DomainError("Write the quarter like 2026Q3.", field="quarter")
        return self.quarter(int(match[1]), int(match[2]))

    def following(self, quarter: Quarter) -> Quarter:
        """The quarter after one."""
        return self.quarter(quarter.year + quarter.number // 4, quarter.number % 4 + 1)

    def preceding(self, quarter: Quarter) -> Quarter:
        """The quarter before one."""
        return self.of(quarter.first_on - timedelta(days=1))

    def own(self, quarter: Quarter, effective_on: date, ends_on: date) -> Quarter:
        """The quarter as an agreement of this term counts it: shorter at both ends of the term (1.4).

        What is booked after its last day belongs to the quarter that follows, which begins the earlier.
        """
        first_on, last_on = quarter.first_on, quarter.last_on
        if first_on <= ends_on <= last_on:
            last_on = ends_on
        elif self.following(self.of(ends_on)) == quarter:
            first_on = ends_on + timedelta(days=1)
        if first_on < effective_on <= last_on:
            first_on = effective_on
        return Quarter(quarter.year, quarter.number, first_on, last_on)

    def _first(self, year: int, number: int) -> date:
        months = self.month - 1 + 3 * (number - 1)
        return date(year + months // 12, months % 12 + 1, self.day)


@lru_cache(maxsize=64)
def calendar_of(quarter_starts: str | None) -> Calendar:
    """The calendar that a paper's words mean: 每年1、4、7、10月1日, also without any (PLACEHOLDERS, quarter_starts)."""
    match = _STARTS.search(quarter_starts or "")
    return Calendar(int(match[1]), int(match[5])) if match else Calendar()
