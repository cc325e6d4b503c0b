"""The parts of a pile's page: what is to be looked at first, each with so much as one can look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from portal.domain.price_protection.scans.groups import Group, Outcome
from portal.web.tables import Page, number

# Rows at a time, where one part alone is asked for and where all of them stand below one another.
ALONE = 50
TOGETHER = {Outcome.INCOMPLETE: 20, Outcome.OLD_VERSION: 12}
PICTURES, FIRST_PICTURES = 60, 24
UNPLACED, BESIDES, FILES = "unplaced", "besides", "files"
# In the order in which they stand on the page: bad pages first.
PARTS: tuple[str, ...] = (
    UNPLACED,
    Outcome.INCOMPLETE,
    Outcome.OLD_VERSION,
    Outcome.READY,
    Outcome.NOT_BACK,
    Outcome.UNSCANNED,
    Outcome.FILED,
    Outcome.ELSEWHERE,
    BESIDES,
    FILES,
)


@dataclass(frozen=True, slots=True)
class Cut:
    """How much of a part is on the page: from which row on, and how many."""

    number: int
    size: int

    @property
    def skipped(self) -> int:
        """The rows before the first one that is shown."""
        return (self.number - 1) * self.size

    def page(self, rows: Sequence[Any], total: int) -> Page:
        """These rows of so many as a page of a list."""
        return Page(rows, total, self.number, self.size, sort="", is_descending=False)


def asked() -> str:
    """The part that the address asks for alone; empty for all of them."""
    show = request.args.get("show", "")
    return show if show in PARTS else ""


def cut(part: str, total: int) -> Cut:
    """What of a part with so many rows is shown: a page of it where it is asked for alone, else its beginning."""
    is_pictures = part in (UNPLACED, BESIDES)
    if asked() != part:
        return Cut(1, FIRST_PICTURES if is_pictures else TOGETHER.get(part, ALONE))  # type: ignore[call-overload]
    size = PICTURES if is_pictures else ALONE
    return Cut(min(max(number("page") or 1, 1), max(1, -(-total // size))), size)


def by_outcome(groups: Sequence[Group]) -> dict[Outcome, Page]:
    """The papers of a pile by what is to be said of them, each as far as it is shown."""
    pages = {}
    for outcome in Outcome:
        found = [group for group in groups if group.outcome is outcome]
        here = cut(outcome, len(found))
        pages[outcome] = here.page(found[here.skipped : here.skipped + here.size], len(found))
    return pages
