"""Pages of a scanned file as pictures, one at a time: PDF, JPG, PNG and TIFF with many pages.

Runs in the reading process only: what opens here was sent by strangers.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ctypes import c_char
from io import BytesIO
from mmap import ACCESS_COPY, MADV_DONTNEED, mmap
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageChops, ImageFilter, ImageOps, ImageStat, UnidentifiedImageError

from portal.scanning.refusals import (
    BROKEN,
    CUT,
    EMPTY,
    MOST_PAGES,
    MOST_PIXELS,
    PASSWORD,
    TOO_LARGE,
    TOO_MANY,
)
from portal.scanning.tiff import cut_after

_RENDERED_DPI = 200
_MOST_RENDERED = 24_000_000  # pixels of a page that is drawn
_PREVIEW = 1_200  # pixels of the longer side: small print can still be read
_POINTS = 72
# PDFium keeps the pictures of every page that it has drawn, as long as the file is open.
_DRAWN_AT_ONCE = 16
# A blank page: how much darker ink is than its paper, how dark paper may be, how many of 240 × 240 pixels are specks
# that touch, how many lie apart.
_INK, _DARKEST_PAPER, _MOST_SPECKS, _MOST_DUST = 28, 80, 12, 300


class Refused(Exception):
    """A file that cannot be read at all: the msgid that says why, with its params."""

    def __init__(self, msgid: str, **params: Any) -> None:
        super().__init__(msgid)
        self.msgid, self.params = msgid, params


class Pages:
    """The pages of a file, from 1; each is opened when it is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_pdf = starts_as_pdf(path)
        self._file: Any = _mapped(path) if self.is_pdf else None
        self._document: Any = _document(self._file) if self.is_pdf else None
        self._drawn = 0
        self.count = len(self._document) if self.is_pdf else _frames(path)
        if self.count > MOST_PAGES:
            raise Refused(TOO_MANY, most=MOST_PAGES)
        if not self.count:
            raise Refused(EMPTY)

    def picture(self, number: int) -> Image.Image:
        """A page in shades of grey, upright as its file says; OSError when it cannot be drawn."""
        if not self.is_pdf:
            with frame_of(self.path, number) as frame:
                frame.draft(
                    "L", (frame.width // 2, frame.height // 2) if max(frame.size) > 6_000 else frame.size
                )
                return upright(frame).convert("L")
        try:
            page = self._opened()[number - 1]
        except pypdfium2.PdfiumError as error:
            raise OSError(str(error)) from error
        try:
            drawn = page.render(scale=scale_of(page), grayscale=True, may_draw_forms=False)
            picture: Image.Image = drawn.to_pil().convert("L").copy()
            drawn.close()
            return picture
        except (pypdfium2.PdfiumError, ValueError) as error:
            raise OSError(str(error)) from error
        finally:
            page.close()
            self._file.madvise(
                MADV_DONTNEED
            )  # nothing was written there: what is asked for again is read again

    def _opened(self) -> Any:
        """The document; opened anew every few pages, so that a pile takes no more memory than a letter."""
        if self._drawn == _DRAWN_AT_ONCE:
            self._document.close()
            self._document, self._drawn = _document(self._file), 0
        self._drawn += 1
        return self._document

    def close(self) -> None:
        """Let go of the file."""
        if self._document is not None:
            self._document.close()


def is_blank(picture: Image.Image) -> bool:
    """Whether nothing is printed on a page: the back of a sheet that was scanned on both sides."""
    # The margins alone say nothing: the holes of a folder, the scanner's rim.
    side, end = picture.width // 11, picture.height // 25
    inner = picture.crop((side, end, picture.width - side, picture.height - end))
    small = inner.resize((240, 240), Image.Resampling.BOX)
    # Darker than the paper beside it: a shadow across the sheet is no print, nor are specks of a few pixels.
    paper = small.filter(ImageFilter.MaxFilter(9)).filter(ImageFilter.GaussianBlur(8))
    ink = ImageChops.subtract(paper, small).point(lambda grey: 255 if grey >= _INK else 0)
    # Dust lies apart; of a stroke each pixel has a neighbour.
    strokes = ImageChops.multiply(ink, ink.filter(ImageFilter.RankFilter(3, 7)))
    is_light = ImageStat.Stat(small).median[0] > _DARKEST_PAPER
    return is_light and strokes.histogram()[255] < _MOST_SPECKS and ink.histogram()[255] < _MOST_DUST


def preview(picture: Image.Image, quarter_turns: int) -> bytes:
    """A small JPEG of the page, turned upright by so many quarter turns clockwise."""
    small = picture.copy()
    small.thumbnail((_PREVIEW, _PREVIEW), Image.Resampling.BOX)
    packed = BytesIO()
    small.rotate(-90 * quarter_turns, expand=True).save(packed, "JPEG", quality=55)
    return packed.getvalue()


def starts_as_pdf(path: Path) -> bool:
    """Whether the file begins as a PDF does."""
    with path.open("rb") as file:
        return file.read(1024).lstrip().startswith(b"%PDF-")


def opened_pdf(path: Path) -> Any:
    """A PDF, whose file may have no name; Refused when it is none."""
    return _document(_mapped(path))


def _mapped(path: Path) -> mmap:
    with path.open("rb") as file:
        return mmap(file.fileno(), 0, access=ACCESS_COPY)


def _document(file: mmap) -> Any:
    try:
        return pypdfium2.PdfDocument((c_char * len(file)).from_buffer(file))
    except pypdfium2.PdfiumError as error:
        needs_password = getattr(error, "err_code", None) == pdfium.FPDF_ERR_PASSWORD
        raise Refused(PASSWORD if needs_password or "assword" in str(error) else BROKEN) from error


def scale_of(page: Any) -> float:
    """Such that the picture in a scanned page keeps its own pixels; else 200 dpi; a limit for vast pages."""
    width, height = (max(1.0, side) for side in page.get_size())
    scale = _RENDERED_DPI / _POINTS
    with suppress(pypdfium2.PdfiumError):
        pictures = list(page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=2))
        if len(pictures) == 1:
            wide, high = pictures[0].get_px_size()
            scale = max(scale / 2, min(2 * scale, max(wide, high) / max(width, height)))
    return float(min(scale, (_MOST_RENDERED / (width * height)) ** 0.5))


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """An image file; Refused when it is none, or unpacks to more than a scan."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(path, formats=("JPEG", "PNG", "TIFF"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, ArithmeticError) as error:
        raise Refused(BROKEN) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refused(
            TOO_LARGE,
            millions=MOST_PIXELS // 1_000_000,
        ) from error
    with image:
        yield image


def _frames(path: Path) -> int:
    """How many pages an image file has, counted no further than is read; a camera's second picture is none."""
    if (whole := cut_after(path, MOST_PAGES)) is not None:
        raise Refused(CUT, pages=whole)
    with opened(path) as image:
        if image.format != "TIFF":
            return 1
        count = 1
        while count <= MOST_PAGES:
            try:
                image.seek(count)
            except EOFError:
                break
            except Exception:  # a broken directory: what comes before it can still be read
                break
            count += 1
        return count


@contextmanager
def frame_of(path: Path, number: int) -> Iterator[Image.Image]:
    """One page of an image file, from 1; OSError when it unpacks to too much."""
    with opened(path) as image:
        if number > 1:
            image.seek(number - 1)
        if image.width * image.height > MOST_PIXELS:
            raise OSError("too many pixels")
        yield image


def upright(image: Image.Image) -> Image.Image:
    """Upright by the camera's note, white where nothing is; in two colours, shades of grey or RGB, of 8 bits each."""
    image.load()
    turned = ImageOps.exif_transpose(image)
    if turned.mode.startswith("I;16") or turned.mode == "I":
        return turned.convert("I").point(lambda value: value / 256).convert("L")
    is_grey = turned.mode in ("L", "LA")
    if turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info:
        turned = turned.convert("RGBA")
        turned = Image.alpha_composite(Image.new("RGBA", turned.size, "white"), turned)
    if turned.mode == "1":
        return turned
    return turned.convert("L" if is_grey else "RGB")
