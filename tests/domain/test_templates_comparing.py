"""What a version of a text says otherwise than an earlier one."""

import pytest

from portal.domain.papers.model import plain
from portal.domain.price_protection import texts
from portal.domain.templates import comparing
from portal.domain.templates import services as templates

BILINGUAL = templates._shipped_text("price-protection.bilingual")


def told(after: str, *, before: str = BILINGUAL, with_notes: bool = False) -> list[str]:
    """Each change as one line: where, and [-taken out-] and {+put in+}."""
    marks = {"=": "{}", "-": "[-{}-]", "+": "{{+{}+}}"}
    return [
        f"{change.number or change.kind}{' en' if change.is_english else ''}: "
        + "".join(marks[piece.how].format(plain(piece.line)) for piece in change.pieces)
        for change in comparing.changes(before, after, with_notes=with_notes)
    ]


@pytest.mark.parametrize("key", texts.AGREEMENT_KEYS)
def test_a_text_differs_from_itself_in_nothing_but_its_version(key):
    text = templates._shipped_text(key)
    assert told(text.replace("version: 1.0.0", "version: 1.0.1", 1), before=text, with_notes=True) == []


def test_words_are_compared_in_both_languages():
    after = BILINGUAL.replace("不含运费和折让", "不含运费").replace(
        "net of discounts", "net of any discounts"
    )
    chinese, english = told(after)
    assert chinese == "1.2: “进货金额”指甲方入账的受保护产品货款（{{tax_basis}}），不含运费[-和折让-]。"
    assert english.startswith('1.2 en: "Purchase Amount" means')
    assert "net of {+any +}discounts" in english


def test_a_number_is_one_word_and_a_placeholder_is_one_too():
    swapped = BILINGUAL.replace("{{tax_basis}}", "{{price_tax_basis}}")
    assert len(told(swapped)) == 2
    assert all("[-{{tax_basis}}-]{+{{price_tax_basis}}+}" in line for line in told(swapped))
    assert told(BILINGUAL.replace("第2.2款有约束力", "第2.1款有约束力"))[0].count("[-2.2-]{+2.1+}") == 1


def test_bold_that_is_lost_is_a_change():
    line = next(line for line in BILINGUAL.split("\n") if line.startswith("2.1 "))
    [change] = comparing.changes(BILINGUAL, BILINGUAL.replace(line, line.replace("**", "")), with_notes=False)
    assert {piece.how for piece in change.pieces} >= {"-", "+"}
    assert any(run.is_bold for piece in change.pieces if piece.how == "-" for run in piece.line)
    assert not any(run.is_bold for piece in change.pieces if piece.how == "+" for run in piece.line)


def test_a_clause_that_is_new_or_gone_is_told_whole_and_the_others_not_at_all():
    lines = BILINGUAL.split("\n")
    [at] = [number for number, line in enumerate(lines) if line.startswith("1.6 ")]
    without = "\n".join(lines[:at] + lines[at + 2 :])
    gone, new = (
        comparing.changes(BILINGUAL, without, with_notes=False),
        comparing.changes(without, BILINGUAL, with_notes=False),
    )
    assert [(c.how, c.number, c.section, c.heading) for c in gone] == [
        ("-", "1.6", "definitions", "第一条　定义")
    ] * 2
    assert [(c.how, c.is_english) for c in new] == [("+", False), ("+", True)]


def test_kinds_of_violation_tables_the_foot_and_notes_are_compared():
    library = next(line for line in BILINGUAL.split("\n") if line.startswith("| hostile_quoting"))
    after = BILINGUAL.replace(library, library.replace("100%", "50%", 1))
    assert [line for line in told(after) if line.startswith("library")] != [] and len(told(after)) == 1
    note = next(line for line in BILINGUAL.split("\n") if line.startswith("> "))
    noted = BILINGUAL.replace(note, note + "另需留意。")
    assert told(noted) == []
    assert told(noted, with_notes=True)[0].endswith("{+另需留意。+}")


def test_the_earlier_version_is_the_newest_that_was_released(session):
    def edition(version: str) -> templates.Edition:
        text = BILINGUAL.replace("version: 1.0.0", f"version: {version}", 1)
        return templates.Edition("price-protection.bilingual", text, None)

    three, two, one = edition("3.0.0"), edition("2.0.0"), edition("1.0.0")
    assert comparing.earlier([three, two, one], three) is two
    assert comparing.earlier([three, two, one], one) is None
    released = type("Released", (templates.Edition,), {"release": property(lambda self: object())})
    old = released(one.key, one.text, None)
    assert comparing.earlier([three, two, old], three) is old
