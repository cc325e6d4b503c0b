"""Pages out of several files bound into one PDF: what is filed as an agreement's scan.

Pages of a PDF are taken over as they are, without what only other pages of their file show; pictures in their own
size, such as they were read.
"""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from io import BytesIO
from pathlib import Path

import pikepdf
from PIL import Image

from portal.scanning.pictures import frame_of, opened_pdf, scale_of, starts_as_pdf, upright
from portal.scanning.pruning import keep_what_is_drawn
from portal.scanning.refusals import MOST_PIXELS

_A4_LONG = 842  # points: how long the longer side of a picture becomes
_POINTS = 72


def bind(pages: Sequence[tuple[Path, int, int]]) -> bytes:
    """One PDF of these pages: file, number in it, and quarter turns clockwise that bring it upright."""
    with ExitStack() as files:
        bound = files.enter_context(pikepdf.new())
        open_files: dict[Path, pikepdf.Pdf] = {}
        for path, number, turns in pages:
            if not starts_as_pdf(path) or not _take_over(bound, path, number, open_files, files):
                one = files.enter_context(pikepdf.open(BytesIO(_one_page(path, number))))
                bound.pages.append(one.pages[0])
            bound.pages[-1].rotate(90 * turns, relative=True)
        written = BytesIO()
        # Pictures stay packed as they are.
        bound.save(written, stream_decode_level=pikepdf.StreamDecodeLevel.none)
        return written.getvalue()


def _take_over(
    bound: pikepdf.Pdf, path: Path, number: int, open_files: dict[Path, pikepdf.Pdf], files: ExitStack
) -> bool:
    """Append a page of a PDF with what it draws and nothing else; False where only drawing it can tell what that is."""
    count = len(bound.pages)
    try:
        if path not in open_files:
            open_files[path] = files.enter_context(pikepdf.open(path))
        bound.pages.append(open_files[path].pages[number - 1])
        keep_what_is_drawn(bound.pages[-1])
    except (pikepdf.PdfError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
        del bound.pages[count:]
        return False
    return True


def _one_page(path: Path, number: int) -> bytes:
    """A picture as a PDF of one page: two colours as a fax is packed, all else as JPEG."""
    if starts_as_pdf(path):
        with closing(opened_pdf(path)) as document, closing(document[number - 1]) as page:
            scale = scale_of(page)
            drawn = page.render(scale=scale).to_pil().convert("RGB")
            return _packed(drawn, scale * _POINTS)
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    with frame_of(path, number) as frame:
        picture = upright(frame)
        return _packed(picture, max(picture.size) / (_A4_LONG / _POINTS))


def _packed(picture: Image.Image, dpi: float) -> bytes:
    out = BytesIO()
    picture.save(out, "PDF", resolution=dpi, quality=85)
    return out.getvalue()
