"""What a page of a PDF really draws: the rest of what it could name is left behind when it is taken out.

A copier may give all pages one dictionary of pictures. Whoever takes a page with it takes every picture of the pile.
"""

import re
from collections.abc import Iterator
from typing import Any

import pikepdf

_NAME = re.compile(rb"/([^\x00\t\n\f\r ()<>\[\]{}/%]*)")
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
# Used without being named.
_IMPLIED = {b"DefaultGray", b"DefaultRGB", b"DefaultCMYK"}


def keep_what_is_drawn(page: pikepdf.Page) -> None:
    """Take out of a page's resources, and those of what it draws, whatever its content does not name.

    The page owns its resources afterwards. pikepdf.PdfError where a content cannot be unpacked.
    """
    contents = page.obj.get("/Contents")
    streams = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
    inherited = page.resources
    page.obj.Resources = _kept(streams, inherited, list(_appearances(page)), set())


def _kept(
    streams: list[Any], resources: Any, drawn: list[Any], pruned: set[tuple[int, int]]
) -> pikepdf.Dictionary:
    """The part of `resources` that these contents name, or what they draw and that has none of its own."""
    names: set[bytes] = set(_IMPLIED)
    waiting = [*_named(streams), *(name for one in drawn for name in _used_by(one, pruned))]
    while waiting:
        name = waiting.pop()
        if name in names:
            continue
        names.add(name)
        for _category, entries in _categories(resources):
            for key, entry in entries.items():
                if _plain(key) == name:
                    waiting += _used_by(entry, pruned)
    kept = pikepdf.Dictionary()
    for category, value in resources.items():
        if isinstance(value, pikepdf.Dictionary):
            value = pikepdf.Dictionary({key: one for key, one in value.items() if _plain(key) in names})
        kept[category] = value
    return kept


def _used_by(entry: Any, pruned: set[tuple[int, int]]) -> set[bytes]:
    """Names that a resource takes from whoever draws it; one with resources of its own is pruned and takes none."""
    holder, streams = _contents(entry)
    if holder is None:
        return set()
    if "/Resources" not in holder:
        return _named(streams)
    if holder.objgen not in pruned:
        pruned.add(holder.objgen)
        holder.Resources = _kept(streams, holder.Resources, [], pruned)
    return set()


def _contents(entry: Any) -> tuple[Any, list[Any]]:
    """Whose resources count and what draws with them: a form, a pattern, a font of drawings, a mask."""
    if not isinstance(entry, pikepdf.Dictionary | pikepdf.Stream):
        return None, []
    if isinstance(entry.get("/SMask"), pikepdf.Dictionary) and "/G" in entry.SMask:
        entry = entry.SMask.G
    if "/CharProcs" in entry:
        return entry, list(entry.CharProcs.values())
    is_drawing = isinstance(entry, pikepdf.Stream) and (
        entry.get("/Subtype") == "/Form" or "/PatternType" in entry
    )
    return (entry, [entry]) if is_drawing else (None, [])


def _appearances(page: pikepdf.Page) -> Iterator[Any]:
    """What notes and signatures laid over the page look like."""
    for note in page.obj.get("/Annots", []):
        for look in note.get("/AP", {}).values() if isinstance(note, pikepdf.Dictionary) else ():
            yield from look.values() if isinstance(look, pikepdf.Dictionary) else (look,)


def _categories(resources: Any) -> Iterator[tuple[str, Any]]:
    for category, entries in resources.items():
        if isinstance(entries, pikepdf.Dictionary):
            yield category, entries


def _named(streams: list[Any]) -> set[bytes]:
    """Every name in these contents; one too many, out of some text, does no harm."""
    contents = b"\n".join(one.read_bytes() for one in streams if isinstance(one, pikepdf.Stream))
    return {_ESCAPE.sub(lambda code: bytes([int(code[1], 16)]), found) for found in _NAME.findall(contents)}


def _plain(key: str) -> bytes:
    return key[1:].encode("utf-8", "surrogateescape")
