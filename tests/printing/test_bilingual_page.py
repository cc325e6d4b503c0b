"""The agreement in two languages with the data that firms have: long names, many products."""

import re
from functools import cache
from itertools import pairwise

from portal.domain.papers.agreement import AgreementPaperData
from portal.domain.papers.model import Run, plain
from portal.printing.agreement import RenderedPaper, render_agreement_html
from portal.printing.markup import _set_english, last_word, parts
from tests.paper_examples import BILINGUAL, NUMBER, example_payload, template_text
from tests.printing.conftest import add_products, print_example, printed, squeeze, text_of
from tests.printing.test_agreement_page import words_of

NAMES = {
    "manufacturer_name": "杭州示例日用化学品制造（集团）股份有限公司长三角销售分公司",
    "manufacturer_name_en": "Hangzhou Example Daily Chemicals Manufacturing (Group) Co., Ltd., "
    "Yangtze River Delta Sales Branch",
    "distributor_name": "湖州市吴兴区样板百货批发与供应链管理服务有限责任公司",
    "distributor_name_en": "Huzhou Wuxing Sample General Merchandise Wholesale and Supply Chain "
    "Management Services Co., Ltd. (O'Sample's)",
    "distributor_address": "浙江省湖州市吴兴区样板街道样板路288号样板物流园区3号仓库北侧办公楼二层205室",
    "distributor_legal_rep": "阿卜杜热西提·样本江",
    "territory_description_en": "Wuxing and Nanxun Districts and the counties of Deqing, Changxing and "
    "Anji, Huzhou, Zhejiang (townships and sub-districts, without large supermarket chains)",
}


def fill(payload: AgreementPaperData) -> None:
    payload["values"].update(NAMES)
    add_products(payload, 28)
    for number, row in enumerate(payload["prices"]):
        row["product_name_en"] = f"Example Shampoo, anti-dandruff and moisturising, {50 * (number + 1)} ml"
        row["amount_figures"] = 1288899 + number * 1731
        if number % 3 == 0:
            row.update(approval_number=f"FH-2026-{number:04d}", approval_expires_on="2026-12-31")


@cache
def long() -> RenderedPaper:
    return print_example(BILINGUAL, fill)


def page_of(paper: RenderedPaper, text: str) -> int:
    [page] = [page for page in range(1, paper.pages + 1) if text in squeeze(text_of(paper, page))]
    return page


def test_the_examples_take_eleven_pages_and_long_data_few_more() -> None:
    assert printed(BILINGUAL).pages == 11
    assert long().pages <= 15


def test_the_foot_is_in_both_languages() -> None:
    for page in range(1, long().pages + 1):
        text = squeeze(text_of(long(), page))
        assert f"第{page}页共{long().pages}页Page{page}of{long().pages}" in text
        assert "第1版(version1)" in text


def test_quotes_are_curly_in_the_text_and_as_typed_in_values() -> None:
    text = " ".join(text_of(long()).split())
    assert "The “Rebate” consists of the “Base Rebate”" in text
    assert "(the “Fund”)" in text and "the other’s written consent" in text
    assert '"' not in text
    assert re.findall(r"\S+'\S*", text) == ["(O'Sample's)"] * 2


def test_quotes_know_which_way_they_turn() -> None:
    assert _set_english("\"A\" (\"B\") 'C' parties' D's", "") == "“A” (“B”) ‘C’ parties’ D’s"
    assert _set_english('" and "', "x") == "” and “"
    assert _set_english("Party A, Annex 1, Article 2.2, Articles", "") == (
        "Party\u00a0A, Annex\u00a01, Article\u00a02.2, Articles"
    )


def test_the_screen_has_the_same_quotes() -> None:
    html = render_agreement_html(example_payload(), template_text(BILINGUAL), number=NUMBER)
    assert "The “Protected Products” and their “Protected Prices”" in html


def test_headings_keep_number_and_title_apart() -> None:
    words = words_of(printed(BILINGUAL), 1)
    numbers = [one for word, one in pairwise(words) if (word[4], one[4]) == ("Article", "1")]
    numbers += [word for word in words if word[4] == "Article\u00a01"]
    [number] = numbers
    [title] = [word for word in words if word[4] == "Definitions"]
    assert title[0] - number[2] > 4


