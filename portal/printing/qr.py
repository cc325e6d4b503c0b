"""QR codes as black-and-white pictures of one bit a module."""

from collections.abc import Iterable

import segno


def bitmaps(texts: Iterable[str]) -> list[tuple[int, bytes]]:
    """Encode texts; give the modules a side, without quiet zone, and the rows, each padded to whole bytes.

    A dark module is 0. A quarter of the code is redundant, since a seal or a fold may hide some of it. All
    codes have the mask that suits the first: they differ in a digit, and choosing is most of the work.
    """
    mask: int | None = None
    pictures = []
    for text in texts:
        code = segno.make_qr(text, error="q", boost_error=False, mask=mask)
        mask = code.mask
        size = len(code.matrix)
        width = (size + 7) // 8 * 8
        rows = (sum((not module) << (width - 1 - x) for x, module in enumerate(row)) for row in code.matrix)
        pictures.append((size, b"".join(row.to_bytes(width // 8, "big") for row in rows)))
    return pictures
