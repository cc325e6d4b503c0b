"""Fill a parsed paper: values become plain text, in which nothing is ever read as markup."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from portal.domain.errors import DomainError
from portal.domain.i18n import N_, Msgid
from portal.domain.papers.model import Block, Line, Paper, Run, Section, Table
from portal.domain.papers.placeholders import Placeholder
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.papers.values import Language, Raw

Values: TypeAlias = Mapping[str, Raw | None]
Rows: TypeAlias = Mapping[str, Sequence[Values]]

# Lists that must have an item (PLACEHOLDERS §1, §5); any other empty list prints one row of dashes.
NEVER_EMPTY = {
    "price": N_("Annex 1 needs at least one product."),
    "violation": N_("Annex 2 needs at least one kind of violation."),
}
EMPTY_CELL = "—"
SLASH = " / "  # between the Chinese and the English of a cell


@dataclass(frozen=True, slots=True)
class Hole:
    """A required value that is not known yet; `row` counts from 1 in its list."""

    name: str
    zh: str
    label: str
    row: int | None = None


@dataclass(frozen=True, slots=True)
class FilledPaper:
    """A paper ready to be laid out; it may be signed only without holes."""

    paper: Paper
    holes: tuple[Hole, ...] = ()


def placeholder(name: str) -> Placeholder:
    """Find a placeholder; a name that the registry lacks is refused."""
    try:
        return PLACEHOLDERS[name]
    except KeyError:
        raise DomainError("The template has a placeholder that is not known: %(name)s", name=name) from None


def validate(name: str, raw: object) -> Raw:
    """Give the value to store for a placeholder; DomainError names the field and says what is wrong."""
    return placeholder(name).validate(raw)


def required(paper: Paper) -> tuple[Placeholder, ...]:
    """List what somebody must give before the paper can be printed, in the order of its first use."""
    known = (placeholder(name) for name in paper.placeholders())
    return tuple(entry for entry in known if entry.is_required and entry.is_input)


def holes(paper: Paper, values: Values, rows: Rows | None = None) -> list[Hole]:
    """List the required values that are missing; an empty list of rows is no hole, `fill` refuses it."""
    missing: list[Hole] = []
    for entry in required(paper):
        if entry.row_list is None:
            if is_empty(values.get(entry.name)):
                missing.append(Hole(entry.name, entry.zh, entry.label))
        else:
            for number, item in enumerate((rows or {}).get(entry.row_list, ()), 1):
                if is_empty(item.get(entry.key)):
                    missing.append(Hole(entry.name, entry.zh, entry.label, number))
    return missing


def is_empty(raw: Raw | None) -> bool:
    """Say whether a value counts as not given."""
    return raw is None or (isinstance(raw, str) and not raw.strip())


def fill(
    paper: Paper,
    values: Values,
    rows: Rows,
    *,
    options: Collection[str] = (),
    marks_holes: bool = False,
) -> FilledPaper:
    """Put the values in; `options` names the optional parts to print.

    Values are stored values by placeholder, a row's by the part after the dot. A required value that is
    missing is refused by name or, with `marks_holes`, becomes a run marked as a hole.
    """
    missing = holes(paper, values, rows)
    if not marks_holes:
        if missing:
            first = missing[0]
            raise DomainError("%(label)s is missing.", field=first.name, label=Msgid(first.label))
        for name in paper.row_lists():
            if name in NEVER_EMPTY and not rows.get(name):
                raise DomainError(NEVER_EMPTY[name], field=name)
    filler = _Filler(values, rows, marks_holes)
    sections = tuple(
        filler.section(section)
        for section in paper.sections
        if section.option is None or section.option in options
    )
    filled = replace(
        paper,
        front=replace(paper.front, footer=filler.line(paper.front.footer)),
        title=filler.line(paper.title),
        title_english=filler.english(paper.title_english),
        preamble=tuple(filler.block(block) for block in paper.preamble),
        sections=sections,
    )
    return FilledPaper(filled, tuple(missing))


@dataclass(frozen=True, slots=True)
class _Filler:
    values: Values
    rows: Rows
    marks_holes: bool

    def section(self, section: Section) -> Section:
        return replace(
            section,
            heading=self.line(section.heading),
            english=self.english(section.english),
            blocks=tuple(self.block(block) for block in section.blocks),
        )

    def block(self, block: Block | Table) -> Block | Table:
        if isinstance(block, Table):
            return self.table(block)
        return replace(block, text=self.line(block.text), english=self.english(block.english))

    def table(self, table: Table) -> Table:
        head = tuple(self.cell(cell, self.values) for cell in table.head)
        if table.row_list is None:
            return replace(
                table,
                head=head,
                rows=tuple(tuple(self.cell(c, self.values) for c in row) for row in table.rows),
            )
        items = self.rows.get(table.row_list, ())
        if not items and not (self.marks_holes and table.row_list in NEVER_EMPTY):
            return replace(table, head=head, rows=(tuple((Run(EMPTY_CELL),) for _ in table.head),))
        pattern = table.rows[0]
        filled = tuple(
            tuple(self.cell(cell, {**item, "no": number}) for cell in pattern)
            for number, item in enumerate(items or ({},), 1)
        )
        return replace(table, head=head, rows=filled)

    def line(self, line: Line, language: Language = "zh") -> Line:
        return _merge(self.run(run, self.values, language) for run in line)

    def english(self, line: Line | None) -> Line | None:
        return None if line is None else self.line(line, "en")

    def cell(self, line: Line, values: Values) -> Line:
        """Fill a cell; what follows a slash is English, and an empty English takes the slash along."""
        runs: list[Run] = []
        language: Language = "zh"
        for run in line:
            filled = self.run(run, values, language)
            if run.placeholder is None:
                if SLASH in run.text:
                    language = "en"
            elif not filled.text and runs and runs[-1].text.endswith(SLASH):
                runs[-1] = replace(runs[-1], text=runs[-1].text.removesuffix(SLASH))
            runs.append(filled)
        return _merge(runs)

    def run(self, run: Run, values: Values, language: Language) -> Run:
        if run.placeholder is None:
            return run
        entry = placeholder(run.placeholder)
        raw = values.get(entry.key if entry.row_list else entry.name)
        if is_empty(raw) and entry.empty_from:
            entry = placeholder(entry.empty_from)
            raw = values.get(entry.key if entry.row_list else entry.name)
        if raw is not None and not is_empty(raw):
            return replace(run, text=entry.kind.print(raw, language))
        if entry.empty is not None:
            return replace(run, text=entry.empty)
        if self.marks_holes:
            return replace(run, text=entry.zh, is_hole=True)
        raise DomainError("%(label)s is missing.", field=entry.name, label=Msgid(entry.label))


def _merge(runs: Iterable[Run]) -> Line:
    """Drop runs without text."""
    return tuple(run for run in runs if run.text)
