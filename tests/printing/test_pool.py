"""The printing process: replaced when it dies, gone when its server is gone, and it tells what went wrong."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from portal.printing import pool
from portal.printing.agreement import RenderedPaper, print_job
from portal.printing.job import PrintJob
from tests.paper_examples import NUMBER, example_payload, template_text
from tests.printing.conftest import MADE_AT, print_example, printed, text_of


def printers() -> list[psutil.Process]:
    """List the printing processes of this one."""
    assert pool._executor is not None
    return [psutil.Process(number) for number in pool._executor._processes]


def example_job(number: str = NUMBER) -> PrintJob:
    return print_job(
        example_payload(),
        template_text(),
        number=number,
        version=1,
        verify_url=None,
        draft=False,
        made_at=MADE_AT,
    )


def test_a_killed_printing_process_is_replaced() -> None:
    before = printed()
    [process] = printers()
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    assert print_example().pdf == before.pdf
    assert printers()[0].pid != process.pid


def test_papers_asked_for_at_once_are_all_printed() -> None:
    expected = printed().pdf
    papers: list[bytes] = []
    threads = [threading.Thread(target=lambda: papers.append(print_example().pdf)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert papers == [expected] * 4
    assert len(printers()) == pool.WORKERS


def test_many_papers_keep_both_processes_busy_and_come_in_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool.close()
    monkeypatch.delenv("PORTAL_PRINTERS", raising=False)
    monkeypatch.setattr(pool, "WORKERS", 1)
    pool.use(8)
    taken: list[int] = []

    def jobs() -> Iterator[Any]:
        for place in range(9):
            taken.append(place)
            job = example_job(number=f"PPA-2026-{place:06d}")
            if place == 4:
                object.__setattr__(job, "html", job.html.replace("定义", "定义😀"))
            yield job

    found = []
    for place, paper in enumerate(pool.render_many(jobs())):
        assert len(taken) <= place + 1 + 2 * 2, "all were asked for at once"
        if place == 1:
            assert len(printers()) == 2
            os.kill(printers()[0].pid, signal.SIGKILL)
        found.append(paper)
    assert isinstance(found.pop(4), RuntimeError)
    for place, paper in zip((0, 1, 2, 3, 5, 6, 7, 8), found, strict=True):
        assert not isinstance(paper, Exception)
        assert f"PPA-2026-{place:06d}" in text_of(RenderedPaper(*paper), 1)
    pool.close()


def test_what_goes_wrong_in_the_printing_process_is_raised_here() -> None:
    job = example_job()
    object.__setattr__(job, "html", job.html.replace("定义", "定义😀"))
    with pytest.raises(RuntimeError, match="letters"):
        pool.render(job)


def test_after_closing_the_next_paper_starts_another_process() -> None:
    printed()
    [process] = printers()
    pool.close()
    process.wait(10)
    assert print_example().pages == 6


def test_the_printing_process_goes_when_its_server_is_killed() -> None:
    script = (
        "from tests.printing.conftest import print_example\n"
        "from portal.printing import pool\n"
        "print_example()\n"
        "print(next(iter(pool._executor._processes)), flush=True)\n"
        "input()\n"
    )
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        printer = psutil.Process(int(server.stdout.readline()))
        server.kill()
        printer.wait(15)
    assert not printer.is_running()
