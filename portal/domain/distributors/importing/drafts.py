"""One row of a dealer list as a draft of a record: what it says, and what of it cannot be read."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, partial
from typing import Any, NamedTuple

from portal.domain import text
from portal.domain.distributors import facts, search
from portal.domain.distributors.importing.columns import SPEC, word_of
from portal.domain.errors import DomainError
from portal.domain.i18n import N_, Msgid
from portal.domain.importing.report import Refusal
from portal.domain.tabular import Broken, Cell, Row, TableSheet
from portal.domain.text.cleaning import NumericText

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
# How nothing of it begins, cleaned or not: a digit, a letter or a hanzi in front stays in front.
_SAYS_SOMETHING = re.compile("[0-9A-MO-Za-mo-z]|(?![无暂没未不])[\u4e00-\u9fff]").match
_LONGEST_NOTHING = 12  # of what looks like nothing, blanks around it left out
_NOTHING_SAID = object()
_SHORTEST_SOUND = 8  # letters of pinyin; shorter names sound alike by chance
_REMEMBERED = 2_000  # different texts of a column
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
    marks: "Marks | None" = None  # see `marks_of`
    tokens: str = ""  # see `tokens_of`
    key: str | None = None  # see `code_key`

    def __reduce__(self) -> tuple[Callable[..., "Draft"], tuple[Any, ...]]:
        """Travel between processes as plainly as possible."""
        phones = [(p.display, p.digits, p.label, p.extension, p.is_understood) for p in self.phones]
        told = (self.sheet, self.row, self.values, self.references, phones, self.contact, self.refusals)
        return _arrived, (*told, self.headings, self.marks, self.tokens, self.key)

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
        """The code as it is compared; asked a dozen times, and a row's code stays what it is."""
        if self.key is None:
            self.key = facts.code_key(self.references.get("code", ""))
        return self.key

    def refuse(self, column: str, error: DomainError) -> None:
        """Note that a column of this row cannot be taken."""
        heading = self.headings.get(column) or Msgid(SPEC.column(column).title)
        self.refusals.append(
            Refusal(self.sheet, self.row, heading, error.msgid, dict(error.params), self.name)
        )


class Marks(NamedTuple):
    """What a name, and a credit code, are compared by: the same for both processes of one import."""

    name_key: str
    sound: str
    likeness: list[tuple[str, int]]  # why two may be one company, and the hash of what they have in common


def likeness(name: str, uscc: str) -> list[tuple[str, int]]:
    """What companies of nearly the same name, or of the same credit code, have in common, as hashes."""
    key, sound = text.name_key(name), text.sound_key(name)
    # Two characters may have changed places, but 12号 and 21号 are two shops.
    letters = "".join(sorted(char for char in key if not char.isdigit()))
    digits = "".join(char for char in key if char.isdigit())
    keys = [("name", hash(("key", key))), ("name", hash(("letters", letters, digits)))]
    if len(sound) >= _SHORTEST_SOUND:
        keys.append(("name", hash(("sound", sound))))
    return [("uscc", hash(("uscc", uscc))), *keys] if uscc else keys


def marks_of(draft: Draft) -> Marks:
    """What this row's name and credit code are compared by; worked out once."""
    if draft.marks is None:
        name = draft.name
        draft.marks = Marks(
            text.name_key(name), text.sound_mark(name), likeness(name, draft.values.get("uscc", ""))
        )
    return draft.marks


def tokens_of(draft: Draft, code: str) -> str:
    """The text to index for the new record that this row becomes, under its code."""
    if not draft.tokens:
        person = draft.contact
        draft.tokens = search.tokens_of(
            code,
            draft.values,
            [phone.digits for phone in draft.phones],
            [(person["name"], person.get("phone", ""))] if person.get("name") else [],
        )
    return draft.tokens


