"""Files of every kind are read page by page; hostile ones are refused in words and harm only themselves."""

import os
import random
import zlib
from io import BytesIO
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageDraw

from bench import processes
from bench.worn import CROOKED, OFFICE, TURNED, Wear, drawn, jpeg, worn
from portal.scanning.pictures import Pages, is_blank
from portal.scanning.reader import Broken, Reader, RefusedFile
from portal.scanning.refusals import BROKEN, CUT, EMPTY, MOST_PAGES, PASSWORD, TOO_LARGE, TOO_MANY
from tests.scanning.conftest import CODE, kept, paper


def office(page: int, turned: int = 0) -> Image.Image:
    return worn(drawn(paper(), page, 150), OFFICE, page).rotate(-turned, expand=True)


def packed(kind: str, *pages: Image.Image, **options: object) -> bytes:
    out = BytesIO()
    rest = {"save_all": True, "append_images": pages[1:]} if len(pages) > 1 else {}
    pages[0].save(out, kind, **rest, **options)
    return out.getvalue()


def embedded(pdf: bytes) -> bytes:
    """The packed picture in the first page of a PDF."""
    with pikepdf.open(BytesIO(pdf)) as document:
        return next(iter(document.pages[0].Resources.XObject.values())).read_raw_bytes()


def refusal(reader: Reader, path: Path) -> str:
    with pytest.raises(RefusedFile) as refused:
        reader.count(path)
    return refused.value.msgid


def test_a_page_of_png_and_a_pdf_of_five_hundred_pages_are_taken(reader: Reader, tmp_path: Path) -> None:
    read = reader.read(kept(tmp_path, "scan.png", packed("PNG", office(3, turned=90))), 1)
    assert read and read.marks == ((CODE, 3),) and read.quarter_turns == 3
    document = pypdfium2.PdfDocument(paper())
    for _page in range(500 - len(document)):
        document.new_page(595, 842)
    out = BytesIO()
    document.save(out)
    path = kept(tmp_path, "500.pdf", out.getvalue())
    assert reader.count(path) == 500
    first, last = reader.read(path, 1), reader.read(path, 500)
    assert first and first.marks == ((CODE, 1),) and last and last.is_blank


WORN = [OFFICE, TURNED, CROOKED, Wear(noise=6, shade=0.5)]


@pytest.mark.parametrize("wear", WORN, ids=["office", "180°", "4°", "shade"])
def test_a_blank_back_is_told_from_a_stroke_of_a_pencil(wear: Wear) -> None:
    back = Image.new("L", (1240, 1754), 250)
    for top in () if wear is CROOKED else (500, 1200):  # a folder's holes
        back.paste(60, (54, top, 90, top + 36))
    assert is_blank(worn(back, wear))
    ImageDraw.Draw(back).line((800, 1500, 870, 1460, 900, 1520, 960, 1450, 1010, 1500), fill=140, width=2)
    assert not is_blank(worn(back, wear))


def test_a_dusty_back_is_blank_and_one_with_a_word_is_not() -> None:
    dice = random.Random(1)
    back = Image.new("L", (1240, 1754), 250)
    dust = ImageDraw.Draw(back)
    for _speck in range(60):
        x, y = dice.randrange(1240), dice.randrange(1754)
        dust.rectangle((x, y, x + 1, y + 1), fill=0)
    dust.rectangle((0, 0, 60, 1754), fill=20)  # the scanner's rim
    assert is_blank(worn(back, OFFICE))
    dust.line((600, 900, 640, 880, 660, 920, 700, 870, 730, 905), fill=60, width=3)
    assert not is_blank(worn(back, OFFICE))


