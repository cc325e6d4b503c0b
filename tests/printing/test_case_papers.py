"""The papers of a violation case: filled by their examples, on as many pages as measured, naming nobody (4.11, 5)."""

from datetime import UTC, datetime

import pikepdf
import pytest

from portal.domain.errors import DomainError
from portal.domain.papers.cases import fill_case
from portal.domain.papers.model import plain
from portal.domain.papers.parse import parse
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.price_protection.violations.printed import KEYS
from portal.domain.price_protection.violations.reporters import FORBIDDEN_WORDS
from portal.printing.cases import render_case
from tests.paper_examples import template_text
from tests.web.case_rows import example_of

PAPERS = [
    (kind.value, key, {"N": "evidence", "D": "finding"}.get(kind.value, "")) for kind, key in KEYS.items()
]
# PLACEHOLDERS 1: measured with the examples.
PAGES = {"N": 2, "D": 2, "X": 1, "W": 1, "R": 2}
AT = datetime(2026, 8, 5, 2, tzinfo=UTC)


@pytest.mark.parametrize(("letter", "key", "rows"), PAPERS)
def test_a_paper_is_filled_by_its_examples_and_keeps_to_its_pages(letter, key, rows, tmp_path):
    data = example_of(letter, rows)
    made = render_case(data, template_text(key), number="WG-2026-0012", draft=False, made_at=AT)
    again = render_case(data, template_text(key), number="WG-2026-0012", draft=False, made_at=AT)
    assert made.pdf == again.pdf
    assert made.pages == PAGES[letter]
    path = tmp_path / "paper.pdf"
    path.write_bytes(made.pdf)
    with pikepdf.open(path) as pdf:
        said = f"{pdf.docinfo!r}{pdf.Root.get('/Metadata').read_bytes().decode()}"
    assert "WG-2026-0012" in said
    assert not any(word in said for word in FORBIDDEN_WORDS)


@pytest.mark.parametrize(("letter", "key", "rows"), PAPERS)
def test_every_paper_carries_the_same_sentence_on_reporters_and_none_on_a_report(letter, key, rows):
    filled = fill_case(parse(template_text(key)), example_of(letter, rows))
    text = "".join(plain(line) for line in filled.paper.lines())
    assert "举报人的身份" in text
    assert not any(word in text for word in FORBIDDEN_WORDS)
    assert not filled.holes


@pytest.mark.parametrize(("letter", "key", "rows"), PAPERS)
def test_a_value_that_is_missing_is_refused_by_its_name(letter, key, rows):
    data = example_of(letter, rows)
    used = parse(template_text(key)).placeholders()
    known = [PLACEHOLDERS[name] for name in data["values"] if name in used]
    for name in [entry.name for entry in known if entry.is_required and entry.is_input]:
        others = {**data, "values": {**data["values"], name: None}}
        with pytest.raises(DomainError) as refused:
            fill_case(parse(template_text(key)), others)
        assert refused.value.field == name
