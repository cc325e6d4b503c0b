"""Codes are read by a machine, from a page as an office scanner sees it."""

import pytest
import zxingcpp
from PIL import Image

from portal.printing import qr
from portal.printing.pdf import CodePlace
from portal.printing.worker import FULL_PLACE, SMALL_PLACE
from portal.scanning.codes import marks_on
from tests.paper_examples import BILINGUAL, CHINESE, SMALL
from tests.printing.conftest import VERIFY_URL, picture_of, printed

ALL = (CHINESE, BILINGUAL, SMALL)
# What an office printer cannot reach at a sheet's edges is 5 mm at most.
UNPRINTABLE_MM = 6


def codes_on(picture: Image.Image) -> list[str]:
    """Read every QR code of a picture."""
    return [code.text for code in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)]


@pytest.mark.parametrize("template", ALL)
def test_the_code_of_every_page_is_read_at_150_dpi_in_grey(template: str) -> None:
    paper = printed(template)
    for page in range(1, paper.pages + 1):
        assert codes_on(picture_of(paper, page, 150)) == [f"{VERIFY_URL}?p={page}"]


@pytest.mark.parametrize("template", ALL)
def test_a_code_is_read_from_a_skewed_and_faded_scan(template: str) -> None:
    scan = picture_of(printed(template), 1, 200).rotate(3, fillcolor=255, resample=Image.Resampling.BICUBIC)
    faded = scan.point(lambda grey: 90 + grey * 150 // 255)
    # As piles are read: more than one preparation is tried.
    assert [(mark.code, mark.page) for mark in marks_on(faded.convert("L"))] == [(VERIFY_URL[-10:], 1)]


@pytest.mark.parametrize("template", ALL)
def test_every_page_is_within_what_an_office_printer_reaches(template: str) -> None:
    paper = printed(template)
    for page in range(1, paper.pages + 1):
        picture = picture_of(paper, page, 100)
        left, top, right, bottom = picture.point(lambda grey: 255 if grey < 250 else 0).getbbox() or (0,) * 4
        edge = UNPRINTABLE_MM / 25.4 * 100 - 1
        assert left >= edge and top >= edge
        assert picture.width - right >= edge and picture.height - bottom >= edge


@pytest.mark.parametrize("template", ALL)
def test_no_text_comes_near_the_code(template: str) -> None:
    place = SMALL_PLACE if template == SMALL else FULL_PLACE
    paper = printed(template)
    zone = 4 * place.side_mm / qr.MOST_MODULES
    left, top = 210 - place.right_mm - place.side_mm, 297 - place.bottom_mm - place.side_mm
    for page in range(1, paper.pages + 1):
        above = (left - zone, top - zone, left + place.side_mm + zone, top - 0.2)
        before = (left - zone, top - zone, left - 0.2, top + place.side_mm + zone)
        for box in (above, before):
            assert picture_of(paper, page, 200, box).getextrema()[0] > 250, page


@pytest.mark.parametrize(
    "host", ["p.cn", "channels.portal.example.com", "channels.northern-branch.portal.example.com"]
)
@pytest.mark.parametrize("place", [FULL_PLACE, SMALL_PLACE])
def test_a_module_is_never_less_than_four_tenths_of_a_millimetre(place: CodePlace, host: str) -> None:
    [(size, _rows)] = qr.bitmaps([f"https://{host}/verify/K7M2QX4T9AXYZ2?p=6"])
    assert round(place.side_mm / size, 3) >= 0.4
