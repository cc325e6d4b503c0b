"""What is typed becomes a stored value, and a stored value is printed as the paper shows it."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.errors import DomainError
from portal.domain.papers.fill import validate
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.papers.values import Raw, day, percent, quarter
from tests.paper_examples import AMENDMENT, BILINGUAL, CHINESE, NOTICE, SMALL, example_paper

LETTERS = {
    "A": CHINESE,
    "B": BILINGUAL,
    "P": SMALL,
    "S": AMENDMENT,
    "T": NOTICE,
    "Q": "quarterly-statement.zh",
}


@pytest.mark.parametrize(("letter", "template"), LETTERS.items())
def test_the_registry_says_exactly_which_placeholders_a_paper_has(letter: str, template: str) -> None:
    listed = {entry.name for entry in PLACEHOLDERS.values() if letter in entry.papers}
    assert set(example_paper(template).placeholders()) == listed


@pytest.mark.parametrize("name", [name for name, entry in PLACEHOLDERS.items() if entry.is_input])
def test_every_example_is_a_value(name: str) -> None:
    assert validate(name, PLACEHOLDERS[name].example) == PLACEHOLDERS[name].example


@pytest.mark.parametrize("name", [name for name, entry in PLACEHOLDERS.items() if entry.is_input])
def test_what_is_printed_can_be_typed_again(name: str) -> None:
    entry = PLACEHOLDERS[name]
    if entry.kind.print(entry.example, "zh") in ("贰", "壹"):
        return
    assert validate(name, entry.kind.print(entry.example, "zh")) == entry.example


@pytest.mark.parametrize(
    ("name", "typed", "stored"),
    [
        ("rebate_rate", "3", 30_000),
        ("rebate_rate", "３．２５％", 32_500),
        ("rebate_rate", 32_500, 32_500),
        ("award_share", "100 %", 1_000_000),
        ("fund_interest_rate", "0.0001%", 1),
        ("example_purchase_figures", "¥10,000.5", 1_000_050),
        ("example_purchase_figures", "１０，０００元", 1_000_000),
        ("effective_on", "2026年1月1日", "2026-01-01"),
        ("effective_on", "2026/1/1", "2026-01-01"),
        ("effective_on", "２０２６．１．１", "2026-01-01"),
        ("effective_on", date(2026, 1, 1), "2026-01-01"),
        ("release_days", "１５", 15),
        ("manufacturer_uscc", " 91330100ma00ex1a2g ", "91330100MA00EX1A2G"),
        ("manufacturer_phone", "（0571）5555 0101", "(0571)5555 0101"),
        ("manufacturer_email", "ａ@example.com", "a@example.com"),
        ("territory_description", " 浙江省湖州市。", "浙江省湖州市"),
        ("violation.definition", "甲；乙。", "甲；乙。"),
        ("quarter_starts", "每年2、5、8、11月1日", "每年2、5、8、11月1日"),
    ],
)
def test_people_may_type_as_they_do(name: str, typed: object, stored: Raw) -> None:
    assert validate(name, typed) == stored


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("rebate_rate", "0"),
        ("rebate_rate", "100.01"),
        ("rebate_rate", "3.001"),
        ("rebate_rate", "三"),
        ("rebate_rate", "NaN"),
        ("rebate_rate", True),
        ("rebate_rate", "1e400"),
        ("late_lpr_percent", "99"),
        ("base_share", "60.5"),
        ("base_share", "101"),
        ("release_days", "0"),
        ("effective_on", "2026-02-30"),
        ("effective_on", "明年"),
        ("example_purchase_figures", "1.005"),
        ("example_purchase_figures", "-1"),
        ("manufacturer_uscc", "91330100MA00EX1A2H"),
        ("manufacturer_phone", "电话"),
        ("manufacturer_email", "a@b"),
        ("tax_basis", "免税"),
        ("quarter_starts", "每年1、4、7、11月1日"),
        ("quarter_starts", "每季度首日"),
        ("signing_place", "字" * 61),
        ("signing_place", "两\n行"),
        ("distributor_legal_rep", "李\ufe0f样本"),
        ("distributor_legal_rep", "李\u202e样本"),
        ("distributor_legal_rep", "李😀"),
        ("price.kind", "一口价"),
        ("fund_share", 40.5),
    ],
)
def test_what_is_no_value_is_refused_by_field(name: str, typed: object) -> None:
    with pytest.raises(DomainError) as refused:
        validate(name, typed)
    assert refused.value.field == name


def test_a_character_that_cannot_be_printed_is_named() -> None:
    with pytest.raises(DomainError) as refused:
        validate("distributor_legal_rep", "李😀\u200b")
    assert refused.value.params["characters"] == "😀、U+200B"


def test_rare_characters_of_names_are_accepted() -> None:
    assert validate("distributor_legal_rep", "喆堃龑洸濛浐㐂𠮷") == "喆堃龑洸濛浐㐂𠮷"


@pytest.mark.parametrize(
    ("ppm", "decimals", "text"),
    [
        (30_000, 2, "3.00%"),
        (18_000, 2, "1.80%"),
        (18_333, 2, "1.8333%"),
        (1_830, 2, "0.183%"),
        (0, 0, "0%"),
        (5_000, 0, "0.5%"),
        (1_300_000, 0, "130%"),
        (-1, 0, "-0.0001%"),
    ],
)
def test_a_rate_is_printed_exactly(ppm: int, decimals: int, text: str) -> None:
    assert percent(ppm, decimals) == text


@given(st.integers(0, 10**9), st.integers(0, 4))
def test_no_rate_is_rounded_in_print(ppm: int, decimals: int) -> None:
    assert Decimal(percent(ppm, decimals).removesuffix("%")) * 10_000 == ppm


def test_dates_and_quarters_follow_the_language() -> None:
    assert day(date(2026, 1, 1)) == "2026年1月1日"
    assert day(date(2026, 1, 1), "en") == "1 January 2026"
    assert quarter(2026, 3) == "2026年第三季度"
    starts = PLACEHOLDERS["quarter_starts"]
    assert starts.kind.print(starts.example, "en") == "1 January, 1 April, 1 July and 1 October"
    assert PLACEHOLDERS["copies_total"].kind.print(2, "en") == "two"
    assert PLACEHOLDERS["release_method"].kind.print("抵付货款", "en") == "credit against goods"
