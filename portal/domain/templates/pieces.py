"""A text cut into what a person edits: a title, the lines before the first article, and each article by itself.

Tables stay whole, between runs of lines; placeholders stand as 【返利率】 instead of {{rebate_rate}}. Putting
the pieces together again gives a text of the same lines.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.papers.model import NUMERALS
from portal.domain.papers.parse import kind_of
from portal.domain.papers.placeholders import Placeholder
from portal.domain.papers.registry import PLACEHOLDERS

# The letters of the papers that are agreements (PLACEHOLDERS): what they hold, an own text may hold.
AGREEMENT_PAPERS = frozenset("ABP")
PREAMBLE = ""
_SECTION = re.compile(r"^## (.+) \{#([a-z-]+)\}$")
_NAMED = re.compile(r"\{\{([a-z][a-z0-9_]*)\}\}")
_LABELLED = re.compile(r"【([^【】\n]*)】")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff]")
_CLAUSE_START = re.compile(r"^(\d+)[.．](\d+)[\s\u3000、]+")
_ITEM_START = re.compile(r"^[(（]([一二三四五六七八九十]+)[)）]\s*")


@dataclass(frozen=True)
class Run:
    """Lines between tables, or a table; as they stand in the text."""

    text: str
    is_table: bool = False


@dataclass(frozen=True)
class Article:
    """One headed part of a text, or what stands before the first (its id is empty)."""

    id: str
    heading: str
    runs: tuple[Run, ...] = field(default_factory=tuple)

    @property
    def is_fixed(self) -> bool:
        """Whether it holds a table, which the portal fills: it stays."""
        return any(run.is_table for run in self.runs)

    @property
    def is_library(self) -> bool:
        """Whether it is the list of kinds of violation, which is loaded and not printed."""
        return self.id.startswith("library-")


@dataclass(frozen=True)
class Pieces:
    """A whole text in pieces; `front` is what stands between the two lines of dashes."""

    front: tuple[tuple[str, str], ...]
    title: str
    articles: tuple[Article, ...]

    def article(self, article_id: str) -> Article | None:
        """The article with this id."""
        return next((article for article in self.articles if article.id == article_id), None)


def cut(text: str) -> Pieces:
    """Cut a text; it may have every fault but that of a front matter without an end."""
    lines = text.split("\n")
    end = lines.index("---", 1)
    front = tuple((key, value) for key, _, value in (line.partition(": ") for line in lines[1:end]))
    title = ""
    parts: list[tuple[str, str, list[str]]] = [(PREAMBLE, "", [])]
    for line in lines[end + 1 :]:
        kind, _ = kind_of(line)
        if kind == "title" and not title:
            title = line[2:]
        elif match := _SECTION.match(line):
            parts.append((match[2], match[1], []))
        else:
            parts[-1][2].append(line)
    return Pieces(front, title, tuple(Article(id, heading, _runs(body)) for id, heading, body in parts))


def join(pieces: Pieces) -> str:
    """Put the pieces together again."""
    blocks = ["\n".join(["---", *(f"{key}: {value}" for key, value in pieces.front), "---"])]
    blocks.append(f"# {pieces.title}")
    for article in pieces.articles:
        if article.id != PREAMBLE:
            blocks.append(f"## {article.heading} {{#{article.id}}}")
        blocks.extend(run.text for run in article.runs if run.text)
    return "\n\n".join(blocks) + "\n"


def with_front(text: str, **entries: str) -> str:
    """The text with other entries in its front matter."""
    pieces = cut(text)
    front = tuple((key, entries.get(key, value)) for key, value in pieces.front)
    return join(Pieces(front, pieces.title, pieces.articles))


def _runs(lines: Sequence[str]) -> tuple[Run, ...]:
    """Runs of lines and tables by turns, a run of lines first and last: each place has room for words."""
    runs: list[tuple[bool, list[str]]] = [(False, [])]
    for line in lines:
        is_table = kind_of(line)[0] == "table"
        if is_table != runs[-1][0]:
            runs.append((is_table, []))
        runs[-1][1].append(line)
    if runs[-1][0]:
        runs.append((False, []))
    return tuple(Run("\n".join(part).strip("\n"), is_table) for is_table, part in runs)


@cache
def placeable() -> dict[str, Placeholder]:
    """What a person may put between the words of an agreement's text, by its label."""
    return {
        entry.zh: entry
        for entry in PLACEHOLDERS.values()
        if entry.row_list is None and AGREEMENT_PAPERS & set(entry.papers)
    }


def shown(text: str) -> str:
    """The text as it is edited: {{rebate_rate}} is 【返利率】; what has no label stays as it is."""
    return _NAMED.sub(_label_of, text)


def _label_of(match: re.Match[str]) -> str:
    entry = PLACEHOLDERS.get(match[1])
    return f"【{entry.zh}】" if entry is not None and placeable().get(entry.zh) is entry else match[0]


def read(typed: str) -> str:
    """What was typed or pasted into a box of lines, as it stands in the text.

    Blanks at the ends go, `1．2　` is `1.2 `, `(一)` is `（一）`; labels that are known become placeholders. Raises
    DomainError for a line that would be a heading or a table.
    """
    lines = [_line(line) for line in typed.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    for line in lines:
        if line.startswith(("#", "|")):
            raise DomainError(
                N_(
                    "A line must not begin with # or |: “%(line)s”. Headings and tables have their own places."
                ),
                line=line[:40],
            )
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _line(line: str) -> str:
    line = _INVISIBLE.sub("", line.replace("\u00a0", " ").replace("\t", " ")).strip(" \u3000")
    line = _CLAUSE_START.sub(r"\1.\2 ", line)
    match = _ITEM_START.match(line)
    if match and match[1] in NUMERALS:
        line = f"（{match[1]}）{line[match.end() :]}"
    return _LABELLED.sub(_name_of, line)


def _name_of(match: re.Match[str]) -> str:
    entry = placeable().get(match[1].strip())
    return f"{{{{{entry.name}}}}}" if entry is not None else match[0]


def read_heading(typed: str) -> str:
    """A heading or title on one line, without the marks that only the text has."""
    line = " ".join(_INVISIBLE.sub("", typed).split("\n")).strip(" \t\r\u3000")
    return _LABELLED.sub(_name_of, re.sub(r"^#+\s*|\s*\{#[^}]*\}", "", line))


def new_id(taken: Sequence[str]) -> str:
    """An id for a new article: own-a, own-b, … own-aa."""
    number = 0
    while True:
        letters, rest = "", number
        while True:
            letters = chr(ord("a") + rest % 26) + letters
            rest = rest // 26 - 1
            if rest < 0:
                break
        if f"own-{letters}" not in taken:
            return f"own-{letters}"
        number += 1
