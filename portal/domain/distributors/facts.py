"""The facts of a distributor (D1): what each is called, how typed text is read, how a value is typed again.

One table serves the form, the import, the export, the comparison of two versions and the words of the
history. A reader takes text as people paste it and gives the value, or refuses (DomainError without a field:
the caller knows it); what may be printed on a paper is tested against the letters of our fonts where it is
typed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.db import today
from portal.domain import text
from portal.domain.distributors.models import Channel, Contact, DistributorPhone, Grade, Level, Standing
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.papers.characters import check_characters

Reader = Callable[[str], Any]
Writer = Callable[[Any], str]

_CODE = re.compile(r"[^\W_][\w./#()-]*")
_BRAND_SEPARATORS = re.compile(r"\s*[、,，;；/|\n]\s*")
_MONTH_DAY = re.compile(r"(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?")
_LUNAR = re.compile(r"(?:农历|阴历|旧历)\s*\S{2,12}")
_GRADE = re.compile(r"([ABC])\s*[类級级等]?(?:客户)?|(?:grade|class)\s*([ABC])", re.IGNORECASE)
_UNGRADED = ("", "未评级", "未评", "未分级", "待评", "not graded", "not graded yet", "ungraded")
DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
CREDIT_DAYS_AT_MOST = 365


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: the attribute's name, the msgid of its label, its reader and writer.

    Of a `is_personal` fact the audit trail keeps the name and never the value.
    """

    name: str
    label: str
    read: Reader
    write: Writer = str
    is_personal: bool = False


def line(limit: int) -> Reader:
    """A reader of one line of at most `limit` characters, all of which our letters can print."""

    def read(raw: str) -> str:
        value = text.clean(raw)
        _check_length(value, limit)
        check_characters(value)
        return value

    return read


def lines(limit: int) -> Reader:
    """A reader of a note of several lines; it is never printed."""

    def read(raw: str) -> str:
        value = text.clean_lines(raw)
        _check_length(value, limit)
        return value

    return read


def _check_length(value: str, limit: int) -> None:
    if len(value) > limit:
        raise DomainError(
            N_("At most %(limit)s characters; this has %(count)s."), limit=limit, count=len(value)
        )


def _or(empty: Any, read: Reader) -> Reader:
    """The reader, but nothing typed gives `empty`."""
    return lambda raw: read(raw) if text.clean(raw) else empty


def code_of(raw: str) -> str:
    """A code of our own or of the list it came from: letters, digits and signs without blanks, as written."""
    value = text.half_width(text.clean(raw))
    if value and not _CODE.fullmatch(value):
        raise DomainError(
            N_(
                "A code may contain only letters, digits and - . _ / #, without spaces;"
                " %(code)s does not fit."
            ),
            code=value,
        )
    _check_length(value, 40)
    check_characters(value)
    return value


def code_key(code: str) -> str:
    """The form in which codes are compared and are unique."""
    return code.upper()


def _founded(raw: str) -> date:
    founded = text.date_on(raw)
    if founded > today():
        raise DomainError(N_("%(day)s is in the future."), day=founded.isoformat())
    return founded


def _expiry(raw: str) -> date | None:
    """The last day of a licence; one without an end (长期) has none."""
    return None if text.clean(raw) in ("长期", "永久", "无期限") else text.date_on(raw)


def _credit_days(raw: str) -> int:
    days = 0 if text.clean(raw) in ("现结", "现款", "现金") else text.whole(raw)
    if days > CREDIT_DAYS_AT_MOST:
        raise DomainError(N_("Credit runs for at most %(days)s days."), days=CREDIT_DAYS_AT_MOST)
    return days


def _brands(raw: str) -> str:
    brands = [part for part in _BRAND_SEPARATORS.split(text.clean_lines(raw)) if part]
    value = "、".join(dict.fromkeys(brands))
    _check_length(value, 300)
    check_characters(value)
    return value


def _email(raw: str) -> str:
    address = text.email(raw)
    _check_length(address, 120)
    return address


def _amount(raw: str) -> int:
    return text.amount_fen(raw)


def birthday(raw: str) -> str:
    """A birthday with or without its year (1980-05-12, 05-12), or one by the lunar calendar as written."""
    plain = text.half_width(text.clean(raw)).replace("阴历", "农历").replace("旧历", "农历")
    if not plain:
        return ""
    if _LUNAR.fullmatch(plain):
        return plain.replace(" ", "")
    if found := _MONTH_DAY.fullmatch(plain):
        month, day = int(found[1]), int(found[2])
        if 1 <= month <= 12 and 1 <= day <= DAYS[month - 1]:
            return f"{month:02d}-{day:02d}"
        raise DomainError(N_("There is no such day: %(text)s"), text=plain)
    born = text.date_on(raw)
    if born > today():
        raise DomainError(N_("%(day)s is in the future."), day=born.isoformat())
    return born.isoformat()


def phones_of(raw: str) -> list[text.Phone]:
    """Every telephone number of the text; refuses what is longer than a number with its owner can be."""
    found = text.phones(raw)
    for phone in found:
        if len(phone.display) > 60 or len(phone.digits) > 40:
            raise DomainError(
                N_("This is too long for a telephone number: %(text)s"), text=phone.display[:60]
            )
        if len(phone.label) > 40:
            raise DomainError(
                N_("The remark beside %(phone)s has more than 40 characters."), phone=phone.display
            )
    return found


