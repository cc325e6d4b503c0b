"""What is filed as a scan shows what came back, and holds nothing of other pages, whatever copier sent them."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from pikepdf import Dictionary, Name
from PIL import Image

from portal.scanning.binding import bind
from tests.scanning.conftest import kept

PAGES = 6
SIZE = 40, 60


def drawn(pdf: bytes, number: int = 1) -> Image.Image:
    """The page as one sees it, in shades of grey."""
    with pypdfium2.PdfDocument(pdf) as document:
        picture: Image.Image = document[number - 1].render(scale=1).to_pil().convert("L")
        return picture


def pictures(pdf: bytes) -> int:
    with pikepdf.open(BytesIO(pdf)) as document:
        return sum(
            isinstance(one, pikepdf.Stream) and one.get("/Subtype") == Name.Image for one in document.objects
        )


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_page_in_sixteen_bit_grey_is_bound_with_what_is_on_it(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "page"
    grey = Image.new("I;16", (600, 800), 60_000)
    grey.paste(0x2020, (100, 100, 500, 700))
    grey.save(path, kind)
    page = drawn(bind([(path, 1, 0)]))
    assert page.getpixel((page.width // 2, page.height // 2)) < 60
    assert 200 < page.getpixel((5, 5)) < 250


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_a_transparent_page_is_bound_on_white(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "page.png"
    picture = Image.new("LA", (600, 800), (0, 0))
    picture.paste((0, 255), (100, 100, 500, 700))
    if mode == "P":
        flat = Image.new("P", picture.size, 0)
        flat.putpalette([0, 0, 0, 0, 0, 0])
        flat.paste(1, (100, 100, 500, 700))
        flat.save(path, transparency=0)
    else:
        picture.convert(mode).save(path)
    page = drawn(bind([(path, 1, 0)]))
    assert page.getpixel((page.width - 5, page.height - 5)) > 250
    assert page.getpixel((page.width // 2, page.height // 2)) < 5


def pile(lay: Callable[[pikepdf.Pdf, list[pikepdf.Object]], Dictionary], draw: str, inherits: bool) -> bytes:
    """Pages in ever lighter grey, each able to name the pictures of all."""
    out = pikepdf.new()
    images = [
        out.make_stream(
            bytes([20 + 30 * no]) * (SIZE[0] * SIZE[1]),
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=SIZE[0],
            Height=SIZE[1],
            ColorSpace=Name.DeviceGray,
            BitsPerComponent=8,
        )
        for no in range(PAGES)
    ]
    shared = out.make_indirect(lay(out, images))
    for no in range(PAGES):
        page = out.add_blank_page(page_size=SIZE)
        del page.obj["/Resources"]
        if not inherits:
            page.obj.Resources = shared
        page.obj.Contents = out.make_stream(draw.replace("@", str(no)).encode())
    if inherits:
        out.Root.Pages.Resources = shared
    written = BytesIO()
    out.save(written)
    return written.getvalue()


def named(images: list[pikepdf.Object]) -> Dictionary:
    return Dictionary({f"/Im{no}": image for no, image in enumerate(images)})


def forms(out: pikepdf.Pdf, images: list[pikepdf.Object], **rest: object) -> dict[str, pikepdf.Object]:
    return {
        f"/Fm{no}": out.make_stream(
            f"q {SIZE[0]} 0 0 {SIZE[1]} 0 0 cm /Im{no} Do Q".encode(),
            Type=Name.XObject,
            Subtype=Name.Form,
            BBox=[0, 0, *SIZE],
            **rest,
        )
        for no in range(len(images))
    }


def in_forms(out: pikepdf.Pdf, images: list[pikepdf.Object]) -> Dictionary:
    """Each page draws a form, and the forms share their pictures."""
    within = out.make_indirect(Dictionary(XObject=named(images)))
    return Dictionary(XObject=Dictionary(forms(out, images, Resources=within)))


def in_bare_forms(out: pikepdf.Pdf, images: list[pikepdf.Object]) -> Dictionary:
    """The forms have no pictures of their own and take those of the page."""
    return Dictionary(XObject=Dictionary({**forms(out, images), **dict(named(images).items())}))


def in_patterns(out: pikepdf.Pdf, images: list[pikepdf.Object]) -> Dictionary:
    """The pictures are what areas are filled with."""
    filled = forms(out, images, Resources=Dictionary(XObject=named(images)))
    for one in filled.values():
        del one["/Subtype"]
        one.update({"/PatternType": 1, "/PaintType": 1, "/TilingType": 1, "/XStep": 40, "/YStep": 60})
    return Dictionary(Pattern=Dictionary(filled))


PAINT = f"q {SIZE[0]} 0 0 {SIZE[1]} 0 0 cm /Im@ Do Q"
WAYS = {
    "shared": (lambda _out, images: Dictionary(XObject=named(images)), PAINT, False),
    "inherited": (lambda _out, images: Dictionary(XObject=named(images)), PAINT, True),
    "escaped": (lambda _out, images: Dictionary(XObject=named(images)), PAINT.replace("/Im", "/#49m"), False),
    "unclosed": (lambda _out, images: Dictionary(XObject=named(images)), PAINT + " >> ( ", False),
    "forms": (in_forms, "/Fm@ Do", False),
    "bare forms": (in_bare_forms, "/Fm@ Do", True),
    "patterns": (in_patterns, f"/Pattern cs /Fm@ scn 0 0 {SIZE[0]} {SIZE[1]} re f", False),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_bound_page_takes_no_pictures_of_other_pages_along(tmp_path: Path, way: str) -> None:
    lay, draw, inherits = WAYS[way]
    data = pile(lay, draw, inherits)
    path = kept(tmp_path, "pile.pdf", data)
    bound = bind([(path, 3, 0), (path, 2, 1)])
    assert pictures(bound) == 2
    assert drawn(bound, 1).getpixel((20, 30)) == drawn(data, 3).getpixel((20, 30)) == 80
    turned = drawn(bound, 2)
    assert turned.size == (SIZE[1], SIZE[0]) and turned.getpixel((30, 20)) == 50


def test_a_page_of_which_nobody_can_tell_what_it_draws_is_bound_as_a_picture(tmp_path: Path) -> None:
    lay, draw, inherits = WAYS["shared"]
    with pikepdf.open(BytesIO(pile(lay, draw, inherits))) as document:
        packed = document.make_stream(draw.replace("@", "1").encode())
        document.pages[1].obj.Contents = pikepdf.Array([packed, document.make_stream(b" ")])
        document.pages[1].obj.Contents[1].write(b"no such packing", filter=Name.FlateDecode)
        out = BytesIO()
        document.save(out, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    bound = bind([(kept(tmp_path, "pile.pdf", out.getvalue()), 2, 0)])
    assert pictures(bound) == 1
    assert abs(drawn(bound).getpixel((20, 30)) - 50) < 3
