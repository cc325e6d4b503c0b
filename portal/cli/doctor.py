"""flask doctor."""

import json
import sys

import click
from flask.cli import with_appcontext
from flask_babel import gettext

from portal.health.examine import Result, examine, worst
from portal.health.findings import Finding, State
from portal.health.here import here
from portal.web.speaking import both

_MARKS = {
    State.OK: ("ok      正常", "green"),
    State.WARNING: ("warning 注意", "yellow"),
    State.FAILED: ("failed  故障", "red"),
}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def doctor(as_json: bool) -> None:
    """Look whether everything that the portal needs is there, and say what to do where it is not.

    Exit 0: nothing failed, perhaps with warnings; 1: something does not work.
    """
    results = examine(here(is_thorough=True))
    click.echo(_json(results) if as_json else _text(results))
    sys.exit(worst(results) is State.FAILED)


def _text(results: list[Result]) -> str:
    lines = []
    for result in results:
        lines.append(click.style(both(result.check.title), bold=True))
        for finding in result.findings:
            mark, colour = _MARKS[finding.state]
            lines.append(f"  {click.style(mark, fg=colour)}  {both(finding.text, **finding.params)}")
            if finding.todo:
                lines.append(f"    → {both(finding.todo, **finding.params)}")
    return "\n".join(lines)


def _json(results: list[Result]) -> str:
    return json.dumps(
        {
            "state": worst(results),
            "checks": [
                {
                    "check": result.check.name,
                    "findings": [_as_json(finding) for finding in result.findings],
                }
                for result in results
            ],
        },
        ensure_ascii=False,
        indent=1,
    )


def _as_json(finding: Finding) -> dict[str, str]:
    return {
        "state": finding.state,
        "english": finding.text % finding.params if finding.params else finding.text,
        "chinese": gettext(finding.text, **finding.params),
        "todo_english": finding.todo % finding.params if finding.params else finding.todo,
        "todo_chinese": gettext(finding.todo, **finding.params) if finding.todo else "",
    }
