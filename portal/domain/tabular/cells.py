"""What one cell holds, whatever the file."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

from portal.domain.text import NumericText

Cell = str | date  # text as it stands (not cleaned), NumericText of a number cell, a date, or Broken

BLANKS = "\u200b\ufeff\u3000 \t\r\n\xa0"
_EXACT = 10**15  # beyond it a number cell has lost digits


class Broken(str):
    """A cell that has no value to read; its text is what is shown, `reason` the msgid that says why."""

    __slots__ = ("reason",)
    reason: str

    @classmethod
    def because(cls, reason: str, shown: str = "") -> "Broken":
        """A broken cell for this reason (an English msgid)."""
        broken = cls(shown)
        broken.reason = reason
        return broken


def number_text(number: float) -> str:
    """Write a number as Excel holds it: 15 significant digits, never in scientific notation."""
    whole = int(number)
    if number == whole and -_EXACT < whole < _EXACT:
        return NumericText(whole)
    return NumericText(format(Decimal(f"{number:.15g}"), "f"))


def percent_text(number: float) -> str:
    """Write a number as a cell in Excel's percent format shows it: 0.03 is 3%."""
    return format((Decimal(f"{number:.15g}") * 100).normalize(), "f") + "%"


def cell_of(value: object) -> Cell:
    """Turn what the reader of workbooks gives into a cell; a date at midnight is a date."""
    if isinstance(value, str):
        return value
    if value.__class__ is float:
        return number_text(value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, datetime):
        return value.date() if value.time() == time() else value
    if isinstance(value, date):
        return value
    if isinstance(value, time):
        return value.isoformat("minutes")
    if isinstance(value, timedelta):
        return str(value)
    return "" if value is None else str(value)


def is_blank(cell: Cell) -> bool:
    """Whether nothing can be seen in the cell."""
    return isinstance(cell, str) and not isinstance(cell, Broken) and not cell.strip(BLANKS)
