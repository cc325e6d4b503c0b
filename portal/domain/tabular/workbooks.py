"""Workbooks read safely: what is inside is measured before the reader sees it.

The reader lays a sheet out as a full rectangle in memory, so two far corners are enough to ask for
gigabytes; and it gives an empty cell both for a formula that was never calculated and for an error value. So
each sheet's XML is looked through first, as a stream.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.tabular.cells import Broken, Cell, cell_of, percent_text
from portal.domain.tabular.grids import MOST_CELLS, MOST_COLUMNS, Grid, Line, refuse_columns
from portal.later import later

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

calamine = later("python_calamine")

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MOST_UNPACKED = 256 * 2**20
MOST_PARTS = 5_000
MOST_RATIO = 200
_SMALL = 10 * 2**20  # what unpacks to less is no bomb, whatever its ratio

NEVER_CALCULATED = N_(
    "The formula in this cell was never calculated: open the file in Excel and save it again."
)
ERROR_VALUE = N_("The formula in this cell gives the error %(shown)s.")

_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_PLACE = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_COLUMN_OF_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})')
# Nothing beyond column Z, AZ, CZ: a look at the whole text is a tenth of listing its cells.
_TIERS = (
    (re.compile(rb'r="[A-Z]{2,3}\d'), 25),
    (re.compile(rb'r="(?:[B-Z][A-Z]|[A-Z]{3})\d'), 51),
    (re.compile(rb'r="(?:[D-Z][A-Z]|[A-Z]{3})\d'), 103),
)
# A row's number, or another attribute's that ends alike: where it is too large, cells are looked at one by one.
_ROW = re.compile(rb'r="(\d{1,7})"')
_VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>([^<]+)<")
_FORMATS = re.compile(rb"<(?:\w+:)?numFmt\s([^>]*)>")
_CELL_STYLES = re.compile(rb"<(?:\w+:)?cellXfs[\s>].*?</(?:\w+:)?cellXfs>", re.DOTALL)
_STYLE = re.compile(rb"<(?:\w+:)?xf\s([^>]*)>")
_FORMAT_OF = re.compile(rb'\bnumFmtId="(\d{1,6})"')
_FORMAT_CODE = re.compile(rb'\bformatCode="([^"]*)"')
_IN_QUOTES = re.compile(rb"&quot;.*?&quot;|\\\\.", re.DOTALL)
_BUILT_IN_PERCENTS = frozenset({9, 10})
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_ODS_TOKEN = re.compile(rb"<(/?)table:(table-row|table-cell|covered-table-cell)\b([^>]*?)(/?)>")
_ODS_REPEATED = re.compile(rb'number-(?:rows|columns)-repeated="(\d{1,9})"')


@dataclass(slots=True)
class _Survey:
    """What was seen of one sheet before it is read: its corners and the cells that have no value."""

    last_row: int = 0
    last_column: int = 0
    broken: dict[int, dict[int, Broken]] = field(default_factory=dict)  # row (from 1) → column (from 0)
    percents: dict[int, set[int]] = field(default_factory=dict)  # cells shown as percent, likewise
    percent_cells: re.Pattern[bytes] | None = None


def read_workbook(data: bytes) -> list[Grid]:
    """Give the sheets of an Excel or OpenDocument workbook; formulas give their values.

    Refuses (DomainError) workbooks with macros, encrypted ones, other kinds of files in a zip, and what
    unpacks to far more than a list ever holds.
    """
    surveys = _survey_zip(data) if data.startswith(ZIP) else _survey_ole(data)
    try:
        workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        return [
            _grid(
                workbook,
                number,
                metadata.name,
                metadata.visible != calamine.SheetVisibleEnum.Visible,
                surveys,
            )
            for number, metadata in enumerate(workbook.sheets_metadata)
            if metadata.typ == calamine.SheetTypeEnum.WorkSheet
        ]
    except calamine.PasswordError:
        raise _refuse_encrypted() from None
    except calamine.CalamineError:
        raise _refuse_damaged() from None


def _grid(
    workbook: "CalamineWorkbook", number: int, name: str, is_hidden: bool, surveys: dict[str, _Survey]
) -> Grid:
    survey = surveys.get(name, _Survey())
    if survey.last_column >= MOST_COLUMNS:
        raise refuse_columns(survey.last_column + 1, name)
    if survey.last_row * (survey.last_column + 1) > MOST_CELLS:
        raise _refuse_size()
    sheet: CalamineSheet = workbook.get_sheet_by_index(number)
    start, end = sheet.start, sheet.end
    if start is None or end is None:
        return Grid(name, lambda: iter(()), is_hidden)
    if end[1] >= MOST_COLUMNS:
        raise refuse_columns(end[1] + 1, name)
    margin: list[Cell] = [""] * start[1]

    def lines() -> Iterator[Line]:
        for row, values in enumerate(sheet.iter_rows(), 1):
            cells = margin + [value if value.__class__ is str else cell_of(value) for value in values]
            for column in survey.percents.get(row, ()):
                number = values[column - len(margin)] if len(margin) <= column < len(cells) else None
                if isinstance(number, int | float) and not isinstance(number, bool):
                    cells[column] = percent_text(number)
            for column, broken in survey.broken.get(row, {}).items():
                if column < len(cells) and not cells[column]:
                    cells[column] = broken
            yield row, cells

    merged = tuple((r1 + 1, c1, r2 + 1, c2) for (r1, c1), (r2, c2) in sheet.merged_cell_ranges or ())
    return Grid(name, lines, is_hidden, merged, end[0] + 1)


def _survey_ole(data: bytes) -> dict[str, _Survey]:
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise _refuse_encrypted()
    if "WordDocument".encode("utf-16-le") in data or "PowerPoint Document".encode("utf-16-le") in data:
        raise _refuse_kind()
    if "_VBA_PROJECT_CUR".encode("utf-16-le") in data:
        raise _refuse_macros()
    return {}


def _survey_zip(data: bytes) -> dict[str, _Survey]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise _refuse_damaged() from None
    names = {part.filename for part in parts}
    is_ods = "content.xml" in names
    if "xl/workbook.bin" in names:
        raise DomainError(N_(".xlsb files cannot be read. Save the file as .xlsx."), field="file")
    if any(name.endswith("vbaProject.bin") or name.startswith("Basic/") for name in names):
        raise _refuse_macros()
    if "xl/workbook.xml" not in names and not (is_ods and _is_spreadsheet(data, parts)):
        raise _refuse_kind()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise _refuse_size()
    budget = MOST_UNPACKED
    surveys: dict[str, _Survey] = {}
    small: dict[str, bytes] = {}
    percent_cells: re.Pattern[bytes] | None = None
    # How cells are shown is known before they are seen.
    for part in sorted(parts, key=lambda part: part.filename != "xl/styles.xml"):
        if part.flag_bits & 1:
            raise _refuse_encrypted()
        survey = _Survey(percent_cells=percent_cells)
        if re.fullmatch(r"xl/worksheets/[^/]+\.xml", part.filename):
            used = _survey_sheet(_unpacked(data, part, budget), survey)
            surveys[part.filename] = survey
        elif is_ods and part.filename == "content.xml":
            used = _survey_ods(_unpacked(data, part, budget))
        else:
            keep = part.filename in (
                "xl/styles.xml",
                "xl/workbook.xml",
                "xl/_rels/workbook.xml.rels",
                "META-INF/manifest.xml",
            )
            pieces = []
            used = 0
            for piece in _unpacked(data, part, budget):
                used += len(piece)
                if keep:
                    pieces.append(piece)
            small[part.filename] = b"".join(pieces)
            if part.filename == "xl/styles.xml":
                percent_cells = _percent_cells(small.pop(part.filename))
        budget -= used
    if b"encryption-data" in small.get("META-INF/manifest.xml", b""):
        raise _refuse_encrypted()
    return _by_sheet_name(small, surveys)


def _percent_cells(styles: bytes) -> re.Pattern[bytes] | None:
    """What finds the cells that Excel shows as percent, by their style; None where no style does.

    Such a cell holds 0.03 and shows 3%: only the style tells it from 0.03 percent.
    """
    formats = set(_BUILT_IN_PERCENTS)
    for said in _FORMATS.findall(styles):
        number, code = _FORMAT_OF.search(said), _FORMAT_CODE.search(said)
        if number and code and b"%" in _IN_QUOTES.sub(b"", code[1]):
            formats.add(int(number[1]))
    listed = _CELL_STYLES.search(styles)
    found = [_FORMAT_OF.search(said) for said in _STYLE.findall(listed[0])] if listed else []
    wanted = [b"%d" % place for place, said in enumerate(found) if said and int(said[1]) in formats]
    if not wanted:
        return None
    return re.compile(rb'<(?:\w+:)?c\s(?=[^>]*\bs="(?:' + b"|".join(wanted) + rb')")([^>]*[^>/])>')


def _by_sheet_name(small: dict[str, bytes], surveys: dict[str, _Survey]) -> dict[str, _Survey]:
    """Find, for each sheet's name, the part that holds it."""
    targets = {}
    for tag in re.findall(rb"<(?:\w+:)?Relationship\s[^>]*>", small.get("xl/_rels/workbook.xml.rels", b"")):
        name, target = re.search(rb'\bId="([^"]*)"', tag), re.search(rb'\bTarget="([^"]*)"', tag)
        if name and target:
            path = target[1].decode("utf-8", "replace")
            targets[name[1]] = path.lstrip("/") if path.startswith("/") else "xl/" + path
    found = {}
    for tag in re.findall(rb"<(?:\w+:)?sheet\s[^>]*>", small.get("xl/workbook.xml", b"")):
        name, rel = re.search(rb'\bname="([^"]*)"', tag), re.search(rb'\b\w+:id="([^"]*)"', tag)
        if name and rel and targets.get(rel[1]) in surveys:
            found[_unescaped(name[1].decode("utf-8", "replace"))] = surveys[targets[rel[1]]]
    if found:
        return found
    worst = _Survey()  # the parts cannot be told apart: every sheet is held to the widest
    for survey in surveys.values():
        worst.last_row = max(worst.last_row, survey.last_row)
        worst.last_column = max(worst.last_column, survey.last_column)
    if worst.last_column >= MOST_COLUMNS or worst.last_row * (worst.last_column + 1) > MOST_CELLS:
        raise _refuse_size()
    return {}


