"""Read the text of a template: one line is one block, first match wins."""

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal

from portal.domain.errors import DomainError
from portal.domain.papers.model import (
    NUMERALS,
    Block,
    BlockKind,
    Front,
    LibraryRow,
    Line,
    Paper,
    Run,
    Section,
    Table,
)

_FRONT = re.compile(r"^(\w+): (.+)$")
_TITLE = re.compile(r"^# (.+)$")
_SECTION = re.compile(r"^## (.+) \{#([a-z-]+)\}$")
_TABLE = re.compile(r"^\|.*\|$")
_ENGLISH = re.compile(r"^en: (.+)$")
_CLAUSE = re.compile(r"^(\d+\.\d+) (.+)$")
_ITEM = re.compile(r"^（([一二三四五六七八九十]+)）(.+)$")
_ENGLISH_ITEM = re.compile(r"^\((\d+)\) (.+)$")
_KINDS = (
    ("title", _TITLE, 0),
    ("section", _SECTION, 2),
    ("english", _ENGLISH, 0),
    ("clause", _CLAUSE, 1),
    ("item", _ITEM, 1),
)
_RULE_CELL = re.compile(r"^:?-{3,}:?$")
_PIECE = re.compile(r"(\*\*|\{\{.*?\}\})")
_PLACEHOLDER = re.compile(r"^\{\{([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?)\}\}$")
_VERSION = re.compile(r"^\d+\.\d+\.\d+$")

_FRONT_KEYS = ("template", "version", "language", "status", "footer", "size")
_LIBRARY_HEADS = {
    "代码": "code",
    "种类": "kind",
    "Kind": "kind_en",
    "认定标准": "definition",
    "Test": "definition_en",
    "默认比例": "share_ppm",
    "默认启用": "is_enabled",
    "须核准": "needs_approval",
}
_YES_NO = {"是": True, "否": False}


@dataclass
class _Draft:
    """What has been read so far; a section is a list here and frozen at the end."""

    front: dict[str, str] = field(default_factory=dict)
    title: Line | None = None
    title_english: Line | None = None
    preamble: list[Block | Table] = field(default_factory=list)
    sections: list[tuple[Section, list[Block | Table]]] = field(default_factory=list)
    above: str = ""  # what an English line would belong to: title, section, block or nothing

    @property
    def blocks(self) -> list[Block | Table]:
        return self.sections[-1][1] if self.sections else self.preamble


def parse(text: str) -> Paper:
    """Parse a template; malformed text is refused with the number of its line.

    Drafting notes are dropped, `library-` sections become `Paper.library`, `option-` sections stay and
    are chosen by `fill`.
    """
    lines = text.split("\n")
    draft = _Draft()
    start = _read_front(lines, draft)
    table: list[tuple[int, str]] = []
    for no, line in enumerate(lines[start:], start + 1):
        if line and line[-1] in " \t\r\u3000":
            raise DomainError("Line %(line)s of the template ends in a blank.", line=no)
        if _TABLE.match(line):
            table.append((no, line))
            continue
        if table:
            _end_table(table, draft)
            table = []
        _read_line(no, line, draft)
    if table:
        _end_table(table, draft)
    return _finish(draft)


def _read_front(lines: list[str], draft: _Draft) -> int:
    """Read what stands between the two `---` lines; give the index of the line after them."""
    if lines[0] != "---":
        raise DomainError("Line %(line)s of the template: the front matter is missing.", line=1)
    for no, line in enumerate(lines[1:], 2):
        if line == "---":
            return no
        match = _FRONT.match(line)
        if match is None or match[1] not in _FRONT_KEYS or match[1] in draft.front:
            raise DomainError("Line %(line)s of the template is no front matter.", line=no)
        draft.front[match[1]] = match[2]
    raise DomainError("Line %(line)s of the template: the front matter does not end.", line=len(lines))


