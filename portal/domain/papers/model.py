"""What a paper is made of, before and after its placeholders are filled."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one weight.

    As parsed, it is either literal text or a placeholder by name. Filled, it carries the value as plain text
    and still knows its placeholder; a hole is a placeholder without a value yet, and `text` is then the
    label of what is missing.
    """

    text: str = ""
    is_bold: bool = False
    placeholder: str | None = None
    is_hole: bool = False


# The numbers that items have: （一） to （十）.
NUMERALS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十")

Line: TypeAlias = tuple[Run, ...]


class BlockKind(StrEnum):
    """The kinds of block that PLACEHOLDERS.md lists, tables apart."""

    CLAUSE = "clause"
    ITEM = "item"
    PARAGRAPH = "paragraph"


@dataclass(frozen=True, slots=True)
class Block:
    """One line of the text: a clause (`number` 2.1), an item (`number` 一) or a paragraph (no number)."""

    kind: BlockKind
    text: Line
    number: str | None = None
    english: Line | None = None
    line_no: int = 0

    @property
    def item_number(self) -> int:
        """Count an item as its English does: （二） is 2."""
        return NUMERALS.index(self.number or "") + 1

    def lines(self) -> Iterator[Line]:
        """Give the Chinese and, where there is one, the English."""
        yield self.text
        if self.english is not None:
            yield self.english


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `row_list` names the list whose items its one pattern row is repeated for, as parsed."""

    head: tuple[Line, ...]
    rows: tuple[tuple[Line, ...], ...]
    row_list: str | None = None
    line_no: int = 0

    def lines(self) -> Iterator[Line]:
        """Give every cell."""
        yield from self.head
        for row in self.rows:
            yield from row


@dataclass(frozen=True, slots=True)
class Section:
    """A headed part of the paper; code knows it by its `id`, never by its wording."""

    id: str
    heading: Line
    english: Line | None = None
    blocks: tuple[Block | Table, ...] = ()
    line_no: int = 0

    @property
    def is_annex(self) -> bool:
        """Say whether it begins a new page."""
        return self.id.startswith("annex-")

    @property
    def holds_signatures(self) -> bool:
        """Say whether its tables hold signatures, and stay on one page with the block before them."""
        return self.id in ("signatures", "confirmation")

    @property
    def is_kept_together(self) -> bool:
        """Say whether it stays on one page with the block before it."""
        return self.id in ("signatures", "receipt", "confirmation")

    @property
    def option(self) -> str | None:
        """Name the company's setting that decides whether this part is printed; None when it always is."""
        return self.id.removeprefix("option-") if self.id.startswith("option-") else None

    def lines(self) -> Iterator[Line]:
        """Give the heading and everything under it."""
        yield self.heading
        if self.english is not None:
            yield self.english
        for block in self.blocks:
            yield from block.lines()


@dataclass(frozen=True, slots=True)
class LibraryRow:
    """A kind of violation as counsel worded it; settings are loaded from it, nobody prints it."""

    code: str
    kind: str
    definition: str
    share_ppm: int
    is_enabled: bool
    needs_approval: bool
    kind_en: str = ""
    definition_en: str = ""


@dataclass(frozen=True, slots=True)
class Front:
    """The front matter: which text this is and what stands at the foot of every page."""

    template: str
    version: str
    language: str
    status: str
    footer: Line
    size: float = 12.0

    @property
    def has_english(self) -> bool:
        """Say whether English stands beside the Chinese."""
        return "en" in self.language.split("+")


@dataclass(frozen=True)
class Paper:
    """A parsed or filled paper: front matter, title, what stands before the first section, the sections."""

    front: Front
    title: Line
    title_english: Line | None
    preamble: tuple[Block | Table, ...]
    sections: tuple[Section, ...]
    library: tuple[LibraryRow, ...] = field(default=())

    def lines(self) -> Iterator[Line]:
        """Give every line that can be printed, in reading order, the foot last."""
        yield self.title
        if self.title_english is not None:
            yield self.title_english
        for block in self.preamble:
            yield from block.lines()
        for section in self.sections:
            yield from section.lines()
        yield self.front.footer

    def placeholders(self) -> tuple[str, ...]:
        """Name every placeholder in the paper once, in the order of its first use."""
        return self._placeholders

    @cached_property
    def _placeholders(self) -> tuple[str, ...]:
        names = (run.placeholder for line in self.lines() for run in line)
        return tuple(dict.fromkeys(name for name in names if name is not None))

    def row_lists(self) -> tuple[str, ...]:
        """Name the lists that its pattern rows are repeated for."""
        tables = (block for section in self.sections for block in section.blocks if isinstance(block, Table))
        return tuple(dict.fromkeys(table.row_list for table in tables if table.row_list))

    def section(self, section_id: str) -> Section | None:
        """Find a section by its id."""
        return next((section for section in self.sections if section.id == section_id), None)

    def clauses(self) -> tuple[str, ...]:
        """Number the clauses in order: 1.1, 1.2, …"""
        blocks = (block for section in self.sections for block in section.blocks)
        return tuple(
            block.number
            for block in blocks
            if isinstance(block, Block) and block.number and block.kind is BlockKind.CLAUSE
        )


def plain(line: Line) -> str:
    """Read a line as plain text, an unfilled placeholder as `{{name}}`."""
    return "".join(
        run.text if run.placeholder is None or run.text else f"{{{{{run.placeholder}}}}}" for run in line
    )
