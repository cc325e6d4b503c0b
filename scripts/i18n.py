"""The message catalogues: `update` gathers the msgids of code and templates, `compile` makes the .mo files.

A catalogue carries no dates and no line numbers, and its entries are sorted: two people's additions merge.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = ROOT / "portal" / "translations"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "_l": None,
    "lazy_gettext": None,
    "lazy_pgettext": ((1, "c"), 2),
    "lazy_ngettext": (1, 2),
    # The domain's: a mark that does nothing, and what its refusals say.
    "N_": None,
    "Msgid": None,
    "DomainError": None,
    "Stale": None,
}
METHODS = [
    ("portal/**.py", "python"),
    ("portal/templates/**.html", "jinja2"),
    ("portal/templates/**.svg", "jinja2"),
]
# A template that Jinja cannot parse must fail here, not lose its texts in silence.
OPTIONS = {
    pattern: {"trimmed": "true", "silent": "false"} for pattern, method in METHODS if method == "jinja2"
}


def extract() -> Catalog:
    """All msgids of the code and the templates, with the files they stand in."""
    template = Catalog(locale=None)
    for file, _line, msgid, _comments, context in extract_from_dir(
        str(ROOT), METHODS, OPTIONS, KEYWORDS, strip_comment_tags=True
    ):
        template.add(msgid, None, [(file, 0)], context=context)
    return template


def messages(catalogue: Catalog) -> list[Message]:
    """The catalogue's entries without its header, sorted."""
    return sorted((m for m in catalogue if m.id), key=lambda m: (str(m.id), str(m.context)))


def is_translated(message: Message) -> bool:
    """Has every form of this message its text?"""
    strings = (message.string,) if isinstance(message.string, str) else message.string
    return bool(strings) and all(strings)


def catalogues() -> list[Path]:
    """The .po files, one a language."""
    return sorted(CATALOGUES.glob("*/LC_MESSAGES/*.po"))


def read(path: Path) -> Catalog:
    """A catalogue as it stands in the tree."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def update(path: Path) -> int:
    """Bring one catalogue to the msgids in use, keep its translations, count what is to be translated."""
    old, holes = read(path), 0
    new = Catalog(locale=path.parent.parent.name, project="portal", version="1", charset="utf-8", fuzzy=False)
    for message in messages(extract()):
        known = old.get(message.id, message.context)
        files = [(file, 0) for file in sorted({file for file, _line in message.locations})]
        empty = "" if isinstance(message.id, str) else ("",) * new.num_plurals
        string = known.string if known is not None and is_translated(known) else empty
        entry = new.add(message.id, string, files, context=message.context)
        if known is not None and known.fuzzy:
            entry.flags.add("fuzzy")
        holes += not is_translated(entry)
    buffer = io.BytesIO()
    write_po(buffer, new, include_lineno=False, width=110, sort_output=True)
    path.write_bytes(re.sub(rb'"(POT-Creation-Date|PO-Revision-Date): [^\n]*\\n"\n', b"", buffer.getvalue()))
    return holes


def compile_all() -> None:
    """Make the .mo file of every catalogue, each in one move: a running server may read it meanwhile."""
    for path in catalogues():
        unfinished = path.with_suffix(".mo.new")
        with unfinished.open("wb") as file:
            write_mo(file, read(path))
        unfinished.replace(path.with_suffix(".mo"))


def main() -> int:
    """The command line."""
    match sys.argv[1:]:
        case ["update"]:
            for path in catalogues():
                print(f"{path.relative_to(ROOT)}: {update(path)} to translate")
            compile_all()
        case ["compile"]:
            compile_all()
        case _:
            print("usage: scripts/i18n.py update | compile", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
