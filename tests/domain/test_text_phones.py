"""What stands in the telephone cells of dealer lists is found, each number once, and nothing is dropped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.text import Phone, phones


def shown(text: str) -> list[str]:
    return [str(phone) for phone in phones(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0719-8611666/8611999", ["0719-861 1666", "0719-861 1999"]),
        ("0719-8611666／8611999", ["0719-861 1666", "0719-861 1999"]),
        ("0719 8611666 8611999", ["0719-861 1666", "0719-861 1999"]),
        ("0769-86092888/86092666", ["0769-8609 2888", "0769-8609 2666"]),
        ("0719-8611666-8611999", ["0719-861 1666", "0719-861 1999"]),
        ("（0719）8611666、8611999", ["0719-861 1666", "0719-861 1999"]),
        ("0719-8611666/13800000051/8611999", ["0719-861 1666", "138 0000 0051", "0719-861 1999"]),
        ("0663-8270777/82999777", ["0663-827 0777", "0663-8299 9777"]),
        ("010-88880001或13800000051", ["010-8888 0001", "138 0000 0051"]),
        ("13800000051 13900000052", ["138 0000 0051", "139 0000 0052"]),
        ("13800000051\n13900000052；13700000053", ["138 0000 0051", "139 0000 0052", "137 0000 0053"]),
        ("13800000051(13900000052)", ["138 0000 0051", "139 0000 0052"]),
        ("0571-0000 5151 · 0571-0000 5152", ["0571-0000 5151", "0571-0000 5152"]),
    ],
)
def test_several_numbers_in_a_cell_are_told_apart_and_inherit_the_area_code(
    text: str, expected: list[str]
) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "display", "digits", "extension"),
    [
        ("0769-81899666-802", "0769-8189 9666 转 802", "076981899666", "802"),
        ("0769-81899666转802", "0769-8189 9666 转 802", "076981899666", "802"),
        ("0769-81899666 分机：802", "0769-8189 9666 转 802", "076981899666", "802"),
        ("0719-8611666 ext. 12", "0719-861 1666 转 12", "07198611666", "12"),
        ("0592-6087888-1", "0592-608 7888 转 1", "05926087888", "1"),
        ("0591-28391999—35", "0591-2839 1999 转 35", "059128391999", "35"),
    ],
)
def test_an_extension_is_kept_beside_its_number(text: str, display: str, digits: str, extension: str) -> None:
    assert phones(text) == [Phone(display, digits, extension=extension)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("138 0000 0051（王）", ["138 0000 0051（王）"]),
        ("13800000051王、13900000052李", ["138 0000 0051（王）", "139 0000 0052（李）"]),
        ("王经理 13800000051 李 13900000052", ["138 0000 0051（王经理）", "139 0000 0052（李）"]),
        ("13800000051（王、李）；（办）0719-8611666", ["138 0000 0051（王、李）", "0719-861 1666（办）"]),
        ("电话：0719-8611666 传真：0719-8611999", ["0719-861 1666", "0719-861 1999（传真）"]),
        ("13800000051/13800000051（王）/13800000051（李）", ["138 0000 0051（王、李）"]),
    ],
)
def test_names_beside_a_number_become_its_label(text: str, expected: list[str]) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("０７１９－８６１１６６６", "07198611666"),
        ("+86 138 0000 0051", "13800000051"),
        ("86-13800000051", "13800000051"),
        ("8607198611666", "07198611666"),
        ("0086-10-88880001", "01088880001"),
        ("+86-719-8611666", "07198611666"),
        ("+86 (0)719 8611666", "07198611666"),
        ("013800000051", "13800000051"),
        ("138.0000.0051", "13800000051"),
        ("400-000-0001", "4000000001"),
        ("021-8888 0001", "02188880001"),
        ("+852 2345 6789", "85223456789"),
        ("95588", "95588"),
        ("\u200b13800000051\ufeff", "13800000051"),
    ],
)
def test_every_way_of_writing_one_number_gives_the_same_digits(text: str, digits: str) -> None:
    (phone,) = phones(text)
    assert (phone.digits, phone.is_understood) == (digits, True)


def test_a_local_number_takes_the_area_code_of_its_city_where_that_is_known() -> None:
    assert phones("8611666", area_code="719")[0].digits == "07198611666"
    assert phones("8611666")[0].digits == "8611666"


def test_the_same_number_twice_is_one_number() -> None:
    assert shown("0591-22660888/22660888") == ["0591-2266 0888"]


@pytest.mark.parametrize("text", ["138000000511", "1.39E+10", "802", "见公众号", "abc 12"])
def test_what_is_no_number_is_kept_as_typed_and_marked(text: str) -> None:
    (phone,) = phones(text)
    assert not phone.is_understood
    assert phone.display.replace(" ", "") in text.replace(" ", "") or phone.label


@pytest.mark.parametrize("text", ["", " ", "/", "-", "无", "N/A"])
def test_an_empty_cell_holds_no_number(text: str) -> None:
    assert phones(text) == []


@given(st.lists(st.from_regex(r"\A(1[3-9][0-9]{9}|0[3-9][1-9]{2}-[2-9][0-9]{6,7})\Z"), max_size=5))
def test_reading_what_was_shown_gives_the_same_numbers(numbers: list[str]) -> None:
    first = phones("；".join(numbers))
    assert all(phone.is_understood for phone in first)
    assert phones("，".join(map(str, first))) == first


@given(st.text(alphabet="0123456789-/ 转()（）王+.,、或E#\n", max_size=40))
def test_no_digit_of_any_cell_is_lost(text: str) -> None:
    read = phones(text)
    kept = "".join(phone.display + phone.label for phone in read)
    for run in ("".join(part) for part in text.split()):
        for digit in {char for char in run if char.isdigit() and char not in "086"}:
            assert digit in kept
