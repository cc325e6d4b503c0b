"""A figure, the limit it is held to, and how a section of the bench hands them over.

A section is a module with ``def measure(options: Options) -> list[Figure]``; `bench.__main__` names the sections.
What it starts it ends itself, and it writes nowhere but into `options.folder`, which is gone afterwards.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of every section; `quick` is a look in a minute or two, with noisier figures."""

    folder: Path  # empty at first, and every section's own
    quick: bool = False
    databases: tuple[str, ...] = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value and its limit; `limit` None is for information, `detail` holds what it was made of.

    Most values are ratios to a yardstick measured in the same run, since seconds depend on the machine.
    """

    name: str
    value: float
    unit: str
    limit: float | None = None
    better: Literal["below", "above"] = "below"
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_met(self) -> bool:
        """Whether the value keeps to the limit; without one it always does."""
        if self.limit is None:
            return True
        return self.value <= self.limit if self.better == "below" else self.value >= self.limit

    def line(self, width: int) -> str:
        """The figure as one line of text: name, value, limit, verdict."""
        verdict = "" if self.limit is None else "ok" if self.is_met else "MISSED"
        limit = "" if self.limit is None else f"{'≤' if self.better == 'below' else '≥'} {self.limit:g}"
        return f"{self.name:<{width}} {self.value:>10.3g} {self.unit:<6} {limit:>8}  {verdict}".rstrip()

    def as_dict(self) -> dict[str, Any]:
        """The figure as results.json keeps it."""
        return asdict(self) | {"is_met": self.is_met}


Section: TypeAlias = Callable[[Options], list[Figure]]


def say(text: str) -> None:
    """Tell on stderr what is being done: a bench takes minutes."""
    print(text, file=sys.stderr, flush=True)
