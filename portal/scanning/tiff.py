"""Whether a TIFF was copied to its end: a cut one would pass for a shorter one, its last pages lost in silence."""

import struct
from pathlib import Path
from typing import BinaryIO

_OFFSETS, _LENGTHS = (273, 324), (279, 325)  # of its strips, or tiles
_WIDTHS = {3: 2, 4: 4}  # short and long, in bytes
_MOST_PIECES = 100_000


def cut_after(path: Path, most: int) -> int | None:
    """How many whole pages come before the place where the file was cut; None for one that is whole.

    Looks at no more than `most` pages. What is broken in another way is left to whoever draws its pages.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(file.read(4))
        if order is None:
            return None
        seen: set[int] = set()
        at = _number(file, order, 4, size)
        for pages in range(most):
            if at == 0 or (at is not None and at in seen):
                return None
            if at is None or at + 2 > size:
                return pages
            seen.add(at)
            (count,) = struct.unpack(order + "H", _bytes(file, at, 2))
            if at + 2 + 12 * count + 4 > size or not _is_whole(file, order, at + 2, count, size):
                return pages
            at = _number(file, order, at + 2 + 12 * count, size)
    return None


def _is_whole(file: BinaryIO, order: str, at: int, count: int, size: int) -> bool:
    """Whether every strip or tile of a page ends within the file."""
    found: dict[int, list[int]] = {}
    for place in range(at, at + 12 * count, 12):
        tag, kind, number = struct.unpack(order + "HHL", _bytes(file, place, 8))
        if tag not in (*_OFFSETS, *_LENGTHS) or kind not in _WIDTHS or number > _MOST_PIECES:
            continue
        length = _WIDTHS[kind] * number
        where = place + 8 if length <= 4 else _number(file, order, place + 8, size)
        if where is None or where + length > size:
            return False
        letter = "H" if kind == 3 else "L"
        found[tag] = list(struct.unpack(f"{order}{number}{letter}", _bytes(file, where, length)))
    for offsets, lengths in zip(_OFFSETS, _LENGTHS, strict=True):
        pieces = zip(found.get(offsets, []), found.get(lengths, []), strict=False)
        if any(start + length > size for start, length in pieces):
            return False
    return True


def _number(file: BinaryIO, order: str, at: int, size: int) -> int | None:
    if at + 4 > size:
        return None
    return int(struct.unpack(order + "L", _bytes(file, at, 4))[0])


def _bytes(file: BinaryIO, at: int, length: int) -> bytes:
    file.seek(at)
    return file.read(length)
