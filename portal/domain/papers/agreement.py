"""The data of an agreement's paper: the frozen payload, its hash, and what is computed from it.

The payload is plain JSON and holds what was decided, never what follows from it::

    {
      "values":     {placeholder: stored value},    # the inputs by name, nothing computed
      "prices":     [{"product_code", "product_name", "product_name_en", "unit", "kind",
                      "amount_figures": fen, "approval_number", "approval_expires_on": ISO date}],
      "violations": [{"code", "kind", "kind_en", "definition", "definition_en", "share": ppm,
                      "needs_approval": bool}],
    }

Stored values are ISO dates, integer ppm, integer fen, whole numbers and text; absent, None and "" mean the
same. Further keys of a row (an id, say) are kept and hashed, not printed.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TypedDict

from portal.domain.money import accrue
from portal.domain.papers.fill import FilledPaper, Hole, fill, holes, is_empty
from portal.domain.papers.model import Front, Paper
from portal.domain.papers.registry import PLACEHOLDERS, PRICE_KINDS
from portal.domain.papers.values import Raw, day

Row = Mapping[str, Raw | None]


class AgreementPaperData(TypedDict):
    """The frozen payload of an agreement: what is stored, hashed and handed to the printer."""

    values: dict[str, Raw | None]
    prices: list[dict[str, Raw | None]]
    violations: list[dict[str, Raw | None]]


def canonical(payload: AgreementPaperData) -> bytes:
    """Write the payload as the JSON that is hashed and attached; a float in it is a bug: TypeError."""
    return canonical_json(payload)


def canonical_json(data: object) -> bytes:
    """Write any paper's data as the JSON that is hashed and attached; a float in it is a bug: TypeError."""
    _refuse_floats(data)
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8")


def payload_sha256(payload: AgreementPaperData) -> str:
    """Hash the canonical text of the payload, in hexadecimal."""
    return hashlib.sha256(canonical(payload)).hexdigest()


def complete(
    payload: AgreementPaperData, front: Front, number: str | None
) -> tuple[dict[str, Raw | None], dict[str, Sequence[Row]]]:
    """Add what follows from the payload: shares, rates, the worked example, formal numerals, annex rows.

    A value that is computed is never taken from the payload. What cannot be computed yet,
    because an input is missing, is left out.
    """
    given = {
        name: raw
        for name, raw in payload["values"].items()
        if name in PLACEHOLDERS and PLACEHOLDERS[name].is_input
    }
    values: dict[str, Raw | None] = {
        **given,
        "template_id": front.template,
        "template_version": front.version,
        "agreement_number": number,
    }
    base_share, rebate, total = given.get("base_share"), given.get("rebate_rate"), given.get("copies_total")
    purchase = given.get("example_purchase_figures")
    if isinstance(total, int):
        values["copies_each"] = total // 2
    if isinstance(base_share, int):
        values["fund_share"] = 100 - base_share
    if isinstance(base_share, int) and isinstance(rebate, int):
        # A rate of two decimals times a share of 100 is a whole number of ppm.
        values["base_rate"] = rebate * base_share // 100
        values["fund_rate"] = rebate - rebate * base_share // 100
        if isinstance(purchase, int):
            example = accrue(purchase, rebate, base_share)
            values["example_base_figures"] = values["example_base_daxie"] = example.base_fen
            values["example_fund_figures"] = values["example_fund_daxie"] = example.fund_fen
    values["example_purchase_daxie"] = purchase
    rows: dict[str, Sequence[Row]] = {
        "price": [_price_row(row) for row in payload["prices"]],
        "violation": list(payload["violations"]),
    }
    return values, rows


def fill_agreement(
    paper: Paper, payload: AgreementPaperData, *, number: str | None, marks_holes: bool = False
) -> FilledPaper:
    """Fill an agreement's paper; without `marks_holes` a missing value is refused by name."""
    values, rows = complete(payload, paper.front, number)
    return fill(paper, values, rows, marks_holes=marks_holes)


def agreement_holes(paper: Paper, payload: AgreementPaperData) -> list[Hole]:
    """List what is still missing from the payload before the paper can be printed."""
    return holes(paper, payload["values"], {"price": payload["prices"], "violation": payload["violations"]})


def _price_row(row: Row) -> Row:
    approval, expires_on = row.get("approval_number"), row.get("approval_expires_on")
    text = None
    if not is_empty(approval) and not is_empty(expires_on):
        text = f"{approval}，至{day(date.fromisoformat(str(expires_on)))}"
    return {
        **row,
        "kind_en": dict(PRICE_KINDS).get(str(row.get("kind"))),
        "amount_daxie": row.get("amount_figures"),
        "approval": text,
    }


def _refuse_floats(part: object) -> None:
    if isinstance(part, float):
        raise TypeError("an agreement's payload holds no floats")
    if isinstance(part, Mapping):
        for value in part.values():
            _refuse_floats(value)
    elif isinstance(part, list | tuple):
        for value in part:
            _refuse_floats(value)
