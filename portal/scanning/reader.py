"""The reading process: opens what strangers sent, so that nothing they send harms more than itself.

It holds one page at a time, has a limit for its memory and one for the time of a page; when it dies or hangs, the
page it was at is said to be unreadable, another process goes on, and the worker never notices.
"""

import resource
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from portal.scanning.refusals import BROKEN

PAGE_SECONDS = 60
BIND_SECONDS = 180
_MEMORY = 3 * 1024**3  # address space, most of which is never touched
_CONTEXT = get_context("spawn")


class Broken(Exception):
    """The process died or was too slow at what it was asked."""


class RefusedFile(Exception):
    """The file cannot be read at all: msgid and params."""

    def __init__(self, msgid: str, params: dict[str, Any]) -> None:
        super().__init__(msgid)
        self.msgid, self.params = msgid, params


@dataclass(frozen=True, slots=True)
class PageRead:
    """What was found on a page: (check code, page) of each of our codes, and its small picture."""

    marks: tuple[tuple[str, int], ...]
    is_blank: bool
    quarter_turns: int
    preview: bytes


class Reader:
    """A handle on the reading process; it starts with the first question, `close` ends it."""

    def __init__(self) -> None:
        self._process: Any = None
        self._pipe: Connection | None = None

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    @property
    def process_id(self) -> int | None:
        """The process that reads, while there is one."""
        return self._process.pid if self._process is not None else None

    def count(self, path: Path) -> int:
        """How many pages the file has; RefusedFile says why none can be read, Broken says nothing of the file."""
        answer = self._ask(("count", path), PAGE_SECONDS)
        if answer[0] == "count":
            return int(answer[1])
        raise RefusedFile(*answer[1:]) if answer[0] == "refused" else RefusedFile(BROKEN, {})

    def read(self, path: Path, number: int) -> PageRead | None:
        """What is on a page, from 1; None when it cannot be drawn."""
        answer = self._ask(("read", path, number), PAGE_SECONDS)
        return PageRead(*answer[1:]) if answer[0] == "page" else None

    def bind(self, pages: Sequence[tuple[Path, int, int]]) -> bytes:
        """One PDF of pages out of several files; Broken when one of them does not let itself be taken over."""
        answer = self._ask(("bind", list(pages)), BIND_SECONDS)
        if answer[0] != "bound":
            raise Broken
        return bytes(answer[1])

    def close(self) -> None:
        """End the process."""
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._process = self._pipe = None

    def _ask(self, question: tuple[Any, ...], seconds: float) -> tuple[Any, ...]:
        try:
            pipe = self._running()
            pipe.send(question)
            if pipe.poll(seconds):
                answer: tuple[Any, ...] = pipe.recv()
                return answer
        except (EOFError, OSError):
            pass
        self.close()
        raise Broken

    def _running(self) -> Connection:
        if self._pipe is None:
            self._pipe, theirs = _CONTEXT.Pipe()
            self._process = _CONTEXT.Process(target=_serve, args=(theirs,), daemon=True)
            self._process.start()
            theirs.close()
        return self._pipe


def _serve(pipe: Connection) -> None:
    """Answer until the worker has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answering: Any = import_module("portal.scanning.answering").Answering()
    while True:
        try:
            question = pipe.recv()
        except EOFError:
            return
        pipe.send(answering.answer(*question))


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        signal.raise_signal(signal.SIGKILL)
