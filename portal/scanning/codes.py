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
# What `portal.domain.meetings.sheets` writes: a page of a sign-in sheet, which says itself which one it is.
_SHEET = re.compile(r"QD[A-Z2-7]{40,60}")
_REDUCED = 2_400  # pixels of the longer side: A4 at 200 dpi
_MOST_PIXELS = 24_000_000  # beyond that a picture is not enlarged any more
_QR = zxingcpp.BarcodeFormat.QRCode


@dataclass(frozen=True, slots=True)
class Mark:
    """What one code says: the paper's check code and the page's number; `angle` is how far the page is turned.

    Of a sign-in sheet the whole code, with no number.
    """

    code: str
    page: int
    angle: int


def marks_on(picture: Image.Image) -> list[Mark]:
    """Every code of ours on a picture in shades of grey, the page's number first; empty when none can be read.

    Two sheets in one picture give two marks.
    """
    closer: list[Image.Image] = []
    places: list[_Place] = []
    small = _reduced(picture)
    for view in _views(picture, small):
        found, suspects = _look(view.picture)
        closer += [_cut(view.picture, place) for place in suspects]
        places += [view.on(small, place) for place in suspects]
        if found:
            if _may_be_spread(picture, found):
                for other in (_even(picture), _enlarged(_even(_reduced(picture)), 2)):
                    found |= _look(other)[0]
            return sorted(found.values(), key=lambda mark: (mark.code, mark.page))
    tries = [(prepare, _cut(small, place)) for place in _apart(places) for prepare in _OUT_OF_FOCUS]
    tries += [(prepare, cut) for cut in closer[-_MOST_SUSPECTS:] for prepare in _CLOSER]
    for prepare, cut in tries:
        found, _suspects = _look(prepare(cut))
        if found:
            return list(found.values())
    return []


@dataclass(frozen=True, slots=True)
class _Place:
    """A square of a picture, by its middle and half its side."""

    x: float
    y: float
    half: float


@dataclass(frozen=True, slots=True)
class _View:
    """A preparation of a picture, or of the part of it that begins at these shares of its sides."""

    picture: Image.Image
    share: float = 1.0  # of the whole's width
    left: float = 0.0
    top: float = 0.0

    def on(self, whole: Image.Image, place: _Place) -> _Place:
        """Where a place in the view lies on the whole."""
        scale = self.share * whole.width / self.picture.width
        x, y = self.left * whole.width, self.top * whole.height
        return _Place(x + place.x * scale, y + place.y * scale, place.half * scale)


def _views(picture: Image.Image, small: Image.Image) -> Iterator[_View]:
    """The picture in ever costlier preparations."""
    yield _View(small)
    if small is not picture:
        yield _View(picture)
    yield _View(_enlarged(small, 1.5))
    even = _even(small)
    yield _View(_enlarged(even, 2))
    yield _View(_enlarged(small, 2))
    if small is not picture:
        yield _View(_even(picture))
    yield _View(_sharpened(2, 250)(even))
    yield _View(_refocused()(small))
    yield from _corners(even)


def _look(picture: Image.Image) -> tuple[dict[tuple[str, int], Mark], list[_Place]]:
    """The codes of ours, and where none is, where a code was seen but could not be read."""
    found, seen = {}, []
    for code in zxingcpp.read_barcodes(picture, formats=_QR, try_invert=False, return_errors=True):
        if code.error is not None:
            seen.append(code)
            continue
        ours = _OURS.search(code.text)
        if ours:
            name, page = ours[1].upper().replace("-", ""), int(ours[2])
            found[name, page] = Mark(name, page, round(code.orientation))
        elif _SHEET.fullmatch(code.text):
            found[code.text, 0] = Mark(code.text, 0, round(code.orientation))
    return found, [] if found else [_place(code) for code in seen]


def _place(code: zxingcpp.Barcode) -> _Place:
    """The place of a code with its quiet zone."""
    place = code.position
    corners = (place.top_left, place.top_right, place.bottom_left, place.bottom_right)
    xs, ys = [corner.x for corner in corners], [corner.y for corner in corners]
    half = max(max(xs) - min(xs), max(ys) - min(ys), 40) * 3 // 4
    return _Place((min(xs) + max(xs)) // 2, (min(ys) + max(ys)) // 2, half)


def _cut(picture: Image.Image, place: _Place) -> Image.Image:
    """What stands at a place, uncut by its rim."""
    x, y, half = round(place.x), round(place.y), max(1, round(place.half))
    x, y = min(max(x, 0), picture.width - 1), min(max(y, 0), picture.height - 1)
    box = max(0, x - half), max(0, y - half), min(picture.width, x + half), min(picture.height, y + half)
    return picture.crop(box)


def _apart(places: list[_Place]) -> list[_Place]:
    """The last of these places, without those that are nearly the same."""
    kept: list[_Place] = []
    for place in reversed(places):
        if all(max(abs(place.x - one.x), abs(place.y - one.y)) > one.half / 4 for one in kept):
            kept.append(place)
    return kept[:_MOST_SUSPECTS]


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


def _corners(picture: Image.Image) -> Iterator[_View]:
    """The four corners, since nobody knows yet how the page is turned: our code stands at the foot, right."""
    width, height = picture.width * 11 // 20, picture.height * 9 // 20
    for left in (picture.width - width, 0):
        for top in (picture.height - height, 0):
            corner = _enlarged(picture.crop((left, top, left + width, top + height)), 3)
            yield _View(corner, width / picture.width, left / picture.width, top / picture.height)


def _sharpened(factor: float, percent: int) -> Callable[[Image.Image], Image.Image]:
    def prepare(picture: Image.Image) -> Image.Image:
        big = picture.resize(
            (round(picture.width * factor), round(picture.height * factor)), Image.Resampling.LANCZOS
        )
        return big.filter(ImageFilter.UnsharpMask(radius=factor * 1.2, percent=percent, threshold=0))

    return prepare


def _refocused(softened: float = 0) -> Callable[[Image.Image], Image.Image]:
    """For a picture out of focus; softened before, for one that a fax has made of black dots."""

    def prepare(picture: Image.Image) -> Image.Image:
        big = _sharpened(2, 150)(picture.filter(ImageFilter.GaussianBlur(softened)) if softened else picture)
        return big.filter(ImageFilter.UnsharpMask(radius=2.6, percent=150, threshold=0))

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
_OUT_OF_FOCUS = (_refocused(), _refocused(0.8))
