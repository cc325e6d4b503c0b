"""QR codes as black-and-white pictures of one bit a module."""

import segno


def bitmap(text: str) -> tuple[int, bytes]:
    """Encode a text; give the modules a side, without quiet zone, and the rows, each padded to whole bytes.

    A dark module is 0. A quarter of the code is redundant, since a seal or a fold may hide some of it.
    """
    matrix = segno.make_qr(text, error="q", boost_error=False).matrix
    size = len(matrix)
    width = (size + 7) // 8 * 8
    rows = (sum((not module) << (width - 1 - x) for x, module in enumerate(row)) for row in matrix)
    return size, b"".join(row.to_bytes(width // 8, "big") for row in rows)
