"""What the search box shows of any record: a line with where it leads, and the lines of one kind of record."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Hit:
    """One record that was found; `is_meant` when its very number was typed."""

    url: str
    number: str
    title: str
    note: str
    state: str
    tone: str
    is_meant: bool

    @property
    def hint(self) -> str:
        """What stands beside it where there is one line for all."""
        return f"{self.state} · {self.note}"


@dataclass(frozen=True)
class Kind:
    """The hits of one kind of record, the likeliest first; `more` is the list that holds all of them."""

    title: str
    hits: Sequence[Hit]
    total: int
    more: str
