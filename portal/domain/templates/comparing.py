"""What one version of a text says otherwise than an earlier one, word by word: counsel reads it before a release."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import groupby

from portal.domain.papers.model import Line, Run, plain
from portal.domain.templates.reading import Part, reading
from portal.domain.templates.services import Edition, parsed

# A word of Latin letters or a number is one thing, a hanzi another.
_WORD = re.compile(r"[A-Za-z0-9]+(?:[.,’'-][A-Za-z0-9]+)*|\s+|.", re.DOTALL)
# Two passages that share less are not one that was changed.
_ALIKE = 0.5


@dataclass(frozen=True)
class Piece:
    """A stretch of a passage: kept ("="), taken out ("-") or put in ("+")."""

    how: str
    line: Line


@dataclass(frozen=True)
class Change:
    """A passage that is new, gone or worded otherwise; `section` is the id and `heading` the words of where."""

    kind: str
    number: str
    section: str
    heading: str
    is_english: bool
    pieces: tuple[Piece, ...]

    @property
    def how(self) -> str:
        """Say whether the passage was put in ("+"), taken out ("-") or changed ("=")."""
        found = {piece.how for piece in self.pieces}
        return found.pop() if len(found) == 1 else "="


@dataclass(frozen=True)
class _Passage:
    """A line of one language, a row of a table or a drafting note, in words."""

    kind: str
    is_english: bool
    words: Line
    number: str
    section: str
    heading: str

    @property
    def key(self) -> tuple[str, bool, Line]:
        """What makes two passages the same: a clause that only moved to another number is."""
        return self.kind, self.is_english, self.words


@lru_cache(maxsize=32)
def changes(before: str, after: str, *, with_notes: bool) -> tuple[Change, ...]:
    """What the text `after` says otherwise than `before`, in reading order; bold counts, numbers of clauses do not."""
    old = list(_passages(before, with_notes=with_notes))
    new = list(_passages(after, with_notes=with_notes))
    matcher = SequenceMatcher(None, [one.key for one in old], [one.key for one in new], autojunk=False)
    return tuple(
        change
        for how, start, end, first, last in matcher.get_opcodes()
        if how != "equal"
        for change in _replaced(old[start:end], new[first:last])
    )


def earlier(editions: Sequence[Edition], edition: Edition) -> Edition | None:
    """The version to compare with: the newest released one before this one, else the newest before it."""
    of_key = [one for one in editions if one.key == edition.key]
    versions = [one.version for one in of_key]
    before = of_key[versions.index(edition.version) + 1 :] if edition.version in versions else []
    return next((one for one in before if one.release), before[0] if before else None)


def _passages(text: str, *, with_notes: bool) -> Iterator[_Passage]:
    section, heading = "", ""
    for part in reading(text, with_notes=with_notes):
        if part.kind == "section":
            section, heading = part.number, plain(part.words)
        elif part.kind == "library":
            section, heading = "library", ""
        number = "" if part.kind == "section" else part.number
        for is_english, line in _lines(part, text):
            yield _Passage(part.kind, is_english, _split(line), number, section, heading)
    yield _Passage("footer", False, _split(parsed(text).front.footer), "", "", "")


def _lines(part: Part, text: str) -> Iterator[tuple[bool, Line]]:
    if part.table is not None:
        for cells in (part.table.head, *part.table.rows):
            yield False, _joined(cells)
    elif part.kind == "library":
        for row in _library_rows(text, part.line_no):
            yield False, (Run(row),)
    elif part.kind == "note":
        yield False, (Run(part.note),)
    else:
        yield False, part.words
        if part.english:
            yield True, part.english


def _library_rows(text: str, heading: int) -> Iterator[str]:
    """The rows of the kinds of violation, as counsel writes them."""
    for line in text.split("\n")[heading:]:
        if line.startswith("## "):
            return
        if line.startswith("|") and not set(line) <= set("|-: "):
            yield " | ".join(cell.strip() for cell in line.strip().strip("|").split("|"))


def _joined(cells: tuple[Line, ...]) -> Line:
    joined: list[Run] = []
    for cell in cells:
        joined += ([Run(" | ")] if joined else []) + list(cell)
    return tuple(joined)


def _split(line: Line) -> Line:
    return tuple(
        piece
        for run in line
        for piece in (
            [run] if run.placeholder else [replace(run, text=word) for word in _WORD.findall(run.text)]
        )
    )


def _replaced(old: list[_Passage], new: list[_Passage]) -> Iterator[Change]:
    """Pair what was only reworded, in order; the rest is gone or new."""
    rest = list(old)
    for passage in new:
        partner = next(
            (place for place, one in enumerate(rest) if _is_reworded(one, passage)),
            None,
        )
        if partner is None:
            yield _change(passage, (Piece("+", _merged(passage.words)),))
            continue
        for gone in rest[:partner]:
            yield _change(gone, (Piece("-", _merged(gone.words)),))
        yield _change(passage, tuple(_pieces(rest[partner].words, passage.words)))
        del rest[: partner + 1]
    for gone in rest:
        yield _change(gone, (Piece("-", _merged(gone.words)),))


def _is_reworded(one: _Passage, other: _Passage) -> bool:
    if (one.kind, one.is_english) != (other.kind, other.is_english):
        return False
    # Whatever the weight: a sentence that is bold no more is the same sentence.
    said, says = ([run.placeholder or run.text for run in passage.words] for passage in (one, other))
    return SequenceMatcher(None, said, says, autojunk=False).ratio() >= _ALIKE


def _change(passage: _Passage, pieces: tuple[Piece, ...]) -> Change:
    return Change(passage.kind, passage.number, passage.section, passage.heading, passage.is_english, pieces)


def _pieces(old: Line, new: Line) -> Iterator[Piece]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for how, start, end, first, last in matcher.get_opcodes():
        if how == "equal":
            yield Piece("=", _merged(new[first:last]))
            continue
        if end > start:
            yield Piece("-", _merged(old[start:end]))
        if last > first:
            yield Piece("+", _merged(new[first:last]))


def _merged(words: Line) -> Line:
    """Put words of one weight together again."""
    merged: list[Run] = []
    for (is_bold, placeholder), runs in groupby(words, lambda run: (run.is_bold, run.placeholder)):
        if placeholder:
            merged += runs
        else:
            merged.append(Run("".join(run.text for run in runs), is_bold=is_bold))
    return tuple(merged)
