"""The agreement as a file: its pages, what it declares, what it carries, and that it is always the same."""

import hashlib
import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest

from portal.domain.errors import DomainError
from portal.domain.papers.agreement import AgreementPaperData, canonical
from portal.printing.agreement import RenderedPaper
from tests.paper_examples import BILINGUAL, CHINESE, NUMBER, SMALL, example_paper, example_payload
from tests.printing.conftest import MADE_AT, add_kind, add_products, print_example, printed, squeeze, text_of

ALL = (CHINESE, BILINGUAL, SMALL)
OUR_FONTS = {
    "Portal-Song",
    "Portal-Song-Bold",
    "Portal-Hei-Bold",
    "Portal-Song-Latin",
    "Portal-Song-Latin-Bold",
}


def opened(paper: RenderedPaper) -> pikepdf.Pdf:
    return pikepdf.open(BytesIO(paper.pdf))


def test_the_examples_take_four_pages_and_two_annexes() -> None:
    paper = printed()
    assert paper.pages == 6
    assert "16.3" in text_of(paper, 4) and "签署" in text_of(paper, 4)
    assert squeeze(text_of(paper, 5)).startswith("附件一")
    assert squeeze(text_of(paper, 6)).startswith("附件二")


def test_the_small_version_is_one_sheet_with_three_kinds_and_six_products() -> None:
    def change(payload: AgreementPaperData) -> None:
        add_products(payload, 6)
        add_kind(payload)

    paper = print_example(SMALL, change)
    assert paper.pages == 2
    assert "签署" in text_of(paper, 2)


def test_a_small_version_that_overflows_its_sheet_is_refused() -> None:
    with pytest.raises(DomainError, match="use the full version"):
        print_example(SMALL, lambda payload: add_products(payload, 30))


def test_the_bilingual_one_prints_both_languages_of_every_clause() -> None:
    text = text_of(printed(BILINGUAL))
    for number in example_paper(BILINGUAL).clauses():
        assert len(re.findall(rf"^\s*{re.escape(number)} ", text, re.MULTILINE)) == 2
    assert "(3) after the sale, the goods are moved on" in text


@pytest.mark.parametrize("template", ALL)
def test_text_extracts_in_reading_order(template: str) -> None:
    text = text_of(printed(template))
    numbers = re.findall(r"^\s*(?:第.+?条　?.*?)?(\d{1,2}\.\d)(?= )", text, re.MULTILINE)
    seen = list(dict.fromkeys(numbers))
    expected = [number for number in example_paper(template).clauses() if number in seen]
    assert seen == expected and len(seen) >= 40
    assert (
        squeeze(text).index("统一社会信用代码")
        < squeeze(text).index("第一条")
        < squeeze(text).index("附件二违规")
    )


@pytest.mark.parametrize("template", ALL)
def test_every_page_says_which_paper_it_is(template: str) -> None:
    paper = printed(template)
    for page in range(1, paper.pages + 1):
        text = squeeze(text_of(paper, page))
        assert f"协议编号{NUMBER}模板{template}1.0.0第1版" in text
        assert f"第{page}页共{paper.pages}页" in text


def test_the_version_of_the_agreement_stands_at_the_foot() -> None:
    assert "第3版" in squeeze(text_of(print_example(version=3), 2))


@pytest.mark.parametrize("template", ALL)
def test_it_is_pdf_a_3b_with_tags_title_and_language(template: str) -> None:
    with opened(printed(template)) as pdf:
        assert bool(pdf.Root.MarkInfo.Marked)
        assert str(pdf.Root.Lang) == "zh-CN"
        assert pdf.Root.StructTreeRoot.K is not None
        assert len(pdf.Root.OutputIntents) == 1
        with pdf.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "B")
            assert NUMBER in metadata["dc:title"]
        assert str(pdf.docinfo.Title).endswith(NUMBER)
        assert str(pdf.docinfo.CreationDate).startswith("D:20260105023000")


def tags(node: pikepdf.Object) -> list[str]:
    found = []
    if isinstance(node, pikepdf.Array):
        for child in node:
            found += tags(child)
    elif isinstance(node, pikepdf.Dictionary) and "/S" in node:
        found = [str(node.S), *(tags(node.K) if "/K" in node else [])]
    return found


def test_the_tags_tell_headings_paragraphs_and_tables() -> None:
    with opened(printed()) as pdf:
        found = tags(pdf.Root.StructTreeRoot.K)
    assert found.count("/H1") == 1
    assert found.count("/H2") == 19
    assert found.count("/Table") == 3
    assert found.count("/TH") == 12
    assert found.count("/P") >= 44


