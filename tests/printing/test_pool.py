"""The printing process: replaced when it dies, gone when its server is gone, and it tells what went wrong."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from portal.printing import pool
from portal.printing.agreement import print_job
from portal.printing.job import PrintJob
from tests.paper_examples import NUMBER, example_payload, template_text
from tests.printing.conftest import MADE_AT, print_example, printed


def printers() -> list[psutil.Process]:
    """List the printing processes of this one."""
    assert pool._executor is not None
    return [psutil.Process(number) for number in pool._executor._processes]


def example_job() -> PrintJob:
    return print_job(
        example_payload(),
        template_text(),
        number=NUMBER,
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


@pytest.mark.parametrize(("said", "cores", "processes"), [("", 8, 2), ("", 1, 1), ("1", 8, 1)])
def test_a_worker_of_tasks_prints_with_two_processes_unless_the_settings_say_otherwise(
    said: str, cores: int, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_PRINTERS", said)
    monkeypatch.setattr(pool, "WORKERS", 1)
    pool.use(cores)
    assert processes == pool.WORKERS


def test_what_goes_wrong_in_the_printing_process_is_raised_here() -> None:
    job = example_job()
    object.__setattr__(job, "html", job.html.replace("定义", "定义😀"))
    with pytest.raises(RuntimeError, match="letters"):
        pool.render(job)


def test_a_paper_that_takes_too_long_does_not_hold_up_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = printed().pdf
    [process] = printers()
    monkeypatch.setattr(pool, "TIMEOUT_SECONDS", 0.2)
    os.kill(process.pid, signal.SIGSTOP)  # as one that never ends
    with pytest.raises(TimeoutError):
        print_example()
    process.wait(10)
    monkeypatch.undo()
    assert print_example().pdf == expected


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
