"""Form fields that take what people type and show what was understood.

Each keeps the entry as it was typed when it is refused, gives the value itself as `data` (fen, ppm, a date),
None when it was left empty, and says in `understood` how it read an entry that looks otherwise.
"""

from collections.abc import Callable
from datetime import date, time
from typing import Any

from flask_babel import gettext as _
from wtforms import StringField
from wtforms.validators import ValidationError
from wtforms.widgets import TextArea

from portal.domain import text
from portal.domain.errors import DomainError
from portal.domain.money import figures
from portal.domain.users import services as users
from portal.web.htmx import say


class Understood(StringField):
    """A text entry read by a function of `portal.domain.text`."""

    read: Callable[[str], Any] = staticmethod(text.clean)
    empty: Any = None

    def process_data(self, value: Any) -> None:
        """Take the record's value."""
        self.data = self.empty if value is None else value

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the entry; what the domain refuses is the field's error. A file in its place is no entry."""
        valuelist = self.raw_data = [value for value in valuelist if isinstance(value, str)]
        if not valuelist:
            return
        self.data = self.empty
        if not valuelist[0].strip():
            return
        try:
            self.data = type(self).read(valuelist[0])
        except DomainError as error:
            raise ValidationError(say(error)) from None

    def show(self, value: Any) -> str:
        """The value as it is written in the box."""
        return str(value)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data in (None, self.empty) else self.show(self.data)

    @property
    def understood(self) -> str:
        """How an entry was read, when that is not how it was typed; empty otherwise."""
        if not self.raw_data or self.errors or self.data in (None, self.empty):
            return ""
        shown = self.show(self.data)
        if shown == str(self.raw_data[0]).strip():
            return ""
        return _("Read as %(value)s", value=self.tell(self.data))

    def tell(self, value: Any) -> str:
        """The value as the note below the box says it."""
        return self.show(value)


class LineField(Understood):
    """A line of text without stray blanks, invisible characters and a broken file's quotes; empty is ""."""

    empty = ""

    @property
    def understood(self) -> str:
        """Nothing: a cleaned line reads as it was typed."""
        return ""


class LinesField(LineField):
    """Several lines of text."""

    widget = TextArea()
    read = staticmethod(text.clean_lines)


class AmountField(Understood):
    """A sum of money, in fen: 1,234.56, ￥1234.56, 380万."""

    read = staticmethod(text.amount_fen)

    def show(self, value: int) -> str:
        """1,234.56."""
        return figures(value)

    def tell(self, value: int) -> str:
        """¥1,234.56."""
        return f"¥{figures(value)}"


class SignedAmountField(AmountField):
    """A sum of money that may be negative, in fen: -1,234.56, (1,234.56)."""

    @staticmethod
    def read(said: str) -> int:
        """The sum with its sign."""
        return text.amount_fen(said, is_signed=True)


class RateField(Understood):
    """A rate, in ppm: 3, 3%, 5‰."""

    read = staticmethod(text.rate_ppm)

    def show(self, value: int) -> str:
        """3, 1.25: the percent sign stands beside the box."""
        whole, part = divmod(value, 10_000)
        return f"{whole}.{part:04d}".rstrip("0").rstrip(".")

    def tell(self, value: int) -> str:
        """3%."""
        return f"{self.show(value)}%"


class WholeField(Understood):
    """A count: 12, １２, 1.2万, 12 人."""

    read = staticmethod(text.whole)


class DateOnField(Understood):
    """A date: 2026-02-03, 2026/2/3, 2026年2月3日."""

    read = staticmethod(text.date_on)

    def show(self, value: date) -> str:
        """2026-02-03."""
        return value.isoformat()


class ClockField(Understood):
    """A time of day in China: 9:00, 9点半, 下午2点."""

    read = staticmethod(text.clock)

    def show(self, value: time) -> str:
        """09:00."""
        return value.strftime("%H:%M")


class UsccField(Understood):
    """A unified social credit code; empty is ""."""

    read = staticmethod(text.uscc)
    empty = ""

    def tell(self, value: str) -> str:
        """In groups, to be compared with the licence."""
        return f"{value[:2]} {value[2:8]} {value[8:12]} {value[12:16]} {value[16:]}"


class BankAccountField(Understood):
    """The digits of a bank account; empty is ""."""

    read = staticmethod(text.bank_account)
    empty = ""

    def tell(self, value: str) -> str:
        """In groups of four."""
        return " ".join(value[start : start + 4] for start in range(0, len(value), 4))


class MailField(Understood):
    """A mail address; empty is ""."""

    read = staticmethod(text.email)
    empty = ""


class OwnPhoneField(Understood):
    """Where a user of the portal is reached, in one line; empty is ""."""

    read = staticmethod(users.phone_of)
    empty = ""


class PhonesField(Understood):
    """Telephone numbers, as many as there are, with names beside them: a list of `Phone`; empty is []."""

    widget = TextArea()
    read = staticmethod(text.phones)
    empty: Any = []  # noqa: RUF012

    def show(self, value: list[text.Phone]) -> str:
        """One a line."""
        return "\n".join(map(str, value))

    def tell(self, value: list[text.Phone]) -> str:
        """All in a row; those that could not be read are marked."""
        kept = _("kept as typed")
        return " · ".join(str(phone) if phone.is_understood else f"{phone}（{kept}）" for phone in value)
