"""Charts that the server draws: where the bars and lines of an SVG stand, in its own units."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

WIDTH, HEIGHT = 360, 150
_LEFT, _TOP, _BASE = 28, 16, 130
_LINES = 4


@dataclass(frozen=True)
class Bar:
    """A bar with its label; the base line is its foot."""

    x: float
    y: float
    width: float
    height: float
    label: str
    value: int

    @property
    def middle(self) -> float:
        """Where its texts are centred."""
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True)
class Bars:
    """A bar chart of whole numbers; `lines` are the heights and values of the rules behind the bars."""

    bars: list[Bar]
    lines: list[tuple[float, int]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    base: int = _BASE


def bars(points: Sequence[tuple[str, int]]) -> Bars:
    """The chart of these labelled numbers, none below 0; it ends at the highest of them or the rule above."""
    step = _step(max((value for _label, value in points), default=0))
    rules = -(-max((value for _label, value in points), default=0) // step)
    top = max(1, rules) * step
    slot = (WIDTH - _LEFT) / max(1, len(points))
    width = round(slot * 0.56, 1)

    def height(value: int) -> float:
        return round((_BASE - _TOP) * value / top, 1)

    return Bars(
        bars=[
            Bar(
                x=round(_LEFT + slot * place + (slot - width) / 2, 1),
                y=round(_BASE - height(value), 1),
                width=width,
                height=height(value),
                label=label,
                value=value,
            )
            for place, (label, value) in enumerate(points)
        ],
        lines=[(round(_BASE - height(step * line), 1), step * line) for line in range(1, max(1, rules) + 1)],
    )


def _step(highest: int) -> int:
    """The least of 1, 2, 5, 10, 20, 50 … that needs no more than four rules."""
    return next(
        step
        for power in count()
        for step in (10**power, 2 * 10**power, 5 * 10**power)
        if step * _LINES >= highest
    )
