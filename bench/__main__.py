"""Run the sections of the bench, print each figure beside its limit, write bench/results.json.

    make bench                                     everything, some ten minutes
    make bench BENCH="--quick"                     a look in two minutes; figures are noisier
    make bench BENCH="--only web --databases sqlite"
    .venv/bin/python -m bench --only import        the same without make, when the set-up is done

Ends with 1 when a limit is missed or a section fails; the others' figures are printed and written all the same.
Each section is a module of this package with a function `measure`, see `bench.figures`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import Figure, Options, say

SECTIONS = {
    "web": "bench.web",
    "paper": "bench.paper",
    "import": "bench.imports",
    "purchases": "bench.purchases",
    "print": "bench.printing",
    "scans": "bench.scans",
    "quarter": "bench.quarter",
    "check-in": "bench.check_in",
}
DATABASES = ("sqlite", "postgresql")
RESULTS = Path(__file__).with_name("results.json")


def _names(known: tuple[str, ...]) -> object:
    def read(text: str) -> tuple[str, ...]:
        wanted = tuple(part.strip() for part in text.split(","))
        if unknown := set(wanted) - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: not one of {', '.join(known)}")
        return wanted

    return read


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Measure the portal beside its yardsticks.")
    parser.add_argument("--quick", action="store_true", help="smaller and noisier: a look, not a result")
    parser.add_argument(
        "--only", type=_names(tuple(SECTIONS)), default=tuple(SECTIONS), metavar="web,paper,…"
    )
    parser.add_argument("--databases", type=_names(DATABASES), default=DATABASES, metavar="sqlite,postgresql")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the figures are written as JSON")
    return parser.parse_args()


def main() -> int:
    """Measure, print, write; 1 when a limit is missed or a section fails."""
    asked = _arguments()
    results: dict[str, list[Figure]] = {}
    failed = []
    began = datetime.now(UTC)
    for name in asked.only:
        with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
            options = Options(Path(folder), quick=asked.quick, databases=asked.databases)
            say(f"== {name}")
            try:
                results[name] = importlib.import_module(SECTIONS[name]).measure(options)
            except Exception:
                traceback.print_exc()
                failed.append(name)
    _print(results)
    asked.results.write_text(
        json.dumps(
            {
                "began_at": began.isoformat(timespec="seconds"),
                "seconds": round((datetime.now(UTC) - began).total_seconds()),
                "is_quick": asked.quick,
                "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
                "failed": failed,
                "figures": {name: [figure.as_dict() for figure in made] for name, made in results.items()},
            },
            ensure_ascii=False,
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )
    for name in failed:
        print(f"{name}: FAILED, see above")
    missed = [figure.name for made in results.values() for figure in made if not figure.is_met]
    if missed or not failed:
        print(f"{len(missed)} missed" if missed else "Every limit is kept.")
    return 1 if missed or failed else 0


def _print(results: dict[str, list[Figure]]) -> None:
    width = max((len(figure.name) for made in results.values() for figure in made), default=0)
    for name, made in results.items():
        print(f"\n{name}")
        for figure in made:
            print("  " + figure.line(width))
    print()


if __name__ == "__main__":
    sys.exit(main())
