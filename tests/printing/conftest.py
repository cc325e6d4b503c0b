"""Papers printed once for many tests, and what a test can see of them."""

import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from portal.domain.papers.agreement import AgreementPaperData
from portal.printing import pool
from portal.printing.agreement import RenderedPaper, render_agreement
from tests.paper_examples import BILINGUAL, CHINESE, NUMBER, example_paper, example_payload, template_text

MADE_AT = datetime(2026, 1, 5, 2, 30, tzinfo=UTC)
VERIFY_URL = "https://portal.example.com/verify/K7M2QX4T9A"
Change = Callable[[AgreementPaperData], None]


def print_example(template: str = CHINESE, change: Change | None = None, **options: Any) -> RenderedPaper:
    """Print the examples, changed as the test wishes."""
    payload = example_payload()
    if change is not None:
        change(payload)
    given = {"number": NUMBER, "verify_url": VERIFY_URL, "made_at": MADE_AT, **options}
    return render_agreement(payload, template_text(template), **given)


def add_products(payload: AgreementPaperData, count: int) -> None:
    """Fill annex 1 with so many products."""
    first = payload["prices"][0]
    payload["prices"] = [
        dict(
            first,
            product_code=f"XH-{200 + n}",
            product_name=f"示例洗发露{n * 50}毫升",
            amount_figures=2850 + n,
        )
        for n in range(1, count + 1)
    ]


def add_kind(payload: AgreementPaperData) -> None:
    """Add the third kind of violation of the library."""
    row = example_paper(BILINGUAL).library[2]
    payload["violations"].append(
        {
            "code": row.code,
            "kind": row.kind,
            "kind_en": row.kind_en,
            "definition": row.definition,
            "definition_en": row.definition_en,
            "share": row.share_ppm,
        }
    )


@cache
def printed(template: str = CHINESE) -> RenderedPaper:
    """Print the unchanged examples, once."""
    return print_example(template)


def _poppler(program: str, pdf: bytes, *options: str) -> bytes:
    done = subprocess.run([program, *options], input=pdf, capture_output=True, check=True, timeout=60)
    return done.stdout


def text_of(paper: RenderedPaper, page: int | None = None) -> str:
    """Extract the text, of one page or of all, in the order of the file."""
    pages = () if page is None else ("-f", str(page), "-l", str(page))
    return _poppler("pdftotext", paper.pdf, *pages, "-raw", "-", "-").decode()


def picture_of(
    paper: RenderedPaper, page: int, dpi: int = 100, box_mm: tuple[float, float, float, float] | None = None
) -> Image.Image:
    """Rasterise a page in shades of grey, or a part of it: left, top, right and lower edge in mm."""
    part: list[str] = []
    if box_mm is not None:
        left, top, right, bottom = (round(edge / 25.4 * dpi) for edge in box_mm)
        part = ["-x", str(left), "-y", str(top), "-W", str(right - left), "-H", str(bottom - top)]
    pages = ["-f", str(page), "-l", str(page), "-r", str(dpi)]
    data = _poppler("pdftoppm", paper.pdf, *pages, *part, "-gray", "-")
    return Image.open(BytesIO(data)).convert("L")


def squeeze(text: str) -> str:
    """Drop all blanks, since lines are broken anywhere in Chinese."""
    return "".join(text.split())


@pytest.fixture(scope="session", autouse=True)
def _end_printing() -> Iterator[None]:
    yield
    pool.close()


def fonts_folder() -> Path:
    """Where our letters are."""
    return Path(pool.__file__).with_name("fonts")
