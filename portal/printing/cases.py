"""The papers of a violation case: the same blocks and the same printing as the agreement's."""

from datetime import UTC, datetime

from markupsafe import Markup

from portal.domain.papers.agreement import canonical_json
from portal.domain.papers.cases import CaseData, fill_case
from portal.domain.papers.characters import check_characters
from portal.domain.papers.model import plain
from portal.domain.papers.parse import parse
from portal.printing import pool
from portal.printing.agreement import GENERATOR, RenderedPaper
from portal.printing.job import PrintJob
from portal.printing.markup import body, document


def render_case(
    data: CaseData, template_text: str, *, number: str, draft: bool, made_at: datetime
) -> RenderedPaper:
    """Print a case's paper; the same arguments give the same bytes, in every process and on every day.

    A draft, on a text that counsel has not released, carries the watermark 草稿. The file names the company, the case
    and the template; nobody who worked on it. Call it outside any transaction.
    """
    filled = fill_case(parse(template_text), data)
    for line in filled.paper.lines():
        for run in line:
            check_characters(run.text, run.placeholder)
    front, made_at = filled.paper.front, made_at.astimezone(UTC)
    html = document(
        filled,
        document_title=f"{plain(filled.paper.title)} {number}",
        author=str(data["values"].get("manufacturer_name") or ""),
        description=f"{front.template} {front.version}",
        generator=GENERATOR,
        made_at=made_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        version=1,
        classes="",
        is_draft=draft,
    )
    pdf, pages = pool.render(
        PrintJob(
            html=html,
            styles=("paper",),
            made_at=made_at,
            identifier=f"{number} {front.template} {front.version} {'draft' if draft else 'final'}",
            attached=None if draft else canonical_json(data),
            verify_url=None,
            is_small=False,
        )
    )
    return RenderedPaper(pdf, pages)


def render_case_html(data: CaseData, template_text: str) -> Markup:
    """Write a case's paper as an HTML fragment for the screen."""
    filled = fill_case(parse(template_text), data, marks_holes=True)
    return Markup('<article class="sheet">{}</article>').format(body(filled))
