"""The types of values that stand in a paper: how a typed one is read, checked, and printed.

A stored value is JSON: integer fen, integer ppm, whole numbers, ISO dates, text. What a person typed is a
string and is read generously (full-width digits, `3%`, `1,234.50`, `2026年1月1日`).
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Literal, TypeAlias

from stdnum.cn import uscc

from portal.domain.errors import DomainError
from portal.domain.i18n import Msgid
from portal.domain.money import DAXIE_LIMIT_FEN, PPM, daxie, figures, numeral
from portal.domain.papers.characters import check_characters

Raw: TypeAlias = str | int
Language: TypeAlias = Literal["zh", "en"]

# fmt: off
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")
_ENGLISH_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
                    "eleven", "twelve")
# fmt: on
_PHONE = re.compile(r"^\+?[0-9(][0-9() -]{5,20}[0-9](转[0-9]{1,6})?$")
_EMAIL = re.compile(r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$")
_ID = re.compile(r"^[\x21-\x7e]{1,60}$")
_DATE = re.compile(r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?$")
_QUARTER = re.compile(r"^(\d{4})(?:Q([1-4])|年第([一二三四])季度)$")
_QUARTER_STARTS = re.compile(r"^每年(\d{1,2})、(\d{1,2})、(\d{1,2})、(\d{1,2})月(\d{1,2})日$")


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of value. `accept` gives the stored value or refuses; `print` writes it in a language."""

    def accept(self, raw: object, label: Msgid) -> Raw:
        """Give the value to store; DomainError says what is wrong with it."""
        raise DomainError("%(label)s is not understood: %(value)s", label=label, value=str(raw))

    def print(self, raw: Raw, language: Language) -> str:
        """Write a stored value as the paper shows it."""
        return str(raw)


@dataclass(frozen=True, slots=True)
class Text(Kind):
    """One line of text, at most `limit` characters, every one of which our letters can print."""

    limit: int
    keeps_full_stop: bool = False

    def accept(self, raw: object, label: Msgid) -> Raw:
        """Trim it, drop a full stop at its end, and check its length and its characters."""
        text = unicodedata.normalize("NFC", str(raw)).strip()
        if not self.keeps_full_stop:
            text = text.rstrip("。")
        if "\n" in text or "\r" in text:
            raise DomainError("%(label)s must be a single line.", label=label)
        if len(text) > self.limit:
            raise DomainError(
                "%(label)s may have at most %(limit)s characters.", label=label, limit=self.limit
            )
        check_characters(text)
        return text


@dataclass(frozen=True, slots=True)
class Identifier(Kind):
    """A number of a paper or a version: printable ASCII without blanks."""

    def accept(self, raw: object, label: Msgid) -> Raw:
        """Trim and check it."""
        text = str(raw).strip()
        if not _ID.match(text):
            raise DomainError(
                "%(label)s may contain only letters, digits and symbols, without spaces.", label=label
            )
        return text


@dataclass(frozen=True, slots=True)
class Whole(Kind):
    """A whole number between two limits; `unit` only documents it (days, months, years)."""

    low: int = 0
    high: int = 1_000_000
    unit: str = ""

    def accept(self, raw: object, label: Msgid) -> Raw:
        """Read digits, full-width ones too, and check the limits."""
        number = _decimal(raw, label)
        if number != int(number) or not self.low <= number <= self.high:
            raise DomainError(
                "%(label)s must be a whole number from %(low)s to %(high)s.",
                label=label,
                low=self.low,
                high=self.high,
            )
        return int(number)


@dataclass(frozen=True, slots=True)
class Numeral(Whole):
    """A small whole number that is printed in formal numerals, in English as a word."""

    def print(self, raw: Raw, language: Language) -> str:
        """Write 贰, or two."""
        number = int(raw)
        if language == "zh":
            return numeral(number)
        return _ENGLISH_NUMBERS[number] if number < len(_ENGLISH_NUMBERS) else str(number)


