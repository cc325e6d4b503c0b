"""The vendored assets are whole, and the stylesheets know every class that a page uses."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PORTAL = Path(__file__).resolve().parent.parent / "portal"
VENDOR = PORTAL / "static" / "vendor"
HTMX_SHA384 = "2OatzQy1H+Zd/IIrjr1TcuDGqLXeHhbooAyJY1KdQMKnr4LZ22k31GBLdYKHmVjg"
JSQR_SHA384 = "b5Ya4Bq3qCyz39m2ISh+4DxjAIljdeFwK/BsXLuj9gugaNwAcj/ia15fxNZL9Nlx"

# Classes that only our own script or the tests look for; they need no looks.
WITHOUT_LOOKS: set[str] = set()

_CLASS = re.compile(r"""\bclass(?:_|es)?\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_PYTHON_CLASS = re.compile(r"""["']class["']\s*:\s*["']([^"']+)["']""")
_EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_BLOCK = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
# The strings an expression chooses between: {{ 'active' if page == 'home' else 'quiet' }}
_CHOICE = re.compile(r"""(?:^\{\{-?\s*|\belse\s+)['"]([\w -]+)['"]""")
_HOLE = "\x00"


def _known() -> set[str]:
    sheets = [VENDOR / "tabler.css", *(PORTAL / "static").glob("*.css")]
    text = "".join(sheet.read_text(encoding="utf-8") for sheet in sheets).replace("\\", "")
    return set(re.findall(r"\.(-?[A-Za-z_][\w-]*)", text))


def _classes(attribute: str) -> Iterator[str]:
    """The classes of one attribute; what comes from elsewhere is a hole: badge-{{ colour }}."""
    expressions: list[str] = []

    def remember(match: re.Match[str]) -> str:
        expressions.append(match.group())
        return f"{_HOLE}{len(expressions) - 1};"

    for word in _BLOCK.sub(" ", _EXPRESSION.sub(remember, attribute)).split():
        numbers = re.findall(f"{_HOLE}(\\d+);", word)
        choices = _CHOICE.findall(expressions[int(numbers[0])]) if numbers else []
        for choice in " ".join(choices).split() or [_HOLE]:
            yield re.sub(f"{_HOLE}\\d+;", choice, word)


def _used() -> set[tuple[str, str]]:
    """(file, class) for every class of the pages; the papers have styles of their own."""
    found = set()
    for path in sorted((PORTAL / "templates").rglob("*.html")):
        if path.relative_to(PORTAL / "templates").parts[0] == "print":
            continue
        # A quote inside an expression must not end the attribute.
        text = re.sub(
            r"\{[{%].*?[}%]\}",
            lambda m: m.group().replace('"', "'"),
            path.read_text(encoding="utf-8"),
            flags=re.S,
        )
        for double, single in _CLASS.findall(text):
            found |= {(path.name, name) for name in _classes(double or single)}
    for path in sorted(PORTAL.rglob("*.py")):
        for attribute in _PYTHON_CLASS.findall(path.read_text(encoding="utf-8")):
            found |= {(path.name, name) for name in attribute.split()}
    return found


def test_htmx_is_the_file_that_the_integrity_hash_names() -> None:
    digest = hashlib.sha384((VENDOR / "htmx-2.0.11.min.js").read_bytes()).digest()
    assert base64.b64encode(digest).decode() == HTMX_SHA384


def test_the_decoder_of_codes_is_the_file_of_its_package() -> None:
    digest = hashlib.sha384((VENDOR / "jsqr-1.4.0.js").read_bytes()).digest()
    assert base64.b64encode(digest).decode() == JSQR_SHA384


@pytest.mark.parametrize("name", ["htmx", "jsqr", "tabler"])
def test_every_vendored_asset_travels_with_its_licence(name: str) -> None:
    assert "ermission" in (VENDOR / "licenses" / f"{name}.txt").read_text(encoding="utf-8")
    assert list(VENDOR.glob(f"{name}*"))


def test_the_stylesheets_know_every_class_that_a_page_uses() -> None:
    known = _known() | WITHOUT_LOOKS
    unknown = []
    for file, name in sorted(_used()):
        pattern = re.compile(".*".join(map(re.escape, name.split(_HOLE))))
        if name.strip(_HOLE) and not any(pattern.fullmatch(one) for one in known):
            unknown.append(f"{file}: {name.replace(_HOLE, '…')}")
    assert not unknown, (
        "no stylesheet knows these classes; is it a slip, or `make css` not run?\n" + "\n".join(unknown)
    )


def test_a_class_of_every_notation_is_found() -> None:
    attribute = (
        "btn btn-{{ 'primary' if x == 'y' else 'link' }} {% if on %}active{% endif %} {{ extra }} "
        "bg-{{ colour }}-lt {{ 'last' if a == 'b' }}"
    )
    assert set(_classes(attribute)) == {
        "btn",
        "btn-primary",
        "btn-link",
        "active",
        _HOLE,
        f"bg-{_HOLE}-lt",
        "last",
    }


def test_no_asset_asks_another_host() -> None:
    for path in [*VENDOR.glob("*.css"), *(PORTAL / "static").glob("*.css")]:
        text = path.read_text(encoding="utf-8")
        assert "@import" not in text, path
        assert not re.findall(r"url\(\s*[\"']?(?:https?:)?//", text), path
