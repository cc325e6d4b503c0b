"""Where the table of a sheet begins, which of its rows are data, and what each row holds."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from portal.domain.errors import DomainError
from portal.domain.i18n import N_, Msgid
from portal.domain.tabular.cells import BLANKS, Broken, Cell, is_blank
from portal.domain.tabular.columns import Match, Spec, heading_key, match_columns
from portal.domain.tabular.delimited import read_delimited
from portal.domain.tabular.grids import MOST_BYTES, MOST_ROWS, Grid, refuse_rows
from portal.domain.tabular.workbooks import OLE, ZIP, read_workbook
from portal.domain.text import clean

HEAD_WITHIN = 20  # rows with content in which the head is looked for
_TOTAL = re.compile(r".{0,12}(合计|小计|总计|累计|共计)\d*[家户个条行]?|(sub|grand)?total(s|\d+)?")
_NOTE = re.compile(
    r"(制表|填表|填报|编制|审核|复核|批准|打印|备注|注|说明|单位|日期)(人|时间|日期|单位)?\d*\s*[:：].*"
    r"|以[上下](空白|完|止).*"
)
_HINTS = frozenset(("必填", "选填", "可选", "可填", "非必填", "required", "optional"))
_DIGIT = re.compile("[0-9]")
_LONGEST_HINT = 12  # brackets and stars included


class Skip(StrEnum):
    """Why a row is no data."""

    BLANK = "blank"
    TOTAL = "total"
    REPEATED_HEAD = "repeated_head"
    NOTE = "note"


class Ignored(StrEnum):
    """Why a sheet was not read."""

    EMPTY = "empty"
    HIDDEN = "hidden"
    NO_HEAD = "no_head"


@dataclass(frozen=True, slots=True)
class Row:
    """One row with the number that the spreadsheet shows; `skip` says why it is no data, if it is none."""

    sheet: str
    number: int
    cells: Sequence[Cell]
    skip: Skip | None = None


@dataclass(frozen=True, slots=True)
class TableSheet:
    """One sheet with a table: its head as found, where its fields stand, and its rows (read afresh each
    time).
    """

    name: str
    head: tuple[str, ...]
    head_row: int
    match: Match
    spec: Spec
    grid: Grid = field(repr=False)

    def rows(self) -> Iterator[Row]:
        """Every row below the head; merged cells are filled down, so each row stands for itself."""
        down = _filled_down(self.grid, self.head_row)
        kept: dict[int, Cell] = {}
        count = 0
        # A total is named in front of, or in, the columns that say what a row is about.
        last_key = max(place for name in self.spec.keys for place in self.match.fields.get(name, (0,)))
        for number, cells in self.grid.lines():
            if number <= self.head_row:
                continue
            skip = self._skip(cells, last_key)
            if skip is None:
                count += 1
                if count > MOST_ROWS:
                    raise refuse_rows(self.name)
            for column, is_first in down.get(number, ()):
                if is_first:
                    kept[column] = cells[column] if column < len(cells) else ""
                elif skip is None:
                    cells += [""] * (column + 1 - len(cells))
                    cells[column] = kept.get(column, "")
            yield Row(self.name, number, cells, skip)

    def column(self, name: str) -> Iterator[Cell]:
        """What the rows below the head hold for a field, be they data or not: a quick look at all of them."""
        places = self.match.fields.get(name, ())
        for number, cells in self.grid.lines():
            if number > self.head_row:
                yield from (cells[place] for place in places if place < len(cells))

    def cells(self, row: Row, name: str) -> list[Cell]:
        """What a row holds for a field, one cell for each of its columns; nothing if the file lacks the
        field.
        """
        return [row.cells[place] for place in self.match.fields.get(name, ()) if place < len(row.cells)]

    def _skip(self, cells: Sequence[Cell], last_key: int) -> Skip | None:
        place = next(_filled(cells, 0), None)
        if place is None:
            return Skip.BLANK
        first = str(cells[place])
        if any(map(_is_total, cells[place : max(last_key, place) + 1])):
            return Skip.TOTAL
        if place < len(self.head) and first.strip() == self.head[place] and self._repeats(cells):
            return Skip.REPEATED_HEAD
        if next(_filled(cells, place + 1), None) is None and _is_note(first):
            return Skip.NOTE
        if (
            len(first) <= _LONGEST_HINT
            and not _DIGIT.search(first)  # which nearly every code has, and no hint
            and all(heading_key(str(cells[p])) in _HINTS for p in _filled(cells, place))
        ):
            return Skip.NOTE
        return None

    def _repeats(self, cells: Sequence[Cell]) -> bool:
        filled = list(_filled(cells, 0))
        same = sum(
            place < len(self.head) and heading_key(str(cells[place])) == heading_key(self.head[place])
            for place in filled
        )
        return same >= 2 and same * 2 > len(filled)


@dataclass(frozen=True, slots=True)
class Table:
    """A file as read: its sheets with a table and those without; `encoding` only of CSV."""

    filename: str
    sheets: tuple[TableSheet, ...]
    ignored: tuple[tuple[str, Ignored], ...] = ()
    encoding: str = ""

    @property
    def count(self) -> int:
        """About how many rows there are; for the progress of long work."""
        return sum(max(0, sheet.grid.count - sheet.head_row) for sheet in self.sheets)

    def rows(self) -> Iterator[tuple[TableSheet, Row]]:
        """The rows of all sheets in order."""
        for sheet in self.sheets:
            for row in sheet.rows():
                yield sheet, row


def read_table(data: bytes, filename: str, spec: Spec, override: Mapping[str, str] | None = None) -> Table:
    """Read an office's file; what it is shows in its bytes, not in its name.

    Each visible sheet with a head for `spec` is read, the others are listed. Refuses (DomainError, field
    "file") a file that is empty, too large, no table, in mixed encodings, encrypted, or without any head.
    """
    if len(data) > MOST_BYTES:
        raise DomainError(
            N_("The file is larger than %(most)s MB. Split it into several files."),
            field="file",
            most=MOST_BYTES // 2**20,
        )
    if not data.strip():
        raise DomainError(N_("The file is empty. Choose another."), field="file")
    encoding = ""
    if data.startswith((ZIP, OLE)):
        grids = read_workbook(data)
    else:
        _refuse_other_kinds(data)
        stem = re.sub(r"\.[A-Za-z]{1,5}$", "", re.split(r"[\\/]", filename)[-1]) or "CSV"
        grid, encoding = read_delimited(data, stem)
        grids = [grid]
    sheets: list[TableSheet] = []
    ignored: list[tuple[str, Ignored]] = []
    for grid in grids:
        if grid.is_hidden:
            ignored.append((grid.name, Ignored.HIDDEN))
        elif not any(not is_blank(cell) for _, cells in grid.lines() for cell in cells):
            ignored.append((grid.name, Ignored.EMPTY))
        elif sheet := _find_head(grid, spec, override):
            sheets.append(sheet)
        else:
            ignored.append((grid.name, Ignored.NO_HEAD))
    if not sheets:
        if all(reason is Ignored.EMPTY for _, reason in ignored):
            raise DomainError(N_("The file is empty. Choose another."), field="file")
        raise DomainError(
            N_("No heading row was found. The file needs a column %(key)s and at least one more."),
            field="file",
            key=Msgid(spec.column(spec.keys[0]).title),
        )
    return Table(filename, tuple(sheets), tuple(ignored), encoding)


def _refuse_other_kinds(data: bytes) -> None:
    start = data[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<?xml", b"mime-version")):
        raise DomainError(
            N_("This is a web page with an Excel file name. Open it in Excel and save it as .xlsx."),
            field="file",
        )
    is_binary = start.startswith(
        (b"%pdf-", b"\x89png", b"\xff\xd8\xff", b"gif8", b"rar!", b"7z\xbc\xaf", b"{\\rtf")
    )
    has_controls = any(byte in data[:4096] for byte in b"\x01\x02\x03\x05\x06\x0e\x0f\x10")
    if is_binary or (has_controls and not data.startswith((b"\xff\xfe", b"\xfe\xff"))):
        raise DomainError(N_("This file is not a table: upload an Excel or CSV file."), field="file")


def _find_head(grid: Grid, spec: Spec, override: Mapping[str, str] | None) -> TableSheet | None:
    """The row, or two rows, that name the most fields, the key among them; the upper one of equals."""
    top = list(islice(((n, c) for n, c in grid.lines() if any(not is_blank(x) for x in c)), HEAD_WITHIN + 1))
    best: tuple[int, int, tuple[str, ...], Match] | None = None
    for place, (number, cells) in enumerate(top[:HEAD_WITHIN]):
        heads = [(number, tuple(_title(cell) for cell in cells))]
        if place + 1 < len(top) and top[place + 1][0] == number + 1:
            heads.append((number + 1, _two_rows(grid, number, cells, top[place + 1][1], spec)))
        for last, head in heads:
            match = match_columns(head, spec, override)
            named = set(match.fields) | {clash.field for clash in match.clashes}
            score = len(named)
            is_all = score == sum(bool(title) for title in head)
            if named.isdisjoint(spec.keys) or not (score >= 2 or is_all):
                continue
            if best is None or score > best[0]:
                best = (score, last, head, match)
    return TableSheet(grid.name, best[2], best[1], best[3], spec, grid) if best else None


def _title(cell: Cell) -> str:
    return "" if isinstance(cell, Broken) or not isinstance(cell, str) else clean(cell)


def _two_rows(
    grid: Grid, number: int, upper: Sequence[Cell], lower: Sequence[Cell], spec: Spec
) -> tuple[str, ...]:
    """Read two rows as one head: the lower row's title, with the upper one's in front where that names a
    field.
    """
    width = max(len(upper), len(lower))
    above = [_title(cell) for cell in upper] + [""] * (width - len(upper))
    below = [_title(cell) for cell in lower] + [""] * (width - len(lower))
    spread = list(above)
    if grid.merged:
        for first_row, first, last_row, last in grid.merged:
            if first_row == last_row == number:
                spread[first : last + 1] = [above[first]] * (min(last, width - 1) + 1 - first)
    else:
        for place in range(1, width):
            if not spread[place] and below[place]:
                spread[place] = spread[place - 1]
    head = []
    for over, under in zip(spread, below, strict=True):
        together = f"{over}{under}"
        head.append(together if over and under and spec.find(together) else under or over)
    return tuple(head)


def _filled_down(grid: Grid, head_row: int) -> dict[int, list[tuple[int, bool]]]:
    """For each row, the columns whose merged cell begins here (True) or goes on here (False)."""
    down: dict[int, list[tuple[int, bool]]] = {}
    for first_row, first, last_row, last in grid.merged:
        if first == last and last_row > first_row > head_row and last_row - first_row < MOST_ROWS:
            for row in range(first_row, last_row + 1):
                down.setdefault(row, []).append((first, row == first_row))
    return down


def _filled(cells: Sequence[Cell], start: int) -> Iterator[int]:
    """The places, from this one on, where something can be seen."""
    for place in range(start, len(cells)):
        cell = cells[place]
        if cell != "" and ((cell.__class__ is str and cell[0] not in BLANKS) or not is_blank(cell)):
            yield place


def _is_total(cell: Cell) -> bool:
    if not isinstance(cell, str) or len(cell) >= 40 or not ("计" in cell or "otal" in cell.casefold()):
        return False
    return _TOTAL.fullmatch(heading_key(cell)) is not None


def _is_note(text: str) -> bool:
    return _NOTE.fullmatch(unicodedata.normalize("NFKC", clean(text))) is not None
