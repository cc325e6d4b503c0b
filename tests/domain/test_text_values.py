"""Values as people type them are read, or refused with what to do about it."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.errors import DomainError
from portal.domain.text import (
    NumericText,
    amount_fen,
    bank_account,
    clean,
    clean_lines,
    date_on,
    email,
    rate_ppm,
    uscc,
    whole,
)

GOOD_CODE = "91110000600037341L"  # the example of python-stdnum


def refusal(function, text, **options) -> DomainError:
    with pytest.raises(DomainError) as raised:
        function(text, **options)
    return raised.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"示例三号汽车销售有限公司', "示例三号汽车销售有限公司"),
        ('"""示例三号', "示例三号"),
        ('"示例公司"', "示例公司"),
        ("“示例商贸", "示例商贸"),
        ("示例商贸”", "示例商贸"),
        ("“示例”商贸", "“示例”商贸"),
        ('示例"一号"商行', '示例"一号"商行'),
        ('屏 5"', '屏 5"'),
        ("'13800000051", "13800000051"),
        ("\ufeff\u3000示例　一号\u200b（ＡＢＣ１２）：Ｘ\u00a0 ", "示例 一号（ABC12）：X"),
        ("a\x00b\x07", "ab"),
        ("一行\r\n 二行_x000D_", "一行 二行"),
        ("⽰例⻋⾏", "示例车行"),
        ("\ud800示例", "示例"),
        ("\u202e示例\u202c", "示例"),
        ("A12935 ", "A12935"),
    ],
)
def test_text_loses_what_nobody_sees_and_keeps_what_was_meant(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_lines_stay_lines_where_they_are_wanted() -> None:
    assert clean_lines(" 一 \r\n\r\n 二\u2028三 ") == "一\n\n二\n三"


@given(st.text(max_size=40))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert "\x00" not in once and once == once.strip()


@pytest.mark.parametrize(
    "text", [GOOD_CODE, "９１１１００００６０００３７３４１ｌ", " 9111 0000-6000 3734 1L "]
)
def test_a_credit_code_is_read_however_it_is_typed(text: str) -> None:
    assert uscc(text) == GOOD_CODE


def test_a_credit_code_with_a_wrong_check_character_is_refused() -> None:
    assert "does not fit" in refusal(uscc, GOOD_CODE[:-2] + "2L").msgid


@pytest.mark.parametrize(("typed", "likely"), [("O", "0"), ("I", "1"), ("Z", "2"), ("S", "5"), ("V", "U")])
def test_a_letter_that_no_credit_code_contains_is_named_with_what_it_is_likely_to_be(
    typed: str, likely: str
) -> None:
    error = refusal(uscc, GOOD_CODE[:9] + typed + GOOD_CODE[10:])
    assert error.params == {"place": 10, "char": typed, "likely": likely}


def test_the_one_look_alike_that_would_fit_is_named() -> None:
    error = refusal(uscc, GOOD_CODE[:10] + "D" + GOOD_CODE[11:])
    assert error.params == {"place": 11, "char": "D", "likely": "0"}


def test_codes_of_another_length_and_the_old_registration_number_are_told_apart() -> None:
    assert refusal(uscc, GOOD_CODE[:-1]).params == {"count": 17}
    assert "old kind" in refusal(uscc, "110000600037341").msgid


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-03",
        "2026/2/3",
        "2026.2.3",
        "20260203",
        "2026年2月3日",
        "2026 年 2 月 3 日",
        "２０２６－２－３",
        "2026-02-03 00:00:00",
        "2026-02-03T09:02:00+08:00",
        "二〇二六年二月三日",
        "2026-02-03 周二",
        date(2026, 2, 3),
        datetime(2026, 2, 3, 9, 2),  # noqa: DTZ001
    ],
)
def test_a_date_is_read_in_every_usual_form(text: str | date) -> None:
    assert date_on(text) == date(2026, 2, 3)


def test_the_30th_of_february_is_refused_by_name() -> None:
    assert refusal(date_on, "2026/2/30").params == {"text": "2026/2/30", "month": 2, "year": 2026, "days": 28}
    assert date_on("2024-02-29") == date(2024, 2, 29)


