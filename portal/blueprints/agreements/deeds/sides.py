"""Two texts side by side, with what differs marked word by word."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from markupsafe import Markup

# A number with its signs or a word of Latin letters is one thing, a hanzi another.
_WORD = re.compile(r"[A-Za-z0-9]+(?:[.,][0-9]+)*%?|.", re.DOTALL)


@dataclass(frozen=True)
class Side:
    """One changed clause: what it is called, and both texts with their differences marked."""

    clause: str
    before: Markup
    after: Markup


def sides(changes: Iterable[Mapping[str, Any]]) -> list[Side]:
    """The changes of an amendment as its page shows them."""
    return [Side(str(row["clause"]), *marked(str(row["before"]), str(row["after"]))) for row in changes]


def marked(before: str, after: str) -> tuple[Markup, Markup]:
    """Both texts, what is gone in <del> and what is new in <ins>."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    left, right = Markup(), Markup()
    for how, start, end, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = "".join(old[start:end]), "".join(new[first:last])
        left += Markup("<del>{}</del>").format(gone) if how != "equal" and gone else gone
        right += Markup("<ins>{}</ins>").format(come) if how != "equal" and come else come
    return left, right
