"""Templates are read line by line, first match wins."""

import re

import pytest

from portal.domain.errors import DomainError
from portal.domain.papers.checks import check_template
from portal.domain.papers.model import Block, BlockKind, Run, Table, plain
from portal.domain.papers.parse import parse
from tests.paper_examples import BILINGUAL, CHINESE, SMALL, TEXTS, example_paper, template_text

AGREEMENTS = (CHINESE, BILINGUAL, SMALL)
FRONT = "---\ntemplate: t\nversion: 1.0.0\nlanguage: zh\nstatus: s\nfooter: f\n---\n# 标题\n"


def shipped() -> list[str]:
    return sorted(path.name.removesuffix(".md") for path in TEXTS.glob("*.md"))


def test_all_fourteen_texts_ship() -> None:
    assert len(shipped()) == 14


@pytest.mark.parametrize("template", shipped())
def test_every_shipped_text_parses(template: str) -> None:
    paper = example_paper(template)
    assert paper.front.template == template
    assert re.fullmatch(r"\d+\.\d+\.\d+", paper.front.version)
    assert paper.sections and paper.clauses()
    assert "起草说明" not in "".join(plain(line) for line in paper.lines())
    assert "Drafting note" not in "".join(plain(line) for line in paper.lines())


@pytest.mark.parametrize("template", shipped())
def test_every_character_of_a_shipped_text_is_somewhere_in_the_parsed_paper(template: str) -> None:
    """Nothing but notes, markup, rules of tables and the library is lost."""
    printed = "".join(plain(line) for line in example_paper(template).lines())
    text, library = template_text(template), False
    for line in text.split("\n---\n", 1)[1].split("\n"):
        library = "{#library-" in line if line.startswith("## ") else library
        if library or line.startswith(">") or re.match(r"^\|[-|]+\|$", line):
            continue
        body = re.sub(r"^(en: )?(# |## |\d+\.\d+ |（[一二三四五六七八九十]+）|\(\d+\) )?", "", line)
        body = re.sub(r" \{#[a-z-]+\}$", "", body).replace("**", "")
        for cell in body.strip("|").split("|") if line.startswith("|") else [body]:
            assert cell.strip(" ") in printed


@pytest.mark.parametrize("template", AGREEMENTS)
def test_every_reference_of_an_agreement_exists(template: str) -> None:
    assert check_template(example_paper(template)) == []


def test_a_dangling_reference_is_found_in_both_languages() -> None:
    text = (
        template_text(BILINGUAL)
        .replace("按第4.3款释放", "按第4.9款释放")
        .replace("Article 8.4", "Article 8.9")
    )
    text = text.replace("依第十五条", "依第十九条")
    found = {error.params["reference"] for error in check_template(parse(text))}
    assert found == {"第4.9款", "Article 8.9", "第十九条"}


def test_every_reference_of_the_other_papers_is_their_own_or_the_agreements() -> None:
    agreement = example_paper(CHINESE)
    headings = "".join(plain(section.heading) for section in agreement.sections)
    for template in set(shipped()) - set(AGREEMENTS):
        paper = example_paper(template)
        own = "".join(plain(section.heading) for section in paper.sections)
        for line in paper.lines():
            for before, number in re.findall(r"(.{0,3})第(\d+\.\d+)款", plain(line)):
                is_own = before.endswith(("本通知", "本单", "本决定"))
                assert number in (paper if is_own else agreement).clauses(), f"{template}: {plain(line)}"
            for number in re.findall(r"第([一二三四五六七八九十]+)条", plain(line)):
                assert f"第{number}条" in headings + own, f"{template}: {plain(line)}"


def test_the_small_version_and_the_bilingual_one_keep_the_numbers() -> None:
    assert (
        example_paper(SMALL).clauses()
        == example_paper(CHINESE).clauses()
        == example_paper(BILINGUAL).clauses()
    )


def test_the_chinese_of_the_bilingual_one_is_the_chinese_one() -> None:
    def chinese(template: str) -> list[str]:
        paper = example_paper(template)
        blocks = [*paper.preamble, *(block for section in paper.sections for block in section.blocks)]
        return [plain(block.text) for block in blocks if isinstance(block, Block)]

    both, one = chinese(BILINGUAL), chinese(CHINESE)
    assert [b for b, a in zip(both, one, strict=True) if b != a] == [
        text + "本协议以中文为准，英文仅供参考。" for text in one if "可靠的电子签名效力相同" in text
    ]


def test_every_block_of_the_bilingual_one_has_its_english() -> None:
    paper = example_paper(BILINGUAL)
    blocks = [*paper.preamble, *(block for section in paper.sections for block in section.blocks)]
    assert all(block.english for block in blocks if isinstance(block, Block))
    assert all(section.english for section in paper.sections)
    assert paper.title_english == (Run("Price Protection Agreement"),)


