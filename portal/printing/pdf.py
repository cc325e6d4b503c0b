"""HTML into PDF/A-3b with tags: the only module that lays out, and only printing processes import it."""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pydyf
from weasyprint import CSS, HTML, Attachment
from weasyprint.text.fonts import FontConfiguration

from portal.printing import embedding, justify, qr, tagging
from portal.printing.fetcher import Nothing, OwnFonts
from portal.printing.job import Code
from portal.printing.markup import TEMPLATES

POINTS_PER_MM = 72 / 25.4
# What colours mean, which PDF/A wants to be told: a fifth of the size of WeasyPrint's own file.
_SRGB = Path(__file__).with_name("srgb.icc").read_bytes()

justify.install()
embedding.install()
tagging.install()
# Letters and style sheets are read once a process: that is a fifth of a render.
_FONTS = FontConfiguration()
_STYLES = {
    name: CSS(
        string=(TEMPLATES / f"{name}.css").read_text("utf-8"), url_fetcher=OwnFonts(), font_config=_FONTS
    )
    for name in ("paper", "small", "covering", "meeting")
}


@dataclass(frozen=True, slots=True)
class Attached:
    """A file inside the PDF: the data that the paper was made from."""

    name: str
    description: str
    content: bytes


@dataclass(frozen=True, slots=True)
class CodePlace:
    """Where on each page the QR code stands: its side, and how far from the right and lower edge, in mm."""

    side_mm: float
    right_mm: float
    bottom_mm: float


def write_pdf(
    html: str,
    *,
    styles: Sequence[str],
    made_at: datetime,
    identifier: str,
    attached: Attached | None = None,
    verify_url: str | None = None,
    code_place: CodePlace,
    codes: Sequence[Code] = (),
) -> tuple[bytes, int]:
    """Lay out and write; give the PDF and its number of pages.

    The same arguments give the same bytes in every process. `identifier` names the paper and its version;
    each page gets a QR code of `verify_url` with its own number behind it. A letter that is not ours is a bug
    of the caller, who tests what is typed: RuntimeError.
    """
    source = HTML(string=html, base_url="about:blank", url_fetcher=Nothing())
    document = source.render(stylesheets=[_STYLES[name] for name in styles], font_config=_FONTS)
    attachments = []
    if attached is not None:
        attachments.append(
            Attachment(
                string=attached.content.decode("utf-8"),
                name=attached.name,
                description=attached.description,
                created=made_at,
                modified=made_at,
                relationship="Data",
            )
        )

    def finish(_: Any, pdf: Any) -> None:
        if "AF" in pdf.catalog:  # WeasyPrint 70 lists each attachment twice
            pdf.catalog["AF"] = pydyf.Array(dict.fromkeys(pdf.catalog["AF"]))
        [intent] = pdf.catalog["OutputIntents"]
        _object(pdf, intent["DestOutputProfile"]).stream = [_SRGB]
        if verify_url is not None:
            _draw_page_codes(pdf, verify_url, code_place)
        _draw_codes(pdf, codes)
        _compress(pdf)

    data = document.write_pdf(
        finisher=finish,
        pdf_variant="pdf/a-3b",
        pdf_tags=True,
        pdf_identifier=hashlib.sha256(identifier.encode("utf-8")).digest()[:16],
        attachments=attachments,
    )
    return data, len(document.pages)


def _object(pdf: Any, reference: bytes) -> Any:
    """Find what a reference like `12 0 R` refers to."""
    return pdf.objects[int(reference.split()[0])]


def _compress(pdf: Any) -> None:
    """Compress every stream now: left alone, each is compressed once to be written and once to be hashed."""
    for part in pdf.objects:
        if isinstance(part, pydyf.Stream) and part.compress:
            text = b"\n".join(item if isinstance(item, bytes) else _data(item) for item in part.stream)
            part.stream = [zlib.compress(text, 9)]
            part.extra["Filter"] = "/FlateDecode"
            part.compress = False


def _data(item: Any) -> bytes:
    """Write an item of a stream as bytes."""
    return item.data if isinstance(item, pydyf.Object) else str(item).encode()


def _pages(pdf: Any) -> list[Any]:
    return [part for part in pdf.objects if isinstance(part, dict) and part.get("Type") == "/Page"]


def _draw_page_codes(pdf: Any, verify_url: str, place: CodePlace) -> None:
    """Draw each page's QR code at the foot."""
    pages = _pages(pdf)
    codes = qr.bitmaps(f"{verify_url}?p={number}" for number in range(1, len(pages) + 1))
    for page, code in zip(pages, codes, strict=True):
        _, _, right, bottom = page["MediaBox"]
        side = place.side_mm * POINTS_PER_MM
        x = right - place.right_mm * POINTS_PER_MM - side
        y = bottom - place.bottom_mm * POINTS_PER_MM
        _draw(_object(pdf, page["Contents"]), code, side, x, y)


def _draw_codes(pdf: Any, codes: Sequence[Code]) -> None:
    """Draw codes where each has its place."""
    pages = _pages(pdf)
    for code, picture in zip(codes, qr.bitmaps(code.text for code in codes), strict=True):
        side, x, y = (mm * POINTS_PER_MM for mm in (code.side_mm, code.left_mm, code.top_mm + code.side_mm))
        _draw(_object(pdf, pages[code.page - 1]["Contents"]), picture, side, x, y)


def _draw(stream: Any, picture: tuple[int, bytes], side: float, x: float, y: float) -> None:
    """Draw a QR code as an artifact, which a screen reader skips; one bit a module. x, y: its left lower corner."""
    size, rows = picture
    # The page's own stream has turned the vertical axis downwards and left it so.
    stream.stream += [
        b"/Artifact BMC q",
        f"{side:.3f} 0 0 {-side:.3f} {x:.3f} {y:.3f} cm".encode(),
        f"BI /W {size} /H {size} /CS /G /BPC 1 /F /AHx ID".encode(),
        rows.hex().encode() + b">",
        b"EI Q EMC",
    ]
