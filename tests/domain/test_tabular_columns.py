"""Columns are found however an office calls them; what is not certain is asked, never guessed."""

from typing import Any

import pytest

from portal.domain.tabular import Clash, match_columns, read_table
from tests.domain.tabular_files import SPEC, workbook


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("*经销商编码", "code"),
        (" 经销商 编码 ", "code"),
        ("编码：", "code"),
        ("Code", "code"),
        ("电话（多个用/隔开）", "phones"),
        ("电话(多个用/隔开)", "phones"),
        ("【必填】经销商名称", "name"),
        ("公司\n名称", "name"),
        ("ＮＡＭＥ", "name"),
        ("电话2", "phones"),
        ("成立日期（年-月-日", "founded_on"),
    ],
)
def test_a_heading_is_recognised_however_it_is_decorated(heading: str, field: str) -> None:
    assert match_columns([heading], SPEC).fields == {field: (0,)}


def test_unknown_headings_are_listed_and_empty_ones_are_not() -> None:
    match = match_columns(["名称", "", "备用一", "经度"], SPEC)
    assert match.fields == {"name": (0,)}
    assert match.unknown == ("备用一", "经度")


def test_several_telephone_columns_are_all_read() -> None:
    assert match_columns(["名称", "电话", "手机", "电话3"], SPEC).fields["phones"] == (1, 2, 3)


def test_the_heading_nearest_to_the_fields_own_name_wins() -> None:
    match = match_columns(["客户名称", "经销商名称"], SPEC)
    assert match.fields == {"name": (1,)}
    assert match.unknown == ("客户名称",)


def test_two_equal_headings_for_one_field_are_reported_and_neither_is_read() -> None:
    match = match_columns(["名称", "编码", "名称"], SPEC)
    assert match.fields == {"code": (1,)}
    assert match.clashes == (Clash("name", ("名称", "名称")),)


def test_the_user_decides_in_the_end() -> None:
    match = match_columns(
        ["客户名称", "经销商名称", "备用", "电话"], SPEC, {"客户名称": "name", "备用": "code", "电话": ""}
    )
    assert match.fields["name"] == (0,)
    assert match.fields["code"] == (2,)
    assert "phones" not in match.fields
    assert set(match.unknown) == {"经销商名称", "电话"}


def test_of_two_columns_with_one_heading_either_can_be_chosen() -> None:
    head = ["名称", "编码", "名称"]
    assert match_columns(head, SPEC, {"名称": "", "名称 #2": "name"}).fields == {"code": (1,), "name": (2,)}
    assert match_columns(head, SPEC, {"名称": "name", "名称 #2": ""}).fields == {"code": (1,), "name": (0,)}


def test_a_head_of_two_rows_is_read_as_one() -> None:
    def fill(sheet: Any, book: Any) -> None:
        sheet.merge_range("A1:F1", "示例名录")
        sheet.merge_range("A2:A3", "大区")
        sheet.merge_range("B2:C2", "基本信息")
        sheet.write_row("B3", ["编码", "名称"])
        sheet.merge_range("D2:E2", "联系人")
        sheet.write_row("D3", ["姓名", "电话"])
        sheet.merge_range("F2:F3", "电话")
        sheet.write_row("A4", ["华东区", "E1", "示例一号商行", "示例员", "13800000051", "0571-88880001"])

    (sheet,) = read_table(workbook(名录=fill), "a.xlsx", SPEC).sheets
    assert sheet.head_row == 3
    (row,) = sheet.rows()
    assert sheet.cells(row, "contact") == ["示例员"]
    assert sheet.cells(row, "contact_phone") == ["13800000051"]
    assert sheet.cells(row, "phones") == ["0571-88880001"]
    assert sheet.cells(row, "code") == ["E1"]


def test_a_head_below_many_title_rows_is_found_and_a_data_row_never_passes_for_one() -> None:
    titles = [(f"说明 {n}：名称、电话须如实填写",) for n in range(12)]
    data = workbook(名录=[*titles, ("编码", "名称", "电话"), ("E1", "名称", "电话")])
    (sheet,) = read_table(data, "a.xlsx", SPEC).sheets
    assert sheet.head_row == 13
    assert sheet.head == ("编码", "名称", "电话")
