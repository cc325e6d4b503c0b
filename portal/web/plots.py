"""Charts that the server draws: where the bars and lines of an SVG stand, in its own units."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

WIDTH, HEIGHT = 360, 150
_LEFT, _TOP, _BASE = 28, 16, 130
_WIDE_LEFT = 56  # sums of money are longer than counts
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


@dataclass(frozen=True)
class Stack:
    """Parts of one whole upon one another; a part is its place in the series, top, height and value."""

    x: float
    width: float
    label: str
    parts: list[tuple[int, float, float, int]]

    @property
    def middle(self) -> float:
        """Where its label is centred."""
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True)
class Stacks:
    """A chart of stacked bars in fen; `lines` are the heights and values, in yuan, of the rules behind them."""

    stacks: list[Stack]
    lines: list[tuple[float, int]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _WIDE_LEFT
    base: int = _BASE


def stacks(points: Sequence[tuple[str, Sequence[int]]]) -> Stacks:
    """The chart of these labelled series of fen, none below 0."""
    highest = -(-max((sum(values) for _label, values in points), default=0) // 100)
    step = _step(highest)
    rules = max(1, -(-highest // step))
    scale = (_BASE - _TOP) / (rules * step * 100)
    slot = (WIDTH - _WIDE_LEFT) / max(1, len(points))
    width = round(min(slot * 0.56, 48), 1)
    drawn = []
    for place, (label, values) in enumerate(points):
        parts, foot = [], float(_BASE)
        for no, value in enumerate(values):
            tall = value * scale
            foot -= tall
            if value:
                parts.append((no, round(foot, 1), round(tall, 1), value))
        drawn.append(Stack(round(_WIDE_LEFT + slot * place + (slot - width) / 2, 1), width, label, parts))
    lines = [(round(_BASE - step * line * 100 * scale, 1), step * line) for line in range(1, rules + 1)]
    return Stacks(drawn, lines)


def _step(highest: int) -> int:
    """The least of 1, 2, 5, 10, 20, 50 … that needs no more than four rules."""
    return next(
        step
        for power in count()
        for step in (10**power, 2 * 10**power, 5 * 10**power)
        if step * _LINES >= highest
    )
