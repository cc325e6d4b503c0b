"""One row of a dealer list as a draft of a record: what it says, and what of it cannot be read."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from portal.domain import text
from portal.domain.distributors import facts
from portal.domain.distributors.importing.columns import SPEC, word_of
from portal.domain.distributors.importing.report import Refusal
from portal.domain.errors import DomainError
from portal.domain.i18n import N_, Msgid
from portal.domain.tabular import Broken, Cell, Row, TableSheet

# What offices write into a cell to say that they know nothing.
_NOTHING = frozenset(
    (
        "",
        "无",
        "暂无",
        "没有",
        "未知",
        "不详",
        "/",
        "\\",
        "-",
        "--",
        "—",
        "——",
        "n/a",
        "na",
        "#n/a",
        "null",
        "none",
        "nil",
    )
)
_REFERENCES = ("region", "owner", "parent", "territory")
_CONTACT = {"contact": "name", "contact_title": "title", "contact_phone": "phone"}
_BOUNDS = {"longitude": 180.0, "latitude": 90.0}


@dataclass(slots=True)
class Draft:
    """What a row says: `values` holds the facts it gives, as the model keeps them; what it leaves open is
    absent.
    """

    sheet: str
    row: int
    values: dict[str, Any] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    phones: list[text.Phone] = field(default_factory=list)
    contact: dict[str, str] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    headings: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The company's name, or nothing."""
        return str(self.values.get("name", ""))

    @property
    def code(self) -> str:
        """The code as it is written, or nothing."""
        return self.references.get("code", "")

    @property
    def code_key(self) -> str:
        """The code as it is compared."""
        return facts.code_key(self.code)

    def refuse(self, column: str, error: DomainError) -> None:
        """Note that a column of this row cannot be taken."""
        heading = self.headings.get(column) or Msgid(SPEC.column(column).title)
        self.refusals.append(
            Refusal(self.sheet, self.row, heading, error.msgid, dict(error.params), self.name)
        )


def drafts_of(sheet: TableSheet, only: Collection[str] = ()) -> Iterator[tuple[Row, Draft | None]]:
    """Every row of a sheet with its draft, or with the fields of it that `only` names; None for one that is
    no data.
    """
    headings = {name: sheet.head[places[0]] for name, places in sheet.match.fields.items()}
    readers = [(name, places) for name, places in sheet.match.fields.items() if not only or name in only]
    for row in sheet.rows():
        if row.skip is not None:
            yield row, None
            continue
        draft = Draft(row.sheet, row.number, headings=headings)
        for name, places in readers:
            cells = [row.cells[place] for place in places if place < len(row.cells)]
            try:
                _take(draft, name, cells)
            except DomainError as error:
                draft.refuse(name, error)
        yield row, draft


def _take(draft: Draft, name: str, cells: list[Cell]) -> None:
    """Read one field's cells into the draft; an empty one says nothing."""
    given = [_typed(cell) for cell in cells]
    given = [raw for raw in given if text.clean(raw).casefold() not in _NOTHING]
    if not given:
        return
    raw = given[0]
    if name == "phones":
        draft.phones = facts.phones_of("\n".join(given))
    elif name == "brands":
        draft.values[name] = facts.BY_NAME[name].read("\n".join(given))
    elif name == "code":
        draft.references[name] = facts.code_of(raw)
    elif name in _REFERENCES:
        draft.references[name] = facts.line(200)(raw)
    elif name in _CONTACT:
        draft.contact[_CONTACT[name]] = facts.CONTACT_BY_NAME[_CONTACT[name]].read(raw)
    elif name in _BOUNDS:
        draft.values[name] = _degrees(raw, _BOUNDS[name])
    elif name in ("level", "channel"):
        draft.values[name] = word_of(name, raw)
    else:
        draft.values[name] = facts.BY_NAME[name].read(raw)


def _typed(cell: Cell) -> str:
    """The cell as somebody would type it."""
    if isinstance(cell, Broken):
        raise DomainError(cell.reason, shown=str(cell)) if cell else DomainError(cell.reason)
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "minutes")
    return cell.isoformat() if isinstance(cell, date) else cell


def _degrees(raw: str, most: float) -> float:
    try:
        degrees = float(text.half_width(text.clean(raw)).rstrip("°"))
    except ValueError:
        degrees = most + 1
    if not -most <= degrees <= most:
        raise DomainError(N_("This is not a valid position: %(text)s"), text=text.clean(raw))
    return degrees
