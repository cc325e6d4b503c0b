"""Amendments and notices as files: their pages, what they say and carry, and that they are always the same."""

from io import BytesIO
from typing import Any

import pikepdf
import pytest

from portal.domain.errors import DomainError
from portal.domain.papers.agreement import canonical_json
from portal.domain.papers.deeds import DeedData, changed_clauses
from portal.domain.papers.registry import PLACEHOLDERS
from portal.printing.agreement import RenderedPaper
from portal.printing.deeds import render_deed
from tests.paper_examples import AMENDMENT, NOTICE, NUMBER, example_paper, example_payload, template_text
from tests.printing.conftest import MADE_AT, VERIFY_URL, squeeze, text_of


def example_deed(letter: str) -> DeedData:
    """The examples of PLACEHOLDERS.md, one change among them."""
    entries = [entry for entry in PLACEHOLDERS.values() if letter in entry.papers]
    row = {entry.key: entry.example for entry in entries if entry.row_list == "change"}
    return {
        "values": {entry.name: entry.example for entry in entries if entry.row_list is None},
        "changes": [row] if row else [],
        "after": None,
    }


def printed(key: str, data: DeedData, **options: Any) -> RenderedPaper:
    given: dict[str, Any] = {"title": "TZ-2026-0007", "verify_url": VERIFY_URL, "made_at": MADE_AT, **options}
    return render_deed(data, template_text(key), **given)


@pytest.mark.parametrize(("key", "letter", "pages"), [(AMENDMENT, "S", 1), (NOTICE, "T", 2)])
def test_the_examples_take_as_many_pages_as_were_measured(key: str, letter: str, pages: int) -> None:
    data = example_deed(letter)
    paper = printed(key, data)
    assert paper.pages == pages
    assert printed(key, data).pdf == paper.pdf
    with pikepdf.open(BytesIO(paper.pdf)) as pdf:
        [attached] = pdf.attachments.values()
        assert attached.get_file().read_bytes() == canonical_json(data)


def test_every_changed_clause_stands_whole_beside_what_it_was() -> None:
    before, after = example_payload(), example_payload()
    after["values"] = {**after["values"], "rebate_rate": 35_000}
    after["prices"] = [{**after["prices"][0], "amount_figures": 2990}]
    data = example_deed("S")
    data["changes"] = changed_clauses(example_paper(), before, after, NUMBER)
    said = squeeze("".join(text_of(printed(AMENDMENT, data), page) for page in (1, 2)))
    for text in ("第3.1款", "3.50%", "即进货金额的2.10%和1.40%", "28.50元", "29.90元", "贰拾玖元玖角整"):
        assert text in said, text


def test_a_notice_says_its_sums_twice_and_a_missing_name_is_refused_but_for_a_draft() -> None:
    data = example_deed("T")
    said = squeeze(text_of(printed(NOTICE, data), 1))
    assert "2,280.00元（大写：贰仟贰佰捌拾元整）" in said
    data["values"] = {**data["values"], "recipient_name": ""}
    with pytest.raises(DomainError):
        printed(NOTICE, data)
    assert printed(NOTICE, data, draft=True).pages == 2
