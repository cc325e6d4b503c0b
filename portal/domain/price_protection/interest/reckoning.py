"""Interest by rates that change: pure arithmetic in fen, laid open span by span (4.3, 8.4).

A year has 365 days. The day from which interest runs does not count, the day of payment does.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from portal.domain.money import PPM

YEAR_DAYS = 365
WHOLE = PPM


class Rate(NamedTuple):
    """A yearly rate in ppm, from the day on which it was published until the next one."""

    since_on: date
    ppm: int


class Span(NamedTuple):
    """Days of one rate, both counted."""

    first_on: date
    last_on: date
    ppm: int

    @property
    def days(self) -> int:
        """How many."""
        return (self.last_on - self.first_on).days + 1


def spans(from_on: date, to_on: date, rates: Sequence[Rate]) -> Iterator[Span]:
    """The days after `from_on` up to and with `to_on`, by the rate of each; `rates` in the order of their days.

    LookupError for a day before the first rate.
    """
    here = from_on + timedelta(days=1)
    while here <= to_on:
        held = [rate for rate in rates if rate.since_on <= here]
        if not held:
            raise LookupError(f"no rate on {here}")
        later = [rate.since_on for rate in rates if rate.since_on > here]
        last = min(to_on, later[0] - timedelta(days=1)) if later else to_on
        yield Span(here, last, held[-1].ppm)
        here = last + timedelta(days=1)


def exact(
    principal_fen: int, from_on: date, to_on: date, rates: Sequence[Rate], share_ppm: int = WHOLE
) -> Fraction:
    """The interest in fen before it is rounded; `share_ppm` of the rate counts (1,300,000 is 130 %)."""
    weighted = sum(span.days * span.ppm for span in spans(from_on, to_on, rates))
    return Fraction(principal_fen * weighted * share_ppm, YEAR_DAYS * WHOLE * WHOLE)


def interest(
    principal_fen: int, from_on: date, to_on: date, rates: Sequence[Rate], share_ppm: int = WHOLE
) -> int:
    """The interest in whole fen, rounded half up, once."""
    value = exact(principal_fen, from_on, to_on, rates, share_ppm)
    return int(value + Fraction(1, 2))
