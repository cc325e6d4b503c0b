"""Fail when a text has no translation, a doubtful one, or one that fills in other parameters."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from babel.messages.catalog import Catalog, Message
from i18n import ROOT, catalogues, extract, is_translated, messages, read

_PARAMETER = re.compile(r"%\((\w+)\)[-#0 +]*\d*(?:\.\d+)?([a-zA-Z])")
_PERCENT = re.compile(r"%%|%\(\w+\)[-#0 +]*\d*(?:\.\d+)?[a-zA-Z]")


def parameters(text: str) -> set[tuple[str, str]]:
    """The named parameters of a text, with their kinds: %(count)d is ("count", "d")."""
    return set(_PARAMETER.findall(text))


def faults_of(message: Message, translation: Message | None) -> Iterator[str]:
    """What is wrong with one translation."""
    if translation is None or not is_translated(translation):
        yield "is not translated (make i18n adds it to the catalogue)"
        return
    if translation.fuzzy:
        yield "is marked fuzzy"
    ids = (message.id,) if isinstance(message.id, str) else message.id
    strings = (translation.string,) if isinstance(translation.string, str) else translation.string
    wanted = parameters(ids[-1])
    for string in strings:
        if parameters(string) != wanted:
            yield f"fills in {sorted(parameters(string))} instead of {sorted(wanted)}: {string!r}"
        # A text with parameters goes through the % operator, where a bare percent sign breaks the page.
        if (wanted or "%%" in ids[-1]) and "%" in _PERCENT.sub("", string):
            yield f"has a bare percent sign, which must be written twice: {string!r}"


def faults(template: Catalog, catalogue: Catalog) -> Iterator[str]:
    """What is wrong with a catalogue, one line each."""
    for message in messages(template):
        files = ", ".join(sorted({file for file, _line in message.locations}))
        for fault in faults_of(message, catalogue.get(message.id, message.context)):
            context = f" [{message.context}]" if message.context else ""
            yield f"{message.id!r}{context} {fault}  ({files})"


def main() -> int:
    """Print every fault; 1 when there is one."""
    template, found = extract(), 0
    for path in catalogues():
        for fault in faults(template, read(path)):
            print(f"{path.relative_to(ROOT)}: {fault}")
            found += 1
    if not messages(template) or not catalogues():
        print("no messages or no catalogue found")
        found += 1
    print(f"{len(messages(template))} messages, {found} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