def _unescaped(text: str) -> str:
    for entity, char in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
        text = text.replace(entity, char)
    return text


def _is_spreadsheet(data: bytes, parts: list[zipfile.ZipInfo]) -> bool:
    part = next((part for part in parts if part.filename == "mimetype"), None)
    kind = b"".join(_unpacked(data, part, 4096)) if part else b""
    return kind.startswith(b"application/vnd.oasis.opendocument.spreadsheet")


def _unpacked(data: bytes, part: zipfile.ZipInfo, budget: int) -> Iterator[bytes]:
    """Unpack one part piece by piece, whatever its header says of its size; refuses more than `budget`
    bytes.
    """
    head = data[part.header_offset : part.header_offset + 30]
    if len(head) < 30 or part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refuse_damaged()
    start = (
        part.header_offset
        + 30
        + int.from_bytes(head[26:28], "little")
        + int.from_bytes(head[28:30], "little")
    )
    packed = memoryview(data)[start : start + part.compress_size]
    most = min(budget, max(_SMALL, MOST_RATIO * len(packed)))
    if part.compress_type == zipfile.ZIP_STORED:
        if len(packed) > budget:
            raise _refuse_size()
        yield bytes(packed)
        return
    machine: Any = zlib.decompressobj(-15)
    total = 0
    rest: bytes = bytes(packed)
    try:
        while rest and not machine.eof:
            piece = machine.decompress(rest, 2**20)
            rest = machine.unconsumed_tail
            total += len(piece)
            if total > most:
                raise _refuse_size()
            yield piece
    except zlib.error:
        raise _refuse_damaged() from None


