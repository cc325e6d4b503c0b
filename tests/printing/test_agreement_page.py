"""What a reader sees: flush lines, codes, drafts, blanks, and room for seals."""

import re
import subprocess
from collections import defaultdict
from io import BytesIO
from itertools import pairwise

import pikepdf
import pytest
import segno

from portal.printing.agreement import RenderedPaper
from tests.paper_examples import BILINGUAL, CHINESE, SMALL
from tests.printing.conftest import VERIFY_URL, picture_of, print_example, printed, squeeze, text_of

LEFT, RIGHT = (595.28 - 456) / 2, (595.28 + 456) / 2
FINDER = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]


def lines_of(paper: RenderedPaper, page: int) -> list[tuple[float, float, str]]:
    """Give left edge, right edge and text of every line of a page."""
    words = subprocess.run(
        ["pdftotext", "-f", str(page), "-l", str(page), "-bbox", "-", "-"],
        input=paper.pdf,
        capture_output=True,
        check=True,
    ).stdout.decode()
    found: dict[int, list[tuple[float, float, str]]] = defaultdict(list)
    pattern = r'xMin="([\d.]+)" yMin="[\d.]+" xMax="([\d.]+)" yMax="([\d.]+)">([^<]*)<'
    for left, right, bottom, text in re.findall(pattern, words):
        found[round(float(bottom) / 6)].append((float(left), float(right), text))
    return [
        (min(word[0] for word in line), max(word[1] for word in line), "".join(word[2] for word in line))
        for _, line in sorted(found.items())
    ]


def words_of(paper: RenderedPaper, page: int) -> list[tuple[float, float, float, float, str]]:
    """Give left, upper, right and lower edge, and the text, of every word of a page."""
    found = subprocess.run(
        ["pdftotext", "-f", str(page), "-l", str(page), "-bbox", "-", "-"],
        input=paper.pdf,
        capture_output=True,
        check=True,
    ).stdout.decode()
    pattern = r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">([^<]*)<'
    return [
        (float(left), float(top), float(right), float(bottom), text)
        for left, top, right, bottom, text in re.findall(pattern, found)
    ]


@pytest.mark.parametrize("page", [2, 3])
def test_lines_of_sentences_are_flush_on_both_sides(page: int) -> None:
    lines = [line for line in lines_of(printed(), page) if "模板" not in line[2]]
    # A line that is followed by one at the left margin goes on: it is no paragraph's last. Those without any
    # space are the ones that a program for Latin scripts leaves ragged.
    going_on = [
        line
        for line, following in pairwise(lines)
        if abs(line[0] - LEFT) < 1
        and abs(following[0] - LEFT) < 1
        and not re.match(r"^第.{1,3}条", line[2])
        and not re.match(r"^第.{1,3}条", following[2])
    ]
    assert len(going_on) >= 5
    for _, right, text in going_on:
        assert abs(right - RIGHT) < 0.6, text


def test_the_first_line_of_a_clause_is_indented_by_two_letters() -> None:
    starts = [line[0] for line in lines_of(printed(), 2) if re.match(r"^\d+\.\d", line[2])]
    assert len(starts) >= 8
    assert all(abs(start - LEFT - 24) < 1 for start in starts)


Place = tuple[float, float, float]  # side, and distance from the right and lower edge, in mm
FULL: Place = (13.5, 24.57, 6.5)
SHEET: Place = (13.2, 12, 6)


def code_on(paper: RenderedPaper, page: int, place: Place, size: int) -> list[str]:
    """Read the modules of a code off a page, each at its middle."""
    side, right, bottom = place
    left, top = 210 - right - side, 297 - bottom - side
    dpi = 600
    picture = picture_of(paper, page, dpi, (left, top, left + side, top + side))
    step = side / 25.4 * dpi / size
    return [
        "".join(
            "1" if picture.getpixel((int((x + 0.5) * step), int((y + 0.5) * step))) < 128 else "0"
            for x in range(size)
        )
        for y in range(size)
    ]