def test_pictures_are_read_however_they_are_packed(reader: Reader, tmp_path: Path) -> None:
    page, other = office(1), office(2, turned=90)
    small = worn(drawn(paper(), 3, 200), OFFICE, 3)
    pixels = bytes(grey for grey in page.tobytes() for _half in (1, 2))
    seen_through = Image.merge(
        "RGBA", (*(Image.new("L", page.size, 0),) * 3, page.point(lambda grey: 255 - grey))
    )
    packings = {
        "lzw.tif": (packed("TIFF", page, other, small, compression="tiff_lzw"), [1, 2, 3]),
        "deflate.tif": (
            packed(
                "TIFF", page.convert("RGB"), other.convert("1", dither=0), compression="tiff_adobe_deflate"
            ),
            [1, 2],
        ),
        "seen through.png": (packed("PNG", seen_through), [1]),
        "palette.png": (packed("PNG", page.convert("P")), [1]),
        "16 bits.png": (packed("PNG", Image.frombytes("I;16", page.size, pixels)), [1]),
        "printer's colours.jpg": (packed("JPEG", page.convert("RGB").convert("CMYK")), [1]),
    }
    for name, (data, expected) in packings.items():
        path = kept(tmp_path, name, data)
        assert reader.count(path) == len(expected), name
        read = [reader.read(path, number) for number in range(1, 1 + len(expected))]
        assert [one and one.marks for one in read] == [((CODE, number),) for number in expected], name


@pytest.mark.parametrize("kind", ["pdf", "tiff", "fax", "old fax"])
def test_a_file_of_several_pages_is_read_page_by_page(reader: Reader, tmp_path: Path, kind: str) -> None:
    pages = [office(1), office(2, turned=180), Image.new("L", (1240, 1754), 250)]
    data = {
        "pdf": lambda: packed("PDF", *pages, resolution=150),
        "tiff": lambda: packed("TIFF", *pages, compression="jpeg"),
        "fax": lambda: packed("TIFF", *(page.convert("1", dither=0) for page in pages), compression="group4"),
        "old fax": lambda: packed(
            "TIFF", *(page.convert("1", dither=0) for page in pages), compression="group3"
        ),
    }[kind]()
    path = kept(tmp_path, "pile", data)
    assert reader.count(path) == 3
    first, second, third = (reader.read(path, number) for number in (1, 2, 3))
    assert first and second and third
    assert first.marks == ((CODE, 1),) and first.quarter_turns == 0
    assert second.marks == ((CODE, 2),) and second.quarter_turns == 2
    assert third.is_blank and third.marks == ()
    assert len(second.preview) < 200_000
    upright = Image.open(BytesIO(second.preview))
    assert upright.height > upright.width


