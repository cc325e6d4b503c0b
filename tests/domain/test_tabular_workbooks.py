"""Excel and OpenDocument workbooks are read as they are shown; dangerous ones are refused beforehand."""

import io
import tracemalloc
import zipfile
from datetime import date, datetime
from typing import Any

import pytest

from portal.domain.errors import DomainError
from portal.domain.tabular import Broken, Ignored, Row, Skip, Table, read_table
from portal.domain.text import NumericText
from tests.domain.tabular_files import HEAD, SPEC, XLS, ods, ods_row, repacked, workbook, zipped

NINE_TWO = datetime.fromisoformat("2019-05-18T09:02:00")


def data_rows(table: Table) -> list[Row]:
    return [row for _, row in table.rows() if row.skip is None]


def values(table: Table, name: str) -> list[Any]:
    return [sheet.cells(row, name)[0] for sheet, row in table.rows() if row.skip is None]


def refusal(data: bytes, filename: str = "名录.xlsx") -> DomainError:
    with pytest.raises(DomainError) as raised:
        list(read_table(data, filename, SPEC).rows())
    assert raised.value.field == "file"
    return raised.value


def row(name: str, code: str = "E1", phone: Any = "", founded: Any = "") -> tuple[Any, ...]:
    return ("华东区", code, name, phone, founded)


def test_numbers_are_written_out_as_excel_holds_them() -> None:
    data = workbook(
        名录=[
            HEAD,
            row("示例", phone=13900000000.0),
            row("示例", phone=6222021234567890123),
            row("x", phone=0.1 + 0.2),
        ]
    )
    phones = values(read_table(data, "a.xlsx", SPEC), "phones")
    assert phones == ["13900000000", "6222021234567890000", "0.3"]
    assert all(isinstance(phone, NumericText) for phone in phones)


def test_dates_are_dates_and_instants_keep_their_time() -> None:
    def fill(sheet: Any, book: Any) -> None:
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, row("示例"))
        sheet.write_datetime(
            1, 4, NINE_TWO.replace(hour=0, minute=0), book.add_format({"num_format": "yyyy-mm-dd"})
        )
        sheet.write_row(2, 0, row("示例"))
        sheet.write_datetime(2, 4, NINE_TWO, book.add_format({"num_format": "yyyy-mm-dd hh:mm"}))

    founded = values(read_table(workbook(名录=fill), "a.xlsx", SPEC), "founded_on")
    assert founded == [date(2019, 5, 18), NINE_TWO]
    assert type(founded[0]) is date


def test_an_old_workbook_is_read_like_a_new_one() -> None:
    table = read_table(XLS, "名录.xls", SPEC)
    assert [row.number for row in data_rows(table)] == [4, 5]
    assert values(table, "region") == ["华东区", "华东区"]
    assert values(table, "phones") == ["13800000051", "0571-88880001"]
    assert values(table, "founded_on")[0] == date(2019, 5, 18)


def test_an_opendocument_sheet_is_read_with_its_endless_empty_rows() -> None:
    data = ods(
        ods_row(*HEAD)
        + ods_row(*row("示例一号商行"))
        + '<table:table-row table:number-rows-repeated="1048570">'
        '<table:table-cell table:number-columns-repeated="1024"/></table:table-row>'
    )
    table = read_table(data, "名录.ods", SPEC)
    assert values(table, "name") == ["示例一号商行"]
    assert data_rows(table)[0].number == 2


def test_merged_regions_hold_for_every_row_they_span() -> None:
    def fill(sheet: Any, book: Any) -> None:
        sheet.merge_range("A1:E1", "2026 年示例名录")
        sheet.write_row(2, 0, HEAD)
        for number in range(3, 8):
            sheet.write_row(number, 1, row(f"示例{number}号商行", f"E{number}")[1:])
        sheet.merge_range("A4:A6", "华东区")
        sheet.merge_range("A7:A8", "华中区")

    table = read_table(workbook(名录=fill), "a.xlsx", SPEC)
    assert values(table, "region") == ["华东区"] * 3 + ["华中区"] * 2
    assert [row.number for row in data_rows(table)] == [4, 5, 6, 7, 8]


def test_a_sheet_that_begins_below_and_right_of_a1_keeps_its_row_numbers() -> None:
    def fill(sheet: Any, book: Any) -> None:
        sheet.write_row("D6", HEAD)
        sheet.write_row("D7", row("示例一号商行"))

    table = read_table(workbook(名录=fill), "a.xlsx", SPEC)
    assert data_rows(table)[0].number == 7
    assert values(table, "name") == ["示例一号商行"]


def test_each_sheet_with_a_head_is_read_and_the_others_are_listed() -> None:
    def hidden(sheet: Any, book: Any) -> None:
        sheet.write_row(0, 0, HEAD)
        sheet.hide()

    data = workbook(
        华东=[HEAD, row("示例一号商行")],
        说明=[("填表说明",), ("请如实填写",)],
        华中=[("标题",), HEAD, row("示例二号商行", "E2")],
        字典=hidden,
        Sheet5=[],
    )
    table = read_table(data, "a.xlsx", SPEC)
    assert [(row.sheet, row.number) for row in data_rows(table)] == [("华东", 2), ("华中", 3)]
    assert table.ignored == (("说明", Ignored.NO_HEAD), ("字典", Ignored.HIDDEN), ("Sheet5", Ignored.EMPTY))


