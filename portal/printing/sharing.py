"""One embedded font for many papers: each of ours carries a subset of the same five faces, numbered its own way.

A glyph is known by its outline and its widths, which are the same bytes in every subset; the numbers inside a paper
stay, and a map from them to the shared font's glyphs takes two bytes a glyph. Of 150 kB a paper 125 are its fonts.
"""

import struct
from dataclasses import dataclass, field

from portal.printing.embedding import outlines, tables_of, true_type

_MOST_GLYPHS = 60_000  # a number has two bytes
Glyph = tuple[bytes, bytes]


@dataclass(slots=True)
class Face:
    """What the papers so far have used of one face; glyph 0 is the one for letters that are not there."""

    common: dict[bytes, bytes]
    glyphs: dict[Glyph, int] = field(default_factory=dict)

    def numbers(self, found: list[Glyph]) -> bytes:
        """Where each glyph of a subset stands here, as the bytes of a CIDToGIDMap; new ones are taken in."""
        places = [self.glyphs.setdefault(glyph, len(self.glyphs)) for glyph in found]
        return struct.pack(f">{len(places)}H", *places)

    def program(self) -> bytes:
        """The font with every glyph that was taken in."""
        return true_type(self.common, [outline for outline, _ in self.glyphs], [m for _, m in self.glyphs])


class Faces:
    """The faces of the papers that are put into one file."""

    def __init__(self) -> None:
        self._last: dict[tuple[bytes, ...], Face] = {}

    def take(self, program: bytes) -> tuple[Face, bytes] | None:
        """The shared face of an embedded font, and the map from its glyphs' numbers; None if it is none of ours."""
        try:
            tables = tables_of(program)
            count = struct.unpack_from(">H", tables[b"maxp"], 4)[0]
            shapes = outlines(tables, list(range(count)))
        except (RuntimeError, KeyError, struct.error):
            return None
        if len(tables[b"hmtx"]) < 4 * count:
            return None
        metrics = tables[b"hmtx"]
        found = [(shape, metrics[4 * no : 4 * no + 4]) for no, shape in enumerate(shapes)]
        # What a subset changes in these tables: a sum over the file, the width of offsets, the count of glyphs.
        head, hhea, maxp = tables[b"head"], tables[b"hhea"], tables[b"maxp"]
        key = (head[:8] + head[12:50] + head[52:], hhea[:34], maxp[:4] + maxp[6:], shapes[0])
        face = self._last.get(key)
        if face is None or len(face.glyphs) + count > _MOST_GLYPHS:
            face = self._last[key] = Face(tables)
            face.numbers(found[:1])
        return face, face.numbers(found)
