"""The demo's days in their order: what several people did about the same money must not be loaded out of turn."""

import heapq
from collections.abc import Iterator
from datetime import date
from itertools import count

# Something that is done step by step: it gives the day of its next step, does that step, gives the next day.
Course = Iterator[date]


class Agenda:
    """Courses whose steps are taken in the order of their days, whichever course they belong to."""

    def __init__(self) -> None:
        self._waiting: list[tuple[date, int, Course]] = []
        self._numbers = count()

    def add(self, course: Course) -> None:
        """Take the course up; nothing of it is done yet."""
        self._go_on(course)

    def up_to(self, day: date) -> None:
        """Take every step of this day and of those before it."""
        while self._waiting and self._waiting[0][0] <= day:
            self._go_on(heapq.heappop(self._waiting)[2])

    def _go_on(self, course: Course) -> None:
        day = next(course, None)
        if day is not None:
            heapq.heappush(self._waiting, (day, next(self._numbers), course))