@dataclass(frozen=True, slots=True)
class Percent(Kind):
    """A rate in ppm (3.00 % = 30000), printed with at least `decimals` decimals and at most four."""

    low_ppm: int = 0
    high_ppm: int = PPM
    decimals: int = 0
    max_decimals: int = 4

    def accept(self, raw: object, label: Msgid) -> Raw:
        """Take ppm as they are; read a string as percent, with or without the sign."""
        if isinstance(raw, str):
            typed = unicodedata.normalize("NFKC", raw).strip().removesuffix("%")
            ppm = _decimal(typed, label) * 10_000
        else:
            ppm = _decimal(raw, label)
        step = 10 ** (4 - self.max_decimals)
        if ppm != int(ppm) or int(ppm) % step:
            raise DomainError(
                "%(label)s may have at most %(decimals)s decimals.", label=label, decimals=self.max_decimals
            )
        if not self.low_ppm <= ppm <= self.high_ppm:
            raise DomainError(
                "%(label)s must be between %(low)s and %(high)s.",
                label=label,
                low=percent(self.low_ppm),
                high=percent(self.high_ppm),
            )
        return int(ppm)

    def print(self, raw: Raw, language: Language) -> str:
        """Write `3.00%`, exactly."""
        return percent(int(raw), self.decimals)


@dataclass(frozen=True, slots=True)
class Figures(Kind):
    """A sum in fen, printed as yuan: `1,234.56`."""

    low_fen: int = 0
    high_fen: int = DAXIE_LIMIT_FEN

    def accept(self, raw: object, label: Msgid) -> Raw:
        """Take fen as they are; read a string as yuan, with or without commas and ¥."""
        if isinstance(raw, str):
            typed = (
                unicodedata.normalize("NFKC", raw)
                .strip()
                .removeprefix("¥")
                .replace(",", "")
                .removesuffix("元")
            )
            fen = _decimal(typed, label) * 100
        else:
            fen = _decimal(raw, label)
        if fen != int(fen):
            raise DomainError("%(label)s may have at most %(decimals)s decimals.", label=label, decimals=2)
        if not self.low_fen <= fen <= self.high_fen:
            raise DomainError(
                "%(label)s must be between %(low)s and %(high)s.",
                label=label,
                low=figures(self.low_fen),
                high=figures(self.high_fen),
            )
        return int(fen)

    def print(self, raw: Raw, language: Language) -> str:
        """Write the sum in figures."""
        return figures(int(raw))


@dataclass(frozen=True, slots=True)
class Daxie(Kind):
    """A sum in fen in formal Chinese numerals; computed, never typed."""

    def print(self, raw: Raw, language: Language) -> str:
        """Write 壹万元整, in both languages."""
        return daxie(int(raw))


@dataclass(frozen=True, slots=True)
class Day(Kind):
    """A calendar date, stored as ISO text; `is_short` prints 2026-07-03."""

    is_short: bool = False

    def accept(self, raw: object, label: Msgid) -> Raw:
        """Read 2026-1-1, 2026/1/1 or 2026年1月1日."""
        if isinstance(raw, date):
            return raw.isoformat()
        match = _DATE.match(unicodedata.normalize("NFKC", str(raw)).strip())
        try:
            return (
                date(int(match[1]), int(match[2]), int(match[3])).isoformat()
                if match
                else _refuse_date(raw, label)
            )
        except ValueError:
            return _refuse_date(raw, label)

    def print(self, raw: Raw, language: Language) -> str:
        """Write 2026年1月1日, or 1 January 2026."""
        return str(raw) if self.is_short else day(date.fromisoformat(str(raw)), language)


@dataclass(frozen=True, slots=True)
class QuarterStarts(Kind):
    """The first days of the four quarters, three months apart: 每年1、4、7、10月1日."""

    def accept(self, raw: object, label: Msgid) -> Raw:
        """Check the wording, from which the English and the quarters themselves follow."""
        text = unicodedata.normalize("NFKC", str(raw)).strip()
        match = _QUARTER_STARTS.match(text)
        if match:
            months = [int(part) for part in match.groups()[:4]]
            is_even = all(later - earlier == 3 for earlier, later in pairwise(months))
            if 1 <= months[0] <= 3 and is_even and 1 <= int(match[5]) <= 28:
                return text
        raise DomainError("%(label)s is written like 每年1、4、7、10月1日, three months apart.", label=label)

    def print(self, raw: Raw, language: Language) -> str:
        """Write it as stored, or 1 January, 1 April, 1 July and 1 October."""
        match = _QUARTER_STARTS.match(str(raw))
        if language == "zh" or match is None:
            return str(raw)
        days = [f"{match[5]} {_MONTHS[int(month) - 1]}" for month in match.groups()[:4]]
        return f"{', '.join(days[:3])} and {days[3]}"