def _read_line(no: int, line: str, draft: _Draft) -> None:
    if not line:
        return
    if line.startswith(">"):
        draft.above = ""
    elif match := _TITLE.match(line):
        if draft.title is not None:
            raise DomainError("Line %(line)s of the template is a second title.", line=no)
        draft.title = _runs(match[1], no)
        draft.above = "title"
    elif match := _SECTION.match(line):
        if any(section.id == match[2] for section, _ in draft.sections):
            raise DomainError(
                "Line %(line)s of the template repeats the section %(id)s.", line=no, id=match[2]
            )
        draft.sections.append((Section(match[2], _runs(match[1], no), line_no=no), []))
        draft.above = "section"
    elif line.startswith(("#", "|")):
        raise DomainError("Line %(line)s of the template is neither a heading nor a row of a table.", line=no)
    elif match := _ENGLISH.match(line):
        _read_english(no, match[1], draft)
        draft.above = ""
    else:
        if draft.title is None:
            raise DomainError("Line %(line)s of the template stands before the title.", line=no)
        draft.blocks.append(_block(no, line, draft))
        draft.above = "block"


def _block(no: int, line: str, draft: _Draft) -> Block:
    if match := _CLAUSE.match(line):
        numbers = (
            block.number
            for _, blocks in draft.sections
            for block in blocks
            if isinstance(block, Block) and block.kind is BlockKind.CLAUSE
        )
        if match[1] in numbers:
            raise DomainError(
                "Line %(line)s of the template repeats clause %(number)s.", line=no, number=match[1]
            )
        return Block(BlockKind.CLAUSE, _runs(match[2], no), match[1], line_no=no)
    if match := _ITEM.match(line):
        if not any(isinstance(block, Block) for block in draft.blocks):
            raise DomainError("Line %(line)s of the template is an item of nothing.", line=no)
        return Block(BlockKind.ITEM, _runs(match[2], no), match[1], line_no=no)
    return Block(BlockKind.PARAGRAPH, _runs(line, no), line_no=no)


def _read_english(no: int, text: str, draft: _Draft) -> None:
    """Attach an English line to what stands right above it, which must be of the same kind and number."""
    if draft.above == "title":
        draft.title_english = _runs(text, no)
    elif draft.above == "section":
        section, blocks = draft.sections[-1]
        draft.sections[-1] = (replace(section, english=_runs(text, no)), blocks)
    elif draft.above == "block":
        block = draft.blocks[-1]
        assert isinstance(block, Block)
        draft.blocks[-1] = replace(block, english=_english_of(no, text, block))
    else:
        raise DomainError("Line %(line)s of the template is English for nothing.", line=no)


def _english_of(no: int, text: str, block: Block) -> Line:
    """Check that the English carries the number of its Chinese, and drop the number."""
    clause, item = _CLAUSE.match(text), _ENGLISH_ITEM.match(text)
    if block.kind is BlockKind.CLAUSE:
        if clause and clause[1] == block.number:
            return _runs(clause[2], no)
    elif block.kind is BlockKind.ITEM:
        if item and NUMERALS[int(item[1]) - 1 : int(item[1])] == (block.number,):
            return _runs(item[2], no)
    elif not clause and not item:
        return _runs(text, no)
    raise DomainError("Line %(line)s of the template does not match the Chinese above it.", line=no)


def kind_of(line: str) -> tuple[str, str]:
    """What a line is by itself, and its number or id.

    The kinds: blank, note, table, title, section, english, clause, item, paragraph.
    """
    if not line:
        return "blank", ""
    if line.startswith(">"):
        return "note", ""
    if _TABLE.match(line):
        return "table", ""
    for kind, pattern, group in _KINDS:
        if match := pattern.match(line):
            return kind, match[group] if group else ""
    return "paragraph", ""


def check_inline(text: str, no: int) -> None:
    """Refuse a line whose bold does not end, or with a placeholder that is not well formed."""
    _runs(text, no)


def _end_table(rows: list[tuple[int, str]], draft: _Draft) -> None:
    no = rows[0][0]
    cells = [[cell.strip(" ") for cell in line[1:-1].split("|")] for _, line in rows]
    if len(cells) < 3 or not all(_RULE_CELL.match(cell) for cell in cells[1]):
        # A signature block may be a head and a rule with rows below; a table without any row is a slip.
        raise DomainError("Line %(line)s of the template: a table needs a head, a rule and rows.", line=no)
    for (row_no, _), row in zip(rows, cells, strict=True):
        if len(row) != len(cells[0]):
            raise DomainError(
                "Line %(line)s of the template has another number of cells than its head.", line=row_no
            )
    head = tuple(_runs(cell, no) for cell in cells[0])
    body = tuple(
        tuple(_runs(cell, row_no) for cell in row)
        for (row_no, _), row in zip(rows[2:], cells[2:], strict=True)
    )
    draft.blocks.append(Table(head, body, _row_list(body, no), line_no=no))
    draft.above = ""


