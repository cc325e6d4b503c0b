"""Agendas and times of day as people type and paste them."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain import text
from portal.domain.errors import DomainError
from portal.domain.meetings import agenda
from portal.domain.meetings.planning import Item, china_at

DAY = date(2026, 6, 12)
START = china_at(DAY, time(9))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("9:00", time(9)),
        ("０９：３０", time(9, 30)),
        ("0900", time(9)),
        ("9", time(9)),
        ("9点半", time(9, 30)),
        ("14时30分", time(14, 30)),
        ("下午2点", time(14)),
        ("晚上8:15", time(20, 15)),
        ("中午12点", time(12)),
        ("中午1点", time(13)),
        ("2pm", time(14)),
        ("12am", time(0)),
        (time(8, 5, 59), time(8, 5)),
    ],
)
def test_a_time_is_read_as_it_was_meant(typed, meant):
    assert text.clock(typed) == meant


@pytest.mark.parametrize("typed", ["", "25:00", "9:60", "abc", "9:00 10:00", "一点", "-1"])
def test_what_is_no_time_is_refused(typed):
    with pytest.raises(DomainError, match="09:00"):
        text.clock(typed)


def test_lines_are_read_as_people_write_them():
    read = agenda.read(
        "09:00 政策宣贯 示例经理\n"
        "9点30 表彰（示例总监）\n\n"
        "10:00\t新品介绍\t示例产品部\n"
        "10:30-11:00 茶歇\n"
        "下午2点 分组讨论 | 各组长\n"
        "签约\n"
        "6-13 9:00 参观工厂  示例厂长\n",
        START,
    )
    at = [china_at(DAY, time(*when)) for when in ((9,), (9, 30), (10,), (10, 30), (14,), (14,))]
    assert list(read) == [
        Item(at[0], "政策宣贯", "示例经理"),
        Item(at[1], "表彰", "示例总监"),
        Item(at[2], "新品介绍", "示例产品部"),
        Item(at[3], "茶歇"),
        Item(at[4], "分组讨论", "各组长"),
        Item(at[5], "签约"),
        Item(china_at(date(2026, 6, 13), time(9)), "参观工厂", "示例厂长"),
    ]


def test_a_time_before_the_line_above_is_the_next_day_s_and_no_such_day_is_told():
    first, second = agenda.read("14:00 讨论\n9:00 参观", START)
    assert (first.starts_at, second.starts_at) == (
        china_at(DAY, time(14)),
        china_at(date(2026, 6, 13), time(9)),
    )
    with pytest.raises(DomainError, match="2-30"):
        agenda.read("2-30 9:00 参观", START)


_WORDS = st.text(st.sampled_from("示例政策宣贯表彰讨论新品"), min_size=1, max_size=12)
_ITEMS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 1439), _WORDS, st.one_of(st.just(""), _WORDS)), max_size=8
)


@given(_ITEMS)
def test_what_is_written_is_read_again_as_it_was(items):
    wanted = sorted(
        (
            Item(china_at(date(2026, 6, 12 + day), time(minute // 60, minute % 60)), topic, speaker)
            for day, minute, topic, speaker in items
        ),
        key=lambda one: one.starts_at,
    )
    assert list(agenda.read(agenda.write(wanted, START), START)) == wanted


@given(st.text(max_size=200))
def test_whatever_is_typed_is_read_or_refused(typed):
    try:
        agenda.read(typed, START)
    except DomainError as refused:
        assert refused.msgid
