"""Each rule is found by its key, and no key is a slip of the pen."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts import rules

# What the portal carries so far, and in which room of the domain the rule is kept.
BUILT = {
    "D1": "distributors",
    "D6": "administration",
    "P1": "price_protection",
    "P1b": "numbering",
    "P8": "templates",
}


@pytest.fixture(scope="module")
def found():
    return rules.rules()


@pytest.mark.parametrize(("key", "room"), BUILT.items())
def test_a_rule_that_is_built_is_named_where_it_is_kept(found, key, room):
    assert any(place.path.is_relative_to(rules.ROOT / "portal/domain" / room) for place in found[key])


def test_no_key_is_a_slip_of_the_pen(tmp_path, monkeypatch):
    assert rules.slips() == []
    (tmp_path / "module.py").write_text('"""Numbers (P1b), and a rule that does not exist (P9)."""\n')
    monkeypatch.setattr(rules, "ROOT", tmp_path)
    assert rules.slips(tmp_path) == ["module.py:1: P9"]


def test_a_docstring_and_a_comment_are_found_with_whom_they_speak_of(tmp_path):
    (tmp_path / "module.py").write_text(
        'def accrue():\n    """Split a rebate (P2)."""\n    # Half up (P3).\n    return "P4"\n'
    )
    found = rules.rules(tmp_path)
    assert {key: [(p.line, p.name) for p in places] for key, places in found.items()} == {
        "P2": [(1, "accrue")],
        "P3": [(3, "accrue")],
    }


def test_the_command_says_where_a_rule_is_and_refuses_an_unknown_one():
    def run(*keys):
        script = Path(rules.__file__)
        return subprocess.run([sys.executable, script, *keys], capture_output=True, text=True, check=False)

    assert "portal/domain/price_protection/steps.py" in run("P1").stdout
    assert "accounts_owned" not in run("P1").stdout
    refused = run("P9")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "P9" in refused.stderr
