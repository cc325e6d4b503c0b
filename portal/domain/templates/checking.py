"""What keeps the company's own text from being published, line by line (P8).

Every line is looked at by itself, so that one fault hides no other; the whole text afterwards: what it must hold,
what other papers of the portal refer to.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import pairwise

from portal.domain.errors import DomainError
from portal.domain.i18n import N_, Msgid
from portal.domain.papers.characters import missing_characters
from portal.domain.papers.checks import article_number, dangling
from portal.domain.papers.fill import placeholder
from portal.domain.papers.model import NUMERALS, Paper, Table
from portal.domain.papers.parse import check_inline, kind_of, parse
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.templates.pieces import AGREEMENT_PAPERS, PREAMBLE, placeable, shown
from portal.domain.templates.services import parsed
from portal.domain.templates.shipped import references_of_others, required, shipped_text, where

_ANY_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
_LABEL = re.compile(r"【([^【】]*)】")
_LOOKS_NUMBERED = re.compile(r"^\d+[.．、]\d*")


@dataclass(frozen=True)
class Finding:
    """One thing to mend: a msgid with its params; where it is, and the line itself as it is edited."""

    msgid: str
    params: dict[str, object] = field(default_factory=dict)
    # The id of the article, "" before the first; None when it concerns the whole text.
    section: str | None = None
    heading: str = ""
    line_no: int = 0
    excerpt: str = ""


@dataclass(frozen=True)
class _Line:
    no: int
    text: str
    kind: str
    number: str
    section: str
    heading: str


def findings(text: str, base_key: str) -> list[Finding]:
    """Everything that keeps a text made from the one named `base_key` from being published, in reading order."""
    lines = list(_lines(text))
    found = [*_each(lines), *_numbering(lines), *_references(lines)]
    try:
        paper = parse(text)
    except DomainError as error:
        no = error.params.get("line")
        if not any(one.line_no == no and one.msgid in (_BOLD, _MALFORMED) for one in found):
            found.append(_at(lines, no if isinstance(no, int) else 0, error.msgid, error.params))
    else:
        found += [*_structure(paper, lines, base_key), *_kinds(paper, lines), *_english(paper, lines)]
    found += [*_lost(lines, base_key), *_referred_to(lines)]
    order = {line.no: place for place, line in enumerate(lines)}
    return sorted(found, key=lambda one: order.get(one.line_no, len(lines)))


def _lines(text: str) -> Iterator[_Line]:
    section, heading = PREAMBLE, ""
    rows = text.split("\n")
    start = rows.index("---", 1) + 1
    for no, row in enumerate(rows[start:], start + 1):
        kind, number = kind_of(row)
        if kind == "section":
            section, heading = number, row[3:].split(" {#")[0]
        if kind not in ("blank", "note"):
            yield _Line(no, row, kind, number, section, heading)


def _at(lines: Sequence[_Line], no: int, msgid: str, params: dict[str, object]) -> Finding:
    line = next((line for line in lines if line.no == no), None)
    return replace(_finding(line, msgid), params=params) if line else Finding(msgid, params)


def _finding(line: _Line, msgid: str, **params: object) -> Finding:
    words = line.text[3:].split(" {#")[0] if line.kind == "section" else line.text
    return Finding(msgid, params, line.section, line.heading, line.no, shown(words)[:60])


def _each(lines: Sequence[_Line]) -> Iterator[Finding]:
    """What a line says by itself: its placeholders, its bold, its letters."""
    for line in lines:
        if line.section.startswith("library-") and line.kind == "table":
            continue  # loaded, never printed as it stands; parsing looks at it
        words = line.text[3:].split(" {#")[0] if line.kind == "section" else line.text
        try:
            check_inline(words, line.no)
        except DomainError as error:
            yield _finding(line, _BOLD if "bold" in error.msgid else _MALFORMED)
        for label in _LABEL.findall(words):
            yield _unknown(line, label)
        for name in _ANY_PLACEHOLDER.findall(words):
            yield from _misplaced(line, name)
        if missing := missing_characters(_ANY_PLACEHOLDER.sub("", words).replace("\u3000", "")):
            yield _finding(
                line,
                N_("The letters of the portal cannot print: %(characters)s"),
                characters="、".join(missing),
            )
        if line.kind == "paragraph" and _LOOKS_NUMBERED.match(words) and line.section != PREAMBLE:
            yield _finding(
                line, N_("This looks like a clause. A clause begins with its number and one blank: “3.1 …”.")
            )


_BOLD = N_("Two asterisks begin bold text that does not end: put two more where it ends.")
_MALFORMED = N_("A placeholder is not well formed. Insert it from the list.")


def _unknown(line: _Line, label: str) -> Finding:
    label = shown(label)
    near = get_close_matches(label, placeable(), n=1, cutoff=0.5)
    if near:
        return _finding(
            line,
            N_("There is no placeholder 【%(label)s】. Did you mean 【%(near)s】?"),
            label=label,
            near=near[0],
        )
    return _finding(line, N_("There is no placeholder 【%(label)s】. Insert one from the list."), label=label)


def _misplaced(line: _Line, name: str) -> Iterator[Finding]:
    entry = PLACEHOLDERS.get(name)
    if entry is None:
        yield _unknown(line, name)
    elif not AGREEMENT_PAPERS & set(entry.papers):
        yield _finding(
            line,
            N_("【%(label)s】 belongs to other papers; an agreement has no value for it."),
            label=entry.zh,
        )
    elif entry.row_list and line.kind != "table":
        yield _finding(
            line, N_("【%(label)s】 belongs into a row of an annex, not between words."), label=entry.zh
        )


def _numbering(lines: Sequence[_Line]) -> Iterator[Finding]:
    """Articles, clauses and items count up by one; a clause carries the number of its article."""
    article = clause = item = 0
    for line in lines:
        if line.kind == "section":
            clause = item = 0
            numeral = article_number(line.heading)
            if numeral is not None:
                article += 1
                if numeral != _counted(article):
                    yield _finding(
                        line,
                        N_("This article should be 第%(wanted)s条: articles count up by one."),
                        wanted=_counted(article),
                    )
        elif line.kind == "clause":
            item = 0
            clause += 1
            wanted = f"{article}.{clause}"
            if line.number != wanted:
                yield _finding(
                    line,
                    N_("This clause should be %(wanted)s: clauses count up by one within their article."),
                    wanted=wanted,
                )
                first, _, second = line.number.partition(".")
                clause = int(second) if first == str(article) and int(second) > clause else clause
        elif line.kind == "item":
            item += 1
            if item > len(NUMERALS) or line.number != NUMERALS[item - 1]:
                yield _finding(
                    line,
                    N_("This item should be （%(wanted)s）: items count up by one, to （十） at most."),
                    wanted=NUMERALS[min(item, len(NUMERALS)) - 1],
                )
        elif line.kind == "paragraph":
            item = 0


def _counted(number: int) -> str:
    """A number up to 99 as articles count: 一, 十, 十六, 二十一."""
    digits = ("", "一", "二", "三", "四", "五", "六", "七", "八", "九")
    tens, ones = divmod(number, 10)
    return (("" if tens == 1 else digits[tens]) + "十" if tens else "") + digits[ones]


def _references(lines: Sequence[_Line]) -> Iterator[Finding]:
    clauses, articles = _has(lines)
    for line in lines:
        if line.kind == "table" or line.section.startswith("library-"):
            continue
        words = line.text[3:] if line.kind == "section" else line.text
        for reference in dict.fromkeys(dangling(words, clauses, articles)):
            yield _finding(
                line, N_("It refers to %(reference)s, which this text does not have."), reference=reference
            )


def _has(lines: Sequence[_Line]) -> tuple[set[str], set[str]]:
    clauses = {line.number for line in lines if line.kind == "clause"}
    articles = {
        numeral
        for line in lines
        if line.kind == "section" and (numeral := article_number(line.heading)) is not None
    }
    return clauses, articles


def _structure(paper: Paper, lines: Sequence[_Line], base_key: str) -> Iterator[Finding]:
    """What the portal fills, signs and loads must be there, once."""
    tables = [block for section in paper.sections for block in section.blocks if isinstance(block, Table)]
    for name, msgid in (("price", _NO_PRICES), ("violation", _NO_VIOLATIONS)):
        if sum(table.row_list == name for table in tables) != 1:
            yield Finding(msgid)
    if not any(
        section.holds_signatures and any(isinstance(block, Table) for block in section.blocks)
        for section in paper.sections
    ):
        yield Finding(N_("The block of signatures is missing."))
    if parsed(shipped_text(base_key)).library and not paper.library:
        yield Finding(N_("The list of kinds of violation is missing."))
    for section in paper.sections:
        if not section.blocks and not section.id.startswith("library-"):
            line = next(line for line in lines if line.no == section.line_no)
            yield _finding(line, N_("This article has a heading and no words."))


def _kinds(paper: Paper, lines: Sequence[_Line]) -> Iterator[Finding]:
    """Each kind of violation is one that an agreement can print: its words, its share, its name only once."""
    rows = [line for line in lines if line.section.startswith("library-") and line.kind == "table"][2:]
    seen: set[str] = set()
    for row, line in zip(paper.library, rows, strict=False):
        given: dict[str, str | int] = {"kind": row.kind, "definition": row.definition, "share": row.share_ppm}
        if paper.front.has_english:
            given |= {"kind_en": row.kind_en, "definition_en": row.definition_en}
        for name, value in given.items():
            entry = placeholder(f"violation.{name}")
            if value in ("", "—"):
                yield replace(
                    _finding(line, N_("%(label)s is missing.")), params={"label": Msgid(entry.label)}
                )
                continue
            try:
                entry.validate(value)
            except DomainError as error:
                yield replace(_finding(line, error.msgid), params=dict(error.params))
        if row.kind in seen:
            yield _finding(line, N_("Another kind of violation has this name."))
        seen.add(row.kind)


_NO_PRICES = N_("The table of protected prices must be there once.")
_NO_VIOLATIONS = N_("The table of kinds of violation must be there once.")


def _english(paper: Paper, lines: Sequence[_Line]) -> Iterator[Finding]:
    """In a bilingual text each line has its English below it; in a Chinese one English would not be printed."""
    if not paper.front.has_english:
        for line in lines:
            if line.kind == "english":
                yield _finding(line, N_("This text is Chinese; an English line has no place in it."))
        return
    for line, after in pairwise([*lines, _Line(0, "", "blank", "", "", "")]):
        is_words = line.kind in ("title", "section", "clause", "item", "paragraph")
        if is_words and not line.section.startswith("library-") and after.kind != "english":
            yield _finding(line, N_("The English is missing: a line below it that begins with “en: ”."))


def _lost(lines: Sequence[_Line], base_key: str) -> Iterator[Finding]:
    """Required placeholders that stand nowhere in the text any more, and where they stood in the one that ships."""
    here = {name for line in lines for name in _ANY_PLACEHOLDER.findall(line.text)}
    headings = {line.section: line.heading for line in lines}
    for entry in required(base_key):
        if entry.name not in here and entry.name not in _IN_FRONT:
            stood = _stood_in(base_key, entry.name)
            yield Finding(
                N_("【%(label)s】 must stand in the text and does not. It stood in %(where)s."),
                {"label": entry.zh, "where": where(base_key, entry.name)},
                # Its article, where the text still has it: there it is put back.
                stood if stood in headings else None,
                headings.get(stood, "") if stood is not None else "",
            )


def _stood_in(base_key: str, name: str) -> str | None:
    """The article of the text that ships in which a placeholder stands first."""
    lines = _lines(shipped_text(base_key))
    return next((line.section for line in lines if name in _ANY_PLACEHOLDER.findall(line.text)), None)


# They stand at the foot of every page, which nobody edits.
_IN_FRONT = frozenset(("template_id", "template_version"))


def _referred_to(lines: Sequence[_Line]) -> Iterator[Finding]:
    clauses, articles = _has(lines)
    for reference, title in references_of_others().items():
        number = reference[1:-1]
        if number not in clauses and number not in articles:
            yield Finding(
                N_(
                    "%(reference)s is missing: the paper “%(title)s” refers to it. Keep the numbers of the clauses."
                ),
                {"reference": reference, "title": title},
            )
