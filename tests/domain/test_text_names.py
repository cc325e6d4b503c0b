"""Company names: their pinyin as people say it, and which two are probably one company."""

import pytest

from portal.domain.text import Pinyin, name_key, near_same, pinyin


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("重庆长安", "chongqingchangan"),
        ("厦门示例", "xiamenshili"),
        ("示例大厦", "shilidasha"),
        ("长治商行", "changzhishanghang"),
        ("长沙银行", "changshayinhang"),
        ("成长", "chengzhang"),
        ("单县", "shanxian"),
        ("乐清", "yueqing"),
        ("快乐", "kuaile"),
        ("调味品", "tiaoweipin"),
        ("六合", "luhe"),
        ("朝阳", "chaoyang"),
        ("行政", "xingzheng"),
        ("绿园", "lvyuan"),
    ],
)
def test_characters_of_several_readings_are_read_as_names_read_them(name: str, full: str) -> None:
    assert pinyin(name).full == full


def test_letters_and_digits_stay_in_pinyin_and_marks_go() -> None:
    assert pinyin("示例２号（ＡＢＣ）商行") == Pinyin("shili2haoabcshanghang", "sl2hash")
    assert pinyin("") == Pinyin("", "")


def test_a_rare_character_without_reading_stands_for_itself() -> None:
    assert pinyin("㐂𠮷喆") == Pinyin("㐂𠮷zhe", "㐂𠮷z")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("示例一号商贸有限公司", "示例一号商贸有限责任公司"),
        ("示例一号商贸有限公司", "示例一号贸易有限公司"),
        ("示例一号（上海）商贸有限公司", "示例一号(上海)商贸有限公司"),
        ("示例一号（上海）商贸有限公司", "示例一号上海商贸"),
        ("湖北省示例市三号商行", "湖北示例三号商行"),
        ("株州示例汽车有限公司", "株洲示例汽车有限公司"),
        ("示例号一商贸有限公司", "示例一号商贸有限公司"),
        ("ＡＢＣ 商行", "abc商行"),
    ],
)
def test_names_that_are_probably_one_company_are_near_same(one: str, other: str) -> None:
    assert near_same(one, other) and near_same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("深圳市标恒示例有限公司", "深圳市标华示例有限公司"),
        ("示例一号商贸有限公司", "示例一号商贸有限公司滨北分公司"),
        ("示例一号商贸有限公司", "示例二号商贸有限公司"),
        ("上海示例商贸有限公司", "杭州示例商贸有限公司"),
        ("示例汽车销售有限公司", "示例汽车服务有限公司"),
        ("示例城市商行", "示例城商行"),
        ("示例12号商行", "示例21号商行"),
    ],
)
def test_sister_companies_and_branches_are_not(one: str, other: str) -> None:
    assert not near_same(one, other)


def test_a_name_that_is_nothing_but_a_legal_form_keeps_it() -> None:
    assert name_key("有限公司") == "有限公司"
