"""What a worker of the server loads when it starts: nothing that only commands, exports or printing need."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

ROOT = Path(__file__).resolve().parent.parent
NOT_AT_START = (
    "weasyprint",
    "alembic",
    "flask_migrate",
    "mako",
    "pygments",
    "xlsxwriter",
    "pikepdf",
    "pypinyin",
    "PIL",
    "pypdfium2",
    "zxingcpp",
    "pyhanko",
    "cryptography",
    "aiohttp",
)


# What only answering requests needs: half of what a printing process would weigh.
NOT_BESIDE_THE_SERVER = ("wsgi", "flask", "sqlalchemy", "wtforms", "babel", "huey", "portal.web", "portal.db")

PAGES = ("portal.blueprints.distributors", "portal.blueprints.verify")


def loaded(program: str, names: tuple[str, ...], tmp_path: Path) -> list[str]:
    """Which of these modules a new process has loaded at the end of a program."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; {program}; print(*[name for name in {names!r} if name in sys.modules])",
        ],
        cwd=ROOT,
        env={**os.environ, "PORTAL_INSTANCE": str(tmp_path / "instance")},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout.split()


def test_a_worker_starts_without_what_pages_do_not_need(tmp_path: Path) -> None:
    assert loaded("import wsgi", NOT_AT_START, tmp_path) == []


@pytest.mark.parametrize("main", ["portal.jobs.__main__", "portal.server"])
def test_what_prints_reads_and_looks_into_files_does_so_without_the_server(main: str, tmp_path: Path) -> None:
    # As multiprocessing begins a process: the program that started it once more, under another name.
    program = (
        f"import runpy; runpy.run_module({main!r}, run_name='__mp_main__');"
        "import portal.printing.worker, portal.sealing.signing, portal.sealing.looking, portal.scanning.answering"
    )
    assert loaded(program, NOT_BESIDE_THE_SERVER, tmp_path) == []
    assert loaded("import wsgi", NOT_BESIDE_THE_SERVER, tmp_path) != []


def test_commands_are_found_without_being_loaded_before(app: Flask) -> None:
    runner = app.test_cli_runner()
    for name in ("agreements", "backup", "db", "demo", "distributors", "doctor", "restore", "seal", "user"):
        told = runner.invoke(args=[name, "--help"])
        assert told.exit_code == 0 and f" {name} " in told.output, told.output
    assert runner.invoke(args=["no-such"]).exit_code == 2
    assert "heads" in runner.invoke(args=["db", "--help"]).output


def test_a_command_loads_no_page_unless_it_prints_papers(tmp_path: Path) -> None:
    def after(*words: str) -> list[str]:
        asked = ["--app", "wsgi", *words, "--help"]
        program = f"import flask.cli; flask.cli.cli.main({asked!r}, standalone_mode=False)"
        return [name for name in loaded(program, PAGES, tmp_path) if name in PAGES]

    assert after("distributors", "import") == []
    assert after("ledger", "verify") == []
    assert after("funds", "release") == list(PAGES)


def test_the_server_and_the_list_of_routes_have_the_pages(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "routes"],
        cwd=ROOT,
        env={**os.environ, "PORTAL_INSTANCE": str(tmp_path / "instance")},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    assert "distributors.index" in told and "verify.show" in told
