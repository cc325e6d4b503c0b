"""The list of kinds of violation in a text, as its rows are edited: words, share, on by default, needs approval.

Codes are the portal's: agreements and cases know a kind by its code, which is given once and never changes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

# The heads of the table's columns by the names of the boxes, and how much each may hold (PLACEHOLDERS: violation.*).
HEADS = {
    "代码": "code",
    "种类": "kind",
    "Kind": "kind_en",
    "认定标准": "definition",
    "Test": "definition_en",
    "默认比例": "share",
    "默认启用": "enabled",
    "须核准": "approval",
}
LIMITS = {"kind": 30, "kind_en": 60, "definition": 300, "definition_en": 600, "share": 5}
WORDS = ("kind", "kind_en", "definition", "definition_en")
_CODE = re.compile(r"^[a-z][a-z0-9_]{0,39}$")


@dataclass(frozen=True)
class Row:
    """A kind as its boxes show it; `cells` by the name of the column. A new one has no words yet."""

    code: str
    cells: dict[str, str] = field(default_factory=dict)
    is_new: bool = False

    def name(self, column: str) -> str:
        """The name of a box of this row."""
        return f"kind:{self.code}:{column}"


def columns(table: str) -> list[str]:
    """The columns of the table, in its order."""
    return [HEADS[cell] for cell in _cells(table.split("\n")[0]) if cell in HEADS]


def rows_of(table: str, boxes: Mapping[str, str] | None = None) -> list[Row]:
    """The rows of the table, as typed where something was; one more at the end for a new kind."""
    boxes = boxes or {}
    names = columns(table)
    rows = [dict(zip(names, _cells(line), strict=False)) for line in table.split("\n")[2:]]
    found = [Row(cells.get("code", ""), cells) for cells in rows]
    new = Row(_new_code([row.code for row in found]), {"enabled": "否", "approval": "否"}, is_new=True)
    return [Row(row.code, _typed(row, names, boxes), row.is_new) for row in [*found, new]]


def read_table(table: str, boxes: Mapping[str, str]) -> str:
    """The table with what was typed; a row whose name was emptied goes, a new one with a name comes."""
    names = columns(table)
    if not any(name.startswith("kind:") for name in boxes):
        return table
    lines = table.split("\n")[:2]
    for row in rows_of(table, boxes):
        if row.cells.get("kind") and _CODE.match(row.code):
            cells = {"share": "100%", "enabled": "否", "approval": "否", **row.cells, "code": row.code}
            lines.append("| " + " | ".join(cells.get(name, "") or "—" for name in names) + " |")
    return "\n".join(lines)


def _typed(row: Row, names: list[str], boxes: Mapping[str, str]) -> dict[str, str]:
    cells = dict(row.cells)
    if row.name("kind") not in boxes:
        return cells
    for name in names:
        if name in ("enabled", "approval"):
            cells[name] = "是" if row.name(name) in boxes else "否"
        elif name != "code" and row.name(name) in boxes:
            cells[name] = _clean(boxes[row.name(name)], name)
    return cells


def _clean(typed: str, name: str) -> str:
    """What was typed, on one line and without what would end its cell; a share gets its sign."""
    words = " ".join(typed.replace("|", "｜").split()).replace("**", "").replace("{{", "").replace("}}", "")
    if name != "share":
        return words
    digits = words.translate({ord("％"): "%", **{0xFF10 + digit: str(digit) for digit in range(10)}})
    return f"{digits.rstrip('% ')}%" if digits else "100%"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _new_code(taken: list[str]) -> str:
    number = 1
    while f"own_{number}" in taken:
        number += 1
    return f"own_{number}"