def test_the_data_is_attached_as_it_was_hashed() -> None:
    with opened(printed()) as pdf:
        assert list(pdf.attachments) == ["agreement.json"]
        spec = pdf.attachments["agreement.json"]
        assert spec.get_file().read_bytes() == canonical(example_payload())
        assert spec.obj.AFRelationship == "/Data"
        assert spec.get_file().mime_type == "application/json"
        assert len(pdf.Root.AF) == 1


@pytest.mark.parametrize("template", ALL)
def test_no_letter_is_embedded_but_ours(template: str) -> None:
    with opened(printed(template)) as pdf:
        names, programs = set(), 0
        for part in pdf.objects:
            if isinstance(part, pikepdf.Dictionary) and part.get("/Type") == "/FontDescriptor":
                names.add(str(part.FontName).split("+")[1])
                programs += "/FontFile2" in part
    assert names and names <= OUR_FONTS
    assert programs == len(names)


@pytest.mark.parametrize(("template", "limit"), [(CHINESE, 155_000), (SMALL, 150_000), (BILINGUAL, 200_000)])
def test_a_paper_is_small(template: str, limit: int) -> None:
    assert len(printed(template).pdf) <= limit


def test_more_products_make_it_little_larger() -> None:
    long = print_example(change=lambda payload: add_products(payload, 60))
    assert len(long.pdf) - len(printed().pdf) < 30_000


def test_the_same_paper_has_the_same_bytes_in_every_process() -> None:
    script = (
        "from tests.printing.conftest import print_example\n"
        "import hashlib, sys\n"
        "if __name__ == '__main__':\n"
        "    for name in sys.argv[1:]:\n"
        "        print(hashlib.sha256(print_example(name).pdf).hexdigest())\n"
    )
    root = Path(__file__).resolve().parents[2]
    runs = [
        subprocess.run(
            [sys.executable, "-c", script, *ALL],
            cwd=root,
            env={
                "PYTHONPATH": str(root),
                "PYTHONHASHSEED": seed,
                "TZ": zone,
                "LANG": "C.UTF-8",
                "PATH": "/usr/bin:/bin",
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        ).stdout.split()
        for seed, zone in (("1", "Asia/Shanghai"), ("2", "America/New_York"))
    ]
    assert runs == [[hashlib.sha256(printed(template).pdf).hexdigest() for template in ALL]] * 2


def test_another_number_another_moment_or_another_value_is_another_file() -> None:
    papers = [
        printed(),
        print_example(number="PPA-2026-000124"),
        print_example(version=2),
        print_example(made_at=MADE_AT.replace(day=6)),
        print_example(change=lambda payload: payload["values"].update(release_days=14)),
    ]
    assert len({paper.pdf for paper in papers}) == len(papers)


@pytest.mark.parametrize("length", [5, 60, 110, 150, 200])
def test_the_signatures_stay_with_the_clause_before_them(length: int) -> None:
    def change(payload: AgreementPaperData) -> None:
        payload["values"]["territory_description"] = "浙" * length
        payload["values"]["distributor_name"] = "湖" * min(100, length)

    paper = print_example(change=change)
    pages = {page: squeeze(text_of(paper, page)) for page in range(1, paper.pages + 1)}
    [page] = [page for page, text in pages.items() if "签署甲方（盖章）" in text]
    assert "16.3本协议一式" in pages[page]
    assert pages[page].count("日期：") == 2


def test_a_long_price_table_repeats_its_head_and_breaks_no_row() -> None:
    paper = print_example(change=lambda payload: add_products(payload, 60))
    pages = [squeeze(text_of(paper, page)) for page in range(5, paper.pages)]
    assert len(pages) >= 3
    table_pages = [text for text in pages if "XH-" in text]
    assert all("产品编码" in text and "法务核准编号" in text for text in table_pages)
    assert [int(code) for code in re.findall(r"XH-(\d+)", "".join(pages))] == list(range(201, 261))


def test_missing_values_keep_a_paper_for_signature_from_being_printed() -> None:
    with pytest.raises(DomainError) as refused:
        print_example(change=lambda payload: payload["values"].update(rebate_rate=None))
    assert refused.value.field == "rebate_rate"


def test_a_character_without_a_letter_is_refused_before_it_is_printed() -> None:
    with pytest.raises(DomainError) as refused:
        print_example(change=lambda payload: payload["values"].update(signing_place="杭州😀"))
    assert refused.value.params["characters"] == "😀"
    assert refused.value.field == "signing_place"
