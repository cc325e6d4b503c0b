"""`python -m portal.server`: the portal's pages, by Granian.

The portal is loaded once, its pages of every day are rehearsed (portal/web/rehearsal.py), and the workers are forked of
that process: what they have together lies in memory once, and a worker that has to be replaced is there at once.
Nothing may be open before the fork, neither a connection nor a thread; `tests/test_server.py` looks.
"""

import argparse
import gc
import importlib
import multiprocessing
from typing import Any

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from portal.later import later

# Whoever prints begins with this module too, under another name.
memory = later("portal.memory")
rehearsal = later("portal.web.rehearsal")

# More than two only wait for one another in Python, and the slowest answers get slower.
_THREADS = 2
_LAST_ANSWERS_SECONDS = 15


def main(arguments: list[str] | None = None) -> None:
    """Serve until a signal ends it; the target is a WSGI application as `module:name`."""
    parser = argparse.ArgumentParser(prog="python -m portal.server", description="Serve the portal's pages.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("target", nargs="?", default="wsgi:app")
    chosen = parser.parse_args(arguments)
    # Python 3.14 would begin each worker anew.
    multiprocessing.set_start_method("fork", force=True)
    app = prepared(chosen.target)
    Granian(
        chosen.target,
        address=chosen.host,
        port=chosen.port,
        interface=Interfaces.WSGI,
        workers=chosen.workers,
        blocking_threads=_THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=_LAST_ANSWERS_SECONDS,
        websockets=False,
        log_level=LogLevels.warning,
    ).serve(target_loader=lambda: app, wrap_loader=False)


def prepared(target: str) -> Any:
    """The application of this name, as it is forked: loaded, its pages rehearsed, its memory in order."""
    gc.disable()
    app = load(target)
    gc.disable()  # what was loaded allows it again
    rehearsal.rehearse(app)
    memory.tidy()
    memory.close_holes()
    gc.enable()
    return app


def load(target: str) -> Any:
    """The application of this name."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


if __name__ == "__main__":
    main()
