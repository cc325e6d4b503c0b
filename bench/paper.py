"""Printing: one agreement beside WeasyPrint called plainly, two printing processes beside one, bytes of a file.

Both sides get the same HTML, style sheet, letters, attachment and PDF options, each in a warm process of its own,
since the portal replaces functions of the library; they take turns, and the median of the turns counts. Ours is
the whole way from the frozen payload to the final bytes, QR codes included, which the plain one does not draw.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from statistics import median
from typing import Any

from bench.figures import Figure, Options, say
from portal.domain.papers.agreement import canonical
from portal.printing import pool
from portal.printing.agreement import print_job, render_agreement
from portal.printing.health import FONTS
from portal.printing.job import PrintJob
from portal.printing.markup import TEMPLATES
from tests.paper_examples import BILINGUAL, CHINESE, NUMBER, SMALL, example_payload, template_text

MADE_AT = datetime(2026, 1, 5, 2, 30, tzinfo=UTC)
VERIFY_URL = "https://portal.example.com/verify/K7M2QX4T9A"
RATIO_LIMIT = 0.85
SCALING_LIMIT = 1.9
SIZE_LIMIT_KB = 160


def measure(options: Options) -> list[Figure]:
    """Measure time beside the yardstick, what a second process brings, and sizes."""
    return [_beside_plain(6 if options.quick else 24), _scaling(options.quick), *_sizes()]


def _job(template: str = CHINESE) -> PrintJob:
    return print_job(
        example_payload(),
        template_text(template),
        number=NUMBER,
        version=1,
        verify_url=VERIFY_URL,
        draft=False,
        made_at=MADE_AT,
    )


def _ours() -> Callable[[], bytes]:
    """The portal's way, in this process."""
    from portal.printing import (
        worker,
    )  # here only: the other side must not have the library's functions replaced

    return lambda: worker.print_job(_job())[0]


def _plain() -> Callable[[], bytes]:
    """The library's way, as its documentation says, with our HTML and letters."""
    from weasyprint import HTML, Attachment

    style = (TEMPLATES / "paper.css").read_text("utf-8").replace("portal:fonts/", f"{FONTS.as_uri()}/")
    html = _job().html.replace("</head>", f"<style>{style}</style></head>")
    data = canonical(example_payload()).decode("utf-8")

    def write() -> bytes:
        attachment = Attachment(
            string=data, name="agreement.json", created=MADE_AT, modified=MADE_AT, relationship="Data"
        )
        pdf: bytes = HTML(string=html).write_pdf(
            pdf_variant="pdf/a-3b", pdf_tags=True, attachments=[attachment]
        )
        return pdf

    return write


SIDES = {"ours": _ours, "plain": _plain}


def _serve(side: str, pipe: Connection) -> None:
    """Run in a process of its own: print once for every message and tell the seconds and bytes."""
    write = SIDES[side]()
    write()
    write()
    pipe.send((0.0, 0))
    while pipe.recv():
        began = time.perf_counter()
        pdf = write()
        pipe.send((time.perf_counter() - began, len(pdf)))


def _beside_plain(turns: int) -> Figure:
    """Let both sides take turns; the limit is on the ratio of their medians."""
    say(f"an agreement, {turns} turns beside WeasyPrint called plainly")
    context = get_context("spawn")
    pipes, processes = {}, []
    for side in SIDES:
        pipes[side], theirs = context.Pipe()
        process = context.Process(target=_serve, args=(side, theirs), daemon=True)
        process.start()
        theirs.close()
        processes.append(process)
    for pipe in pipes.values():
        pipe.recv()
    seconds: dict[str, list[float]] = {side: [] for side in SIDES}
    sizes: dict[str, int] = {}
    for _ in range(turns):
        for side, pipe in pipes.items():
            pipe.send(True)
            took, sizes[side] = pipe.recv()
            seconds[side].append(took)
    for pipe, process in zip(pipes.values(), processes, strict=True):
        pipe.send(False)
        process.join(10)
    ours, plain = median(seconds["ours"]), median(seconds["plain"])
    detail: dict[str, Any] = {
        "ours_ms": round(ours * 1000, 1),
        "plain_ms": round(plain * 1000, 1),
        "turns": turns,
        "plain_kb": round(sizes["plain"] / 1000, 1),
    }
    return Figure("paper: an agreement / plain WeasyPrint", ours / plain, "×", RATIO_LIMIT, detail=detail)


def _scaling(quick: bool) -> Figure:
    """Print batches with one printing process and with two, by turns."""
    rounds, papers = (2, 8) if quick else (4, 24)
    say(f"batches of {papers} agreements with one printing process and with two")
    job = _job()
    rates: dict[int, list[float]] = {1: [], 2: []}
    before = pool.WORKERS
    try:
        for _ in range(rounds):
            for workers in rates:
                pool.close()
                pool.WORKERS = workers
                with ThreadPoolExecutor(workers + 1) as threads:  # one paper is always waiting
                    # Every process is started and warm before the clock runs.
                    list(threads.map(pool.render, [job] * workers * 2))
                    began = time.perf_counter()
                    list(threads.map(pool.render, [job] * papers))
                    rates[workers].append(papers / (time.perf_counter() - began))
    finally:
        pool.close()
        pool.WORKERS = before
    one, two = median(rates[1]), median(rates[2])
    detail = {
        "papers_a_second_one": round(one, 2),
        "papers_a_second_two": round(two, 2),
        "cores": os.cpu_count(),
    }
    return Figure(
        "paper: two printing processes / one", two / one, "×", SCALING_LIMIT, "above", detail=detail
    )


def _sizes() -> list[Figure]:
    """Print the examples in each of the three texts; the limit is on those in Chinese."""
    figures = []
    for name, template in (("A", CHINESE), ("B", BILINGUAL), ("P", SMALL)):
        paper = render_agreement(
            example_payload(),
            template_text(template),
            number=NUMBER,
            verify_url=VERIFY_URL,
            made_at=MADE_AT,
        )
        limit = None if template == BILINGUAL else SIZE_LIMIT_KB
        figures.append(
            Figure(
                f"paper: bytes of {name}", len(paper.pdf) / 1000, "kB", limit, detail={"pages": paper.pages}
            )
        )
    pool.close()
    return figures
