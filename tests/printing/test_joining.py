"""Papers joined for the printer: the same pages, each letter once, in memory that does not grow."""

import io
import tracemalloc
from typing import Any

import pikepdf
import pytest

from portal.printing.agreement import RenderedPaper
from portal.printing.joining import Joined, join
from tests.paper_examples import SMALL
from tests.printing.conftest import MADE_AT, picture_of, print_example, printed, squeeze, text_of


def joined(*papers: bytes, **options: Any) -> RenderedPaper:
    target = io.BytesIO()
    file = Joined(target)
    for no, paper in enumerate(papers, 1):
        file.add(paper, f"第{no}份", **options)
    pages = file.finish("试 (1)", made_at=MADE_AT)
    return RenderedPaper(target.getvalue(), pages)


@pytest.fixture(scope="module")
def other() -> RenderedPaper:
    def rename(payload: Any) -> None:
        payload["values"]["distributor_name"] = "示例鑫淼焱垚龘酒业有限公司"

    return print_example(change=rename, number="PPA-2026-000777")


def test_each_page_looks_and_reads_as_in_its_own_file(other: RenderedPaper) -> None:
    first, small = printed(), printed(SMALL)
    file = joined(first.pdf, other.pdf, small.pdf)
    assert file.pages == first.pages + other.pages + small.pages
    for paper, page, place in ((first, 1, 1), (other, 1, 7), (other, 6, 12), (small, 2, 14)):
        assert picture_of(file, place, 60).tobytes() == picture_of(paper, page, 60).tobytes()
        assert squeeze(text_of(file, place)) == squeeze(text_of(paper, page))
    with pikepdf.open(io.BytesIO(file.pdf)) as pdf:
        assert pdf.check_pdf_syntax() == []
        assert str(pdf.docinfo["/Title"]) == "试 (1)"
        with pdf.open_outline() as outline:
            assert [item.title for item in outline.root] == ["第1份", "第2份", "第3份"]


def test_letters_are_in_the_file_once(other: RenderedPaper) -> None:
    one, ten = joined(printed().pdf), joined(*[printed().pdf, other.pdf] * 5)
    assert len(ten.pdf) < len(one.pdf) + 60_000
    with pikepdf.open(io.BytesIO(ten.pdf)) as pdf:
        programs = [part for part in pdf.objects if isinstance(part, pikepdf.Stream) and "/Length1" in part]
        assert len(programs) == 3


def test_a_paper_begins_on_a_sheet_of_its_own_where_that_is_asked_for() -> None:
    with pikepdf.new() as three:
        for _turn in range(3):
            three.add_blank_page()
        target = io.BytesIO()
        three.save(target)
    assert joined(target.getvalue(), target.getvalue()).pages == 6
    file = joined(target.getvalue(), target.getvalue(), fills_sheet=True)
    assert file.pages == 8
    copies = joined(printed(SMALL).pdf, target.getvalue(), copies=2, fills_sheet=True)
    assert copies.pages == 2 * 2 + 2 * 4
    assert [squeeze(text_of(copies, page))[:4] for page in (1, 2)] == [
        squeeze(text_of(copies, page))[:4] for page in (3, 4)
    ]


def test_what_comes_last_can_stand_in_front(other: RenderedPaper) -> None:
    target = io.BytesIO()
    file = Joined(target)
    file.add(printed().pdf)
    file.add(printed(SMALL).pdf, in_front=True)
    file.finish("", made_at=MADE_AT)
    paper = RenderedPaper(target.getvalue(), file.pages)
    assert squeeze(text_of(paper, 1)) == squeeze(text_of(printed(SMALL), 1))
    assert squeeze(text_of(paper, 3)) == squeeze(text_of(printed(), 1))


def test_letters_of_others_are_copied_as_they_are() -> None:
    with pikepdf.new() as foreign:
        font = pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Courier
        )
        foreign.add_blank_page()
        page = foreign.pages[0]
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=foreign.make_indirect(font)))
        page.Contents = foreign.make_stream(b"BT /F1 12 Tf 72 700 Td (any \\(thing\\)) Tj ET")
        target = io.BytesIO()
        foreign.save(target)
    data, pages = join([target.getvalue()])
    assert pages == 1
    assert text_of(RenderedPaper(data, 1)).strip() == "any (thing)"


def test_memory_does_not_grow_with_the_papers() -> None:
    with open("/dev/null", "wb") as nowhere:  # noqa: PTH123  (it is only written into)
        file = Joined(nowhere)
        file.add(printed().pdf)
        tracemalloc.start()
        for _turn in range(40):
            file.add(printed().pdf)
        kept, _peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert kept < 200_000, "a paper's pages or letters stay in memory"
