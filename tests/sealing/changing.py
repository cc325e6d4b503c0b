"""What people do to a sealed file, by accident or not."""

import io
from datetime import UTC, datetime
from typing import Any

import pikepdf
from pyhanko.pdf_utils import generic, writer
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from portal.sealing import signing


def appended(pdf: bytes) -> bytes:
    """A page more, added behind what was sealed; every byte before stays."""
    out = IncrementalPdfFileWriter(io.BytesIO(pdf))
    content = out.add_object(generic.StreamObject(stream_data=b"q Q"))
    out.insert_page(writer.PageObject(contents=content, media_box=(0, 0, 595, 842)))
    target = io.BytesIO()
    out.write(target)
    return target.getvalue()


def edited(pdf: bytes) -> bytes:
    """The title said otherwise, behind what was sealed."""
    out = IncrementalPdfFileWriter(io.BytesIO(pdf))
    out.root["/Lang"] = generic.TextStringObject("en")
    out.update_root()
    target = io.BytesIO()
    out.write(target)
    return target.getvalue()


def rewritten(pdf: bytes, *, adds_page: bool = False, drops_form: bool = False, **options: Any) -> bytes:
    """Saved anew by a program, with a page more or without its form field if wished."""
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        if adds_page:
            opened.add_blank_page()
        if drops_form:
            for name in ("/AcroForm", "/Perms"):
                del opened.Root[name]
            for page in opened.pages:
                if "/Annots" in page.obj:
                    del page.obj["/Annots"]
        opened.save(target, **options)
    return target.getvalue()


def flipped(pdf: bytes, place: int) -> bytes:
    """One bit of one byte changed."""
    return pdf[:place] + bytes([pdf[place] ^ 1]) + pdf[place + 1 :]


def sealed_by(pdf: bytes, files: Any) -> bytes:
    """Sealed with a certificate, today."""
    return signing.seal(pdf, files, at=datetime(2026, 5, 6, tzinfo=UTC), place="").pdf
