"""What runs in the reading process: a question, an answer, in plain values."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from portal.scanning.binding import bind
from portal.scanning.codes import marks_on
from portal.scanning.pictures import Pages, Refused, is_blank, preview


class Answering:
    """Keeps the file that was last asked about open."""

    def __init__(self) -> None:
        self._pages: Pages | None = None
        self._asked: tuple[object, ...] = ()

    def answer(self, what: str, *facts: Any) -> tuple[Any, ...]:
        """The answer to one question; what a file makes go wrong is an answer as well."""
        try:
            if what == "count":
                return "count", self._open(facts[0]).count
            if what == "read":
                return self._read(*facts)
            return self._bind(*facts)
        except Refused as refused:
            return "refused", refused.msgid, refused.params
        except Exception as error:  # whatever a library makes of bytes that nobody foresaw
            return "unreadable", type(error).__name__

    def _open(self, path: Path) -> Pages:
        # The same path may be another file's by now (portal.jobs.passing).
        known = path.stat()
        asked = (path, known.st_dev, known.st_ino, known.st_mtime_ns)
        if self._pages is None or self._asked != asked:
            if self._pages is not None:
                self._pages.close()
            self._pages = None
            self._pages = Pages(path)
            self._asked = asked
        return self._pages

    def _read(self, path: Path, number: int) -> tuple[Any, ...]:
        picture = self._open(path).picture(number)
        blank = is_blank(picture)
        marks = [] if blank else marks_on(picture)
        turns = round(marks[0].angle / 90) % 4 if marks else 0
        said = tuple((mark.code, mark.page) for mark in marks)
        return "page", said, blank, (4 - turns) % 4, preview(picture, (4 - turns) % 4)

    def _bind(self, pages: Sequence[tuple[Path, int, int]]) -> tuple[Any, ...]:
        return "bound", bind(pages)