@pytest.mark.parametrize(
    "text", ["26-2-3", "3/2/2026", "2026-13-01", "46056", "2026年2月", "0226-01-01", "", "昨天"]
)
def test_what_could_be_another_date_or_none_is_refused(text: str) -> None:
    refusal(date_on, text)


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_every_day_is_read_back_from_each_form(day: date) -> None:
    forms = (
        day.isoformat(),
        f"{day.year}年{day.month}月{day.day}日",
        day.strftime("%Y%m%d"),
        f"{day:%Y/%m/%d}",
    )
    assert {date_on(form) for form in forms} == {day}


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("1,234.56", 123456),
        ("￥1,234.56", 123456),
        ("¥ 0.00", 0),
        ("３８０万", 380_000_000),
        ("1.2亿元", 12_000_000_000),
        ("1，234.5", 123450),
        ("12 345.67", 1234567),
        ("100元整", 10000),
        ("RMB 100", 10000),
        ("1.2345万元", 1234500),
        (5, 500),
        ("0.00001万", 10),
    ],
)
def test_a_sum_is_read_in_fen(text: str | int, fen: int) -> None:
    assert amount_fen(text) == fen


@pytest.mark.parametrize("text", ["0.125", "1.230", "12.3456元"])
def test_three_decimals_of_a_yuan_are_refused(text: str) -> None:
    assert "two decimals" in refusal(amount_fen, text).msgid


@pytest.mark.parametrize(
    "text", ["1.2E+5", "1e5", "1,23", "abc", "", "-5", "(5)", "9" * 30, "0.0000001万", "１.２.３"]
)
def test_a_sum_that_is_none_is_refused(text: str) -> None:
    refusal(amount_fen, text)


@pytest.mark.parametrize("text", ["-5", "(5.00)", "-￥5", "－５"])
def test_negative_sums_are_read_where_they_may_be(text: str) -> None:
    assert amount_fen(text, is_signed=True) == -500


@given(st.integers(-(10**15), 10**15))
def test_every_sum_written_out_is_read_back(fen: int) -> None:
    yuan, rest = divmod(abs(fen), 100)
    assert amount_fen(f"{'-' * (fen < 0)}¥{yuan:,}.{rest:02d}", is_signed=True) == fen


@pytest.mark.parametrize(
    ("text", "ppm"), [("3", 30000), ("3.00 %", 30000), ("３％", 30000), ("0.03%", 300), ("5‰", 5000)]
)
def test_a_rate_is_read_in_ppm(text: str, ppm: int) -> None:
    assert rate_ppm(text) == ppm


@pytest.mark.parametrize("text", ["0.03", "101", "-1", "3.12345", "三", ""])
def test_a_rate_that_could_be_two_or_is_none_is_refused(text: str) -> None:
    refusal(rate_ppm, text)


@pytest.mark.parametrize(
    ("text", "count"), [("１２", 12), ("1,200", 1200), ("12 人", 12), ("1.2万", 12000), ("12.0", 12)]
)
def test_a_count_is_read(text: str, count: int) -> None:
    assert whole(text) == count


@pytest.mark.parametrize("text", ["1.5", "-1", "约20", "20-30", "", "3000000000", "1E3"])
def test_a_count_that_is_none_is_refused(text: str) -> None:
    refusal(whole, text)


def test_an_account_number_is_its_digits() -> None:
    assert bank_account("６２００ 0000-0000 0051") == "6200000000000051"
    assert bank_account(NumericText("622202123456789")) == "622202123456789"


@pytest.mark.parametrize("text", ["6.2E+18", "6.22202E18", NumericText("6222021234567890000")])
def test_an_account_number_ruined_by_a_spreadsheet_is_refused_with_what_to_do(text: str) -> None:
    assert "format the column as text" in refusal(bank_account, text).msgid


def test_a_long_account_number_typed_as_text_may_end_in_zeros() -> None:
    assert bank_account("6222021234567890000") == "6222021234567890000"


@pytest.mark.parametrize("text", ["62x", "1234567", "", "9" * 33])
def test_what_is_no_account_number_is_refused(text: str) -> None:
    refusal(bank_account, text)


def test_a_mail_address_is_read_or_refused() -> None:
    assert email(" ａ＠example．cn ") == "a@example.cn"
    assert email("mailto:A.B@Example.cn") == "A.B@Example.cn"
    for text in ("a b@c", "a@@b.c", "a@b", "@b.cn", "a@b..cn"):
        refusal(email, text)
