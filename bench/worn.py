"""Printed pages as they come back: through an office scanner or a phone, turned, bent, shaded, noisy and packed."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import pypdfium2
from PIL import Image, ImageChops, ImageFilter

Corner = tuple[float, float]


@dataclass(frozen=True)
class Wear:
    """What happened to a page; the angle in degrees, the other amounts as shares."""

    dpi: int = 150
    angle: float = 0
    noise: float = 0  # standard deviation in shades of grey
    skew: float = 0  # how far a corner is pulled in, of the page's side
    shade: float = 0  # how much darker the dark side is
    blur: float = 0  # radius in pixels
    quality: int = 40  # of the JPEG


# What the brief asks for at the least, then what phones make of it.
OFFICE = Wear(noise=12)
TURNED = Wear(noise=10, angle=180)
CROOKED = Wear(noise=8, angle=4)
PHONE = Wear(dpi=170, noise=8, angle=7, skew=0.05, shade=0.55, blur=0.6)


def page_count(pdf: bytes) -> int:
    """How many pages a PDF has."""
    with pypdfium2.PdfDocument(pdf) as document:
        return len(document)


def drawn(pdf: bytes, page: int, dpi: int) -> Image.Image:
    """A page of a PDF, from 1, in shades of grey."""
    with pypdfium2.PdfDocument(pdf) as document:
        picture: Image.Image = document[page - 1].render(scale=dpi / 72, grayscale=True).to_pil()
        return picture.convert("L").copy()


def worn(page: Image.Image, wear: Wear, seed: int = 0) -> Image.Image:
    """The page as it comes back; the same seed gives the same picture."""
    dice = random.Random(seed)
    picture = page
    if wear.skew:
        picture = _pulled(picture, wear.skew, dice)
    if wear.angle:
        background = 60 if wear.shade else 255
        picture = picture.rotate(wear.angle, Image.Resampling.BICUBIC, expand=True, fillcolor=background)
    if wear.blur:
        picture = picture.filter(ImageFilter.GaussianBlur(wear.blur))
    if wear.shade:
        picture = ImageChops.multiply(picture, _shadow(picture.size, wear.shade, dice))
    if wear.noise:
        grain = _noise(picture.size, wear.noise, dice)
        picture = ImageChops.add(picture, grain, 1, -128)
    return Image.open(BytesIO(jpeg(picture, wear.quality))).convert("L")


def jpeg(picture: Image.Image, quality: int = 40) -> bytes:
    """The picture as a scanner packs it."""
    packed = BytesIO()
    picture.save(packed, "JPEG", quality=quality)
    return packed.getvalue()


def _pulled(picture: Image.Image, share: float, dice: random.Random) -> Image.Image:
    """A perspective: each corner of the page lies somewhere else, before a dark table."""
    width, height = picture.size
    most_x, most_y = width * share, height * share
    edge = int(max(most_x, most_y))
    corners = [(0, 0), (width, 0), (width, height), (0, height)]
    there = [
        (x + edge + dice.uniform(-most_x, most_x), y + edge + dice.uniform(-most_y, most_y))
        for x, y in corners
    ]
    coefficients = _perspective(there, corners)
    size = (width + 2 * edge, height + 2 * edge)
    inside = Image.new("L", picture.size, 255).transform(size, Image.Transform.PERSPECTIVE, coefficients)
    page = picture.transform(size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)
    return Image.composite(page, Image.new("L", size, 60), inside)


def _perspective(to: Sequence[Corner], of: Sequence[Corner]) -> list[float]:
    """The eight numbers that Pillow's PERSPECTIVE wants, by Gauss."""
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(to, of, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    for turn in range(8):
        best = max(range(turn, 8), key=lambda row: abs(rows[row][turn]))
        rows[turn], rows[best] = rows[best], rows[turn]
        rows[turn] = [value / rows[turn][turn] for value in rows[turn]]
        for row in range(8):
            if row != turn:
                factor = rows[row][turn]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[turn], strict=True)]
    return [row[8] for row in rows]


def _shadow(size: tuple[int, int], share: float, dice: random.Random) -> Image.Image:
    """A gradient from bright to dark across the page, from any side."""
    ramp = Image.linear_gradient("L").rotate(dice.uniform(0, 360), Image.Resampling.BICUBIC)
    middle = ramp.crop((48, 48, 208, 208)).resize(size, Image.Resampling.BICUBIC)
    low = 255 * (1 - share)
    return middle.point(lambda grey: int(low + grey * (255 - low) / 255))


def _noise(size: tuple[int, int], sigma: float, dice: random.Random) -> Image.Image:
    """Grain round 128; a tile of it is enough, laid in steps that follow no line of the page."""
    tile = Image.new("L", (256, 256))
    tile.putdata([max(0, min(255, round(dice.gauss(128, sigma)))) for _ in range(256 * 256)])
    grain = Image.new("L", size)
    for left in range(0, size[0], 256):
        for top in range(0, size[1], 256):
            grain.paste(tile.transpose(Image.Transpose(dice.randrange(7))), (left, top))
    return grain


def varied(seed: int) -> Wear:
    """A wear between a careful office scan and a hasty photograph, by chance."""
    dice = random.Random(seed)
    if dice.random() < 0.5:
        return Wear(
            dpi=150,
            angle=dice.choice((0, 90, 180, 270)) + dice.uniform(-8, 8),
            noise=dice.uniform(0, 16),
            shade=dice.choice((0, dice.uniform(0, 0.3))),
        )
    return Wear(
        dpi=dice.randint(150, 220),
        angle=dice.uniform(0, 360)
        if dice.random() < 0.5
        else math.copysign(dice.uniform(0, 12), dice.random() - 0.5),
        noise=dice.uniform(4, 12),
        skew=dice.uniform(0.01, 0.06),
        shade=dice.uniform(0.2, 0.65),
        blur=dice.uniform(0, 0.8),
    )
