"""The process that looks into a file that a stranger sent: one file, limited memory and time, then it is gone."""

import resource
import signal
import threading
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from portal.domain.i18n import N_
from portal.sealing.seen import SECONDS, Seen, Unreadable

TOO_MUCH = N_("This file takes too long to check. Ask the sender for the file as it was issued.")
BUSY = N_("Other files are being checked just now. Try again in a minute.")

_MEMORY = 2 * 1024**3  # address space, most of which is never touched
_WAIT_SECONDS = 3  # a thread of the server waits along
_CONTEXT = get_context("spawn")
# Files are looked into one after another: whoever sends many takes no more than one processor.
_turn = threading.Lock()


def look(data: bytes) -> Seen:
    """What a file holds; Unreadable says why it cannot be told. Takes a second: call it outside any transaction."""
    if not _turn.acquire(timeout=_WAIT_SECONDS):
        raise Unreadable(BUSY)
    try:
        return _looked(data)
    finally:
        _turn.release()


def _looked(data: bytes) -> Seen:
    pipe, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=_answer, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    answer: Any = None
    try:
        pipe.send_bytes(data)
        if pipe.poll(SECONDS):
            answer = pipe.recv()
    except (EOFError, OSError):
        pass
    finally:
        process.kill()
        process.join()
        process.close()
        pipe.close()
    if isinstance(answer, Seen):
        return answer
    raise answer if isinstance(answer, Unreadable) else Unreadable(TOO_MUCH)


def _answer(pipe: Connection) -> None:
    """Look into the one file that comes; what breaks here breaks nobody else."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.alarm(2 * SECONDS)  # should the asker be gone
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS // 2, SECONDS // 2))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    looking = import_module("portal.sealing.looking")
    try:
        pipe.send(looking.look(pipe.recv_bytes()))
    except Unreadable as refused:
        pipe.send(refused)
