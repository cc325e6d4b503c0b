"""The letters that travel with the project: what they have, and what the printed page shows of them."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageStat

from portal.domain.errors import DomainError
from portal.domain.papers.agreement import AgreementPaperData
from portal.domain.papers.characters import check_characters, missing_characters, printable
from portal.printing.health import FACES, renderer_health
from tests.paper_examples import SMALL
from tests.printing.conftest import fonts_folder, picture_of, print_example, text_of

RARE = "喆堃龑洸濛浐㐂𠮷"
CHINESE_FACES = [face for face in FACES if "latin" not in face]
DPI = 300


@cache
def cmap(face: str) -> frozenset[int]:
    return frozenset(TTFont(fonts_folder() / face, lazy=True).getBestCmap())


@pytest.mark.parametrize("face", CHINESE_FACES)
def test_every_character_that_may_be_typed_has_a_letter_in_every_face(face: str) -> None:
    assert {ord(character) for character in printable()} <= cmap(face)


def test_all_of_gb_2312_is_there() -> None:
    rows = (bytes((first, second)) for first in range(0xA1, 0xF8) for second in range(0xA1, 0xFF))
    text = "".join(row.decode("gb2312", "ignore") for row in rows)
    assert len(text) == 7445
    assert missing_characters(text) == ""


def test_the_third_table_of_the_standard_characters_is_there() -> None:
    # From the end of the 8,105 通用规范汉字, where fonts for GB 2312 have holes.
    assert (
        missing_characters(
            "㑇㑊㕮㘎㙍㙘㙦㛃㛚㛹㟃㠇㠓㤘㥄㧐㧑㧟㫰㬊㬎㬚㭎㭕㮾㰀㳇㳘㳚㴔㵐㶲㸆㸌㺄㻬㽏㿠䁖䂮䃅䃎䅟䌹䎃䎖䏝䏡"
        )
        == ""
    )


@pytest.mark.parametrize(
    "text", ["\ufe0f", "\u200b", "\u202e", "\u00ad", "\t", "\n", "😀", "\ue000", "\uf900", "a\u0301"]
)
def test_what_has_no_letter_is_refused(text: str) -> None:
    with pytest.raises(DomainError):
        check_characters(f"张{text}三", "field")


@pytest.mark.parametrize("face", FACES)
def test_the_faces_bear_our_names_and_their_licence(face: str) -> None:
    names = TTFont(fonts_folder() / face, lazy=True)["name"]
    assert names.getDebugName(1) in ("Portal Song", "Portal Hei", "Portal Song Latin")
    assert "Noto" not in "".join(str(names.getDebugName(key)) for key in (1, 2, 4, 6))
    assert "SIL Open Font License" in str(names.getDebugName(13))


def test_the_licence_travels_with_the_letters() -> None:
    assert "SIL OPEN FONT LICENSE Version 1.1" in (fonts_folder() / "OFL.txt").read_text("utf-8")


def test_the_machine_has_what_printing_needs() -> None:
    assert renderer_health() == []


def inked(picture: Image.Image) -> Image.Image:
    """Cut a picture down to its ink and bring it to one size."""
    box = picture.point(lambda grey: 255 if grey < 140 else 0).getbbox()
    assert box is not None, "nothing is printed there"
    return picture.crop(box).resize((64, 64))


def difference(one: Image.Image, other: Image.Image) -> float:
    return float(ImageStat.Stat(ImageChops.difference(inked(one), inked(other))).mean[0])


@cache
def drawn(character: str) -> Image.Image:
    """Draw a character straight from the font file; one that it lacks comes out as its .notdef box."""
    picture = Image.new("L", (120, 120), 255)
    font = ImageFont.truetype(str(fonts_folder() / "portal-song-regular.ttf"), 64)
    ImageDraw.Draw(picture).text((20, 10), character, font=font, fill=0)
    return picture


@cache
def rare_names_as_printed() -> dict[str, Image.Image]:
    """Print the rare characters, a wide space between them, and cut each out of the page."""

    def change(payload: AgreementPaperData) -> None:
        payload["values"]["manufacturer_address"] = "　".join(RARE)

    paper = print_example(change=change)
    assert RARE in "".join(text_of(paper, 1).split())
    words = subprocess.run(
        ["pdftotext", "-f", "1", "-l", "1", "-bbox", "-", "-"],
        input=paper.pdf,
        capture_output=True,
        check=True,
    ).stdout.decode()
    page, scale = picture_of(paper, 1, DPI), DPI / 72
    cut = {}
    for character in RARE:
        word = re.search(
            rf'xMin="[\d.]+" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">[^<]*{character}<', words
        )
        assert word is not None
        top, right, bottom = (float(edge) for edge in word.groups())
        edges = (right - 12, top, right, bottom)
        cut[character] = page.crop(tuple(round(edge * scale) for edge in edges))
    return cut


@pytest.mark.parametrize("character", RARE)
def test_a_rare_character_is_seen_on_the_page_as_itself(character: str) -> None:
    printed = rare_names_as_printed()[character]
    box = drawn("😀")
    others = [drawn(other) for other in RARE + "吉" if other != character]
    distance = difference(printed, drawn(character))
    assert distance < 35
    assert difference(printed, box) > 2 * distance
    assert all(difference(printed, other) > 1.5 * distance for other in others)


def test_the_look_alike_is_another_picture() -> None:
    assert difference(drawn("𠮷"), drawn("吉")) > 10
    assert difference(drawn("𠮷"), drawn("😀")) > 30


@pytest.mark.parametrize("template", [SMALL])
def test_rare_characters_print_in_bold_and_in_headings_too(template: str) -> None:
    paper = print_example(template, lambda payload: payload["values"].update(appeal_body=f"总部{RARE}"))
    assert f"向总部{RARE}申诉" in "".join(text_of(paper).split())


# Drawn from Debian's Noto CJK itself, 180 dots to the em: a row each of Song, Song bold and Hei bold.
DRAWN_BY_NOTO = "每笔账明释基缴囊龘瓶"
NOTO_SIDE = 200


@pytest.mark.parametrize(("row", "face"), list(enumerate(CHINESE_FACES)))
def test_letters_have_the_shapes_of_their_source(row: int, face: str) -> None:
    """Rounding and simpler curves may move an edge by a dot, and never break a stroke or leave a speck."""
    source = Image.open(Path(__file__).with_name("noto.png")).convert("L")
    font = ImageFont.truetype(str(fonts_folder() / face), NOTO_SIDE - 20)
    for column, character in enumerate(DRAWN_BY_NOTO):
        ours = Image.new("L", (NOTO_SIDE, NOTO_SIDE), 255)
        ImageDraw.Draw(ours).text((10, NOTO_SIDE - 40), character, font=font, fill=0, anchor="ls")
        left, top = column * NOTO_SIDE, row * NOTO_SIDE
        theirs = source.crop((left, top, left + NOTO_SIDE, top + NOTO_SIDE))
        ours = ours.point(lambda grey: 0 if grey < 128 else 255)
        # Ink more than a dot away from the source's ink, and ink of the source that is more than a dot from ours.
        too_much = ImageChops.lighter(ours, ImageChops.invert(theirs.filter(ImageFilter.MinFilter(3))))
        too_little = ImageChops.lighter(theirs, ImageChops.invert(ours.filter(ImageFilter.MinFilter(3))))
        assert too_much.histogram()[0] + too_little.histogram()[0] <= 40, character