def _row_list(body: tuple[tuple[Line, ...], ...], no: int) -> str | None:
    """Name the list of a pattern row; such a table has that one row and one list."""
    names = {run.placeholder for row in body for cell in row for run in cell if run.placeholder}
    lists = {name.split(".")[0] for name in names if "." in name}
    if not lists:
        return None
    if len(lists) > 1 or len(body) > 1 or any("." not in name for name in names):
        raise DomainError("Line %(line)s of the template: a table repeats one row for one list.", line=no)
    return lists.pop()


def _runs(text: str, no: int) -> Line:
    """Split a line at `**` and `{{…}}`; nothing else has a meaning."""
    runs: list[Run] = []
    is_bold = False
    for piece in _PIECE.split(text):
        if piece == "**":
            is_bold = not is_bold
        elif match := _PLACEHOLDER.match(piece):
            runs.append(Run(is_bold=is_bold, placeholder=match[1]))
        elif "{{" in piece or "}}" in piece:
            raise DomainError(
                "Line %(line)s of the template has a placeholder that is not well formed.", line=no
            )
        elif piece:
            runs.append(Run(piece, is_bold))
    if is_bold:
        raise DomainError("Line %(line)s of the template begins bold text and does not end it.", line=no)
    return tuple(runs)


def _finish(draft: _Draft) -> Paper:
    if draft.title is None:
        raise DomainError("The template has no title.")
    sections: list[Section] = []
    library: list[LibraryRow] = []
    for section, blocks in draft.sections:
        if section.id.startswith("library-"):
            library.extend(row for block in blocks if isinstance(block, Table) for row in _library(block))
        else:
            sections.append(replace(section, blocks=tuple(blocks)))
    return Paper(
        _front(draft.front),
        draft.title,
        draft.title_english,
        tuple(draft.preamble),
        tuple(sections),
        tuple(library),
    )


def _front(entries: dict[str, str]) -> Front:
    for key in ("template", "version", "language", "status", "footer"):
        if key not in entries:
            raise DomainError("The front matter of the template lacks %(key)s.", key=key)
    if not _VERSION.match(entries["version"]):
        raise DomainError("The version of a template has three numbers, such as 1.0.0.")
    size = entries.get("size", "12")
    if not re.fullmatch(r"\d{1,2}(\.\d)?", size) or not 7 <= Decimal(size) <= 16:
        raise DomainError("The size of the letters is between 7 and 16 points.")
    return Front(
        entries["template"],
        entries["version"],
        entries["language"],
        entries["status"],
        _runs(entries["footer"], 1),
        float(size),
    )


def _library(table: Table) -> list[LibraryRow]:
    """Read the rows of a library table; its columns are known by their heads."""
    heads = ["".join(run.text for run in cell) for cell in table.head]
    if (
        not {"代码", "种类", "认定标准", "默认比例", "默认启用", "须核准"}
        <= set(heads)
        <= set(_LIBRARY_HEADS)
    ):
        raise DomainError(
            "Line %(line)s of the template: the library has other columns than expected.", line=table.line_no
        )
    rows = []
    for offset, row in enumerate(table.rows, table.line_no + 2):
        cells = {
            _LIBRARY_HEADS[head]: "".join(run.text for run in cell)
            for head, cell in zip(heads, row, strict=True)
        }
        share = re.fullmatch(r"(\d{1,3})%", cells["share_ppm"])
        if not share or cells["is_enabled"] not in _YES_NO or cells["needs_approval"] not in _YES_NO:
            raise DomainError(
                "Line %(line)s of the template: a library row says a share, 是 or 否, 是 or 否.", line=offset
            )
        rows.append(
            LibraryRow(
                code=cells["code"],
                kind=cells["kind"],
                definition=cells["definition"],
                share_ppm=int(share[1]) * 10_000,
                is_enabled=_YES_NO[cells["is_enabled"]],
                needs_approval=_YES_NO[cells["needs_approval"]],
                kind_en=cells.get("kind_en", ""),
                definition_en=cells.get("definition_en", ""),
            )
        )
    return rows
