"""Finding our QR code on a page as it comes back: turned, skewed, shaded, noisy, too small or too large.

The first try costs some 20 ms and reads nearly every office scan; each following one is for worse pictures.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import zxingcpp
from PIL import Image, ImageChops, ImageFilter, ImageOps

# What `portal.printing.qr` writes: the address of the paper's page on /verify/ and the number of this page.
_OURS = re.compile(r"/verify/([A-Za-z0-9-]{4,40})\?p=([0-9]{1,4})$")
_REDUCED = 2_400  # pixels of the longer side: A4 at 200 dpi
_MOST_PIXELS = 24_000_000  # beyond that a picture is not enlarged any more
_QR = zxingcpp.BarcodeFormat.QRCode


@dataclass(frozen=True, slots=True)
class Mark:
    """What one code says: the paper's check code and the page's number; `angle` is how far the page is turned."""

    code: str
    page: int
    angle: int


def marks_on(picture: Image.Image) -> list[Mark]:
    """Every code of ours on a picture in shades of grey, the page's number first; empty when none can be read.

    Two sheets in one picture give two marks.
    """
    closer: list[Image.Image] = []
    for attempt in _attempts(picture):
        found, suspects = _look(attempt)
        closer += suspects
        if found:
            if _may_be_spread(picture, found):
                for other in (_even(picture), _enlarged(_even(_reduced(picture)), 2)):
                    found |= _look(other)[0]
            return sorted(found.values(), key=lambda mark: (mark.code, mark.page))
    for cut in closer[-_MOST_SUSPECTS:]:
        for prepare in _CLOSER:
            found, _suspects = _look(prepare(cut))
            if found:
                return list(found.values())
    return []


def _attempts(picture: Image.Image) -> Iterator[Image.Image]:
    """The picture in ever costlier preparations."""
    small = _reduced(picture)
    yield small
    if small is not picture:
        yield picture
    yield _enlarged(small, 1.5)
    even = _even(small)
    yield _enlarged(even, 2)
    yield _enlarged(small, 2)
    if small is not picture:
        yield _even(picture)
    yield _sharpened(2, 250)(even)
    yield from (_enlarged(corner, 3) for corner in _corners(even))


def _look(picture: Image.Image) -> tuple[dict[tuple[str, int], Mark], list[Image.Image]]:
    """The codes of ours, and where none is, what stands where a code was seen but could not be read."""
    found, seen = {}, []
    for code in zxingcpp.read_barcodes(picture, formats=_QR, try_invert=False, return_errors=True):
        if code.error is not None:
            seen.append(code)
            continue
        ours = _OURS.search(code.text)
        if ours:
            name, page = ours[1].upper().replace("-", ""), int(ours[2])
            found[name, page] = Mark(name, page, round(code.orientation))
    return found, [] if found else [_cut(picture, code) for code in seen]


def _cut(picture: Image.Image, code: zxingcpp.Barcode) -> Image.Image:
    """The place of a code with its quiet zone, uncut by its rim."""
    place = code.position
    corners = (place.top_left, place.top_right, place.bottom_left, place.bottom_right)
    xs, ys = [corner.x for corner in corners], [corner.y for corner in corners]
    half = max(max(xs) - min(xs), max(ys) - min(ys), 40) * 3 // 4
    x, y = (min(xs) + max(xs)) // 2, (min(ys) + max(ys)) // 2
    box = max(0, x - half), max(0, y - half), min(picture.width, x + half), min(picture.height, y + half)
    return picture.crop(box)


def _may_be_spread(picture: Image.Image, found: dict[tuple[str, int], Mark]) -> bool:
    """Whether the picture, turned upright, is broader than high: perhaps two sheets side by side."""
    angle = next(iter(found.values())).angle
    width, height = picture.size if round(angle / 90) % 2 == 0 else picture.size[::-1]
    return width > height * 1.15


def _reduced(picture: Image.Image) -> Image.Image:
    longer = max(picture.size)
    return picture if longer <= _REDUCED * 1.2 else _enlarged(picture, _REDUCED / longer)


def _enlarged(picture: Image.Image, factor: float) -> Image.Image:
    factor = min(factor, max(1.0, (_MOST_PIXELS / (picture.width * picture.height)) ** 0.5))
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    how = Image.Resampling.BICUBIC if factor >= 1 else Image.Resampling.BOX
    return picture.resize(size, how)


def _even(picture: Image.Image) -> Image.Image:
    """Without shadows: the paper's own brightness, looked at from far, becomes white everywhere."""
    far = picture.resize((max(1, picture.width // 8), max(1, picture.height // 8)), Image.Resampling.BOX)
    paper = far.filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.GaussianBlur(6))
    light = paper.resize(picture.size, Image.Resampling.BILINEAR)
    return ImageOps.autocontrast(ImageOps.invert(ImageChops.subtract(light, picture)), cutoff=(1, 0))


def _corners(picture: Image.Image) -> Iterator[Image.Image]:
    """The four corners, since nobody knows yet how the page is turned: our code stands at the foot, right."""
    width, height = picture.width * 11 // 20, picture.height * 9 // 20
    for left in (picture.width - width, 0):
        for top in (picture.height - height, 0):
            yield picture.crop((left, top, left + width, top + height))


def _sharpened(factor: float, percent: int) -> Callable[[Image.Image], Image.Image]:
    def prepare(picture: Image.Image) -> Image.Image:
        big = picture.resize(
            (round(picture.width * factor), round(picture.height * factor)), Image.Resampling.LANCZOS
        )
        return big.filter(ImageFilter.UnsharpMask(radius=factor * 1.2, percent=percent, threshold=0))

    return prepare


def _binary(picture: Image.Image) -> Image.Image:
    """Black where it is darker than its surroundings."""
    big = _enlarged(picture, 3)
    around = big.filter(ImageFilter.BoxBlur(24))
    return ImageChops.subtract(big, around, 1, 132).point(lambda grey: 255 if grey >= 128 else 0)


def _turned(picture: Image.Image) -> Image.Image:
    return _enlarged(picture, 2.5).rotate(33, Image.Resampling.BICUBIC, expand=True, fillcolor=255)


# What is tried on the few hundred pixels where a code was seen.
_MOST_SUSPECTS = 6
_CLOSER: tuple[Callable[[Image.Image], Image.Image], ...] = (
    _sharpened(2, 120),
    _sharpened(3, 200),
    _sharpened(4, 100),
    _sharpened(4, 300),
    _binary,
    _turned,
)
