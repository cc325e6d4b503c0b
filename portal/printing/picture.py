"""Papers as pictures, to be sent by messenger: drawn in the printing process, as tall as what stands on them."""

import io
from collections.abc import Sequence

import pypdfium2
import segno
from PIL import Image

from portal.printing.job import PrintJob
from portal.printing.worker import print_job

# As many dots as a telephone shows at most; the code is as wide as a thumb there.
WIDTH, CODE = 1080, 420
_EDGE = 72
_COLOURS = 64


def draw(job: PrintJob, codes: Sequence[str]) -> list[bytes]:
    """A PNG of each page, its empty foot cut off, with a QR code below it where `codes` gives a text.

    ValueError where the paper has not as many pages as there are codes: something ran over.
    """
    pdf, pages = print_job(job)
    if pages != len(codes):
        raise ValueError(f"{pages} pages for {len(codes)} pictures")
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [_png(page, text) for page, text in zip(document, codes, strict=True)]
    finally:
        document.close()


def _png(page: pypdfium2.PdfPage, text: str) -> bytes:
    # Drawn as far as anything stands on it: the paper is as long as the longest agenda.
    low = min((one.get_bounds()[1] for one in page.get_objects(max_depth=4)), default=0)
    scale = WIDTH / page.get_width()
    drawn = page.render(scale=scale, crop=(0, max(0, low), 0, 0)).to_pil().convert("RGB")
    foot = drawn.height + _EDGE
    picture = Image.new("RGB", (WIDTH, foot + (CODE + _EDGE if text else 0)), "white")
    picture.paste(drawn)
    if text:
        picture.paste(_code(text), ((WIDTH - CODE) // 2, foot))
    file = io.BytesIO()
    picture.quantize(_COLOURS, Image.Quantize.FASTOCTREE).save(file, "PNG")
    return file.getvalue()


def _code(text: str) -> Image.Image:
    matrix = segno.make(text, error="m", micro=False).matrix
    side = len(matrix)
    code = Image.new("1", (side + 8, side + 8), 1)
    for row, cells in enumerate(matrix):
        for column, is_dark in enumerate(cells):
            if is_dark:
                code.putpixel((column + 4, row + 4), 0)
    return code.resize((CODE, CODE), Image.Resampling.NEAREST).convert("RGB")
