"""桌次图: the hall with its tables, who sits at each, and a list in which a guest finds the seat."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from portal.domain.meetings.seating import Table
from portal.printing.fitting import Fitted, fit
from portal.printing.meetings.facts import MeetingFacts, printed

# In mm, as meeting.css has them: what a table takes, and what is above the first row.
_WIDTH, _HEIGHT, _TOP = 69.0, 56.0, 18.0
_COLUMNS, _ROWS = 4, 3
_ROUND = 14  # more seats than that stand in rows
_TOP_SIDE, _LABEL, _LABEL_HEIGHT = 24.0, 16.0, 5.0


@dataclass(frozen=True, slots=True)
class Placed:
    """A guest with the seat."""

    name: str
    sound: str
    company: str
    table: str
    seat: int

    @property
    def at(self) -> str:
        """3桌5座."""
        return f"{self.table.removesuffix('桌')}桌{self.seat}座"


@dataclass(frozen=True, slots=True)
class _Label:
    left: float
    top: float
    seat: int
    name: Fitted | None


@dataclass(frozen=True, slots=True)
class _Drawn:
    table: Table
    left: float
    top: float
    taken: int
    name: Fitted
    labels: tuple[_Label, ...]
    rows: tuple[tuple[int, str], ...]


def table_plan(
    meeting: MeetingFacts,
    tables: Sequence[Table],
    guests: Sequence[Placed],
    *,
    is_part: bool,
    made_at: datetime,
) -> bytes:
    """Print the plan and the list; `is_part` says that guests of other offices are left out.

    Outside any transaction.
    """
    on_a_page = _COLUMNS * _ROWS
    drawn = [
        _drawn(table, no % on_a_page, {one.seat: one for one in guests if one.table == table.name})
        for no, table in enumerate(tables)
    ]
    pdf, _pages = printed(
        "meeting_tables.html",
        "桌次图",
        meeting,
        made_at=made_at,
        pages=[drawn[start : start + on_a_page] for start in range(0, len(drawn), on_a_page)],
        letters=[(letter, list(of)) for letter, of in groupby(sorted(guests, key=_by_sound), key=_letter)],
        people=len(guests),
        is_part=is_part,
    )
    return pdf


def _drawn(table: Table, place: int, here: dict[int, Placed]) -> _Drawn:
    row, column = divmod(place, _COLUMNS)
    is_round = table.seats <= _ROUND
    return _Drawn(
        table,
        column * _WIDTH,
        _TOP + row * _HEIGHT,
        len(here),
        fit(table.name, _TOP_SIDE - 5, 9, largest=20, smallest=7),
        tuple(_label(table, seat, here.get(seat)) for seat in range(1, table.seats + 1)) if is_round else (),
        () if is_round else tuple((seat, one.name) for seat, one in sorted(here.items())),
    )


def _label(table: Table, seat: int, one: Placed | None) -> _Label:
    """Seat 1 is nearest to the stage, the others follow as the clock goes."""
    angle = 2 * math.pi * (seat - 1) / table.seats - math.pi / 2
    across, down = _WIDTH / 2 - _LABEL / 2 - 1, _HEIGHT / 2 - _LABEL_HEIGHT / 2 - 2.5
    return _Label(
        round(_WIDTH / 2 + across * math.cos(angle) - _LABEL / 2, 2),
        round(_HEIGHT / 2 + down * math.sin(angle) - _LABEL_HEIGHT / 2, 2),
        seat,
        fit(one.name, _LABEL, 4, largest=9, smallest=4.5) if one else None,
    )


def _by_sound(one: Placed) -> tuple[str, str, str, str]:
    return _letter(one), one.sound, one.name, one.company


def _letter(one: Placed) -> str:
    first = one.sound[:1].upper()
    return first if "A" <= first <= "Z" else "#"
