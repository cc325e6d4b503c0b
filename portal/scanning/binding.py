"""Pages out of several files bound into one PDF: what is filed as an agreement's scan.

Pages of a PDF are taken over as they are, photographs in their own JPEG; nothing is made smaller.
"""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2
from PIL import Image, ImageOps

from portal.scanning.pictures import frame_of, starts_as_pdf
from portal.scanning.refusals import MOST_PIXELS

_A4_LONG = 842  # points: how long the longer side of a picture becomes


def bind(pages: Sequence[tuple[Path, int, int]]) -> bytes:
    """One PDF of these pages: file, number in it, and quarter turns clockwise that bring it upright."""
    bound = pypdfium2.PdfDocument.new()
    open_files: dict[Path, Any] = {}
    try:
        for path, number, turns in pages:
            if starts_as_pdf(path):
                if path not in open_files:
                    open_files[path] = pypdfium2.PdfDocument(path)
                bound.import_pages(open_files[path], [number - 1])
            else:
                with pypdfium2.PdfDocument(_one_page(path, number)) as one:
                    bound.import_pages(one)
            page = bound[len(bound) - 1]
            page.set_rotation((page.get_rotation() + 90 * turns) % 360)
            page.close()
        written = BytesIO()
        bound.save(written)
        return written.getvalue()
    finally:
        bound.close()
        for document in open_files.values():
            document.close()


def _one_page(path: Path, number: int) -> bytes:
    """A picture as a PDF of one page: two colours as a fax is packed, all else as JPEG."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    with frame_of(path, number) as frame:
        upright = ImageOps.exif_transpose(frame)
        if upright.mode != "1":
            upright = upright.convert("L" if upright.mode in ("L", "LA", "I;16", "I") else "RGB")
        packed = BytesIO()
        dpi = max(upright.size) / (_A4_LONG / 72)
        upright.save(packed, "PDF", resolution=dpi, quality=85)
        return packed.getvalue()