@dataclass(frozen=True, slots=True)
class Quarter(Kind):
    """A quarter, stored as 2026Q3 and printed as 2026年第三季度."""

    def accept(self, raw: object, label: Msgid) -> Raw:
        """Read 2026Q3 or 2026年第三季度."""
        match = _QUARTER.match(unicodedata.normalize("NFKC", str(raw)).strip().upper())
        if match is None:
            raise DomainError("%(label)s is not understood: %(value)s", label=label, value=str(raw))
        number = match[2] if match[2] else str("一二三四".index(match[3]) + 1)
        return f"{match[1]}Q{number}"

    def print(self, raw: Raw, language: Language) -> str:
        """Write 2026年第三季度."""
        year, number = str(raw).split("Q")
        return quarter(int(year), int(number))


@dataclass(frozen=True, slots=True)
class Uscc(Kind):
    """A unified social credit code: 18 characters with a check character."""

    def accept(self, raw: object, label: Msgid) -> Raw:
        """Read it in any width and case."""
        code = unicodedata.normalize("NFKC", str(raw)).replace(" ", "").upper()
        if not uscc.is_valid(code):
            raise DomainError(
                "%(label)s is not a valid unified social credit code: %(value)s", label=label, value=code
            )
        return code


@dataclass(frozen=True, slots=True)
class Phone(Kind):
    """One telephone number."""

    def accept(self, raw: object, label: Msgid) -> Raw:
        """Read it in any width."""
        number = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", str(raw)).strip())
        if not _PHONE.match(number):
            raise DomainError("%(label)s is not a telephone number: %(value)s", label=label, value=number)
        return number


@dataclass(frozen=True, slots=True)
class Email(Kind):
    """An e-mail address."""

    def accept(self, raw: object, label: Msgid) -> Raw:
        """Read it in any width."""
        address = unicodedata.normalize("NFKC", str(raw)).strip()
        if not _EMAIL.match(address) or len(address) > 120:
            raise DomainError("%(label)s is not an e-mail address: %(value)s", label=label, value=address)
        return address


@dataclass(frozen=True, slots=True)
class Choice(Kind):
    """One of counsel's phrases, stored in Chinese; the English follows from it."""

    choices: tuple[tuple[str, str], ...]

    def accept(self, raw: object, label: Msgid) -> Raw:
        """Accept a listed phrase only: another one needs counsel."""
        text = str(raw).strip()
        if text not in dict(self.choices):
            raise DomainError(
                "%(label)s must be one of: %(choices)s",
                label=label,
                choices="、".join(chinese for chinese, _ in self.choices),
            )
        return text

    def print(self, raw: Raw, language: Language) -> str:
        """Write the phrase in the language of its block."""
        return str(raw) if language == "zh" else dict(self.choices).get(str(raw), str(raw))


def percent(ppm: int, decimals: int = 0) -> str:
    """Write ppm as percent, exactly, with at least so many decimals: 18000 and 2 give `1.80%`."""
    whole, rest = divmod(abs(ppm), 10_000)
    fraction = f"{rest:04d}".rstrip("0").ljust(decimals, "0")
    return f"{'-' if ppm < 0 else ''}{whole}{'.' if fraction else ''}{fraction}%"


def day(on: date, language: Language = "zh") -> str:
    """Write a date as 2026年1月1日, or as 1 January 2026."""
    if language == "en":
        return f"{on.day} {_MONTHS[on.month - 1]} {on.year}"
    return f"{on.year}年{on.month}月{on.day}日"


def quarter(year: int, number: int) -> str:
    """Write a quarter as 2026年第三季度."""
    return f"{year}年第{'一二三四'[number - 1]}季度"


def _decimal(raw: object, label: Msgid) -> Decimal:
    """Read a number; booleans, NaN and text are refused."""
    try:
        if isinstance(raw, bool):
            raise InvalidOperation
        number = Decimal(unicodedata.normalize("NFKC", str(raw)).strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) > DAXIE_LIMIT_FEN * 100:
        raise DomainError("%(label)s is not a number: %(value)s", label=label, value=str(raw))
    return number


def _refuse_date(raw: object, label: Msgid) -> Raw:
    raise DomainError("%(label)s is not a date: %(value)s", label=label, value=str(raw))
