"""A filled paper as HTML: the same blocks for the screen and for the printer. Imports nothing heavy."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from portal.domain.papers.fill import SLASH, FilledPaper
from portal.domain.papers.model import Block, BlockKind, Line, Paper, Run, Section, Table, plain

TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "print"
ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)

# A line of particulars says a label and then a value; it is set flush left, unlike a sentence.
_PARTICULARS = re.compile(r"^[^，。；：]{1,24}：$")
# A blank to be written on: underscores anywhere, wide spaces where something is signed and dated.
_BLANK = re.compile("(_{3,}|\u3000{2,})")
# What has a hyphen and is one word all the same: no line ends with `e-`.
_WHOLE = re.compile(r"(\be-mail\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Node:
    """One block as the template prints it: its kind, what it holds, and its place.

    A `group` holds nodes that stay on one page, a `lead` a heading and the clause right under it, before which
    the heading runs in on a crowded paper; `is_apart` sets particulars off from those above. `is_labelled`: a label
    and its value inside a section, which no line's end may stretch.
    """

    kind: str
    block: Block | Table | None = None
    section: Section | None = None
    is_particulars: bool = False
    is_apart: bool = False
    is_labelled: bool = False
    children: tuple["Node", ...] = ()


def nodes(paper: Paper) -> list[Node]:
    """List the blocks of a paper in order, what must stay together as one group."""
    result = [
        replace(_node(block, None), is_apart=before is not None and block.line_no > before.line_no + 1)
        for before, block in pairwise((None, *paper.preamble))
        if block is not None
    ]
    for section in paper.sections:
        part = [Node("heading", section=section), *(_node(block, section) for block in section.blocks)]
        if len(part) > 1 and part[1].kind == BlockKind.CLAUSE:
            part[:2] = [Node("lead", section=section, children=(part[0], part[1]))]
        if section.is_kept_together:
            before = [result.pop()] if result and result[-1].kind not in ("heading", "group") else []
            part = [Node("group", section=section, children=tuple(before + part))]
        result.extend(part)
    return result


def _node(block: Block | Table, section: Section | None) -> Node:
    if isinstance(block, Table):
        is_signatures = section is not None and section.holds_signatures
        return Node("signatures" if is_signatures else "table", block, section)
    says, is_inside = _says_particulars(block), section is not None
    return Node(
        str(block.kind), block, section, is_particulars=says and not is_inside, is_labelled=says and is_inside
    )


def _says_particulars(block: Block) -> bool:
    """Say whether a paragraph is a label and its value rather than a sentence."""
    if block.kind is not BlockKind.PARAGRAPH or len(block.text) < 2:
        return False
    return bool(_PARTICULARS.match(block.text[0].text)) and block.text[1].placeholder is not None


def body(filled: FilledPaper) -> Markup:
    """Write the blocks as HTML, the title first; every value is escaped."""
    template = ENVIRONMENT.get_template("_paper.html")
    return Markup(template.render(paper=filled.paper, nodes=nodes(filled.paper)))  # noqa: S704  (autoescaped)


def document(filled: FilledPaper, **context: object) -> str:
    """Write the whole HTML document that is printed."""
    foot = Markup("").join(map(_in_foot, filled.paper.front.footer))
    return ENVIRONMENT.get_template("paper.html").render(body=body(filled), foot=foot, **context)


def _in_foot(run: Run) -> Markup:
    """A run of the foot; the name of a text has hyphens and is never broken at one."""
    said = escape("——" if run.is_hole else run.text)
    return Markup('<span class="nowrap">{}</span>').format(said) if run.placeholder == "template_id" else said


def parts(text: str) -> Iterator[tuple[str, str]]:
    """Split a text at its blanks and at what stays whole; give each part and its class, mostly none."""
    for part in _BLANK.split(text):
        if _BLANK.fullmatch(part):
            yield part, "blank"
        else:
            yield from (
                (word, "nowrap" if _WHOLE.fullmatch(word) else "") for word in _WHOLE.split(part) if word
            )


def halves(line: Line) -> tuple[Line, Line]:
    """Split the cell of a bilingual paper at its slash; a slash inside a value is none."""
    for position, run in enumerate(line):
        if run.placeholder is None and SLASH in run.text:
            chinese, foreign = run.text.split(SLASH, 1)
            return (
                (*line[:position], *([replace(run, text=chinese)] if chinese else [])),
                (*([replace(run, text=foreign)] if foreign else []), *line[position + 1 :]),
            )
    return line, ()


def english(line: Line) -> Line:
    """Set the template's own English as a printer does: curly quotes, and no line's end inside `Annex 1`.

    Kinds of violation come from the template too. The quotes of any other value are left as they were typed;
    templates are written on keyboards that have straight quotes only.
    """
    result = []
    before = ""
    for run in line:
        is_ours = run.placeholder is None or run.placeholder.startswith("violation.")
        text = _set_english(run.text, before) if is_ours else run.text
        text = _MEASURE.sub("\u00a0", text)
        # A blank that ties two runs would have the line broken too early: `RMB` goes into the sum behind it.
        tied = _TIED_END.search(result[-1].text) if result and is_nowrap(run) and not run.is_hole else None
        if tied and result[-1].placeholder is None and result[-1].is_bold == run.is_bold:
            result[-1] = replace(result[-1], text=result[-1].text[: tied.start()])
            text = tied[0] + text
        result.append(replace(run, text=text))
        before = run.text[-1:]
    return tuple(result)


def last_word(line: Line) -> tuple[Line, Line]:
    """Split off the last word of a paragraph, which is not to be cut in two: `ors.` alone is no line."""
    if not line or line[-1].placeholder is not None:
        return line, ()
    last = line[-1]
    start = max(last.text.rstrip().rfind(" "), last.text.rfind("\u00a0")) + 1
    if not 0 < len(last.text) - start <= _LONGEST_NOWRAP or last.text[start - 1 : start] == "\u00a0":
        return line, ()
    before = (*line[:-1], *([replace(last, text=last.text[:start])] if start else []))
    return before, (replace(last, text=last.text[start:]),)


def _set_english(text: str, before: str) -> str:
    """Set a piece of English text that follows the character `before`."""
    text = _OPENING.sub(lambda match: match[1] + _CURLY[match[2]][0], before + text)[len(before) :]
    return _TIED.sub("\u00a0", text.replace('"', _CURLY['"'][1]).replace("'", _CURLY["'"][1]))


_CURLY = {'"': "\u201c\u201d", "'": "\u2018\u2019"}
# A quote at the beginning or behind a blank or a bracket opens, every other one closes or is an apostrophe.
_OPENING = re.compile(r"(^|[\s(\[\u2014])([\"'])")
_MEASURE = re.compile(r"(?<=\d) (?=(?:ml|mL|l|L|mg|g|kg|mm|cm|m|pcs)\b)")
_TIED_END = re.compile("RMB\u00a0$")
_TIED = re.compile(r"(?<=\bArticle) |(?<=\bAnnex) |(?<=\bParty) |(?<=\bRMB) | (?=:(?: |$))|(?<= :) ")


def is_figures(line: Line) -> bool:
    """Say whether a cell holds nothing but a sum, which is set flush right."""
    return len(line) == 1 and (line[0].placeholder or "").endswith("_figures")


def is_for_signature(line: Line) -> bool:
    """Say whether a cell asks for a signature, which is written on a line below."""
    return plain(halves(line)[0]).endswith("（签字）：")


def is_nowrap(run: Run) -> bool:
    """Say whether a value is short and must not be broken: figures, dates, rates, numbers, codes, people."""
    return (
        run.placeholder is not None
        and len(run.text) <= _LONGEST_NOWRAP
        and bool(_NOWRAP.search(run.placeholder))
    )


_LONGEST_NOWRAP = 24
_NOWRAP = re.compile(
    r"(_figures|_on|_days|_months|_years|_rate|_share|_percent|_number|_uscc|_phone|_legal_rep|_contact"
    r"|\.no|\.share|copies_\w+)$"
)

ENVIRONMENT.filters.update(parts=parts, english=english, halves=halves, last_word=last_word)
ENVIRONMENT.tests.update(figures=is_figures, nowrap=is_nowrap, for_signature=is_for_signature)
