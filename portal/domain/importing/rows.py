"""One row of a plain list: what it says, and what of it cannot be read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, ClassVar

from portal.domain.errors import DomainError
from portal.domain.i18n import Msgid
from portal.domain.importing.report import Refusal
from portal.domain.tabular import Broken, Cell, Row, Spec, TableSheet

_NOTHING = frozenset(("", "-", "—", "/"))


@dataclass(slots=True)
class Draft:
    """What a row says; a value that it lacks or that cannot be read is absent.

    A kind of list sets `spec`; `dates` are the fields whose readers take a date as a spreadsheet has it.
    """

    sheet: str
    row: int
    headings: Mapping[str, str]  # of the file, by field
    values: dict[str, Any] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    whom: str = ""  # the row is about, once that is known

    spec: ClassVar[Spec]
    dates: ClassVar[frozenset[str]] = frozenset()

    @property
    def name(self) -> str:
        """Whom the row is about; as long as that is not known, in its own words."""
        return self.whom or str(self.values.get("distributor") or self.values.get("distributor_code") or "")

    def refuse(self, column: str, error: DomainError) -> None:
        """Note that a column of this row cannot be taken."""
        heading = self.headings.get(column) or Msgid(self.spec.column(column).title)
        self.refusals.append(
            Refusal(self.sheet, self.row, heading, error.msgid, dict(error.params), self.name)
        )

    def reasons(self) -> list[Refusal]:
        """Why it is refused, each beside whom it is about, which was perhaps found out after some of them."""
        return [replace(refusal, name=self.name) for refusal in self.refusals]

    def is_refused(self, *columns: str) -> bool:
        """Whether one of these columns, which the file has, cannot be taken."""
        refused = {refusal.column for refusal in self.refusals}
        return any(self.headings.get(column) in refused for column in columns)

    def read(
        self,
        sheet: TableSheet,
        row: Row,
        readers: Mapping[str, Callable[[Any], Any]],
        missing: Mapping[str, str],
    ) -> None:
        """Read these fields; every reason against the row is collected, so that it can be mended in one go.

        `missing` says of the fields that may not be left open what is told where they are.
        """
        for name, reader in readers.items():
            said = sheet.cells(row, name)
            if not said or is_empty(said[0]):
                continue
            try:
                self.values[name] = reader(said_by(said[0], is_date=name in self.dates))
            except DomainError as error:
                self.refuse(name, error)
        for name, why in missing.items():
            if name not in self.values and not self.is_refused(name):
                self.refuse(name, DomainError(why))


def headings_by_field(sheet: TableSheet) -> dict[str, str]:
    """How the sheet calls each field that it has."""
    return {name: sheet.head[places[0]] for name, places in sheet.match.fields.items() if places}


def is_empty(cell: Cell) -> bool:
    """Whether a cell says nothing."""
    return cell.__class__ is not Broken and isinstance(cell, str) and cell.strip() in _NOTHING


def said_by(cell: Cell, *, is_date: bool = False) -> Any:
    """What a cell gives to its reader; DomainError for one without a value. A date elsewhere is its text."""
    if isinstance(cell, Broken):
        raise DomainError(cell.reason, **({"shown": str(cell)} if str(cell) else {}))
    if isinstance(cell, datetime):
        cell = cell.date()
    return cell.isoformat() if isinstance(cell, date) and not is_date else cell
