"""A paper's text in the order of its lines, as it is read on screen before its release (P8)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from portal.domain.papers.model import Block, Line, Paper, Table
from portal.domain.templates.services import parsed

_HANZI = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Part:
    """A piece of a text as it is read on screen: what it is and its words, or a table's cells.

    `kind` is title, section, clause, item, paragraph, table, note (never printed) or library (loaded, not
    printed).
    """

    kind: str
    line_no: int
    words: Line = ()
    english: Line | None = None
    number: str = ""
    table: Table | None = None
    note: str = ""

    @property
    def is_english_note(self) -> bool:
        """Whether this is a drafting note without a single hanzi."""
        return self.kind == "note" and not _HANZI.search(self.note)


def reading(text: str, *, with_notes: bool) -> list[Part]:
    """The text in the order of its lines, for the screen; drafting notes only for those who may see them."""
    paper = parsed(text)
    parts = [*_parts_of(paper), *_library(paper, text)]
    if with_notes:
        parts.extend(
            Part("note", no, note=line[1:].strip())
            for no, line in enumerate(text.split("\n"), 1)
            if line.startswith(">")
        )
    return sorted(parts, key=lambda part: part.line_no)


def _parts_of(paper: Paper) -> Iterator[Part]:
    # The title knows no line of its own; it stands before everything else.
    yield Part("title", 0, paper.title, paper.title_english)
    yield from map(_part, paper.preamble)
    for section in paper.sections:
        yield Part("section", section.line_no, section.heading, section.english, number=section.id)
        yield from map(_part, section.blocks)


def _part(block: Block | Table) -> Part:
    if isinstance(block, Table):
        return Part("table", block.line_no, table=block)
    return Part(block.kind.value, block.line_no, block.text, block.english, block.number or "")


def _library(paper: Paper, text: str) -> Iterator[Part]:
    """The kinds of violation, at the place where the text has them; a parsed paper keeps only their rows."""
    if paper.library:
        lines = text.split("\n")
        at = next(no for no, line in enumerate(lines, 1) if re.match(r"^## .+ \{#library-", line))
        yield Part("library", at)
