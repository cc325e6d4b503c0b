"""Finished papers joined into one file for the printer; the papers themselves stay as they are kept.

The file is written as the papers come, and nothing of a paper is held once it is in: a thousand take no more
memory than ten. What several papers have in common is written once, their letters above all.
"""

import io
import secrets
import zlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, BinaryIO

from portal.later import later
from portal.printing.sharing import Face, Faces

pikepdf = later("pikepdf")

_CATALOG, _PAGES = 1, 2
# Of a page: its tags stay with the paper, since the tree that they belong to does.
_OF_PAGE = ("/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/Rotate", "/Resources", "/Contents")
_A4 = b"[0 0 595.276 841.89]"


@dataclass(slots=True)
class _Part:
    """A paper in the file: where its pages stand, how many, and what it is called beside the pages."""

    node: int
    pages: int
    first: int
    title: str


class Joined:
    """One PDF being written into `file`, paper after paper; `finish` ends it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._places = array("Q", [0, 0, 0])  # where each object begins, by its number
        self._known: dict[bytes, int] = {}
        self._faces = Faces()
        self._programs: dict[int, tuple[Face, int]] = {}  # by the face's id
        self._parts: list[_Part] = []
        self._front = 0
        self.pages = 0
        file.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def add(
        self,
        paper: bytes,
        title: str = "",
        *,
        copies: int = 1,
        fills_sheet: bool = False,
        in_front: bool = False,
    ) -> int:
        """Put a paper's pages in, `copies` times; give how many pages it has.

        `fills_sheet`: an odd number of pages is followed by an empty one, so that what comes next begins on a
        sheet of its own when both sides are printed. `in_front`: before all that was put in otherwise.
        """
        with pikepdf.open(io.BytesIO(paper)) as source:
            seen: dict[tuple[int, int], int] = {}
            pages = [self._entries(page.obj, _OF_PAGE, seen) for page in source.pages]
            boxes = [self._text(page.obj["/MediaBox"], seen) for page in source.pages]
        parts = [self._part(pages, boxes, title if copy == 0 else "", fills_sheet) for copy in range(copies)]
        if in_front:
            self._parts[self._front : self._front] = parts
            self._front += len(parts)
        else:
            self._parts += parts
        return len(pages)

    def finish(self, title: str, *, made_at: datetime, duplex: bool = False) -> int:
        """Write what holds the papers together; give the number of pages, empty ones included."""
        for face, number in self._programs.values():
            program = face.program()
            self._write(number, b"/Length1 %d" % len(program), zlib.compress(program, 9))
        kids = b" ".join(b"%d 0 R" % part.node for part in self._parts)
        self._write(_PAGES, b"/Type /Pages /Kids [%s] /Count %d" % (kids, self.pages))
        catalog = (
            b"/Type /Catalog /Pages %d 0 R /Lang (zh-CN) /ViewerPreferences << /DisplayDocTitle true" % _PAGES
        )
        catalog += b" /Duplex /DuplexFlipLongEdge >>" if duplex else b" >>"
        if outline := self._outline():
            catalog += b" /PageMode /UseOutlines /Outlines %d 0 R" % outline
        self._write(_CATALOG, catalog)
        made = made_at.astimezone(UTC).strftime("D:%Y%m%d%H%M%SZ").encode()
        info = self._write(self._number(), b"/Title %s /CreationDate (%s)" % (_string(title), made))
        self._end(info)
        return self.pages

    def _part(self, pages: list[bytes], boxes: list[bytes], title: str, fills_sheet: bool) -> _Part:
        """Hang pages into the tree under a node of their own."""
        node = self._number()
        kids = [
            self._write(self._number(), b"/Type /Page /Parent %d 0 R %s" % (node, page)) for page in pages
        ]
        if fills_sheet and len(kids) % 2:
            empty = b"/Type /Page /Parent %d 0 R /MediaBox %s /Resources << >>" % (node, boxes[-1] or _A4)
            kids.append(self._write(self._number(), empty))
        listed = b" ".join(b"%d 0 R" % kid for kid in kids)
        self._write(node, b"/Type /Pages /Parent %d 0 R /Kids [%s] /Count %d" % (_PAGES, listed, len(kids)))
        self.pages += len(kids)
        return _Part(node, len(kids), kids[0], title)

    def _outline(self) -> int:
        """The papers' titles beside the pages; 0 where there is none."""
        titled = [part for part in self._parts if part.title]
        if not titled:
            return 0
        root = self._number()
        items = [self._number() for _part in titled]
        for place, (number, part) in enumerate(zip(items, titled, strict=True)):
            facts = b"/Parent %d 0 R /Title %s /Dest [%d 0 R /Fit]" % (root, _string(part.title), part.first)
            facts += b" /Prev %d 0 R" % items[place - 1] if place else b""
            facts += b" /Next %d 0 R" % items[place + 1] if place + 1 < len(items) else b""
            self._write(number, facts)
        ends = b"/Type /Outlines /First %d 0 R /Last %d 0 R /Count %d" % (items[0], items[-1], len(items))
        return self._write(root, ends)

    def _end(self, info: int) -> None:
        start = self._file.tell()
        self._file.write(b"xref\n0 %d\n0000000000 65535 f \n" % len(self._places))
        for place in self._places[1:]:
            self._file.write(b"%010d 00000 n \n" % place)
        told = b"/Size %d /Root %d 0 R /Info %d 0 R" % (len(self._places), _CATALOG, info)
        name = secrets.token_hex(16).encode()
        told += b" /ID [<%s> <%s>]" % (name, name)
        self._file.write(b"trailer\n<< %s >>\nstartxref\n%d\n%%%%EOF\n" % (told, start))

    # ---- what a paper is made of --------------------------------------------------------------------------------

    def _number(self) -> int:
        self._places.append(0)
        return len(self._places) - 1

    def _write(self, number: int, entries: bytes, data: bytes | None = None) -> int:
        """Write a dictionary, or a stream of compressed `data`, under this number."""
        if data is None:
            self._object(number, b"<< %s >>" % entries)
        else:
            facts = b"<< %s /Filter /FlateDecode /Length %d >>" % (entries, len(data))
            self._object(number, _stream(facts, data))
        return number

    def _object(self, number: int, text: bytes) -> None:
        self._places[number] = self._file.tell()
        self._file.write(b"%d 0 obj\n%s\nendobj\n" % (number, text))

    def _shared(self, text: bytes) -> int:
        """The number of an object; one that was written before, for whichever paper, is not written again."""
        digest = blake2b(text, digest_size=16).digest()
        number = self._known.get(digest)
        if number is None:
            number = self._known[digest] = self._number()
            self._object(number, text)
        return number

    def _entries(self, source: Any, names: Iterable[str], seen: dict[tuple[int, int], int]) -> bytes:
        found = ((name, source.get(name)) for name in names)
        return b" ".join(
            b"%s %s" % (_name(name), self._text(value, seen)) for name, value in found if value is not None
        )

    def _text(self, value: Any, seen: dict[tuple[int, int], int]) -> bytes:
        """A value as this file says it: what it refers to is put in first, and referred to by its number here."""
        if not isinstance(value, pikepdf.Object):
            return _plain(value)
        if value.is_indirect:
            number = seen.get(value.objgen)
            if number is None:
                number = seen[value.objgen] = self._shared(self._body(value, seen))
            return b"%d 0 R" % number
        return self._body(value, seen)

    def _body(self, value: Any, seen: dict[tuple[int, int], int]) -> bytes:
        if isinstance(value, pikepdf.Stream):
            names = [name for name in sorted(value.keys()) if name != "/Length"]
            data = value.read_raw_bytes()
            facts = b"<< %s /Length %d >>" % (self._entries(value, names, seen), len(data))
            return _stream(facts, data)
        if isinstance(value, pikepdf.Array):
            return b"[%s]" % b" ".join(self._text(item, seen) for item in value)
        if isinstance(value, pikepdf.Dictionary):
            if value.get("/Subtype") == "/CIDFontType2" and (shared := self._font(value, seen)) is not None:
                return shared
            return b"<< %s >>" % self._entries(value, sorted(value.keys()), seen)
        text: bytes = value.unparse()
        return text

    def _font(self, font: Any, seen: dict[tuple[int, int], int]) -> bytes | None:
        """A font of ours with the shared letters in place of its own; None for any other one."""
        descriptor = font.get("/FontDescriptor")
        if descriptor is None or "/FontFile2" not in descriptor or font.get("/CIDToGIDMap") != "/Identity":
            return None
        taken = self._faces.take(descriptor["/FontFile2"].read_bytes())
        if taken is None:
            return None
        face, numbers = taken
        if id(face) not in self._programs:
            self._programs[id(face)] = face, self._number()
        names = [name for name in sorted(descriptor.keys()) if name != "/FontFile2"]
        facts = self._entries(descriptor, names, seen)
        described = self._shared(b"<< %s /FontFile2 %d 0 R >>" % (facts, self._programs[id(face)][1]))
        data = zlib.compress(numbers, 9)
        places = self._shared(_stream(b"<< /Filter /FlateDecode /Length %d >>" % len(data), data))
        names = [name for name in sorted(font.keys()) if name not in ("/FontDescriptor", "/CIDToGIDMap")]
        facts = self._entries(font, names, seen)
        return b"<< %s /FontDescriptor %d 0 R /CIDToGIDMap %d 0 R >>" % (facts, described, places)


def join(papers: Iterable[bytes]) -> tuple[bytes, int]:
    """The pages of all papers in this order as one PDF, and how many there are."""
    target = io.BytesIO()
    joined = Joined(target)
    for paper in papers:
        joined.add(paper)
    pages = joined.finish("", made_at=datetime.now(UTC))
    return target.getvalue(), pages


def _stream(facts: bytes, data: bytes) -> bytes:
    return b"%s\nstream\n%s\nendstream" % (facts, data)


def _plain(value: Any) -> bytes:
    if value is None:
        return b"null"
    if isinstance(value, bool):
        return b"true" if value else b"false"
    return format(value, "f").encode() if not isinstance(value, int) else b"%d" % value


def _name(name: str) -> bytes:
    text: bytes = pikepdf.Name(name).unparse()
    return text


def _string(text: str) -> bytes:
    return b"<feff%s>" % text.encode("utf-16-be").hex().encode()
