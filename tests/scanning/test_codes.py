"""Our codes are read from pages as they come back: turned, crooked, shaded, noisy, photographed."""

import time

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from bench.worn import CROOKED, OFFICE, PHONE, TURNED, Wear, drawn, varied, worn
from portal.scanning.codes import marks_on
from tests.paper_examples import CHINESE, SMALL
from tests.scanning.conftest import CODE, paper

FLAT = Wear(shade=0.5, noise=6)


def read(picture: Image.Image) -> list[tuple[str, int]]:
    return [(mark.code, mark.page) for mark in marks_on(picture)]


@pytest.mark.parametrize("template", [CHINESE, SMALL])
@pytest.mark.parametrize(
    "wear", [OFFICE, TURNED, CROOKED, FLAT, PHONE], ids=["office", "180°", "4°", "shade", "phone"]
)
def test_a_page_at_150_dpi_in_grey_is_read_however_it_was_laid(template: str, wear: Wear) -> None:
    page = worn(drawn(paper(template), 2, wear.dpi), wear, seed=3)
    assert read(page) == [(CODE, 2)]


@pytest.mark.parametrize("angle", [1, 45, 90, 121, 179])
def test_a_page_is_read_at_any_angle(angle: int) -> None:
    page = worn(drawn(paper(), 1, 150), Wear(noise=8, angle=angle), seed=angle)
    assert read(page) == [(CODE, 1)]


@pytest.mark.parametrize("seed", [1, 2, 4])
def test_a_page_out_of_focus_or_made_of_dots_is_read(seed: int) -> None:
    page = drawn(paper(), seed, 150)
    assert read(worn(page, Wear(noise=4, blur=1.3), seed)) == [(CODE, seed)]
    # As a copier sends it that scans in two colours and imitates grey by dots.
    dots = worn(page, Wear(noise=2, angle=seed - 2.5, quality=90), seed).convert("1")
    assert read(dots.convert("L")) == [(CODE, seed)]


def test_a_code_that_something_was_spilled_or_stamped_over_is_read() -> None:
    for seed, (grey, thick) in enumerate([(110, 10), (150, 6), (130, 14)]):
        page = drawn(paper(), 1 + seed, 150)
        x, y = page.width - 185 + 9 * seed, page.height - 78  # the code's middle
        over = Image.new("L", page.size, 255)
        ring = ImageDraw.Draw(over)
        ring.ellipse((x - 110, y - 60, x + 60, y + 110), fill=225, outline=grey, width=thick)
        spilled = ImageChops.multiply(page, over.filter(ImageFilter.GaussianBlur(2)))
        assert read(worn(spilled, Wear(noise=8, angle=2), seed)) == [(CODE, 1 + seed)]


def test_nearly_every_page_of_a_mixed_pile_is_read() -> None:
    seeds = range(300, 310)
    said = [read(worn(drawn(paper(), 1 + seed % 6, varied(seed).dpi), varied(seed), seed)) for seed in seeds]
    good = [marks == [(CODE, 1 + seed % 6)] for seed, marks in zip(seeds, said, strict=True)]
    assert sum(good) >= 9
    # What is not read is left to people; nothing is ever read wrongly.
    assert all(marks == [] for marks, is_good in zip(said, good, strict=True) if not is_good)


def test_two_sheets_in_one_picture_give_two_marks() -> None:
    pages = [drawn(paper(), number, 150) for number in (3, 4)]
    spread = Image.new("L", (pages[0].width * 2, pages[0].height), 255)
    for place, page in enumerate(pages):
        spread.paste(page, (place * page.width, 0))
    assert read(worn(spread, Wear(noise=8, angle=90))) == [(CODE, 3), (CODE, 4)]


def test_the_angle_says_how_to_bring_a_page_upright() -> None:
    page = drawn(paper(), 1, 150)
    for turned in (0, 90, 180, 270):
        [mark] = marks_on(page.rotate(-turned, expand=True))  # clockwise
        assert round(mark.angle / 90) % 4 * 90 == turned


def test_a_page_without_our_code_takes_no_long_search() -> None:
    picture = drawn(paper(), 1, 150)
    covered = Image.new("L", (500, 500), 200)
    picture.paste(covered, (picture.width - 500, picture.height - 500))
    begun = time.perf_counter()
    assert read(picture) == []
    assert time.perf_counter() - begun < 8
