"""Sums in figures and in formal numerals, and the split of a rebate."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.money import DAXIE_LIMIT_FEN, accrue, allocate, daxie, figures, numeral, share_of

DIGITS = {character: value for value, character in enumerate("零壹贰叁肆伍陆柒捌玖")}
UNITS = {"拾": 10, "佰": 100, "仟": 1000}


def read_integer(text: str) -> int:
    """Read formal numerals back, by another way than they were written: from the largest unit down."""
    for name, size in (("亿", 10**8), ("万", 10**4)):
        if name in text:
            high, low = text.rsplit(name, 1)
            return read_integer(high) * size + read_integer(low)
    total = digit = 0
    for character in text:
        if character in UNITS:
            total += digit * UNITS[character]
            digit = 0
        else:
            digit = DIGITS[character]
    return total + digit


def read_daxie(text: str) -> int:
    """Read a sum back to fen."""
    fen = 0
    if "元" in text:
        yuan, text = text.split("元")
        fen += read_integer(yuan) * 100
    text = text.removesuffix("整").removeprefix("零")
    if "角" in text:
        jiao, text = text.split("角")
        fen += DIGITS[jiao] * 10
    return fen + (DIGITS[text.removesuffix("分")] if text else 0)


@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (0, "零元整"),
        (5, "伍分"),
        (50, "伍角整"),
        (100, "壹元整"),
        (1_000, "壹拾元整"),
        (10_005, "壹佰元零伍分"),
        (10_050, "壹佰元伍角整"),
        (12_345, "壹佰贰拾叁元肆角伍分"),
        (10_500, "壹佰零伍元整"),
        (168_032, "壹仟陆佰捌拾元叁角贰分"),
        (1_000_000, "壹万元整"),
        (10_012_300, "壹拾万零壹佰贰拾叁元整"),
        (10_700_053, "壹拾万柒仟元伍角叁分"),
        (1_000_000_100, "壹仟万零壹元整"),
        (100_000_000_100, "壹拾亿零壹元整"),
        (100_005_000_000, "壹拾亿零伍万元整"),
        (100_000_000_000_001, "壹万亿元零壹分"),
        (10**15, "壹拾万亿元整"),
    ],
)
def test_a_sum_is_written_as_banks_write_it(fen: int, text: str) -> None:
    assert daxie(fen) == text


@given(st.integers(0, DAXIE_LIMIT_FEN))
def test_reading_a_sum_in_words_gives_the_sum(fen: int) -> None:
    assert read_daxie(daxie(fen)) == fen


@given(st.integers(0, DAXIE_LIMIT_FEN))
def test_only_fen_go_without_zheng(fen: int) -> None:
    assert daxie(fen).endswith("整") == (fen % 10 == 0)


@given(st.integers(0, DAXIE_LIMIT_FEN))
def test_words_never_hold_a_doubled_zero(fen: int) -> None:
    assert "零零" not in daxie(fen)


@pytest.mark.parametrize("fen", [-1, -100, DAXIE_LIMIT_FEN + 1])
def test_a_negative_or_boundless_sum_has_no_words(fen: int) -> None:
    with pytest.raises(ValueError, match="no formal numerals"):
        daxie(fen)


@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (0, "0.00"),
        (7, "0.07"),
        (123_456, "1,234.56"),
        (-380_00, "-380.00"),
        (-5, "-0.05"),
        (10**11, "1,000,000,000.00"),
    ],
)
def test_figures_have_commas_and_two_decimals(fen: int, text: str) -> None:
    assert figures(fen) == text


@pytest.mark.parametrize(("number", "text"), [(1, "壹"), (2, "贰"), (4, "肆"), (12, "壹拾贰"), (0, "零")])
def test_a_small_number_is_a_numeral(number: int, text: str) -> None:
    assert numeral(number) == text


def half_up(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


@given(st.integers(-(10**12), 10**12), st.integers(0, 1_000_000), st.integers(0, 100))
def test_rebate_and_base_are_rounded_half_up_and_the_fund_takes_the_rest(
    amount: int, rebate_ppm: int, base_share: int
) -> None:
    accrual = accrue(amount, rebate_ppm, base_share)
    exact = Decimal(amount) * rebate_ppm / 1_000_000
    assert accrual.rebate_fen == half_up(exact)
    assert accrual.base_fen == half_up(exact * base_share / 100)
    assert accrual.base_fen + accrual.fund_fen == accrual.rebate_fen


@given(st.integers(0, 10**12), st.integers(0, 1_000_000), st.integers(0, 100))
def test_no_part_of_a_rebate_is_negative_and_a_return_is_its_mirror(
    amount: int, rebate_ppm: int, base_share: int
) -> None:
    accrual = accrue(amount, rebate_ppm, base_share)
    assert min(accrual) >= 0
    assert accrue(-amount, rebate_ppm, base_share) == tuple(-part for part in accrual)


def test_the_example_of_annex_1() -> None:
    assert accrue(1_000_000, 30_000, 60) == (30_000, 18_000, 12_000)


def test_half_a_fen_goes_up() -> None:
    assert share_of(50, 10_000) == 1
    assert share_of(49, 10_000) == 0
    # 0.10 yuan at 5 %: the rebate of half a fen goes up, so does the base of it, and the fund gets nothing.
    assert accrue(10, 50_000, 100) == (1, 1, 0)


@pytest.mark.parametrize("base_share", [-1, 101])
def test_a_share_outside_the_hundred_is_refused(base_share: int) -> None:
    with pytest.raises(ValueError, match="base share"):
        accrue(100, 30_000, base_share)


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=8).filter(any))
def test_a_sum_that_is_shared_loses_no_fen_and_nobody_is_more_than_one_away(
    fen: int, weights: list[int]
) -> None:
    parts = allocate(fen, weights)
    assert sum(parts) == fen
    for part, weight in zip(parts, weights, strict=True):
        assert abs(Decimal(part) - Decimal(fen) * weight / sum(weights)) < 1


def test_left_over_fen_go_to_the_largest_remainders_and_of_equal_ones_to_the_earlier() -> None:
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(5, [3, 3, 1]) == [2, 2, 1]
    assert allocate(1, [500_000, 500_000]) == [1, 0]


@pytest.mark.parametrize(("fen", "weights"), [(-1, [1]), (1, [0]), (1, [2, -1]), (1, [])])
def test_what_cannot_be_shared_is_refused(fen: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match="cannot divide"):
        allocate(fen, weights)
