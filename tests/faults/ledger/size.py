"""How much is tried: a little with every test run, all of it where PORTAL_FAULTS says `long`."""

import os
import time

IS_LONG = os.environ.get("PORTAL_FAULTS") == "long"
SECONDS = 6 * 3600 if IS_LONG else 240


def size(small: int, large: int) -> int:
    """`small` in a usual run, `large` in a long one."""
    return large if IS_LONG else small


def seeds(small: int, large: int) -> list[int]:
    """The seeds to try; the one that PORTAL_FAULTS_SEED names alone."""
    named = os.environ.get("PORTAL_FAULTS_SEED")
    return [int(named)] if named else list(range(1, size(small, large) + 1))


_began = time.monotonic()


def progress(said: str) -> None:
    """In a long run, a line about how far it has come, said at once by each of several processes."""
    if IS_LONG:
        seconds = round(time.monotonic() - _began)
        os.write(2, f"[{seconds // 60:4d}:{seconds % 60:02d}] {said}\n".encode())
