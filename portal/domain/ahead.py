"""Going through an iterator in a process of its own, a batch ahead of whoever uses what it gives.

Reading a long list and writing it cost about as much as each other, and one Python does one thing at a time. The
process is a fork: it has what was read so far, and shares its memory. It only computes and tells; it touches no
connection and no file of its parent's, and ends with it.
"""

import gc
import os
import pickle
import select
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, BinaryIO, Generic, TypeVar

T = TypeVar("T")

PATIENCE_SECONDS = 30  # for one batch, which takes a fraction of a second
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_HEAD = 8


def may_fork() -> bool:
    """Whether a second processor is free for it; a fork is safe enough only where nothing but Python stands behind."""
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1


class ReadAhead(Generic[T]):
    """The items of an iterator, in their order, whether or not another process goes through them.

    Where that process ends before the iterator does, for whatever reason, the rest is gone through here: an
    error that an item raises is raised here, in its place.
    """

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self._batch: deque[T] = deque()
        self._told = 0  # items that came from the other process and were not gone through here
        self._process = 0
        self._pipe: BinaryIO | None = None

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        while self._pipe is not None and not self._batch:
            self._receive()
        if self._batch:
            return self._batch.popleft()
        while self._told:
            self._told -= 1
            next(self._items, None)
        return next(self._items)

    def fork(self, size: int, prepare: Callable[[T], object]) -> None:
        """Have the rest gone through, `size` items at a time, by another process, which also prepares each."""
        outlet, inlet = os.pipe()
        process = os.fork()
        if not process:
            os.close(outlet)
            _go_through(self._items, inlet, size, prepare)
        os.close(inlet)
        self._process, self._pipe = process, os.fdopen(outlet, "rb")

    def prefetch(self) -> None:
        """Take the next batch if it is there already; for whoever waits for something else."""
        if self._pipe is not None and select.select([self._pipe], [], [], 0)[0]:
            self._receive()

    def close(self) -> None:
        """End the other process, if there is one; it has nothing to put in order."""
        if self._pipe is None:
            return
        self._pipe.close()
        self._pipe = None
        try:
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)
        except (ProcessLookupError, ChildProcessError):
            pass  # somebody else has asked after it

    def _receive(self) -> None:
        """Take the next batch; without one, the other process has ended or hangs."""
        assert self._pipe is not None
        batch: list[T] | None = None
        if select.select([self._pipe], [], [], PATIENCE_SECONDS)[0]:
            batch = _received(self._pipe)
        if batch is None:
            self.close()
        elif batch:
            self._told += len(batch)
            self._batch.extend(batch)
        else:
            self.close()
            self._told, self._items = 0, iter(())


def _received(pipe: BinaryIO) -> Any:
    """What the other process told; None when it broke off."""
    head = pipe.read(_HEAD)
    length = int.from_bytes(head, "big")
    told = pipe.read(length) if len(head) == _HEAD else b""
    return pickle.loads(told) if told and len(told) == length else None  # noqa: S301 - by a fork of this process


def _go_through(items: Iterator[T], inlet: int, size: int, prepare: Callable[[T], object]) -> None:
    """Run in the other process, which ends here: tell batch after batch, an empty one when there is no more."""
    try:
        gc.disable()  # it would write into every page that is still shared
        for signum in _SIGNALS:
            signal.signal(signum, signal.SIG_DFL)  # its parent's handlers are about its parent's work
        with os.fdopen(inlet, "wb") as pipe:
            while True:
                batch = list(islice(items, size))
                for item in batch:
                    prepare(item)
                told = pickle.dumps(batch, pickle.HIGHEST_PROTOCOL)
                pipe.write(len(told).to_bytes(_HEAD, "big") + told)
                pipe.flush()
                if not batch:
                    break
    finally:
        os._exit(0)  # neither what the parent has open nor what it would still do is this process's business
