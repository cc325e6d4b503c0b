"""CSV as offices have it: any usual encoding and delimiter, stray quotes, cells of several lines."""

import codecs
import csv
import re
from collections.abc import Iterator

from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.tabular.cells import Cell
from portal.domain.tabular.grids import MOST_COLUMNS, Grid, Line, refuse_columns

_DELIMITERS = ",;\t|"
_LONGEST_CELL_IN_LINES = 50
_HAN_IN_UTF8 = re.compile(rb"[\xe3-\xe9][\x80-\xbf]{2}")
# A line with its end; io.StringIO would hold the text once more, with four bytes a character.
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_LINE_END = re.compile(rb"\r\n|\r|\n")


def read_delimited(data: bytes, name: str) -> tuple[Grid, str]:
    """Give the one sheet of a CSV file and the encoding found; refuses what is no text, naming the line."""
    text, encoding = decode(data)
    try:
        delimiter, text = _delimiter(text)
    except csv.Error:
        raise _refuse_cell() from None

    def lines() -> Iterator[Line]:
        try:
            for number, record in enumerate(_records(text, delimiter), 1):
                if len(record) > MOST_COLUMNS:
                    raise refuse_columns(len(record), name)
                yield number, record
        except csv.Error:
            raise _refuse_cell() from None

    return Grid(name, lines, count=text.count("\n") + 1), encoding


def decode(data: bytes) -> tuple[str, str]:
    """Decode UTF-8 with or without mark, UTF-16 with its mark, or GB18030; refuses mixtures and names the
    line.
    """
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            try:
                text = data[len(mark) :].decode(encoding)
            except UnicodeDecodeError as error:
                raise _refuse_encoding(data[len(mark) :], error.start) from None
            if "\x00" in text:  # UTF-32 begins with the mark of UTF-16
                raise _refuse_kind()
            return text, encoding
    if b"\x00" in data:
        raise _refuse_kind()
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        first_not_utf8 = error.start
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError as error:
        # Whichever encoding most lines have is the file's; the line that breaks it is the one to name.
        is_utf8 = len(_HAN_IN_UTF8.findall(data[:first_not_utf8])) > 10
        raise _refuse_encoding(data, first_not_utf8 if is_utf8 else error.start) from None
    if (stranger := _mixed(data)) is not None:
        raise _refuse_encoding(data, stranger)
    return text, "gb18030"


def _mixed(data: bytes) -> int | None:
    """The place of the first line that is surely UTF-8 or surely not, whichever is rarer, in a file that has
    both.

    Nearly any bytes pass for GB18030, so a UTF-8 line among GB lines would come out as other characters
    unnoticed.
    """
    utf8: list[int] = []
    others: list[int] = []
    start = 0
    for end in (*(found.span() for found in _LINE_END.finditer(data)), (len(data), len(data))):
        line = data[start : end[0]]
        if not line.isascii():
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                others.append(start)
            else:
                if len(_HAN_IN_UTF8.findall(line)) >= 2:
                    utf8.append(start)
        start = end[1]
    if not utf8 or not others:
        return None
    return utf8[0] if len(utf8) <= len(others) else others[0]


def _refuse_encoding(data: bytes, place: int) -> DomainError:
    return DomainError(
        N_("Line %(line)s is in another encoding than the rest. Save the file as “CSV UTF-8” or as .xlsx."),
        field="file",
        line=len(_LINE_END.findall(data[:place])) + 1,
    )


def _refuse_kind() -> DomainError:
    return DomainError(N_("This file is not a table: upload an Excel or CSV file."), field="file")


def _refuse_cell() -> DomainError:
    return DomainError(
        N_("The file cannot be read as CSV: a cell never ends. Save it as .xlsx."), field="file"
    )


def _delimiter(text: str) -> tuple[str, str]:
    """The delimiter that cuts the first lines most evenly, and the text without Excel's line that announces
    one.
    """
    if announced := re.match(r'"?sep=([,;\t|])"?\r?\n', text, re.IGNORECASE):
        return announced[1], text[announced.end() :]  # a spreadsheet does not show this line as a row
    sample = [line for line in text[:65536].splitlines()[:40] if line.strip()][:20]
    best, best_score = ",", 0
    for delimiter in _DELIMITERS:
        widths = [len(_fields(line, delimiter)) for line in sample]
        usual = max(widths, key=lambda width: (widths.count(width) * (width > 1), width), default=1)
        score = (usual - 1) * widths.count(usual)
        if score > best_score:
            best, best_score = delimiter, score
    return best, text


def _fields(line: str, delimiter: str) -> list[str]:
    """Cut one line; a quote that opens nothing is a character like any other."""
    line = line.rstrip("\r\n")
    if '"' not in line or line.count('"') % 2:
        return line.split(delimiter)
    return next(csv.reader([line], delimiter=delimiter), [])


def _records(text: str, delimiter: str) -> Iterator[list[Cell]]:
    """Cut a text into records, one per row of a spreadsheet; a cell of several lines is one row.

    A lone quote (``,"示例商贸,``) would swallow the lines that follow; where the line by itself has as many
    fields as the others, and the next one too, the quote is taken for a stray one.
    """
    lines = (found[0] for found in _LINE.finditer(text))
    width = 0
    held: list[str] = []
    while True:
        line = held.pop(0) if held else next(lines, "")
        if not line:
            return
        if line.count('"') % 2 == 0:
            fields = _fields(line, delimiter)
            if '"' in line and len(fields) < width == len(alone := line.rstrip("\r\n").split(delimiter)):
                fields = alone
        else:
            alone = _fields(line, delimiter)
            following = held[0] if held else next(lines, "")
            if following and not held:
                held.append(following)
            if len(alone) == width and (not following or _is_whole(following, delimiter, width)):
                fields = alone
            else:
                fields = _joined(line, lines, held, delimiter) or alone
        width = max(width, len(fields))
        yield list(fields)


def _is_whole(line: str, delimiter: str, width: int) -> bool:
    """Whether a line is a record by itself, be its quotes as they may."""
    return width in (len(_fields(line, delimiter)), line.count(delimiter) + 1)


def _joined(line: str, lines: Iterator[str], held: list[str], delimiter: str) -> list[str] | None:
    """Take further lines until the quotes are even; None (and nothing taken) if they never are."""
    taken = [line]
    while len(taken) < _LONGEST_CELL_IN_LINES:
        following = held.pop(0) if held else next(lines, "")
        if not following:
            break
        taken.append(following)
        if following.count('"') % 2:
            return next(csv.reader(taken, delimiter=delimiter), [])
    held[:0] = taken[1:]
    return None