def prepare(draft: Draft) -> None:
    """Work out beforehand what takes longest about a row that will be a new record."""
    if draft.name and not draft.refusals:
        marks_of(draft)
        if draft.code_key:
            tokens_of(draft, draft.code)


def _arrived(
    sheet: str,
    row: int,
    values: dict[str, Any],
    references: dict[str, str],
    phones: list[tuple[Any, ...]],
    *others: Any,
) -> Draft:
    return Draft(sheet, row, values, references, [text.Phone(*facts) for facts in phones], *others)


def drafts_of(sheet: TableSheet, only: Collection[str] = ()) -> Iterator[tuple[Row, Draft | None]]:
    """Every row of a sheet with its draft, or with the fields of it that `only` names; None for one that is
    no data.
    """
    headings = {name: sheet.head[places[0]] for name, places in sheet.match.fields.items()}
    readers: list[tuple[str, bool, tuple[int, ...], Callable[[str], Any] | None, dict[Any, Any], int]] = [
        (name, name in facts.BY_NAME, places, _reader(name) if len(places) == 1 else None, {}, places[0])
        for name, places in sheet.match.fields.items()
        if not only or name in only
    ]
    for row in sheet.rows():
        if row.skip is not None:
            yield row, None
            continue
        draft = Draft(row.sheet, row.number, headings=headings)
        row_cells = row.cells
        width = len(row_cells)
        for name, is_fact, places, reader, memo, place in readers:
            try:
                if reader is None:
                    _take(draft, name, [row_cells[place] for place in places if place < width])
                    continue
                if place >= width or (cell := row_cells[place]) == "":
                    continue
                # Most columns say the same over and over; a number cell is another thing than its text.
                kind = cell.__class__
                key = cell if kind is str else (cell, kind)
                if (known := memo.get(key, memo)) is memo:
                    typed = _typed(cell)
                    known = _NOTHING_SAID if _says_nothing(typed) else reader(typed)
                    if len(memo) < _REMEMBERED and kind is not Broken:
                        memo[key] = known
                if known is not _NOTHING_SAID:
                    if is_fact:
                        draft.values[name] = known
                    else:
                        _put(draft, name, known)
            except DomainError as error:
                draft.refuse(name, error)
        yield row, draft


def _says_nothing(raw: str) -> bool:
    if _SAYS_SOMETHING(raw) or (raw.isprintable() and len(raw.strip()) > _LONGEST_NOTHING):
        return False
    return text.clean(raw).casefold() in _NOTHING


@cache
def _reader(name: str) -> Callable[[str], Any]:
    """What reads one cell of this field; it says the same whenever the text is the same."""
    if name == "phones":
        return facts.phones_of
    if name == "code":
        return facts.code_of
    if name in _REFERENCES:
        return facts.line(200)
    if name in _CONTACT:
        return facts.CONTACT_BY_NAME[_CONTACT[name]].read
    if name in _BOUNDS:
        return partial(_degrees, most=_BOUNDS[name])
    if name in ("level", "channel"):
        return partial(word_of, name)
    return facts.BY_NAME[name].read


def _put(draft: Draft, name: str, value: Any) -> None:
    if name == "phones":
        draft.phones = list(value)
    elif name == "code" or name in _REFERENCES:
        draft.references[name] = value
    elif name in _CONTACT:
        draft.contact[_CONTACT[name]] = value
    else:
        draft.values[name] = value


def _take(draft: Draft, name: str, cells: list[Cell]) -> None:
    """Read one field's cells into the draft; an empty one says nothing."""
    given = [_typed(cell) for cell in cells]
    given = [raw for raw in given if text.clean(raw).casefold() not in _NOTHING]
    if not given:
        return
    raw = "\n".join(given) if name in ("phones", "brands") else given[0]
    _put(draft, name, _reader(name)(raw))


def _typed(cell: Cell) -> str:
    """The cell as somebody would type it."""
    if cell.__class__ is str or cell.__class__ is NumericText:
        return cell
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
