"""Values become plain text; what is missing is refused by name or marked; what does not fit is listed."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from portal.domain.errors import DomainError
from portal.domain.papers.agreement import (
    AgreementPaperData,
    agreement_holes,
    canonical,
    complete,
    fill_agreement,
    payload_sha256,
)
from portal.domain.papers.checks import check_agreement
from portal.domain.papers.fill import NEVER_EMPTY, fill, required
from portal.domain.papers.model import Paper, Run, Table, plain
from portal.domain.papers.parse import parse
from tests.paper_examples import BILINGUAL, CHINESE, NUMBER, SMALL, example_paper, example_payload

FRONT = "---\ntemplate: t\nversion: 1.0.0\nlanguage: zh\nstatus: s\nfooter: f\n---\n# 标题\n"


def text_of(paper: Paper) -> str:
    return "\n".join(plain(line) for line in paper.lines())


def filled_text(template: str = CHINESE, payload: AgreementPaperData | None = None) -> str:
    return text_of(fill_agreement(example_paper(template), payload or example_payload(), number=NUMBER).paper)


@pytest.mark.parametrize("template", [CHINESE, BILINGUAL, SMALL])
def test_with_the_examples_nothing_is_missing_and_nothing_is_wrong(template: str) -> None:
    paper = example_paper(template)
    assert agreement_holes(paper, example_payload()) == []
    assert check_agreement(paper, example_payload()) == []
    text = filled_text(template)
    assert "{{" not in text and "None" not in text and NUMBER in text


def test_what_is_computed_stands_beside_what_was_given() -> None:
    text = filled_text()
    assert "基本利润与基金之比为60：40，即进货金额的1.80%和1.20%" in text
    assert (
        "进货金额人民币10,000.00元（大写：壹万元整）的，基本利润为人民币180.00元（大写：壹佰捌拾元整）"
        in text
    )
    assert "计入基金人民币120.00元（大写：壹佰贰拾元整）" in text
    assert "一式贰份，双方各执壹份" in text
    assert "28.50\n贰拾捌元伍角整\n—" in text


def test_a_split_that_does_not_divide_evenly_is_exact() -> None:
    payload = example_payload()
    payload["values"].update(rebate_rate=30_500, base_share=33, example_purchase_figures=999)
    text = filled_text(payload=payload)
    assert "33：67，即进货金额的1.0065%和2.0435%" in text
    # 9.99 yuan: the rebate of 30.4695 fen is 30, the base of 10.0549 fen is 10, the fund has the other 20.
    assert (
        "进货金额人民币9.99元（大写：玖元玖角玖分）的，基本利润为人民币0.10元（大写：壹角整），计入基金人民币0.20元"
        in text
    )


def test_what_is_computed_is_never_taken_from_the_payload() -> None:
    payload = example_payload()
    payload["values"].update(fund_share=99, base_rate=1, example_fund_figures=1, agreement_number="X")
    assert filled_text(payload=payload) == filled_text()


def test_english_follows_its_language() -> None:
    text = filled_text(BILINGUAL)
    assert "This Agreement runs from 1 January 2026 to 31 December 2026" in text
    assert "made in two counterparts, one for each party" in text
    assert "Protected Products (including tax)" in text
    assert "示例洗发露200毫升 / Example Shampoo 200 ml\n瓶\n建议零售价 / Suggested retail price" in text


def test_optional_values_print_what_stands_for_them() -> None:
    payload = example_payload()
    for name in ("distributor_email", "distributor_bank_account", "distributor_name_en", "appeal_body_en"):
        payload["values"][name] = " "
    payload["prices"][0]["product_name_en"] = None
    text = filled_text(BILINGUAL, payload)
    assert "邮箱：无" in text
    assert "收款账户：以乙方另行书面通知的账户为准" in text
    assert "Party B (distributor): 湖州样板商贸有限公司" in text
    assert "appeal to 甲方总部合规委员会 within" in text
    assert "示例洗发露200毫升\n" in text and "示例洗发露200毫升 /" not in text


def test_rows_are_numbered_and_repeated() -> None:
    payload = example_payload()
    payload["prices"] = [dict(payload["prices"][0], product_code=f"P{number}") for number in range(12)]
    section = fill_agreement(example_paper(), payload, number=NUMBER).paper.section("annex-prices")
    assert section is not None
    table = section.blocks[0]
    assert isinstance(table, Table)
    assert [(plain(row[0]), plain(row[1])) for row in table.rows] == [
        (str(n + 1), f"P{n}") for n in range(12)
    ]


def test_values_are_never_read_as_markup() -> None:
    payload = example_payload()
    hostile = "**粗**{{rebate_rate}}|列 / 行|<b>甲</b>"
    payload["values"]["territory_description"] = hostile
    payload["prices"][0]["product_name"] = hostile
    paper = fill_agreement(example_paper(), payload, number=NUMBER).paper
    clause = next(
        block for block in paper.sections[1].blocks if "业务区域为" in plain(next(iter(block.lines())))
    )
    assert Run(hostile, False, "territory_description") in next(iter(clause.lines()))
    section = paper.section("annex-prices")
    assert section is not None and isinstance(section.blocks[0], Table)
    assert plain(section.blocks[0].rows[0][2]) == hostile


@pytest.mark.parametrize("name", ["rebate_rate", "territory_description", "distributor_uscc", "effective_on"])
def test_a_required_value_that_is_missing_is_refused_by_name(name: str) -> None:
    payload = example_payload()
    payload["values"][name] = None
    with pytest.raises(DomainError) as refused:
        fill_agreement(example_paper(), payload, number=NUMBER)
    assert refused.value.field == name


def test_an_empty_annex_is_refused_and_marked_in_a_draft() -> None:
    payload = example_payload()
    payload["prices"] = []
    with pytest.raises(DomainError) as refused:
        fill_agreement(example_paper(), payload, number=NUMBER)
    assert refused.value.field == "price"
    draft = fill_agreement(example_paper(), payload, number=NUMBER, marks_holes=True)
    section = draft.paper.section("annex-prices")
    assert section is not None and isinstance(section.blocks[0], Table)
    assert section.blocks[0].rows[0][1] == (Run("产品编码", False, "price.product_code", True),)


def test_a_draft_marks_what_is_missing_by_its_label() -> None:
    payload = example_payload()
    payload["values"]["rebate_rate"] = None
    payload["prices"].append({"kind": "建议零售价"})
    filled = fill_agreement(example_paper(), payload, number=None, marks_holes=True)
    assert [(hole.name, hole.row) for hole in filled.holes] == [
        ("rebate_rate", None),
        ("price.product_code", 2),
        ("price.product_name", 2),
        ("price.unit", 2),
        ("price.amount_figures", 2),
    ]
    marked = {run.placeholder for line in filled.paper.lines() for run in line if run.is_hole}
    assert {"rebate_rate", "base_rate", "fund_rate", "agreement_number", "price.amount_daxie"} <= marked


def test_any_other_empty_list_prints_a_row_of_dashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(NEVER_EMPTY, "price")
    paper = parse(FRONT + "## 一 {#a}\n| 序号 | 单位 |\n|---|---|\n| {{price.no}} | {{price.unit}} |")
    table = fill(paper, {}, {"price": []}).paper.sections[0].blocks[0]
    assert isinstance(table, Table)
    assert [[plain(cell) for cell in row] for row in table.rows] == [["—", "—"]]


def test_an_option_is_printed_only_when_it_is_chosen() -> None:
    paper = parse(FRONT + "## 一 {#a}\n甲\n## 二 {#option-more}\n乙")
    assert [section.id for section in fill(paper, {}, {}).paper.sections] == ["a"]
    assert [section.id for section in fill(paper, {}, {}, options={"more"}).paper.sections] == [
        "a",
        "option-more",
    ]


def test_an_unknown_placeholder_is_refused_by_name() -> None:
    with pytest.raises(DomainError) as refused:
        required(parse(FRONT + "甲{{no_such_thing}}"))
    assert refused.value.params["name"] == "no_such_thing"


def test_the_hash_hangs_on_every_value_and_on_nothing_else() -> None:
    payload = example_payload()
    shuffled: Any = {key: payload[key] for key in reversed(list(payload))}
    shuffled["values"] = dict(reversed(list(payload["values"].items())))
    assert canonical(shuffled) == canonical(payload)
    assert len(payload_sha256(payload)) == 64
    changed = copy.deepcopy(payload)
    changed["prices"][0]["amount_figures"] = 2851
    assert payload_sha256(changed) != payload_sha256(payload)
    payload["values"]["rebate_rate"] = 3.0
    with pytest.raises(TypeError):
        canonical(payload)


def test_a_shipped_payload_keeps_its_hash() -> None:
    """A signed agreement's hash must still be found after years: this one was made when the text shipped."""
    payload: AgreementPaperData = {
        "values": {"rebate_rate": 30_000, "signing_place": "浙江省杭州市"},
        "prices": [{"amount_figures": 2850}],
        "violations": [],
    }
    assert canonical(payload).decode() == (
        '{"prices":[{"amount_figures":2850}],'
        '"values":{"rebate_rate":30000,"signing_place":"浙江省杭州市"},"violations":[]}'
    )


