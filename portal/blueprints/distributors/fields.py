"""Form fields for the facts of a distributor."""

from collections.abc import Callable
from functools import cache
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms.validators import ValidationError
from wtforms.widgets import TextArea, TextInput

from portal.domain.distributors import facts
from portal.domain.distributors.facts import Fact
from portal.domain.errors import DomainError
from portal.domain.money import figures
from portal.web.fields import BankAccountField, PhonesField, Understood, UsccField
from portal.web.htmx import say

# How a value is told below its box; a fact that is not here reads as it was typed.
TOLD: dict[str, Callable[[Any], str]] = {
    "uscc": lambda value: UsccField.tell(None, value),  # type: ignore[arg-type]
    "bank_account": lambda value: BankAccountField.tell(None, value),  # type: ignore[arg-type]
    "founded_on": lambda value: value.isoformat(),
    "expires_on": lambda value: value.isoformat() if value else "",
    "birthday": str,
    "brands": str,
    "phone": str,
    "email": str,
    "staff": str,
    "vehicles": str,
    "outlets": str,
    "credit_days": lambda value: _("cash on delivery") if value == 0 else str(value),
    "credit_limit_fen": lambda value: f"¥{figures(value)}",
    "deposit_fen": lambda value: f"¥{figures(value)}",
}
_NOTES = ("note",)
# The same for every form that is made, of forty fields each.
_AREA, _LINE = TextArea(), TextInput()
_label = cache(lazy_gettext)


@cache
def _empty(fact: Fact) -> Any:
    return fact.read("")


class FactField(Understood):
    """A fact as one types it; refused entries stay in the box."""

    def __init__(self, fact: Fact, label: Any = None, **kwargs: Any) -> None:
        super().__init__(label or _label(fact.label), **kwargs)
        self.fact = fact
        self.empty = _empty(fact)
        self.widget = _AREA if fact.name in _NOTES else _LINE

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the entry; what the domain refuses is the field's error. A file in its place is no entry."""
        valuelist = self.raw_data = [value for value in valuelist if isinstance(value, str)]
        if not valuelist:
            return
        try:
            self.data = self.fact.read(valuelist[0])
        except DomainError as error:
            self.data = self.empty
            raise ValidationError(say(error)) from None

    def show(self, value: Any) -> str:
        """The value as one types it."""
        return self.fact.write(value)

    def tell(self, value: Any) -> str:
        """The value as the note below the box says it."""
        return TOLD[self.fact.name](value) if self.fact.name in TOLD else ""

    @property
    def understood(self) -> str:
        """How an entry was read, where that is not how it was typed."""
        return super().understood if self.fact.name in TOLD else ""


class TelephonesField(PhonesField):
    """The numbers of a record; what is too long for one is refused."""

    read = staticmethod(facts.phones_of)

    @property
    def understood(self) -> str:
        """How many numbers were found, and which."""
        if not self.raw_data or self.errors or not self.data:
            return ""
        return _("%(count)s found: %(numbers)s", count=len(self.data), numbers=self.tell(self.data))
