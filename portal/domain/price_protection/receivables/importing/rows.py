"""One row of a list of accounts: what it says, and what of it cannot be read."""

from collections.abc import Callable, Mapping
from typing import Any

from portal.domain.errors import DomainError
from portal.domain.i18n import N_, Msgid
from portal.domain.importing.rows import Draft
from portal.domain.papers.values import Quarter as PrintedQuarter
from portal.domain.price_protection.purchases.reading import bare_amount_fen
from portal.domain.price_protection.receivables.entering import Said
from portal.domain.price_protection.receivables.importing.columns import SPEC
from portal.domain.tabular import Row, TableSheet
from portal.domain.text import clean, half_width

SUMS = ("opening", "goods", "returns", "payments", "rebates", "other", "closing", "due")
# What somebody fills in; the rest of an exported row stands there already.
_FILLED = ("goods", "returns", "payments", "due")
_BLANK = N_("Nothing is filled in. Enter its sums, or leave the row out.")
_MISSING = N_("The sum is missing. Enter 0 where there is none.")


class AccountDraft(Draft):
    """What a row says; a value that it lacks or that cannot be read is absent."""

    __slots__ = ()
    spec = SPEC

    def said(self) -> Said:
        """The account, where nothing of the row is refused."""
        values = self.values
        sums = {f"{name}_fen": values[name] for name in SUMS if name in values}
        return Said(**sums, note=values.get("note", ""))


def _quarter(said: Any) -> str:
    return str(PrintedQuarter().accept(str(said), Msgid(SPEC.column("quarter").title)))


_READERS: dict[str, Callable[[Any], Any]] = {
    "quarter": _quarter,
    "distributor_code": lambda said: half_width(clean(said)),
    "distributor": clean,
    **dict.fromkeys(SUMS, bare_amount_fen),
    "note": clean,
    "reason": clean,
}


def draft_of(sheet: TableSheet, row: Row, headings: Mapping[str, str], name: str) -> AccountDraft:
    """Read a row of a list for the quarter `name`; every reason against it is collected."""
    draft = AccountDraft(row.sheet, row.number, headings)
    draft.read(sheet, row, _READERS, {})
    said = draft.values
    if said.get("quarter", name) != name:
        draft.refuse(
            "quarter",
            DomainError(
                N_("The row is of %(said)s, the list of %(quarter)s. Hand it in for its own quarter."),
                said=said["quarter"],
                quarter=name,
            ),
        )
    if not draft.is_refused(*_FILLED) and not any(column in said for column in _FILLED):
        draft.refuse("goods", DomainError(_BLANK))
        return draft
    for column in ("opening", *_FILLED):
        if column not in said and not draft.is_refused(column):
            draft.refuse(column, DomainError(_MISSING))
    return draft
