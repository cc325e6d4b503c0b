"""What a cell or a field of a purchase says, as offices write it; refusals say what to do."""

import re
from datetime import date, timedelta
from decimal import Decimal

from portal.domain import text
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.purchases.checking import MOST_LINE

_CURRENCY = re.compile(r"[¥￥$€£₩元圆块]|RMB|CNY|USD|HKD|EUR|人民币|美元|港币", re.IGNORECASE)
_QUANTITY = re.compile(r"(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d+))?\s*[^\d\s.,+-]{0,6}")
_CODES = re.compile(r"[\s,，、;；|]+")
_SERIAL = re.compile(r"\d{1,6}(?:\.\d+)?")
_EXCEL_ZERO = date(1899, 12, 30)
_MOST_SERIAL = 73_050  # the last day of 2099
MOST_MILLI = 10**12


def bare_amount_fen(said: str, *, is_signed: bool = True) -> int:
    """A sum, in fen: ``1,234.56``, ``-18240``; no currency sign: purchases are in yuan."""
    if found := _CURRENCY.search(text.half_width(said)):
        raise DomainError(
            N_(
                "%(text)s carries a currency sign (%(sign)s). Enter the number alone, in yuan, as in 1234.50."
            ),
            text=said.strip()[:40],
            sign=found[0],
        )
    return text.amount_fen(said, is_signed=is_signed)


def day_on(said: str | date) -> date:
    """A day; a bare number is refused with the day that Excel would show for it."""
    plain = "" if isinstance(said, date) else text.half_width(text.clean(said)).strip()
    if _SERIAL.fullmatch(plain) and 1 <= (days := int(float(plain))) <= _MOST_SERIAL:
        raise DomainError(
            N_(
                "%(text)s is a number and no date; Excel would show it as %(day)s. If that is the day, format the "
                "column as a date (2026-02-03) and hand the file in again."
            ),
            text=plain,
            day=(_EXCEL_ZERO + timedelta(days=days)).isoformat(),
        )
    return text.date_on(said)


def quantity_milli(said: str) -> int:
    """A quantity in thousandths of the product's unit: ``120``, ``1,200``, ``12.5``, ``120 箱``."""
    plain = text.half_width(text.clean(said)).strip()
    found = _QUANTITY.fullmatch(plain)
    if found is None:
        raise DomainError(
            N_("%(text)s is no quantity. Enter a number more than 0, as in 120 or 12.5."),
            text=said.strip()[:40],
        )
    if len(found[2] or "") > 3:
        raise DomainError(
            N_("A quantity has at most three decimals; %(text)s has more. Round it."), text=said.strip()[:40]
        )
    milli = int(Decimal(f"{found[1].replace(',', '')}.{found[2] or 0}") * 1000)
    if not 0 < milli <= MOST_MILLI:
        raise DomainError(
            N_("%(text)s is no quantity. Enter a number more than 0, as in 120 or 12.5."),
            text=said.strip()[:40],
        )
    return milli


def line_no(said: str) -> int:
    """The number of a line within its document, from 1."""
    plain = text.half_width(text.clean(said)).strip()
    if not (plain.isascii() and plain.isdigit() and 1 <= int(plain[:12]) <= MOST_LINE):
        raise DomainError(
            N_("%(text)s is no line number. Number the lines of a document from 1 to %(most)s."),
            text=said.strip()[:40],
            most=MOST_LINE,
        )
    return int(plain)


def codes(said: str) -> tuple[str, ...]:
    """Batch and box codes, parted by blanks, commas or lines."""
    return tuple(part for part in _CODES.split(text.clean_lines(said)) if part)
