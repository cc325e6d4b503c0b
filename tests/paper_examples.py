"""The examples of PLACEHOLDERS.md as a payload, shared by the tests of the papers and of the agreements."""

from pathlib import Path

import portal.domain.papers
from portal.domain.papers.agreement import AgreementPaperData
from portal.domain.papers.model import Paper
from portal.domain.papers.parse import parse
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.papers.values import Raw

TEXTS = Path(portal.domain.papers.__file__).parent / "texts"
CHINESE, BILINGUAL, SMALL = "price-protection.zh", "price-protection.bilingual", "price-protection-small.zh"
AMENDMENT, NOTICE = "amendment.zh", "termination-notice.zh"
NUMBER = "PPA-2026-000123"


def template_text(template: str = CHINESE) -> str:
    """Read a shipped template's text."""
    return (TEXTS / f"{template}.md").read_text(encoding="utf-8")


def example_paper(template: str = CHINESE) -> Paper:
    """Parse a shipped template."""
    return parse(template_text(template))


def examples_of(letter: str) -> dict[str, Raw | None]:
    """The example of everything that stands in a paper by itself, rows apart."""
    return {
        entry.name: entry.example
        for entry in PLACEHOLDERS.values()
        if letter in entry.papers and entry.row_list is None
    }


def example_payload() -> AgreementPaperData:
    """Build the payload: every input's example, one product, the kinds that are on by default."""
    inputs = [entry for entry in PLACEHOLDERS.values() if entry.is_input]
    prices = {entry.key: entry.example for entry in inputs if entry.row_list == "price"}
    library = example_paper(BILINGUAL).library
    return {
        "values": {entry.name: entry.example for entry in inputs if entry.row_list is None},
        "prices": [{**prices, "approval_number": None, "approval_expires_on": None}],
        "violations": [
            {
                "code": row.code,
                "kind": row.kind,
                "kind_en": row.kind_en,
                "definition": row.definition,
                "definition_en": row.definition_en,
                "share": row.share_ppm,
                "needs_approval": row.needs_approval,
            }
            for row in library
            if row.is_enabled
        ],
    }