@pytest.mark.parametrize(("template", "place"), [(CHINESE, FULL), (BILINGUAL, FULL), (SMALL, SHEET)])
def test_each_page_bears_the_code_of_its_own_address(template: str, place: Place) -> None:
    paper = printed(template)
    mask = segno.make_qr(f"{VERIFY_URL}?p=1", error="m", boost_error=True).mask
    for page in range(1, paper.pages + 1):
        expected = segno.make_qr(f"{VERIFY_URL}?p={page}", error="m", boost_error=True, mask=mask)
        modules = ["".join(map(str, map(int, row))) for row in expected.matrix]
        assert [row[:7] for row in modules[:7]] == FINDER
        assert code_on(paper, page, place, len(modules)) == modules


@pytest.mark.parametrize(("template", "place"), [(CHINESE, FULL), (SMALL, SHEET)])
def test_the_code_has_a_quiet_zone(template: str, place: Place) -> None:
    side, from_right, from_bottom = place
    zone = 4 * side / 33
    left, top = 210 - from_right - side, 297 - from_bottom - side
    right, bottom = left + side, top + side
    for box in (
        (left - zone, top - zone, left - 0.2, bottom + zone),
        (left - zone, top - zone, right + zone, top - 0.2),
        (right + 0.2, top - zone, right + zone, bottom + zone),
        (left - zone, bottom + 0.2, right + zone, bottom + zone),
    ):
        assert picture_of(printed(template), 1, 300, box).getextrema()[0] > 250


@pytest.mark.parametrize("template", [CHINESE, BILINGUAL])
def test_the_right_edge_is_free_for_the_seal_across_pages(template: str) -> None:
    paper = printed(template)
    for page in range(1, paper.pages + 1):
        assert picture_of(paper, page, box_mm=(187, 0, 210, 270)).getextrema() == (255, 255)


def test_there_is_room_for_a_seal_between_name_and_date() -> None:
    paper = printed()
    words = subprocess.run(
        ["pdftotext", "-f", "4", "-l", "4", "-bbox", "-", "-"],
        input=paper.pdf,
        capture_output=True,
        check=True,
    ).stdout.decode()
    tops = {
        name: float(match[1])
        for name in ("甲方（盖章）", "日期：")
        if (match := re.search(rf'yMin="([\d.]+)"[^>]*>{name}', words))
    }
    # A company's seal measures 42 mm at most; it may cover name and date.
    assert tops["日期："] - tops["甲方（盖章）"] > 42 / 25.4 * 72 - 24


def test_a_draft_is_marked_on_every_page_and_bears_no_code() -> None:
    draft = print_example(number=None, verify_url=None, draft=True)
    plain = printed()
    assert draft.pages == plain.pages
    for page in range(1, draft.pages + 1):
        middle = picture_of(draft, page, 50, (52, 99, 158, 198))
        pale = sum(middle.histogram()[225:245])
        assert pale > 0.05 * middle.size[0] * middle.size[1]
        assert "草稿" in squeeze(text_of(draft, page))
        assert picture_of(draft, page, 50, (172, 276, 186, 291)).getextrema()[0] > 200
    assert "草稿" not in squeeze(text_of(plain))


def test_a_draft_prints_holes_as_ruled_blanks() -> None:
    draft = print_example(
        change=lambda payload: payload["values"].update(rebate_rate=None, territory_description=""),
        number=None,
        verify_url=None,
        draft=True,
    )
    text = squeeze(text_of(draft, 1))
    assert "返利率为进货金额的返利率，" in text
    assert "乙方的业务区域为业务区域。" in text


def test_a_paper_for_signature_attaches_its_data_and_a_draft_does_not() -> None:
    draft = print_example(number=None, verify_url=None, draft=True)
    with pikepdf.open(BytesIO(printed().pdf)) as original, pikepdf.open(BytesIO(draft.pdf)) as copy:
        assert list(original.attachments) == ["agreement.json"]
        assert list(copy.attachments) == []
