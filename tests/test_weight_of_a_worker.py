"""What a worker of the server loads when it starts: nothing that only commands, exports or printing need."""

import os
import subprocess
import sys
from pathlib import Path

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


def test_a_worker_starts_without_what_pages_do_not_need(tmp_path: Path) -> None:
    program = f"import sys, wsgi; print(*[name for name in {NOT_AT_START!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PORTAL_INSTANCE": str(tmp_path / "instance")},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.split() == []


def test_commands_are_found_without_being_loaded_before(app: Flask) -> None:
    runner = app.test_cli_runner()
    for name in ("agreements", "backup", "db", "demo", "distributors", "doctor", "restore", "seal", "user"):
        told = runner.invoke(args=[name, "--help"])
        assert told.exit_code == 0 and f" {name} " in told.output, told.output
    assert runner.invoke(args=["no-such"]).exit_code == 2
    assert "heads" in runner.invoke(args=["db", "--help"]).output
