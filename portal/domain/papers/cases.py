"""The data of a violation case's papers (N, D, X, W, R), frozen when a paper is issued::

    {
      "values": {placeholder: stored value},
      "rows":   [{"name", "summary", "proves" or "reason"}],   # the evidence of a notice, the findings of a decision
    }

Courier and day of service are added when it is printed: the copy for the file carries them.
"""

from typing import TypedDict

from portal.domain.papers.fill import FilledPaper, fill
from portal.domain.papers.model import Paper
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.papers.values import Raw

_SUMS = ("case_suspended", "deduction", "kept", "returned")


class CaseData(TypedDict):
    """What a case's paper says."""

    values: dict[str, Raw | None]
    rows: list[dict[str, Raw | None]]


def fill_case(paper: Paper, data: CaseData, *, marks_holes: bool = False) -> FilledPaper:
    """Fill a case's paper; without `marks_holes` a missing value is refused by name."""
    values: dict[str, Raw | None] = {
        name: raw for name, raw in data["values"].items() if name in PLACEHOLDERS
    }
    values |= {"template_id": paper.front.template, "template_version": paper.front.version}
    for name in _SUMS:
        values[f"{name}_daxie"] = values.get(f"{name}_figures")
    return fill(paper, values, {"evidence": data["rows"], "finding": data["rows"]}, marks_holes=marks_holes)