def set_value(name: str, value: Any) -> Callable[[AgreementPaperData], None]:
    return lambda payload: payload["values"].update({name: value})


def set_price(**values: Any) -> Callable[[AgreementPaperData], None]:
    return lambda payload: payload["prices"][0].update(values)


def add_kind(code: str) -> Callable[[AgreementPaperData], None]:
    row = next(row for row in example_paper().library if row.code == code)
    return lambda payload: payload["violations"].append(
        {"code": row.code, "kind": row.kind, "kind_en": "x", "definition": row.definition,
         "definition_en": "x",
         "share": row.share_ppm}
    )  # fmt: skip


BINDING = {"kind": "最高零售价", "approval_number": "法核2026-018"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (set_value("expires_on", "2026-01-01"), "expires_on"),
        (set_value("copies_total", 3), "copies_total"),
        (set_value("statement_days", 16), "statement_days"),
        (set_value("distributor_uscc", "91330100MA00EX1A2G"), "distributor_uscc"),
        (set_value("distributor_uscc", "91330100MA00EX1A2H"), "distributor_uscc"),
        (set_value("base_share", 101), "base_share"),
        (set_value("release_days", 61), "release_days"),
        (set_value("rebate_rate", None), "rebate_rate"),
        (set_value("signing_place", "😀"), "signing_place"),
        (set_price(amount_figures=-1), "price.amount_figures"),
        (set_price(product_name="字" * 81), "price.product_name"),
        (set_price(unit=None), "price.unit"),
        (set_price(kind="最低出货价"), "price.approval"),
        (set_price(**BINDING, approval_expires_on="2025-12-31"), "price.approval"),
        (set_price(**BINDING, approval_expires_on="明年"), "price.approval"),
        (set_price(approval_number="号" * 41, approval_expires_on="2026-12-31"), "price.approval"),
        (lambda payload: payload["prices"].append(dict(payload["prices"][0])), "price.product_code"),
        (lambda payload: payload["prices"].clear(), "price"),
        (lambda payload: payload["violations"].clear(), "violation"),
        (lambda payload: payload["violations"].append(dict(payload["violations"][0])), "violation.kind"),
        (lambda payload: payload["violations"][0].update(share=1_000_001), "violation.share"),
        (add_kind("approved_price"), "violation.kind"),
    ],
)
def test_what_keeps_the_paper_from_being_printed_names_its_field(
    change: Callable[[AgreementPaperData], None], field: str
) -> None:
    payload = example_payload()
    change(payload)
    assert field in {error.field for error in check_agreement(example_paper(), payload)}


def test_an_approved_price_may_be_agreed_and_enforced() -> None:
    payload = example_payload()
    set_price(**BINDING, approval_expires_on="2026-06-30")(payload)
    add_kind("approved_price")(payload)
    assert check_agreement(example_paper(), payload) == []
    assert "法核2026-018，至2026年6月30日" in filled_text(payload=payload)


def test_what_is_missing_does_not_keep_the_rest_from_being_computed() -> None:
    payload = example_payload()
    payload["values"]["base_share"] = None
    values, _ = complete(payload, example_paper().front, NUMBER)
    assert "fund_share" not in values and values["copies_each"] == 1
    assert values["example_purchase_daxie"] == 1_000_000
