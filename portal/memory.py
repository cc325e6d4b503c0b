"""What a process gives back to the system: glibc keeps much of what Python has freed, for each thread its own."""

import ctypes
import gc
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
# The pieces a page is made of and packed with are asked for again by the next one: glibc hands them out itself, since
# to fetch them from the system and give them back each time takes a third of the packing.
_A_PAGES_PIECE = 1024 * 1024
_KEPT = 2 * _A_PAGES_PIECE
# Free pieces from a larger size on hold whole pages, which the system has back already (`tidy`).
_HOLE_MOST, _STEP = 8192, 16


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


def close_holes() -> None:
    """Just before processes are forked: take for good what lies free between pieces in use.

    A worker would put what it makes into these holes, here and there, and each would cost it a page that it shares
    with the others: 7 MB of pages for less than one of pieces. Now it begins pages of its own.
    """
    if (libc := _glibc()) is None or not hasattr(libc, "mallinfo2"):
        return
    libc.malloc.argtypes, libc.malloc.restype = (ctypes.c_size_t,), ctypes.c_void_p
    libc.free.argtypes = (ctypes.c_void_p,)
    libc.sbrk.argtypes, libc.sbrk.restype = (ctypes.c_ssize_t,), ctypes.c_void_p
    libc.mallinfo2.restype = _Told
    unused = libc.sbrk(0) - libc.mallinfo2().keepcost - _STEP
    size = _HOLE_MOST
    # The large ones first: small pieces would only break them up.
    while size > _STEP:
        piece = libc.malloc(size)
        if piece is None or piece >= unused:
            libc.free(piece)
            size -= _STEP


class _Told(ctypes.Structure):
    """What glibc says of its memory; only the last counts here: how much is free at its end."""

    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
    )]  # fmt: skip


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
