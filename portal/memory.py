"""What a process gives back to the system: glibc keeps much of what Python has freed, for each thread its own."""

import ctypes
import gc
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_SMALL = 64 * 1024


def keep_little() -> None:
    """One arena for all threads, free memory back to the system; where there is no glibc, nothing."""
    if (libc := _glibc()) is not None:
        libc.mallopt(_M_ARENA_MAX, 1)
        libc.mallopt(_M_TRIM_THRESHOLD, _SMALL)
        libc.mallopt(_M_MMAP_THRESHOLD, _SMALL)


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