def _survey_sheet(pieces: Iterator[bytes], survey: _Survey) -> int:
    """Measure a worksheet's XML and note its cells without value; gives the number of bytes seen."""
    used, carried = 0, b""
    for piece in pieces:
        used += len(piece)
        carried += piece
        cut = carried.rfind(b"</row>") + 6
        if cut < 6 and (prefixed := carried.rfind(b":row>")) >= 0:
            cut = prefixed + 5
        if cut >= 6:
            _survey_rows(carried[:cut], survey)
            carried = carried[cut:]
        elif len(carried) > 32 * 2**20:
            raise _refuse_size()
    _survey_rows(carried, survey)
    return used


def _survey_rows(xml: bytes, survey: _Survey) -> None:
    last_column = next((most for beyond, most in _TIERS if not beyond.search(xml)), -1)
    if last_column < 0:
        columns = {_column(letters) for letters in set(_COLUMN_OF_CELL.findall(xml))}
        last_column = max(columns, default=0)
    rows = [int(number) for number in _ROW.findall(xml)]
    last_row = max(rows, default=0)
    has_formulas = (b"<f" in xml or b":f" in xml) and _FORMULA.search(xml) is not None
    if (
        has_formulas
        or b't="e"' in xml
        or last_column >= MOST_COLUMNS
        or last_row > MOST_CELLS // (last_column + 1)
    ):
        # Only cells with content count: whole formatted columns are common and harmless.
        last_column = last_row = 0
        for attributes, content in _CELL.findall(xml):
            place = _PLACE.search(attributes)
            if place is None or not content:
                continue
            row, column = int(place[2]), _column(place[1])
            last_row, last_column = max(last_row, row), max(last_column, column)
            if b't="e"' in attributes:
                shown = _VALUE.search(content)
                text = shown[1].decode("utf-8", "replace") if shown else "#"
                survey.broken.setdefault(row, {})[column] = Broken.because(ERROR_VALUE, text)
            elif _FORMULA.search(content) and not _VALUE.search(content) and b't="str"' not in attributes:
                survey.broken.setdefault(row, {})[column] = Broken.because(NEVER_CALCULATED)
    if survey.percent_cells is not None:
        for attributes in survey.percent_cells.findall(xml):
            if place := _PLACE.search(attributes):
                survey.percents.setdefault(int(place[2]), set()).add(_column(place[1]))
    survey.last_row = max(survey.last_row, last_row)
    survey.last_column = max(survey.last_column, last_column)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _survey_ods(pieces: Iterator[bytes]) -> int:
    """Refuse an OpenDocument sheet whose repeated rows and columns add up to more than a list ever holds."""
    used, carried = 0, b""
    row_times = column = last_column = cells = rows = 0
    has_content = False
    for piece in pieces:
        used += len(piece)
        carried += piece
        end = 0
        for token in _ODS_TOKEN.finditer(carried):
            end = token.end()
            closing, kind, attributes, empty = token.groups()
            repeated = _ODS_REPEATED.search(attributes)
            times = int(repeated[1]) if repeated else 1
            if kind == b"table-row":
                if closing:
                    rows += row_times if has_content else 0
                    cells = max(cells, rows * (last_column + 1))
                else:
                    row_times, column, has_content = times, 0, False
            elif not closing:
                column += times
                if not empty:
                    has_content = True
                    last_column = max(last_column, column - 1)
        carried = carried[end:] if end else carried
        if cells > MOST_CELLS or len(carried) > 32 * 2**20:
            raise _refuse_size()
    if last_column >= MOST_COLUMNS:
        raise _refuse_size()
    return used


def _refuse_encrypted() -> DomainError:
    return DomainError(
        N_("The workbook is password-protected. Remove the password in Excel and upload the file again."),
        field="file",
    )


def _refuse_macros() -> DomainError:
    return DomainError(
        N_("The workbook contains macros. Save it as .xlsx, without macros, and upload it again."),
        field="file",
    )


def _refuse_damaged() -> DomainError:
    return DomainError(N_("The workbook is damaged. Open it in Excel and save it again."), field="file")


def _refuse_kind() -> DomainError:
    return DomainError(N_("This file is not a table: upload an Excel or CSV file."), field="file")


def _refuse_size() -> DomainError:
    return DomainError(
        N_("Once unpacked, the workbook is far too large for a list. Copy the list into a new file."),
        field="file",
    )
