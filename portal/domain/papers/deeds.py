"""The data of an amendment's and of a notice's paper, and which clauses of an agreement say otherwise.

The payload is plain JSON and is frozen at approval, like an agreement's own::

    {
      "values":  {placeholder: stored value},
      "changes": [{"clause", "before", "after"}],    # an amendment's rows; empty for a notice
      "after":   an agreement's payload or None,     # what the agreement says with the amendment
    }
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import TypedDict

from portal.domain.money import daxie, figures
from portal.domain.papers.agreement import AgreementPaperData, Row, canonical_json, fill_agreement
from portal.domain.papers.fill import FilledPaper, fill, is_empty
from portal.domain.papers.model import Block, BlockKind, Paper, Section, plain
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.papers.registry_deeds import NOTHING
from portal.domain.papers.values import Raw, percent

# What an annex's row says when it is taken out.
DELETED = "删除"
_SUMS = ("fund_balance", "fund_suspended", "clawback", "due_debt", "payable", "shortfall")


class DeedData(TypedDict):
    """The frozen payload of a deed: what is stored, hashed and handed to the printer."""

    values: dict[str, Raw | None]
    changes: list[dict[str, Raw | None]]
    after: AgreementPaperData | None


def deed_sha256(data: DeedData) -> str:
    """Hash the canonical text of the payload, in hexadecimal."""
    return hashlib.sha256(canonical_json(data)).hexdigest()


def fill_deed(paper: Paper, data: DeedData, *, marks_holes: bool = False) -> FilledPaper:
    """Fill a deed's paper; without `marks_holes` a missing value is refused by name."""
    values: dict[str, Raw | None] = {
        name: raw for name, raw in data["values"].items() if name in PLACEHOLDERS
    }
    values |= {"template_id": paper.front.template, "template_version": paper.front.version}
    copies = values.get("copies_total")
    if isinstance(copies, int):
        values["copies_each"] = copies // 2
    for name in _SUMS:
        values[f"{name}_daxie"] = values.get(f"{name}_figures")
    return fill(paper, values, {"change": data["changes"]}, marks_holes=marks_holes)


def changed_clauses(
    paper: Paper, before: AgreementPaperData, after: AgreementPaperData, number: str
) -> list[dict[str, Raw | None]]:
    """Every clause and row of the annexes that reads otherwise, in full, in the paper's order (S 1.1).

    A clause is taken as the agreement's own text says it with the other values: no word is invented here (P8).
    """
    old = fill_agreement(paper, before, number=number, marks_holes=True).paper
    new = fill_agreement(paper, after, number=number, marks_holes=True).paper
    found = [
        _change(label, said, says)
        for (label, said), (_same, says) in zip(_passages(old), _passages(new), strict=True)
        if said != says
    ]
    found += _changed_rows("附件一", before["prices"], after["prices"], _price_key, _price_text)
    found += _changed_rows("附件二", before["violations"], after["violations"], _kind_key, _kind_text)
    return found


def _change(clause: str, before: str, after: str) -> dict[str, Raw | None]:
    return {"clause": clause, "before": before, "after": after}


def _passages(paper: Paper) -> Iterator[tuple[str, str]]:
    """Each clause, item and paragraph with what it is called; tables are compared row by row."""
    for block in paper.preamble:
        if isinstance(block, Block):
            yield "首部", _text(block)
    for section in paper.sections:
        clause = ""
        for block in section.blocks:
            if isinstance(block, Block):
                if block.kind is BlockKind.CLAUSE:
                    clause = f"第{block.number}款"
                yield _label(block, clause, section), _text(block)


def _label(block: Block, clause: str, section: Section) -> str:
    if block.kind is BlockKind.ITEM:
        return f"{clause}第（{block.number}）项"
    return clause if block.kind is BlockKind.CLAUSE else plain(section.heading)[:60]


def _text(block: Block) -> str:
    """The words of a block; the English of a bilingual agreement behind the Chinese."""
    return " ".join(plain(line).strip() for line in block.lines())


def _changed_rows(
    annex: str,
    before: list[dict[str, Raw | None]],
    after: list[dict[str, Raw | None]],
    key: Callable[[Row], str],
    text: Callable[[Row], str],
) -> list[dict[str, Raw | None]]:
    old, new = ({key(row): text(row) for row in rows} for rows in (before, after))
    return [
        _change(f"{annex}：{name}", old.get(name, NOTHING), new.get(name, DELETED))
        for name in dict.fromkeys((*old, *new))
        if old.get(name) != new.get(name)
    ]


def _price_key(row: Row) -> str:
    return f"{row.get('product_code')}，{row.get('kind')}"


def _price_text(row: Row) -> str:
    fen = int(row.get("amount_figures") or 0)
    said = (
        f"{row.get('product_name')}（编码{row.get('product_code')}），{row.get('kind')}，"
        f"每{row.get('unit')}人民币{figures(fen)}元（大写：{daxie(fen)}）"
    )
    if is_empty(row.get("approval_number")):
        return said
    until = PLACEHOLDERS["effective_on"].kind.print(str(row.get("approval_expires_on")), "zh")
    return f"{said}，法务核准编号{row.get('approval_number')}，至{until}"


def _kind_key(row: Row) -> str:
    return str(row.get("kind"))


def _kind_text(row: Row) -> str:
    return f"{row.get('definition')}占案涉季度基金的比例为{percent(int(row.get('share') or 0))}"
