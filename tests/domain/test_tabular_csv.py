"""CSV files as offices have them are read row by row; what cannot be read is refused with its line."""

import pytest

from portal.domain.errors import DomainError
from portal.domain.tabular import Row, Table, read_table
from portal.domain.tabular.grids import MOST_BYTES
from tests.domain.tabular_files import HEAD, SPEC, csv_text

ROWS = (
    HEAD,
    ("华东区", "E1", "示例一号商行", "0571-88880001/88880002", "2019-05-18"),
    ("华东区", "E2", "示例二号商行", "13800000051", ""),
)


def names(table: Table) -> list[str]:
    return [str(sheet.cells(row, "name")[0]) for sheet, row in table.rows() if row.skip is None]


def data_rows(table: Table) -> list[Row]:
    return [row for _, row in table.rows() if row.skip is None]


def refusal(data: bytes, filename: str = "名录.csv") -> DomainError:
    with pytest.raises(DomainError) as raised:
        list(read_table(data, filename, SPEC).rows())
    assert raised.value.field == "file"
    return raised.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_each_usual_encoding_is_recognised(encoding: str) -> None:
    table = read_table(csv_text(*ROWS).encode(encoding), "名录.csv", SPEC)
    assert names(table) == ["示例一号商行", "示例二号商行"]


def test_rare_characters_survive_gb18030() -> None:
    rows = (*ROWS, ("华东区", "E3", "喆堃龑㐂𠮷商行", "", ""))
    assert names(read_table(csv_text(*rows).encode("gb18030"), "x.csv", SPEC))[-1] == "喆堃龑㐂𠮷商行"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_usual_delimiter_is_recognised(delimiter: str) -> None:
    text = "".join(delimiter.join(row) + "\n" for row in ROWS)
    assert names(read_table(text.encode(), "名录.csv", SPEC)) == ["示例一号商行", "示例二号商行"]


def test_the_line_by_which_excel_announces_a_delimiter_is_no_row() -> None:
    text = "sep=;\r\n" + "".join(";".join(row) + "\r\n" for row in ROWS)
    assert [row.number for row in data_rows(read_table(text.encode(), "x.csv", SPEC))] == [2, 3]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_rows_are_numbered_as_a_spreadsheet_shows_them(line_end: str) -> None:
    lines = ["示例名录,,,,", ",,,,", *(",".join(row) for row in ROWS[:2]), ",,,,", ",".join(ROWS[2])]
    table = read_table(line_end.join(lines).encode(), "名录.csv", SPEC)
    assert [row.number for row in data_rows(table)] == [4, 6]


def test_a_cell_of_several_lines_is_one_row() -> None:
    text = csv_text(ROWS[0]) + '华东区,E1,"示例\n一号""商行""",13800000051,\r\n' + csv_text(ROWS[2])
    table = read_table(text.encode(), "x.csv", SPEC)
    assert names(table) == ['示例\n一号"商行"', "示例二号商行"]
    assert [row.number for row in data_rows(table)] == [2, 3]


def test_a_last_cell_of_several_lines_is_one_row() -> None:
    text = csv_text(ROWS[0]) + '华东区,E1,示例一号商行,13800000051,"2019\n年"\r\n' + csv_text(ROWS[2])
    assert [row.number for row in data_rows(read_table(text.encode(), "x.csv", SPEC))] == [2, 3]


def test_a_lone_quote_does_not_swallow_the_rows_that_follow() -> None:
    text = csv_text(
        HEAD,
        ("华东区", "E1", '"示例一号商行', "13800000051", ""),
        ("华东区", "E2", '"示例二号商行', "13800000052", ""),
        ("华东区", "E3", '"示例三号商行', '"13800000053', ""),
        ("华东区", "E4", "示例四号商行", "13800000054", '"'),
    )
    table = read_table(text.encode(), "x.csv", SPEC)
    assert names(table) == ['"示例一号商行', '"示例二号商行', '"示例三号商行', "示例四号商行"]


def test_mixed_encodings_are_refused_with_the_line() -> None:
    lines = csv_text(*ROWS).encode("gb18030") + csv_text(("华东区", "E3", "示例三号商行", "", "")).encode()
    assert refusal(lines).params == {"line": 4}
    lines = csv_text(*ROWS, *ROWS[1:]).encode() + csv_text(("华东区", "E3", "示例三号", "", "")).encode(
        "gb18030"
    )
    assert refusal(lines).params == {"line": 6}


def test_a_file_cut_off_in_the_middle_of_a_character_is_refused_with_the_line() -> None:
    data = csv_text(*ROWS).encode()
    assert refusal(data[: data.rindex("行".encode()) + 1]).params == {"line": 3}


def test_wrong_bytes_are_refused_with_the_line() -> None:
    assert refusal(csv_text(ROWS[0]).encode("gb18030") + b"a,b,\x81\x20\xff,d\r\n").params == {"line": 2}
    assert refusal(b"\xef\xbb\xbf" + csv_text(*ROWS).encode("gb18030")).params == {"line": 1}


@pytest.mark.parametrize("data", [b"", b"\n \r\n", b"\xef\xbb\xbf", b",,,\r\n,,,\r\n"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    assert "empty" in refusal(data).msgid


def test_ten_thousand_columns_are_refused() -> None:
    assert refusal(b"a," * 10_000 + b"\r\n").params["count"] == 10_001


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-1.7\n1 0 obj", "not a table"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not a table"),
        (b"a,b\x00c\n", "not a table"),
        ("甲,乙\n一,二\n".encode(), "No heading row"),
        ("经销商名称见附件".encode(), "No heading row"),
        (b"<html><table><tr><td>x</td></tr></table></html>", "web page"),
        (b'<?xml version="1.0"?><Workbook/>', "web page"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(data: bytes, words: str) -> None:
    assert words in refusal(data, "名录.xls").msgid


def test_a_file_beyond_the_limit_is_refused_before_it_is_read() -> None:
    assert "larger than" in refusal(b"a" * (MOST_BYTES + 1)).msgid


def test_a_cell_that_never_ends_is_refused() -> None:
    assert "never ends" in refusal(csv_text(*ROWS).encode() + b'"' + b"a" * 200_000 + b'"\r\n').msgid


def test_more_rows_than_one_import_may_have_are_refused() -> None:
    data = csv_text(("名称", "编码")).encode() + b"a,1\n" * 200_001
    assert refusal(data).params["most"] == 200_000
