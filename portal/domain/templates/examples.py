"""Data to look at a text with: the examples of the registry, which are those of PLACEHOLDERS.md."""

from collections.abc import Sequence

from portal.domain.papers.agreement import AgreementPaperData
from portal.domain.papers.model import LibraryRow
from portal.domain.papers.placeholders import Placeholder
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.papers.values import Raw
from portal.domain.templates.pieces import AGREEMENT_PAPERS

NUMBER = str(PLACEHOLDERS["agreement_number"].example)


def example_payload(kinds: Sequence[LibraryRow], *, products: int = 1) -> AgreementPaperData:
    """An agreement of nobody: every example, so many products, the kinds of violation that are on by default."""
    inputs = [
        entry for entry in PLACEHOLDERS.values() if entry.is_input and AGREEMENT_PAPERS & set(entry.papers)
    ]
    price: dict[str, Raw | None] = {entry.key: entry.example for entry in inputs if entry.row_list == "price"}
    code = price["product_code"]
    return {
        "values": {entry.name: entry.example for entry in inputs if entry.row_list is None},
        "prices": [
            {**price, "product_code": code if no == 1 else f"{code}-{no}"} for no in range(1, products + 1)
        ],
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
            for row in kinds
            if row.is_enabled
        ],
    }


def example_of(entry: Placeholder) -> str:
    """The example of a placeholder as a paper prints it."""
    return entry.kind.print(entry.example, "zh")
