"""Sheets with our code where printing puts it, drawn in a moment: for tests of what is made of pages once read."""

import random
from io import BytesIO

from PIL import Image, ImageDraw

from portal.printing import qr

A4 = (1240, 1754)  # at 150 dpi
_MODULE = 2  # 0.34 mm


def sheet(code: str = "", page: int = 1, seed: int = 0, text: str = "") -> Image.Image:
    """A page in shades of grey with text-like strokes, and a code unless there is none; `text` is another's code."""
    picture = Image.new("L", A4, 255)
    draw = ImageDraw.Draw(picture)
    dice = random.Random(f"{code} {page} {seed}")
    for line in range(40):
        for place in range(30):
            x, y = 120 + place * 34, 120 + line * 34
            draw.line((x, y, x + dice.randint(4, 24), y + dice.randint(4, 22)), fill=30, width=2)
    if code or text:
        [(size, rows)] = qr.bitmaps([text or f"http://portal.example/verify/{code}?p={page}"])
        width = (size + 7) // 8 * 8
        module = Image.frombytes("1", (width, size), rows).crop((0, 0, size, size)).convert("L")
        side = size * _MODULE
        left, top = A4[0] - 145 - side, A4[1] - 40 - side
        draw.rectangle((left - 12, top - 12, left + side + 12, top + side + 12), fill=255)
        picture.paste(module.resize((side, side), Image.Resampling.NEAREST), (left, top))
    return picture


def pdf_of(*pages: Image.Image) -> bytes:
    """The pages as an office scanner sends them."""
    out = BytesIO()
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:], resolution=150, quality=50)
    return out.getvalue()


def jpeg_of(page: Image.Image) -> bytes:
    """The page as a photograph."""
    out = BytesIO()
    page.save(out, "JPEG", quality=50)
    return out.getvalue()
