"""A list on paper: a title, facts above it, a table in groups, boxes to sign in; always in Chinese.

Imports nothing heavy: the PDF is made by the printing process (`portal.printing.pool`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from portal.domain.papers.characters import check_characters
from portal.printing import pool
from portal.printing.job import PrintJob
from portal.printing.markup import ENVIRONMENT

GENERATOR = "渠道管理系统"


@dataclass(frozen=True, slots=True)
class PrintedList:
    """All that is printed; `widths` are shares of 100, a group without a title has no line of its own."""

    title: str
    facts: tuple[tuple[str, str], ...]
    heads: tuple[str, ...]
    widths: tuple[int, ...]
    groups: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]
    notes: tuple[str, ...] = ()
    # Who signs below, side by side.
    signatures: tuple[str, ...] = ()
    foot: str = GENERATOR


def render_list(paper: PrintedList, *, made_at: datetime) -> bytes:
    """Print a list; DomainError where a character cannot be printed. Call it outside any transaction."""
    for text in _texts(paper):
        check_characters(text)
    html = ENVIRONMENT.get_template("list.html").render(
        paper=paper, generator=GENERATOR, made_at=made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    )
    job = PrintJob(
        html=html,
        styles=("paper",),
        made_at=made_at.astimezone(UTC),
        identifier=f"{paper.title} {made_at.isoformat()}",
        attached=None,
        verify_url=None,
        is_small=False,
    )
    pdf, _pages = pool.render(job)
    return pdf


def _texts(paper: PrintedList) -> list[str]:
    found = [paper.title, paper.foot, *paper.heads, *paper.notes, *paper.signatures]
    found += [text for fact in paper.facts for text in fact]
    for title, rows in paper.groups:
        found.append(title)
        found += [cell for row in rows for cell in row]
    return found
