"""The clock of tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time

from portal.db import CHINA, clock_at


@contextmanager
def on_day(day: date, at: time = time(10)) -> Iterator[None]:
    """Inside, it is ten o'clock of this day in China."""
    with clock_at(datetime.combine(day, at, CHINA)):
        yield
