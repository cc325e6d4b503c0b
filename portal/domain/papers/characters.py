"""Which characters our letters have: text is tested where it is typed, never printed as a box."""

import unicodedata
from functools import cache
from pathlib import Path

from portal.domain.errors import DomainError

_LOST = "〓"  # what printers set for a letter that they lack


@cache
def printable() -> frozenset[str]:
    """Give every character that all faces of our fonts have (written by scripts/build_fonts.py)."""
    lines = Path(__file__).with_name("characters.txt").read_text(encoding="utf-8").split("\n")
    return frozenset("".join(lines))


def missing_characters(text: str) -> str:
    """Give the characters of a text that cannot be printed, each once, in their order."""
    known = printable()
    if known.issuperset(text):
        return ""
    return "".join(dict.fromkeys(character for character in text if character not in known))


def with_lost_marked(text: str) -> str:
    """The text with 〓 for every character that cannot be printed: on lists that must not wait for one letter."""
    missing = missing_characters(text)
    return text.translate(dict.fromkeys(map(ord, missing), _LOST)) if missing else text


def check_characters(text: str, field: str | None = None) -> None:
    """Refuse a text with characters that cannot be printed, and name them (invisible ones by code point)."""
    missing = missing_characters(text)
    if missing:
        raise DomainError("These characters cannot be printed: %(characters)s", field=field,
                          characters="、".join(_visible(character) for character in missing))  # fmt: skip


def _visible(character: str) -> str:
    """Show a character, or its code point where one would see nothing."""
    if unicodedata.category(character)[0] in "CZM" or "\ufe00" <= character <= "\ufe0f":
        return f"U+{ord(character):04X}"
    return character