def test_the_library_is_loaded_and_not_printed() -> None:
    for template in (CHINESE, BILINGUAL):
        paper = example_paper(template)
        assert [row.code for row in paper.library] == [
            "cross_territory", "hostile_quoting", "code_tampering", "approved_price",
        ]  # fmt: skip
        assert [row.is_enabled for row in paper.library] == [True, True, False, False]
        assert [row.needs_approval for row in paper.library] == [False, False, False, True]
        assert {row.share_ppm for row in paper.library} == {1_000_000}
        assert not any(section.id.startswith("library-") for section in paper.sections)
    assert example_paper(BILINGUAL).library[1].kind_en == "Hostile quoting"


def test_sections_know_what_their_ids_mean() -> None:
    paper = example_paper(CHINESE)
    assert [section.id for section in paper.sections if section.is_annex] == [
        "annex-prices",
        "annex-violations",
    ]
    assert [section.id for section in paper.sections if section.is_kept_together] == ["signatures"]
    option = example_paper("quarterly-statement.zh").section("option-account")
    assert option is not None and option.option == "account"


def test_a_pattern_row_names_its_list() -> None:
    section = example_paper(CHINESE).section("annex-prices")
    assert section is not None
    table = section.blocks[0]
    assert isinstance(table, Table) and table.row_list == "price" and len(table.rows) == 1
    assert example_paper("handover-record.zh").row_lists() == (
        "account",
        "promise",
        "receivable",
        "visit",
        "paper",
    )


def test_bold_and_placeholders_are_runs_and_a_placeholder_may_be_bold() -> None:
    paper = parse(FRONT + "甲**乙{{rebate_rate}}丙**丁")
    assert paper.preamble == (
        Block(
            BlockKind.PARAGRAPH,
            (Run("甲"), Run("乙", True), Run("", True, "rebate_rate"), Run("丙", True), Run("丁")),
            line_no=9,
        ),
    )


def test_items_and_clauses_carry_their_numbers() -> None:
    paper = parse(FRONT + "## 第一条 {#one}\n1.1 甲：\n（一）乙；\nen: (1) b;\n（二）丙。\nen: (2) c.")
    blocks = paper.sections[0].blocks
    assert [(block.kind, block.number) for block in blocks if isinstance(block, Block)] == [
        (BlockKind.CLAUSE, "1.1"), (BlockKind.ITEM, "一"), (BlockKind.ITEM, "二"),
    ]  # fmt: skip
    assert isinstance(blocks[2], Block) and blocks[2].item_number == 2 and blocks[2].english == (Run("c."),)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("**不完", 9),
        ("甲{{乙}}", 9),
        ("甲{{rebate_rate}", 9),
        ("甲{{a.b.c}}", 9),
        ("# 再来一个", 9),
        ("## 没有标识", 9),
        ("### 三级", 9),
        ("甲\n\nen: a\nen: b", 12),
        ("| 甲 |\nen: a", 9),
        ("| 甲 | 乙 |\n|---|---|\n| 丙 |", 11),
        ("| 甲 | 乙 |\n| 丙 | 丁 |", 9),
        ("| 甲", 9),
        ("| 甲 |\n|---|\n| {{price.no}}{{violation.no}} |", 9),
        ("| 甲 |\n|---|\n| {{price.no}} |\n| {{price.no}} |", 9),
        ("1.1 甲\n1.2 乙", None),
        ("## 一 {#a}\n## 二 {#a}", 10),
        ("## 一 {#a}\n1.1 甲\n## 二 {#b}\n1.1 乙", 12),
        ("## 一 {#a}\n1.1 甲\nen: 1.2 a", 11),
        ("## 一 {#a}\n1.1 甲\nen: a", 11),
        ("（一）甲", 9),
        ("甲 ", 9),
    ],
)
def test_malformed_text_is_refused_with_its_line(body: str, line: int | None) -> None:
    if line is None:
        parse(FRONT + body)
        return
    with pytest.raises(DomainError) as refused:
        parse(FRONT + body)
    assert refused.value.params["line"] == line


@pytest.mark.parametrize(
    "text",
    [
        "# 标题\n正文",
        "---\ntemplate: t\n",
        "---\nfoo: t\n---\n# 标题",
        FRONT.replace("footer: f\n", ""),
        FRONT.replace("1.0.0", "1.0"),
        FRONT.replace("footer: f\n", "footer: f\nsize: 40\n"),
        FRONT.replace("# 标题\n", ""),
        FRONT.replace("# 标题\n", "正文\n"),
        FRONT.replace("language: zh\n", "language: zh\nlanguage: en\n"),
    ],
)
def test_front_matter_and_title_are_required(text: str) -> None:
    with pytest.raises(DomainError):
        parse(text)
