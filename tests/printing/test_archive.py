"""What PDF/A-3b asks of a file, as far as a reader of its objects sees it; and the tree for screen readers."""

import re
import struct
from io import BytesIO

import pikepdf
import pytest
from fontTools.ttLib import TTFont

from portal.printing.agreement import RenderedPaper
from tests.paper_examples import BILINGUAL, CHINESE, SMALL
from tests.printing.conftest import add_products, print_example, printed

ALL = (CHINESE, BILINGUAL, SMALL)


def opened(paper: RenderedPaper) -> pikepdf.Pdf:
    return pikepdf.open(BytesIO(paper.pdf))


def fonts_of(pdf: pikepdf.Pdf) -> list[pikepdf.Dictionary]:
    return [
        part
        for part in pdf.objects
        if isinstance(part, pikepdf.Dictionary) and part.get("/Subtype") == "/Type0"
    ]


@pytest.mark.parametrize("template", ALL)
def test_the_file_is_an_open_one_for_the_archive(template: str) -> None:
    data = printed(template).pdf
    assert re.match(rb"%PDF-1\.7\n%[\x80-\xff]{4}", data)
    with opened(printed(template)) as pdf:
        assert not pdf.is_encrypted
        assert len(pdf.trailer.ID) == 2
        assert not {"/OpenAction", "/AA", "/AcroForm", "/JavaScript", "/XFA"} & set(pdf.Root.keys())
        [intent] = pdf.Root.OutputIntents
        assert intent.S == "/GTS_PDFA1"
        profile = intent.DestOutputProfile.read_bytes()
        assert len(profile) == struct.unpack(">L", profile[:4])[0]
        assert (profile[8], profile[12:16], profile[16:20]) == (4, b"mntr", b"RGB ")
        assert intent.DestOutputProfile.N == 3
        with pdf.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "B")
            assert metadata["dc:title"] == str(pdf.docinfo.Title)
            assert metadata["pdf:Producer"] == str(pdf.docinfo.Producer)
        for part in pdf.objects:
            if isinstance(part, pikepdf.Stream):
                assert str(part.get("/Filter", "")) in ("", "/FlateDecode")
                assert "/F" not in part and part.read_bytes() is not None


@pytest.mark.parametrize("template", ALL)
def test_the_attachment_says_what_it_is_to_the_paper(template: str) -> None:
    with opened(printed(template)) as pdf:
        [spec] = pdf.Root.AF
        assert (spec.AFRelationship, spec.UF, spec.Type) == ("/Data", "agreement.json", "/Filespec")
        assert spec.EF.F.Subtype == "/application/json"
        assert "/ModDate" in spec.EF.F.Params


@pytest.mark.parametrize("template", ALL)
def test_every_face_is_embedded_with_its_widths_and_characters(template: str) -> None:
    with opened(printed(template)) as pdf:
        fonts = fonts_of(pdf)
        assert len(fonts) >= 3
        for font in fonts:
            [descendant] = font.DescendantFonts
            assert (font.Encoding, descendant.CIDToGIDMap) == ("/Identity-H", "/Identity")
            program = TTFont(BytesIO(descendant.FontDescriptor.FontFile2.read_bytes()))
            count, units = program["maxp"].numGlyphs, program["head"].unitsPerEm
            listed = dict.fromkeys(range(1, count), int(descendant.DW))
            runs = list(descendant.W)
            for first, widths in zip(runs[::2], runs[1::2], strict=True):
                listed.update(enumerate(map(int, widths), int(first)))
            order = program.getGlyphOrder()
            for number, width in listed.items():
                assert abs(program["hmtx"][order[number]][0] * 1000 / units - width) <= 1
            # Every glyph stands for a character, and no two numbers were mixed up.
            text = font.ToUnicode.read_bytes().decode()
            assert len(re.findall(r"<[0-9a-f]{4,}>", text.split("endcodespacerange")[1])) >= count - 1


def test_the_program_has_only_what_is_used() -> None:
    with opened(printed()) as pdf:
        characters = sum(
            TTFont(BytesIO(font.DescendantFonts[0].FontDescriptor.FontFile2.read_bytes()))["maxp"].numGlyphs
            for font in fonts_of(pdf)
        )
    assert 800 < characters < 1000


Node = tuple[str, str | None, list["Node"], int]  # tag, language, elements in it, marked pieces in it


def node(element: pikepdf.Dictionary) -> Node:
    kids = element.get("/K", pikepdf.Array())
    listed = list(kids) if isinstance(kids, pikepdf.Array) else [kids]
    elements = [kid for kid in listed if isinstance(kid, pikepdf.Dictionary) and "/S" in kid]
    assert all(kid.P.objgen == element.objgen for kid in elements)
    language = str(element.Lang) if "/Lang" in element else None
    return str(element.S)[1:], language, [node(kid) for kid in elements], len(listed) - len(elements)


def tree(paper: RenderedPaper) -> Node:
    with opened(paper) as pdf:
        return node(pdf.Root.StructTreeRoot.K)


def below(top: Node, tag: str) -> list[Node]:
    return [found for kid in top[2] for found in ([kid] if kid[0] == tag else []) + below(kid, tag)]


@pytest.mark.parametrize("template", ALL)
def test_each_marked_piece_of_a_page_belongs_to_one_element(template: str) -> None:
    with opened(printed(template)) as pdf:
        nums = list(pdf.Root.StructTreeRoot.ParentTree.Nums)
        for number, page in enumerate(pdf.pages):
            assert page.obj.StructParents == nums[2 * number]
            content = page.obj.Contents.read_bytes()
            marks = [int(mark) for mark in re.findall(rb"<</MCID (\d+)>> BDC", content)]
            assert marks == list(range(len(nums[2 * number + 1])))
            assert content.count(b"BDC") + content.count(b"BMC") == content.count(b"EMC")
            for mark, owner in enumerate(nums[2 * number + 1]):
                kids = owner.K if isinstance(owner.K, pikepdf.Array) else [owner.K]
                numbers = [
                    kid.MCID if isinstance(kid, pikepdf.Dictionary) else kid
                    for kid in kids
                    if not isinstance(kid, pikepdf.Dictionary) or "/MCID" in kid
                ]
                assert mark in numbers


def test_what_goes_over_the_end_of_a_page_is_one_paragraph_and_one_table() -> None:
    long = print_example(change=lambda payload: add_products(payload, 60))
    assert len(below(tree(long), "P")) == len(below(tree(printed()), "P"))
    assert len(below(tree(long), "Table")) == len(below(tree(printed()), "Table"))
    # Eight columns and four: a head that is printed again on the next page is no new content.
    assert len(below(tree(long), "TH")) == 12
    assert len(below(tree(long), "TR")) == len(below(tree(printed()), "TR")) + 59


def test_english_says_that_it_is_english_and_the_rest_is_chinese() -> None:
    found = tree(printed(BILINGUAL))
    english = [paragraph for paragraph in below(found, "P") if paragraph[1] == "en"]
    assert len(english) > 60
    assert len(below(found, "P")) == 2 * len(english)
    assert [below(heading, "Span")[0][1] for heading in below(found, "H2")] == ["en"] * 19
    assert {paragraph[1] for paragraph in below(tree(printed()), "P")} == {None}
    with opened(printed(BILINGUAL)) as pdf:
        assert str(pdf.Root.Lang) == "zh-CN"
