"""What a process gives back to the system: glibc keeps much of what Python has freed, for each thread its own."""

import ctypes
import gc
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
# The pieces a page is made of and packed with are asked for again by the next one: glibc hands them out itself, since
# to fetch them from the system and give them back each time takes a third of the packing.
_A_PAGES_PIECE = 1024 * 1024
_KEPT = 2 * _A_PAGES_PIECE


def keep_little() -> None:
    """One arena for all threads, free memory back to the system; where there is no glibc, nothing."""
    if (libc := _glibc()) is not None:
        libc.mallopt(_M_ARENA_MAX, 1)
        libc.mallopt(_M_TRIM_THRESHOLD, _KEPT)
        libc.mallopt(_M_MMAP_THRESHOLD, _A_PAGES_PIECE)


def tidy() -> None:
    """After the start: what is here stays for good and is not looked through again; what is left over goes."""
    gc.collect()
    gc.freeze()
    if (libc := _glibc()) is not None:
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
