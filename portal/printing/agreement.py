"""The agreement on paper and on screen (A, B and P): one module for both, so that the preview is the paper.

Imports nothing heavy: the PDF is made by the printing process (`portal.printing.pool`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from portal.domain.electronic_seals.services import Made
from portal.domain.errors import DomainError
from portal.domain.papers.agreement import AgreementPaperData, canonical, fill_agreement
from portal.domain.papers.characters import check_characters
from portal.domain.papers.fill import FilledPaper
from portal.domain.papers.model import Paper, plain
from portal.domain.papers.parse import parse
from portal.printing import pool
from portal.printing.job import PrintJob
from portal.printing.markup import body, document

GENERATOR = "渠道管理系统"
# The paper for small shops is one sheet, front and back (PLACEHOLDERS §5).
SHEET_PAGES = 2
_FULL_SIZE = 12.0


@dataclass(frozen=True, slots=True)
class RenderedPaper:
    """A finished PDF and its number of pages; an original may carry the electronic seal."""

    pdf: bytes
    pages: int
    seal: Made | None = None
    # Why it carries none although the company has a certificate: msgid and params.
    unsealed_because: tuple[str, dict[str, Any]] | None = None


def render_agreement(
    payload: AgreementPaperData,
    template_text: str,
    *,
    number: str | None,
    version: int = 1,
    verify_url: str | None = None,
    draft: bool = False,
    made_at: datetime,
) -> RenderedPaper:
    """Print an agreement; the same arguments give the same bytes, in every process and on every day.

    `verify_url` is the address of the paper's own page, to which each page's code adds `?p=n`. A draft
    carries the watermark 草稿 and may have holes, which become ruled blanks; a paper for signature may not.
    `made_at` is an aware instant. DomainError: a required value is missing, a character cannot be printed,
    the small version does not fit on its sheet (its draft is printed all the same). Takes half a second: call it
    outside any transaction.
    """
    job = print_job(
        payload,
        template_text,
        number=number,
        version=version,
        verify_url=verify_url,
        draft=draft,
        made_at=made_at,
    )
    pdf, pages = pool.render(job)
    if job.is_small and pages > SHEET_PAGES and not draft:
        raise refusal(pages)
    return RenderedPaper(pdf, pages)


def refusal(pages: int) -> DomainError:
    """Why an agreement for one sheet that takes so many pages is not printed for signature, and what to do."""
    return DomainError(
        "The agreement takes %(pages)s pages and does not fit on one sheet: use the full version.",
        pages=pages,
    )


def render_agreement_html(
    payload: AgreementPaperData, template_text: str, *, number: str | None = None
) -> Markup:
    """Write the agreement as an HTML fragment for the screen, with what is missing marked by its name."""
    filled = fill_agreement(parse(template_text), payload, number=number, marks_holes=True)
    return Markup('<article class="sheet">{}</article>').format(body(filled))


def is_one_sheet(paper: Paper) -> bool:
    """Whether a paper is the one for small shops, which has one sheet and the letters for it."""
    return paper.front.size < _FULL_SIZE


def print_job(
    payload: AgreementPaperData,
    template_text: str,
    *,
    number: str | None,
    version: int,
    verify_url: str | None,
    draft: bool,
    made_at: datetime,
) -> PrintJob:
    """Fill and write the document that is to be printed."""
    filled = fill_agreement(parse(template_text), payload, number=number, marks_holes=draft)
    _check_every_character(filled)
    front = filled.paper.front
    title = plain(filled.paper.title)
    is_small = is_one_sheet(filled.paper)
    html = document(
        filled,
        document_title=f"{title} {number}" if number else title,
        author=str(payload["values"].get("manufacturer_name") or ""),
        description=f"{front.template} {front.version}",
        generator=GENERATOR,
        made_at=made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        version=version,
        classes="bilingual" if front.has_english else "",
        is_draft=draft,
    )
    return PrintJob(
        html=html,
        styles=("paper", "small") if is_small else ("paper",),
        made_at=made_at.astimezone(UTC),
        identifier=f"{number} {version} {front.template} {front.version} {'draft' if draft else 'final'}",
        attached=None if draft else canonical(payload),
        verify_url=verify_url,
        is_small=is_small,
    )


def _check_every_character(filled: FilledPaper) -> None:
    """Refuse what our letters lack, wherever it comes from; what was typed was tested when it was typed."""
    for line in filled.paper.lines():
        for run in line:
            check_characters(run.text, run.placeholder)