def test_a_photograph_is_read_as_its_camera_noted_it(reader: Reader, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by 90° clockwise to see it upright
    big = office(4).resize((2480, 3508))
    path = kept(tmp_path, "photo.jpg", packed("JPEG", big.rotate(90, expand=True), exif=exif, quality=60))
    read = reader.read(path, 1)
    assert read and read.marks == ((CODE, 4),) and read.quarter_turns == 0


def test_pages_of_several_files_are_bound_upright_in_order(reader: Reader, tmp_path: Path) -> None:
    scan = kept(tmp_path, "scan.pdf", packed("PDF", office(2, turned=180), office(1), resolution=150))
    photo = kept(tmp_path, "photo.jpg", jpeg(office(3, turned=90), 80))
    bound = reader.bind([(scan, 2, 0), (scan, 1, 2), (photo, 1, 3)])
    path = kept(tmp_path, "bound.pdf", bound)
    assert reader.count(path) == 3
    for number in (1, 2, 3):
        read = reader.read(path, number)
        assert read and read.marks == ((CODE, number),) and read.quarter_turns == 0


def test_what_is_taken_over_from_a_pdf_is_not_packed_again(reader: Reader, tmp_path: Path) -> None:
    scan = packed("PDF", office(1), resolution=150)
    bound = reader.bind([(kept(tmp_path, "scan.pdf", scan), 1, 0)])
    assert embedded(scan) == embedded(bound)


def test_hostile_files_are_refused_in_words(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = BytesIO()
    pikepdf.open(BytesIO(paper())).save(locked, encryption=pikepdf.Encryption(owner="a", user="b"))
    assert refusal(reader, kept(tmp_path, "locked.pdf", locked.getvalue())) == PASSWORD
    assert refusal(reader, kept(tmp_path, "renamed.pdf", b"MZ\x90\x00" + bytes(3000))) == BROKEN
    assert refusal(reader, kept(tmp_path, "cut.pdf", paper()[:400])) == BROKEN
    assert refusal(reader, kept(tmp_path, "cut.jpg", b"\xff\xd8\xff\xe0" + bytes(100))) == BROKEN
    nothing = BytesIO()
    pikepdf.new().save(nothing)
    assert refusal(reader, kept(tmp_path, "nothing.pdf", nothing.getvalue())) in (EMPTY, BROKEN)
    bomb = packed("PNG", Image.new("1", (20_000, 20_000)))
    assert len(bomb) < 100_000
    assert refusal(reader, kept(tmp_path, "bomb.png", bomb)) == TOO_LARGE


@pytest.mark.parametrize("packing", ["group3", "group4", "tiff_lzw", "jpeg", None])
def test_a_tiff_that_was_not_copied_to_its_end_says_so_instead_of_losing_pages(
    reader: Reader, tmp_path: Path, packing: str | None
) -> None:
    pages = [office(1), office(2), office(3)]
    if packing in ("group3", "group4"):
        pages = [page.convert("1", dither=0) for page in pages]
    whole = packed("TIFF", *pages, compression=packing)
    assert reader.count(kept(tmp_path, "whole.tif", whole)) == 3
    for share in (0.99, 0.75, 0.4, 0.1):
        cut = kept(tmp_path, f"{share}.tif", whole[: int(len(whole) * share)])
        assert refusal(reader, cut) == CUT, share


def test_too_many_pages_are_refused(reader: Reader, tmp_path: Path) -> None:
    document = pypdfium2.PdfDocument.new()
    for _page in range(MOST_PAGES + 1):
        document.new_page(100, 100)
    out = BytesIO()
    document.save(out)
    assert refusal(reader, kept(tmp_path, "long.pdf", out.getvalue())) == TOO_MANY
    leaf = Image.new("1", (8, 8))
    many = packed("TIFF", *[leaf] * (MOST_PAGES + 1))
    assert refusal(reader, kept(tmp_path, "long.tif", many)) == TOO_MANY


def test_a_page_that_unpacks_to_far_too_much_is_unreadable_and_its_neighbours_are_read(
    reader: Reader, tmp_path: Path
) -> None:
    pdf = pikepdf.open(BytesIO(packed("PDF", office(1), office(2), resolution=150)))
    image = next(iter(pdf.pages[0].Resources.XObject.values()))
    packer = zlib.compressobj(9)
    zeros = b"".join(packer.compress(bytes(1 << 20)) for _ in range(400)) + packer.flush()
    image.write(zeros, filter=pikepdf.Name.FlateDecode)
    image.Width, image.Height = 60_000, 60_000
    out = BytesIO()
    pdf.save(out)
    path = kept(tmp_path, "bomb.pdf", out.getvalue())
    assert reader.count(path) == 2
    try:
        first = reader.read(path, 1)
    except Broken:
        first = None
    assert first is None or first.marks == ()
    second = reader.read(path, 2)
    assert second and second.marks == ((CODE, 2),)


def test_a_process_that_dies_is_replaced(reader: Reader, tmp_path: Path) -> None:
    path = kept(tmp_path, "one.pdf", packed("PDF", office(1), resolution=150))
    assert reader.count(path) == 1
    reader._process.kill()
    with pytest.raises(Broken):
        reader.read(path, 1)
    assert reader.read(path, 1)


def test_a_pile_of_many_pages_takes_no_more_memory_than_a_few(tmp_path: Path) -> None:
    """PDFium keeps what it has drawn, and the mapped file counts too: both are let go of on the way."""
    pages = [Image.effect_noise((900, 900), 90 + number % 3) for number in range(48)]
    path = kept(tmp_path, "pile.pdf", packed("PDF", *pages, resolution=150, quality=95))
    assert path.stat().st_size > 30_000_000
    opened, seen = Pages(path), []
    for number in range(1, 49):
        assert opened.picture(number).getextrema() != (255, 255)
        seen.append(processes.share(os.getpid()))
    opened.close()
    assert max(seen[17:]) < max(seen[:17]) + 10
