"""Dates as people write them in China."""

import re
from calendar import monthrange
from datetime import date, datetime

from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.text.cleaning import clean, half_width

_TIME = r"(?:[ T]*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
_DATE = re.compile(r"(\d{4})\s*([-/.年])\s*(\d{1,2})\s*([-/.月])\s*(\d{1,2})\s*[日号]?" + _TIME)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_DASHES = re.compile("[‐‑‒–—―−]")
_HAN_DATE = re.compile(
    r"([〇零○一二三四五六七八九]{4})年([一二三四五六七八九十]{1,3})月([一二三四五六七八九十]{1,3})[日号]"
)
_HAN = "〇一二三四五六七八九"
YEARS = range(1900, 2101)


def date_on(text: str | date) -> date:
    """Read a date, year first: 2026-02-03, 2026/2/3, 2026.2.3, 20260203, 2026年2月3日, or a date cell.

    Refuses (DomainError) a day that does not exist by name, and what could be read in two ways.
    """
    if isinstance(text, datetime):
        return text.date()
    if isinstance(text, date):
        return text
    plain = _DASHES.sub("-", half_width(clean(text))).replace("。", ".").strip()
    plain = re.sub(r"(周|星期)[一二三四五六日天]$", "", plain).strip()
    if han := _HAN_DATE.fullmatch(plain):
        year_text = "".join(str(_HAN.index("〇" if char in "零○" else char)) for char in han[1])
        year, month, day = int(year_text), _han_number(han[2]), _han_number(han[3])
    elif (found := _DATE.fullmatch(plain)) and (found[2] == found[4] or found[2] + found[4] == "年月"):
        year, month, day = int(found[1]), int(found[3]), int(found[5])
    elif compact := _COMPACT.fullmatch(plain):
        year, month, day = (int(part) for part in compact.groups())
    else:
        raise DomainError(
            N_("This cannot be read as a date: %(text)s. Write year, month and day, as in 2026-02-03."),
            text=str(text).strip(),
        )
    if year not in YEARS:
        raise DomainError(
            N_("The year %(year)s in %(text)s cannot be right."), year=year, text=str(text).strip()
        )
    if not 1 <= month <= 12:
        raise DomainError(N_("There is no month %(month)s: %(text)s"), month=month, text=str(text).strip())
    days = monthrange(year, month)[1]
    if not 1 <= day <= days:
        raise DomainError(
            N_("There is no such day as %(text)s: month %(month)s of %(year)s has %(days)s days."),
            text=str(text).strip(),
            month=month,
            year=year,
            days=days,
        )
    return date(year, month, day)


def _han_number(han: str) -> int:
    """Read 一 to 三十一; what is no number of that kind gives 0, which no date contains."""
    tens, ten, ones = han.rpartition("十")
    if not ten:
        return _HAN.index(han) if len(han) == 1 and han in _HAN else 0
    if (tens and tens not in _HAN) or (ones and ones not in _HAN):
        return 0
    return (_HAN.index(tens) if tens else 1) * 10 + (_HAN.index(ones) if ones else 0)
