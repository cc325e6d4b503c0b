"""The letters in a PDF: only those that are used, numbered from 1, and no more bytes than they need.

WeasyPrint 70 keeps the numbers of the font file, which costs room for the ten thousand glyphs that are left out,
and writes every gap of a justified line twice. Here the glyphs of a face are numbered anew in the order of their
characters, text is rewritten with the new numbers, and one spacing serves a line. It replaces
`build_fonts_dictionary` where the library looks it up; what is not in our own plain TrueType is a bug.
"""

import re
import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib import import_module
from itertools import groupby
from typing import Any

from portal.later import later
from portal.printing.health import FAMILIES

pydyf = later("pydyf")

# What a TrueType font inside a PDF must have; the PDF itself tells characters and widths.
_KEPT = (b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp")
_FULL_WIDTH = 1000
_TOKEN = re.compile(rb"<([0-9a-f]*)>|(-?[0-9.]+(?:e-?[0-9]+)?)")
_FONT = re.compile(rb"/(\w+) ([0-9.]+) Tf$")
_SPECIAL = re.compile(rb"[\\\\()]")
_LONG_NUMBER = re.compile(rb"-?[0-9]+\.[0-9]{3,}")

Numbers = Mapping[int, int]


def build_fonts_dictionary(pdf: Any, fonts: Any, compress: bool, subset: bool, options: Any) -> Any:
    """Write the fonts of a document, and its pages' text with the new numbers; refuse letters that are not ours."""
    foreign = {font.family for font in fonts.values()} - FAMILIES
    if foreign or any(font.missing for font in fonts.values()):
        raise RuntimeError(f"The paper holds characters that our letters lack (instead: {sorted(foreign)}).")
    faces: dict[str, list[Any]] = {}
    for font in fonts.values():
        faces.setdefault(font.hash, []).append(font)
    dictionary = pydyf.Dictionary()
    renumbered: dict[bytes, Numbers] = {}
    for name, same in faces.items():
        to_unicode: dict[int, str] = {}
        widths: dict[int, int] = {}
        for font in same:
            to_unicode |= font.to_unicode
            widths |= font.widths
        used = sorted(to_unicode, key=lambda glyph: (to_unicode[glyph], glyph))
        numbers = {glyph: number for number, glyph in enumerate(used, 1)}
        renumbered[name.encode()] = numbers
        dictionary[name] = _font(
            pdf,
            same[0],
            [to_unicode[glyph] for glyph in used],
            [widths[glyph] for glyph in used],
            used,
            compress,
        )
    for part in pdf.objects:
        if isinstance(part, pydyf.Stream):
            part.stream[:] = rewritten(part.stream, renumbered)
    return dictionary


def _font(
    pdf: Any, font: Any, texts: list[str], widths: list[int], glyphs: list[int], compress: bool
) -> bytes:
    """Write one face; give its reference."""
    program = true_type_subset(font.file_content, glyphs)
    file = pydyf.Stream([program], pydyf.Dictionary({"Length1": len(program)}), compress=compress)
    to_unicode = pydyf.Stream(_cmap(texts), compress=compress)
    descriptor = pydyf.Dictionary(
        {
            "Type": "/FontDescriptor",
            "FontName": font.name,
            "FontFamily": pydyf.String(font.family),
            "Flags": font.flags,
            "FontBBox": pydyf.Array((0, font.descent, max(widths), font.ascent)),
            "ItalicAngle": 0,
            "Ascent": font.ascent,
            "Descent": font.descent,
            "CapHeight": font.ascent,
            "StemV": font.stemv,
        }
    )
    descendant = pydyf.Dictionary(
        {
            "Type": "/Font",
            "Subtype": "/CIDFontType2",
            "BaseFont": font.name,
            "CIDSystemInfo": pydyf.Dictionary(
                {"Registry": pydyf.String("Adobe"), "Ordering": pydyf.String("Identity"), "Supplement": 0}
            ),
            "CIDToGIDMap": "/Identity",
            "DW": _FULL_WIDTH,
            "W": _widths(widths),
        }
    )
    composite = pydyf.Dictionary(
        {"Type": "/Font", "Subtype": "/Type0", "BaseFont": font.name, "Encoding": "/Identity-H"}
    )
    for part in (file, to_unicode, descriptor, descendant, composite):
        pdf.add_object(part)
    descriptor["FontFile2"] = file.reference
    descendant["FontDescriptor"] = descriptor.reference
    composite["DescendantFonts"] = pydyf.Array([descendant.reference])
    composite["ToUnicode"] = to_unicode.reference
    reference: bytes = composite.reference
    return reference


def _widths(widths: list[int]) -> Any:
    """List the widths of glyphs 1, 2, 3… that differ from a full em, in unbroken stretches."""
    result = pydyf.Array()
    differing = ((number, width) for number, width in enumerate(widths, 1) if width != _FULL_WIDTH)
    for _, stretch in groupby(enumerate(differing), lambda pair: pair[1][0] - pair[0]):
        entries = [entry for _, entry in stretch]
        result += [entries[0][0], pydyf.Array([width for _, width in entries])]
    return result


def _cmap(texts: list[str]) -> list[bytes]:
    """Say which text glyphs 1, 2, 3… stand for."""
    lines = [
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        b"/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
        b"1 begincodespacerange <0000> <ffff> endcodespacerange",
    ]
    # A range may not cross the first byte of its numbers.
    first = 1
    while first <= len(texts):
        last = min(len(texts), first | 0xFF)
        entries = "".join(f"<{text.encode('utf-16-be').hex()}>" for text in texts[first - 1 : last])
        lines.append(f"1 beginbfrange <{first:04x}> <{last:04x}> [{entries}] endbfrange".encode())
        first = last + 1
    lines.append(b"endcmap CMapName currentdict /CMap defineresource pop end end")
    return lines


def rewritten(items: Iterable[Any], renumbered: Mapping[bytes, Numbers]) -> list[Any]:
    """Write what is drawn on a page with the new numbers of glyphs, and no digit more than is seen."""
    result: list[Any] = []
    numbers: Numbers = {}
    size = 0.0
    for item in items:
        if not isinstance(item, bytes):
            result.append(item)
        elif item.endswith(b" TJ"):
            result += _text(item, numbers, size)
        elif item.endswith(b" Tf"):
            match = _FONT.match(item)
            if match is None:
                raise RuntimeError(f"This is no choice of a font: {item!r}")
            numbers, size = renumbered[match[1]], float(match[2])
            result.append(item)
        elif item.endswith((b" Tm", b" cm", b" re", b" l", b" m", b" w")):
            result.append(_LONG_NUMBER.sub(_rounded, item))
        else:
            result.append(item)
    return result


def _rounded(match: re.Match[bytes]) -> bytes:
    """Keep three decimals: a thousandth of a point."""
    return f"{float(match[0]):.3f}".rstrip("0").rstrip(".").encode()


def _text(item: bytes, numbers: Numbers, size: float) -> list[bytes]:
    """Write `[<0012>-4<>-4.6<0345>0] TJ` with new numbers, its commonest gap as the spacing of all letters."""
    codes: list[bytes] = []
    gaps: list[float] = []  # before each glyph, in thousandths of an em to the left, and behind the last
    gap = 0.0
    for text, number in _TOKEN.findall(item[:-3]):
        if number:
            gap += float(number)
            continue
        for start in range(0, len(text), 4):
            codes.append(numbers[int(text[start : start + 4], 16)].to_bytes(2, "big"))
            gaps.append(gap)
            gap = 0.0
    if not codes:
        return []
    common, _ = Counter(gaps[1:]).most_common(1)[0] if len(gaps) > 1 else (0.0, 0)
    spacing = common if abs(common) >= 1 else 0.0
    parts: list[bytes] = []
    shown = b""
    # What is left of each gap is written in whole thousandths, what is rounded off carried on to the next.
    rest = 0.0
    for position, (code, wanted) in enumerate(zip(codes, gaps, strict=True)):
        rest += wanted - (spacing if position else 0.0)
        if abs(rest) >= 1:
            whole = round(rest)
            rest -= whole
            parts += [_string(shown), str(whole).encode()] if shown else [str(whole).encode()]
            shown = b""
        shown += code
    drawing = b"[" + b"".join([*parts, _string(shown)]) + b"] TJ"
    if not spacing:
        return [drawing]
    return [f"{-spacing / 1000 * size:.4f} Tc".encode(), drawing, b"0 Tc"]


def _string(codes: bytes) -> bytes:
    """Write a string of two-byte codes."""
    return b"(" + _SPECIAL.sub(rb"\\\g<0>", codes).replace(b"\r", b"\\r") + b")"


def true_type_subset(program: bytes, glyphs: list[int]) -> bytes:
    """Cut a plain TrueType font down to these glyphs, numbered from 1 in their order; 0 stays `.notdef`."""
    tables = tables_of(program)
    kept = [0, *glyphs]
    metric_count = struct.unpack_from(">H", tables[b"hhea"], 34)[0]
    metrics = [_metric(tables[b"hmtx"], metric_count, glyph) for glyph in kept]
    return true_type(tables, outlines(tables, kept), metrics)


def tables_of(program: bytes) -> dict[bytes, bytes]:
    """The tables of a plain TrueType font; RuntimeError for any other one."""
    count = struct.unpack_from(">H", program, 4)[0]
    directory = (struct.unpack_from(">4s4xLL", program, 12 + 16 * number) for number in range(count))
    tables = {tag: program[start : start + length] for tag, start, length in directory}
    if not set(_KEPT) <= tables.keys() or {b"fpgm", b"prep", b"cvt "} & tables.keys():
        raise RuntimeError("This font is none of ours.")
    return tables


def true_type(tables: Mapping[bytes, bytes], outlines: list[bytes], metrics: list[bytes]) -> bytes:
    """A font of these glyphs, with advance and bearing of each, that is else like the one with these tables."""
    starts = [0]
    for outline in outlines:
        starts.append(starts[-1] + len(outline))
    is_short = starts[-1] < 0x20000
    head = bytearray(tables[b"head"])
    struct.pack_into(">L", head, 8, 0)  # a sum over the file, which nobody checks inside a PDF
    struct.pack_into(">h", head, 50, 0 if is_short else 1)
    count = struct.pack(">H", len(outlines))
    written = {
        b"glyf": b"".join(outlines),
        b"head": bytes(head),
        b"hhea": tables[b"hhea"][:34] + count,
        b"hmtx": b"".join(metrics),
        b"loca": struct.pack(
            f">{len(starts)}{'H' if is_short else 'L'}",
            *([start // 2 for start in starts] if is_short else starts),
        ),
        b"maxp": tables[b"maxp"][:4] + count + tables[b"maxp"][6:],
    }
    return _true_type(written)


def outlines(tables: Mapping[bytes, bytes], glyphs: list[int]) -> list[bytes]:
    """Take the glyphs' outlines, each of an even length; RuntimeError for one that is made of others."""
    is_long = struct.unpack_from(">h", tables[b"head"], 50)[0]
    found = []
    for glyph in glyphs:
        if is_long:
            start, end = struct.unpack_from(">LL", tables[b"loca"], 4 * glyph)
        else:
            start, end = (2 * half for half in struct.unpack_from(">HH", tables[b"loca"], 2 * glyph))
        outline = tables[b"glyf"][start:end]
        if outline and outline[0] & 0x80:
            raise RuntimeError("A glyph is made of others, which our fonts do not have.")
        found.append(outline + bytes(len(outline) % 2))
    return found


def _metric(table: bytes, count: int, glyph: int) -> bytes:
    """Give a glyph's advance and left side bearing; those beyond `count` have the last advance."""
    if glyph < count:
        return table[4 * glyph : 4 * glyph + 4]
    bearing = 4 * count + 2 * (glyph - count)
    return table[4 * count - 4 : 4 * count - 2] + table[bearing : bearing + 2]


def _true_type(tables: Mapping[bytes, bytes]) -> bytes:
    """Put tables into one file."""
    count = len(tables)
    power = count.bit_length() - 1
    directory = struct.pack(">LHHHH", 0x00010000, count, 16 << power, power, 16 * (count - (1 << power)))
    start = len(directory) + 16 * count
    body = b""
    for tag, table in sorted(tables.items()):
        padded = table + bytes(-len(table) % 4)
        checksum = sum(struct.unpack(f">{len(padded) // 4}L", padded)) & 0xFFFFFFFF
        directory += struct.pack(">4sLLL", tag, checksum, start + len(body), len(table))
        body += padded
    return directory + body


def install() -> None:
    """Make WeasyPrint write fonts so."""
    # Joining papers needs this module too, and not WeasyPrint with its 40 MB.
    import_module("weasyprint.pdf").build_fonts_dictionary = build_fonts_dictionary  # type: ignore[attr-defined]
