"""The period that an address names: `from` and `until`, days in China; this calendar year where it says none."""

from datetime import date

from flask import request

from portal.db import today
from portal.domain import text
from portal.domain.errors import DomainError
from portal.domain.meetings.evidence import Period, year_of


def wanted_period() -> Period:
    """The period; what the address says wrongly is passed over, and days the wrong way round are turned."""
    year = request.args.get("year", "")
    if year.isascii() and year.isdigit() and 2000 <= int(year[:5]) <= 2100:
        usual = year_of(date(int(year), 1, 1))
    else:
        usual = year_of(today())
    first, last = _day("from") or usual.first_on, _day("until") or usual.last_on
    return Period(min(first, last), max(first, last))


def _day(name: str) -> date | None:
    try:
        return text.date_on(request.args.get(name, ""))
    except DomainError:
        return None
