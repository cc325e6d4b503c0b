"""A sheet before anybody knows where its table is, and the limits that every file keeps."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.tabular.cells import Cell

MOST_BYTES = 50 * 2**20
MOST_COLUMNS = 300
MOST_ROWS = 200_000
MOST_CELLS = 5_000_000

Line = tuple[int, list[Cell]]  # the row's number as the spreadsheet shows it, its cells from column A


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet: `lines()` gives its rows afresh each time, blank ones included or not.

    `merged` holds ranges of merged cells, each as first row, first column, last row, last column; rows as
    numbered, columns from 0. `count` says about how many rows there are, blank ones included.
    """

    name: str
    lines: Callable[[], Iterator[Line]]
    is_hidden: bool = False
    merged: tuple[tuple[int, int, int, int], ...] = field(default=())
    count: int = 0


def refuse_columns(count: int, sheet: str) -> DomainError:
    """What is said of a sheet that is wider than any list."""
    return DomainError(
        N_("%(sheet)s has %(count)s columns; at most %(most)s are read. Delete those that are not needed."),
        field="file",
        sheet=sheet,
        count=count,
        most=MOST_COLUMNS,
    )


def refuse_rows(sheet: str) -> DomainError:
    """What is said of a sheet that is longer than one import may be."""
    return DomainError(
        N_("%(sheet)s has more than %(most)s rows. Split it into several files."),
        field="file",
        sheet=sheet,
        most=MOST_ROWS,
    )
