"""Amendments and notices on paper and on screen: the same blocks and the same printing as the agreement's."""

from datetime import UTC, datetime

from markupsafe import Markup

from portal.domain.papers.agreement import canonical_json
from portal.domain.papers.characters import check_characters
from portal.domain.papers.deeds import DeedData, fill_deed
from portal.domain.papers.fill import FilledPaper
from portal.domain.papers.model import plain
from portal.domain.papers.parse import parse
from portal.printing import pool
from portal.printing.agreement import GENERATOR, RenderedPaper
from portal.printing.job import PrintJob
from portal.printing.markup import body, document


def render_deed(
    data: DeedData,
    template_text: str,
    *,
    title: str,
    version: int = 1,
    verify_url: str | None = None,
    draft: bool = False,
    made_at: datetime,
) -> RenderedPaper:
    """Print an amendment or a notice; the same arguments give the same bytes, in every process and on every day.

    A draft carries the watermark 草稿 and may have holes; a paper for signature may not. `made_at` is an aware
    instant. DomainError: a required value is missing, a character cannot be printed. Call it outside any
    transaction.
    """
    return render_filled(
        fill_deed(parse(template_text), data, marks_holes=draft),
        title=title,
        author=str(data["values"].get("manufacturer_name") or data["values"].get("sender_name") or ""),
        attached=canonical_json(data),
        version=version,
        verify_url=verify_url,
        draft=draft,
        made_at=made_at,
    )


def render_filled(
    filled: FilledPaper,
    *,
    title: str,
    author: str,
    attached: bytes,
    version: int = 1,
    verify_url: str | None = None,
    draft: bool = False,
    made_at: datetime,
) -> RenderedPaper:
    """Print a paper whose values are in, with its data attached unless it is a draft; as `render_deed` does."""
    for line in filled.paper.lines():
        for run in line:
            check_characters(run.text, run.placeholder)
    front = filled.paper.front
    made_at = made_at.astimezone(UTC)
    html = document(
        filled,
        document_title=f"{plain(filled.paper.title)} {title}",
        author=author,
        description=f"{front.template} {front.version}",
        generator=GENERATOR,
        made_at=made_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        version=version,
        classes="",
        is_draft=draft,
    )
    pdf, pages = pool.render(
        PrintJob(
            html=html,
            styles=("paper",),
            made_at=made_at,
            identifier=f"{title} {version} {front.template} {front.version} {'draft' if draft else 'final'}",
            attached=None if draft else attached,
            verify_url=verify_url,
            is_small=False,
        )
    )
    return RenderedPaper(pdf, pages)


def render_deed_html(data: DeedData, template_text: str) -> Markup:
    """Write a deed as an HTML fragment for the screen, with what is missing marked by its name."""
    filled = fill_deed(parse(template_text), data, marks_holes=True)
    return Markup('<article class="sheet">{}</article>').format(body(filled))
