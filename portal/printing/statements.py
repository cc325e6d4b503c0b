"""Quarterly statements on paper: printed as deeds are."""

from datetime import datetime

from portal.domain.papers.agreement import canonical_json
from portal.domain.papers.parse import parse
from portal.domain.papers.statement import StatementData, fill_statement
from portal.printing.agreement import RenderedPaper
from portal.printing.deeds import render_filled


def render_statement(
    data: StatementData, template_text: str, *, number: str, verify_url: str | None, made_at: datetime
) -> RenderedPaper:
    """Print a statement; the same arguments give the same bytes, in every process and on every day.

    DomainError: a value is missing, or its sums do not follow from one another (PLACEHOLDERS §5). Call it outside
    any transaction.
    """
    return render_filled(
        fill_statement(parse(template_text), data),
        title=number,
        author=str(data["values"].get("manufacturer_name") or ""),
        attached=canonical_json(data),
        verify_url=verify_url,
        made_at=made_at,
    )
