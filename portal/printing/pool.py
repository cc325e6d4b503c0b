"""The printing process: layout is heavy on memory and processor, so that it runs beside the web server.

One process by default lays out one paper at a time; it starts with the first paper and stays. A worker of tasks,
which prints papers by the hundred, may have two (`use`).
"""

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from importlib import import_module
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from typing import Any

TIMEOUT_SECONDS = 120
WORKERS = 2 if os.environ.get("PORTAL_PRINTERS", "").strip() == "2" else 1

_lock = threading.Lock()
_executor: ProcessPoolExecutor | None = None
_owner: int | None = None


def render(job: Any) -> tuple[bytes, int]:
    """Print a job in the printing process; give the PDF and its number of pages.

    A process that was killed is replaced and the job tried once more; what the job raises is raised here.
    """
    printed: tuple[bytes, int] = _done("portal.printing.worker", "print_job", job)
    return printed


def draw(job: Any, codes: Any) -> list[bytes]:
    """A picture of each page of a job, as `portal.printing.picture.draw` gives them."""
    drawn: list[bytes] = _done("portal.printing.picture", "draw", job, codes)
    return drawn


def seal(pdf: bytes, files: Any, *, at: datetime, place: str) -> Any:
    """Seal a finished paper in the printing process, as `portal.sealing.signing.seal` does."""
    return _done("portal.sealing.signing", "seal", pdf, files, at=at, place=place)


def describe_seal(files: Any) -> Any:
    """What the company's certificate says of itself, read in the printing process."""
    return _done("portal.sealing.signing", "describe", files)


def _done(module: str, name: str, *facts: Any, **options: Any) -> Any:
    executor = _running()
    try:
        return executor.submit(_do, module, name, facts, options).result(TIMEOUT_SECONDS)
    except BrokenProcessPool:
        _replace(executor)
        return _running().submit(_do, module, name, facts, options).result(TIMEOUT_SECONDS)
    except TimeoutError:
        # What takes so long never ends as a rule, and every paper behind it would wait for it too.
        processes = list(executor._processes.values())
        _replace(executor)
        for process in processes:
            process.kill()
        raise


def use(processes: int) -> None:
    """How many processes print from now on, where PORTAL_PRINTERS does not say."""
    global WORKERS
    if not os.environ.get("PORTAL_PRINTERS", "").strip():
        WORKERS = max(1, min(2, processes))


def close() -> None:
    """End the printing process; the next paper starts another one."""
    with _lock:
        executor = _executor
    if executor is not None:
        _replace(executor)


def _replace(broken: ProcessPoolExecutor) -> None:
    """Let go of a pool, unless another thread has done so already and started the next one."""
    global _executor
    with _lock:
        if _executor is broken:
            _executor = None
    broken.shutdown(wait=False, cancel_futures=True)


def _running() -> ProcessPoolExecutor:
    global _executor, _owner
    with _lock:
        # A forked child must not use its parent's pipes.
        if _executor is None or _owner != os.getpid():
            _executor = ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn"), initializer=_begin)
            _owner = os.getpid()
        return _executor


def _begin() -> None:
    """Leave Ctrl-C to the server, and go when the server has gone, however it went."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(0)


def _do(module: str, name: str, facts: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Run in the printing process, the only one that loads the layout program, and the one for seals."""
    work: Callable[..., Any] = getattr(import_module(module), name)
    return work(*facts, **options)