def test_a_formula_gives_its_value_and_one_without_value_is_named() -> None:
    def fill(sheet: Any, book: Any) -> None:
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, row("示例一号商行"))
        sheet.write_formula("D2", '="138"&"00000051"', None, "13800000051")
        sheet.write_row(2, 0, row("示例二号商行"))
        sheet.write_formula("D3", "=1/0", None, "#DIV/0!")
        sheet.write_row(3, 0, row("示例三号商行"))
        sheet.write_formula("D4", "=A1+1", None, 0)

    data = workbook(名录=fill)
    data = repacked(
        data,
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(b"<f>A1+1</f><v>0</v>", b"<f>A1+1</f><v></v>"),
    )
    calculated, error, never = values(read_table(data, "a.xlsx", SPEC), "phones")
    assert calculated == "13800000051" and not isinstance(calculated, Broken)
    assert isinstance(error, Broken) and error == "#DIV/0!" and "error" in error.reason
    assert isinstance(never, Broken) and never == "" and "never calculated" in never.reason


@pytest.mark.parametrize("filename", ["名录.xlsm", "名录.xlsx"])
def test_a_workbook_with_macros_is_refused_whatever_it_is_called(filename: str) -> None:
    data = workbook(名录=[HEAD, row("示例一号商行")])
    target = io.BytesIO(data)
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 Sub Auto_Open()")
    assert "contains macros" in refusal(target.getvalue(), filename).msgid


def test_an_old_workbook_with_macros_is_refused() -> None:
    assert "contains macros" in refusal(XLS + "_VBA_PROJECT_CUR".encode("utf-16-le"), "名录.xls").msgid


def test_a_protected_workbook_is_refused_with_what_to_do() -> None:
    data = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(900)
    )
    assert "password" in refusal(data).msgid


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04 broken", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "damaged"),
        (zipped(word__document_xml=b"<w/>"), "not a table"),
        (zipped(xl__workbook_bin=b""), ".xlsb"),
        (workbook(名录=[HEAD])[:-200], "damaged"),
        (workbook(空=[]), "empty"),
    ],
)
def test_what_is_no_readable_workbook_is_refused_with_what_to_do(data: bytes, words: str) -> None:
    assert words in refusal(data).msgid


def test_ten_thousand_columns_are_refused() -> None:
    assert refusal(workbook(名录=[HEAD, ["x"] * 10_000])).params["count"] == 10_000


def test_a_zip_bomb_is_refused_while_it_unpacks() -> None:
    data = repacked(workbook(名录=[HEAD]), "xl/worksheets/sheet1.xml", lambda xml: xml + b" " * 60_000_000)
    assert len(data) < 100_000
    tracemalloc.start()
    assert "far too large" in refusal(data).msgid
    assert tracemalloc.get_traced_memory()[1] < 80_000_000
    tracemalloc.stop()


def test_a_zip_that_lies_about_its_size_is_refused_all_the_same() -> None:
    data = bytearray(
        repacked(workbook(名录=[HEAD]), "xl/worksheets/sheet1.xml", lambda xml: xml + b" " * 60_000_000)
    )
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size.to_bytes(4, "little")
    lying = bytes(data).replace(size, (1000).to_bytes(4, "little"))
    assert lying != bytes(data)
    assert "far too large" in refusal(lying).msgid


def test_two_far_corners_are_refused_before_they_are_laid_out() -> None:
    def corners(sheet: Any, book: Any) -> None:
        sheet.write_row(0, 0, HEAD)
        sheet.write(1_048_575, 200, "x")

    assert "far too large" in refusal(workbook(名录=corners)).msgid


def test_far_empty_cells_with_a_format_do_no_harm() -> None:
    def formatted(sheet: Any, book: Any) -> None:
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, row("示例一号商行"))
        sheet.write_blank(1_048_575, 16_383, None, book.add_format({"bold": True}))

    assert values(read_table(workbook(名录=formatted), "a.xlsx", SPEC), "name") == ["示例一号商行"]


def test_an_opendocument_bomb_of_repeated_cells_is_refused() -> None:
    row_xml = ods_row("x", attributes=' table:number-rows-repeated="900000"').replace(
        "<table:table-cell ", '<table:table-cell table:number-columns-repeated="250" '
    )
    assert "far too large" in refusal(ods(ods_row(*HEAD) + row_xml), "a.ods").msgid


def test_fifty_thousand_rows_are_read_within_their_memory() -> None:
    data = workbook(
        名录=[HEAD, *(row(f"示例{n}号商行", f"E{n}", 13800000000 + n, "2019-05-18") for n in range(50_000))]
    )
    tracemalloc.start()
    table = read_table(data, "a.xlsx", SPEC)
    count = sum(row.skip is None for _, row in table.rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 50_000
    assert peak < 60_000_000


def test_the_kinds_of_rows_that_are_no_data_are_told_apart() -> None:
    data = workbook(
        名录=[
            ("2026 年示例经销商名录",),
            ("单位：家",),
            HEAD,
            ("", "必填", "必填", "", ""),
            row("示例一号商行"),
            ("华东区小计", "", "1 家", "", ""),
            ("", "", "", "", ""),
            HEAD,
            row("示例合计商行", "E2"),
            ("合  计：", "", "", "", ""),
            ("", "", "Total", "2", ""),
            ("制表人：示例员　审核：示例员",),
        ]
    )
    table = read_table(data, "a.xlsx", SPEC)
    skips = {row.number: row.skip for _, row in table.rows() if row.skip}
    assert skips == {
        4: Skip.NOTE,
        6: Skip.TOTAL,
        7: Skip.BLANK,
        8: Skip.REPEATED_HEAD,
        10: Skip.TOTAL,
        11: Skip.TOTAL,
        12: Skip.NOTE,
    }
    assert [row.number for row in data_rows(table)] == [5, 9]
