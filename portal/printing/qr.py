"""QR codes as black-and-white pictures of one bit a module."""

from collections.abc import Iterable

import segno

MOST_MODULES = 33  # a side: the papers' places for codes give each 0.4 mm


def bitmaps(texts: Iterable[str]) -> list[tuple[int, bytes]]:
    """Encode texts; give the modules a side, without quiet zone, and the rows, each padded to whole bytes.

    A dark module is 0. Correction takes modules, and small modules are what scans lose: the level is M (a seal or a
    fold may hide 15 %) or what fits besides in as many modules, L (7 %) for a long address. All codes have the mask
    that suits the first: they differ in a digit, and choosing is most of the work.
    """
    mask: int | None = None
    pictures = []
    for text in texts:
        code = _code(text, mask)
        mask = code.mask
        size = len(code.matrix)
        width = (size + 7) // 8 * 8
        rows = (sum((not module) << (width - 1 - x) for x, module in enumerate(row)) for row in code.matrix)
        pictures.append((size, b"".join(row.to_bytes(width // 8, "big") for row in rows)))
    return pictures


def _code(text: str, mask: int | None) -> segno.QRCode:
    code = segno.make_qr(text, error="m", boost_error=True, mask=mask)
    if len(code.matrix) <= MOST_MODULES:
        return code
    weaker = segno.make_qr(text, error="l", boost_error=True, mask=mask)
    return weaker if len(weaker.matrix) < len(code.matrix) else code