def phones_text(phones: list[DistributorPhone]) -> str:
    """The numbers as one types them, one a line; reading the text gives the same numbers."""
    return "\n".join(
        f"{phone.display}（{phone.label}）" if phone.label else phone.display for phone in phones
    )


def _contact_phone(raw: str) -> str:
    shown = "、".join(str(phone) for phone in phones_of(raw))
    _check_length(shown, 60)
    return shown


def yuan(fen: int | None) -> str:
    """A sum as it is typed: 1234.50; nothing for one that is not known."""
    if fen is None:
        return ""
    return f"{fen // 100}.{fen % 100:02d}"


def is_grade(raw: str) -> bool:
    """Whether a text says A, B or C as people write it."""
    return _GRADE.fullmatch(text.half_width(text.clean(raw))) is not None


def grade_of(raw: str) -> Grade | None:
    """A grade as people write it: A, a, Ａ, A类, A级; nothing, or 未评级, is none."""
    typed = text.half_width(text.clean(raw))
    found = _GRADE.fullmatch(typed)
    if found is not None:
        return Grade((found[1] or found[2]).upper())
    if typed.casefold() in _UNGRADED:
        return None
    raise DomainError(
        N_("“%(text)s” is not a grade: enter A, B or C, or leave it empty for one that is not graded yet."),
        text=typed[:40],
    )


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


FACTS: tuple[Fact, ...] = (
    Fact("name", N_("Full name"), line(100)),
    Fact("short_name", N_("Short name"), line(40)),
    Fact("name_en", N_("English name"), line(120)),
    Fact("uscc", N_("Unified social credit code"), _or("", text.uscc)),
    Fact("legal_rep", N_("Legal representative or proprietor"), line(40)),
    Fact("level", N_("Level"), Level),
    Fact("grade", N_("Grade"), grade_of, lambda value: value or ""),
    Fact("channel", N_("Channel"), Channel),
    Fact("standing", N_("Standing"), Standing),
    Fact("founded_on", N_("Founded on"), _or(None, _founded), _day),
    Fact("province", N_("Province"), line(40)),
    Fact("city", N_("City"), line(40)),
    Fact("address", N_("Address"), line(120)),
    Fact("email", N_("E-mail"), _or("", _email), is_personal=True),
    Fact("staff", N_("Staff"), _or(None, text.whole), _number),
    Fact("vehicles", N_("Vehicles"), _or(None, text.whole), _number),
    Fact("outlets", N_("Outlets"), _or(None, text.whole), _number),
    Fact("brands", N_("Brands carried"), _brands),
    Fact("bank_account_name", N_("Account holder"), line(100)),
    Fact("bank_name", N_("Bank"), line(60)),
    Fact("bank_account", N_("Account number"), _or("", text.bank_account)),
    Fact("credit_days", N_("Credit days"), _or(None, _credit_days), _number),
    Fact("credit_limit_fen", N_("Credit limit"), _or(None, _amount), yuan),
    Fact("deposit_fen", N_("Deposit"), _or(None, _amount), yuan),
    Fact("invoice_title", N_("Invoice title"), line(100)),
    Fact("invoice_address_phone", N_("Address and telephone on invoices"), line(200)),
    Fact("invoice_bank", N_("Bank and account on invoices"), line(200)),
    Fact("note", N_("Note"), lines(500)),
)
BY_NAME: dict[str, Fact] = {fact.name: fact for fact in FACTS}

# What a record says besides: references to other records, and numbers that stand in rows of their own.
OTHER_LABELS: dict[str, str] = {
    "code": N_("Code"),
    "parent_id": N_("Supplier"),
    "region_id": N_("Office"),
    "territory_id": N_("Territory"),
    "owner_id": N_("Owner"),
    "phones": N_("Telephones"),
    "longitude": N_("Longitude"),
    "latitude": N_("Latitude"),
}
LABELS: dict[str, str] = {fact.name: fact.label for fact in FACTS} | OTHER_LABELS

CONTACT_FACTS: tuple[Fact, ...] = (
    Fact("name", N_("Name of the person"), line(40), is_personal=True),
    Fact("title", N_("Position"), line(40), is_personal=True),
    Fact("phone", N_("Telephone"), _contact_phone, is_personal=True),
    Fact("email", N_("E-mail"), _or("", _email), is_personal=True),
    Fact("birthday", N_("Birthday"), birthday, is_personal=True),
    Fact("personality", N_("Personality"), line(200), is_personal=True),
    Fact("preferences", N_("Preferences"), line(200), is_personal=True),
)
CONTACT_BY_NAME: dict[str, Fact] = {fact.name: fact for fact in CONTACT_FACTS}

LICENCE_FACTS: tuple[Fact, ...] = (
    Fact("kind", N_("Licence"), line(60)),
    Fact("number", N_("Number"), line(60)),
    Fact("expires_on", N_("Valid until"), _or(None, _expiry), _day),
)
LICENCE_BY_NAME: dict[str, Fact] = {fact.name: fact for fact in LICENCE_FACTS}


def empty_contact(contact: Contact) -> None:
    """Take every personal fact out of the row."""
    for fact in CONTACT_FACTS:
        setattr(contact, fact.name, "")
