"""The largest rise and fall of prices and rates in a list: where a slip of the pen jumps to the eye (P1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any


class Moved(StrEnum):
    """What moved: sums and rates that last year named as well; one is compared with its like alone."""

    PRICE = "price"
    REBATE = "rebate_ppm"
    BASE_SHARE = "base_share"
    AWARD = "award_ppm"
    VIOLATION = "violation"


@dataclass(frozen=True)
class Move:
    """The largest move of its kind in one direction: the difference as stored, and one row that has it.

    `share` is what was added to last year's, as a part of it; `rows` counts the rows that moved by just as much.
    """

    key: str
    before: int
    after: int
    share: Fraction
    row_id: int
    rows: int


def largest(facts: Iterable[tuple[int, Mapping[str, Any]]]) -> list[Move]:
    """The largest rise, then the largest fall of each kind; what last year did not name, or is dropped, is no move.

    `facts` are the ids of rows and what was found of them.
    """
    tops: dict[tuple[Moved, bool], Move] = {}
    told: dict[tuple[Moved, bool], set[int]] = {}
    for row_id, found in facts:
        for key, before, after in found.get("differences", ()):
            kind = key.split(" ")[0]
            if kind not in _KINDS or not before or after is None or before == after:
                continue
            share = Fraction(after - before, before)
            place = (Moved(kind), share > 0)
            top = tops.get(place)
            if top is None or abs(share) > abs(top.share):
                tops[place], told[place] = Move(key, before, after, share, row_id, 1), {row_id}
            elif share == top.share:
                told[place].add(row_id)
    places = [(kind, rises) for kind in Moved for rises in (True, False)]
    return [
        Move(top.key, top.before, top.after, top.share, top.row_id, len(told[place]))
        for place in places
        if (top := tops.get(place)) is not None
    ]


_KINDS = frozenset(kind.value for kind in Moved)
