"""Scans: how many pages that come back worn are read, how long that takes, and what memory a pile needs.

The pages are our own, printed as for signature, then turned by any angle, pulled, shaded, blurred, made noisy and
packed as JPEG of quality 40 (`bench.worn`). What is not read is left to people; what is read wrongly would be filed
wrongly, so that not one may be.
"""

from __future__ import annotations

import os
import time
from io import BytesIO
from pathlib import Path
from statistics import median

from PIL import Image

from bench.figures import Figure, Options, say
from bench.processes import share
from bench.worn import OFFICE, Wear, drawn, page_count, varied, worn
from portal.printing import pool
from portal.scanning.codes import marks_on
from portal.scanning.reader import Reader
from tests.paper_examples import CHINESE, SMALL
from tests.printing.conftest import print_example

CODE = "K7M2QX4T9AXYZ2"
VERIFY_URL = f"https://channels.portal.example.com/verify/{CODE}"
COUNT, QUICK_COUNT = 400, 60
PILE, QUICK_PILE = 300, 60
READ_LIMIT = 0.98
MEMORY_LIMIT = 150  # MiB of the reading process


def measure(options: Options) -> list[Figure]:
    """Read worn pages of both papers, then a pile of 300 as one file."""
    count = QUICK_COUNT if options.quick else COUNT
    figures = []
    try:
        for name, template in (("full", CHINESE), ("small", SMALL)):
            pdf = print_example(template, verify_url=VERIFY_URL).pdf
            say(f"{count} worn pages of the {name} agreement are read")
            figures += _read(f"scans, {name} agreement", pdf, count)
        pdf = print_example(CHINESE, verify_url=VERIFY_URL).pdf
    finally:
        pool.close()
    return figures + _pile(pdf, QUICK_PILE if options.quick else PILE, options.folder)


def _read(title: str, pdf: bytes, count: int) -> list[Figure]:
    pages, right, wrong, taken = page_count(pdf), 0, 0, []
    by_angle = {"upright": [0, 0], "turned": [0, 0]}
    for seed in range(count):
        wear, page = varied(seed), 1 + seed % pages
        picture = worn(drawn(pdf, page, wear.dpi), wear, seed)
        began = time.perf_counter()
        found = [(mark.code, mark.page) for mark in marks_on(picture)]
        taken.append(time.perf_counter() - began)
        is_right = found == [(CODE, page)]
        right, wrong = right + is_right, wrong + (bool(found) and not is_right)
        tally = by_angle["upright" if abs(wear.angle) < 15 else "turned"]
        tally[0], tally[1] = tally[0] + is_right, tally[1] + 1
    detail = {"pages": count, "worst_ms": round(max(taken) * 1_000), **by_angle}
    return [
        Figure(f"{title}: pages read", right / count, "share", READ_LIMIT, "above", detail),
        Figure(f"{title}: pages read wrongly", wrong, "pages", 0),
        Figure(f"{title}: a page", median(taken) * 1_000, "ms", detail=detail),
    ]


def _pile(pdf: bytes, count: int, folder: Path) -> list[Figure]:
    """One PDF of so many office scans at 300 dpi, through the process that reads for the worker."""
    say(f"a scan of {count} pages is read by the reading process")
    path = folder / "pile.pdf"
    _bind(path, pdf, count)
    peak, read = 0.0, 0
    with Reader() as reader:
        assert reader.count(path) == count
        began = time.perf_counter()
        for number in range(1, count + 1):
            page = reader.read(path, number)
            read += page is not None and bool(page.marks)
            assert reader.process_id is not None
            peak = max(peak, share(reader.process_id))
        seconds = time.perf_counter() - began
    detail = {"pages": count, "read": read, "MB": path.stat().st_size // 1_000_000, "cores": os.cpu_count()}
    return [
        Figure(f"scans: {count} pages of one file", seconds, "s", detail=detail),
        Figure("scans: pages a second", count / seconds, "1/s"),
        Figure("scans: peak of the reading process", peak, "MiB", MEMORY_LIMIT, detail=detail),
    ]


def _bind(path: Path, pdf: bytes, count: int) -> None:
    scans = [
        worn(drawn(pdf, number, 300), Wear(dpi=300, noise=OFFICE.noise, quality=60), number)
        for number in range(1, 1 + min(count, page_count(pdf)))
    ]
    out = BytesIO()
    pages: list[Image.Image] = [scans[number % len(scans)] for number in range(count)]
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:], resolution=300, quality=60)
    path.write_bytes(out.getvalue())