def test_signatures_stand_side_by_side_with_the_clause_before_them() -> None:
    page = page_of(long(), "签署Signatures")
    assert "16.3本协议一式" in squeeze(text_of(long(), page))
    dates = [word for word in words_of(long(), page) if word[4].startswith("日期：")]
    assert len(dates) == 2
    assert abs(dates[0][1] - dates[1][1]) < 0.1 and dates[1][0] - dates[0][0] > 200


def test_no_line_begins_with_a_mark_that_ends_one() -> None:
    for page in range(1, long().pages + 1):
        starts = [line.strip()[:1] for line in text_of(long(), page).splitlines()]
        assert not set("，。；：、）”") & set(starts), page


def test_the_annex_repeats_its_head_and_keeps_every_row_whole() -> None:
    first = page_of(long(), "附件一受保护产品与价格")
    pages = [squeeze(text_of(long(), page)) for page in range(first, long().pages)]
    assert all("Unitprice(RMB)" in text for text in pages if "XH-2" in text)
    assert [int(code) for code in re.findall(r"XH-(\d+)", "".join(pages))] == list(range(201, 229))
    for text in pages:
        assert len(re.findall(r"XH-2\d\d", text)) == len(re.findall(r"moisturising,\d+ml", text))


def test_sums_stay_in_their_cells() -> None:
    page = page_of(long(), "附件一受保护产品与价格")
    sums = [word for word in words_of(long(), page) if re.fullmatch(r"1\d,\d{3}\.\d\d", word[4])]
    assert len(sums) >= 5
    right = [word[2] for word in sums]
    assert max(right) - min(right) < 0.05
    heads = [word for word in words_of(long(), page) if word[4] == "(RMB)"]
    middle = (heads[0][0] + heads[0][2]) / 2
    # As wide as half the column on both sides of its head's middle, which is set centred.
    assert all(
        abs(word[2] - middle) <= 456 * 0.0525 and abs(word[0] - middle) <= 456 * 0.0525 for word in sums
    )
    assert right[0] > middle


def test_no_english_line_is_torn_apart_before_a_long_address_or_a_sum() -> None:
    for page in range(1, printed(BILINGUAL).pages + 1):
        for one, following in pairwise(words_of(printed(BILINGUAL), page)):
            is_one_line = abs(one[1] - following[1]) < 0.1 and following[0] > one[2]
            if is_one_line and (one[4] + following[4]).isascii() and following[3] - following[1] > 11:
                blank = following[0] - one[2]
                # A blank is 2.7 pt wide; columns and the foot stand further apart than any word.
                assert blank < 0.65 * 10.5 or blank > 30, (page, one[4], following[4], blank)


def test_a_sum_stays_on_the_line_of_its_currency_and_fills_it() -> None:
    assert "RMB 180.00 and RMB 120.00 goes" in " ".join(text_of(printed(BILINGUAL)).split())
    [line] = [line for line in text_of(printed(BILINGUAL)).split("\n") if line.startswith("Example of a Reb")]
    assert "RMB 10,000.00, the Base Rebate" in line


def test_no_line_ends_inside_a_word_with_a_hyphen_of_its_own() -> None:
    text = text_of(printed(BILINGUAL))
    assert "refused,\ne-mail when" in text
    assert list(parts("Contact: ___; E-mail e-mails")) == [
        ("Contact: ", ""),
        ("___", "blank"),
        ("; ", ""),
        ("E-mail", "nowrap"),
        (" e-mails", ""),
    ]


def test_the_last_word_of_an_english_paragraph_is_whole() -> None:
    lines = text_of(printed(BILINGUAL)).split("\n")
    assert "distributors." in lines
    for line, following in pairwise(lines):
        assert not (line.endswith("-") and " " not in following and following.endswith(".")), line
    run = Run("Party B shall agree with other distributors.")
    assert [plain(part) for part in last_word((run,))] == ["Party B shall agree with other ", "distributors."]
    assert last_word((Run("See Annex\u00a01."),)) == ((Run("See Annex\u00a01."),), ())
    assert last_word((Run("name: "), Run("O'Sample", placeholder="x")))[1] == ()
