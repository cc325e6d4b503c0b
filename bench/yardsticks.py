"""Django in an environment of its own, made once from hashed pins and kept beside .venv."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from bench.figures import say
from portal.config import ROOT

LOCK = Path(__file__).with_name("requirements-django.lock")
_FOLDER = ROOT / ".bench-venv"


def django_python() -> Path:
    """The Python that has Django; made anew when the pins or the Python have changed."""
    python = _FOLDER / "bin" / "python"
    stamp = f"{hashlib.sha256(LOCK.read_bytes()).hexdigest()} {sys.version} {ROOT}\n"
    made_of = _FOLDER / "stamp"
    if not (python.exists() and made_of.exists() and made_of.read_text(encoding="utf-8") == stamp):
        say("installing Django into .bench-venv (hashes are checked)")
        shutil.rmtree(_FOLDER, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(_FOLDER)], check=True, timeout=120)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run(
            [*pip, "--require-hashes", "--only-binary", ":all:", "-r", str(LOCK)], check=True, timeout=300
        )
        made_of.write_text(stamp, encoding="utf-8")
    return python


def prepare_django(environment: Mapping[str, str], username: str, password: str) -> None:
    """Put Django's own tables and one administrator into the database."""
    subprocess.run(
        [str(django_python()), "-m", "bench.django_admin.prepare"],
        cwd=ROOT,
        env=os.environ | dict(environment) | {"BENCH_USER": username, "BENCH_PASSWORD": password},
        check=True,
        timeout=120,
    )
