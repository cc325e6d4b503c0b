"""Keys: search and help from anywhere, and input of Chinese that no key of ours disturbs."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect


@pytest.fixture
def person(visit):
    person = visit("manager")
    person.open("/distributors/")
    person.settle()
    return person


def active(page: Page) -> str:
    return page.evaluate("document.activeElement.id")


def compose(page: Page, text: str) -> None:
    """Type syllables into an input method that has not chosen its characters yet."""
    page.context.new_cdp_session(page).send(
        "Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)}
    )


def choose(page: Page, text: str) -> None:
    """The input method's choice of characters, which ends the composition."""
    page.context.new_cdp_session(page).send("Input.insertText", {"text": text})


def press_while_composing(page: Page, selector: str, key: str) -> bool:
    """Whether the browser's own effect of the key was left alone."""
    return page.eval_on_selector(
        selector,
        """(element, key) => element.dispatchEvent(
            new KeyboardEvent("keydown", { key, isComposing: true, bubbles: true, cancelable: true }))""",
        key,
    )


def test_the_slash_finds_from_a_row_and_from_a_box_but_not_out_of_a_field(person):
    page = person.page
    for start in ("#list tbody a", "#list tbody .tick input", "main"):
        page.locator(start).first.focus()
        page.keyboard.press("/")
        assert active(page) == "find", start
    page.focus("#filter-q")
    page.keyboard.press("/")
    assert active(page) == "filter-q"
    expect(page.locator("#filter-q")).to_have_value("/")
    page.focus("[name=level]")
    page.keyboard.press("/")
    assert active(page) != "find"


def test_a_question_mark_shows_the_keys_and_escape_returns(person):
    page = person.page
    page.locator("#list tbody a").nth(2).focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="键盘快捷键")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("row")).to_have_count(9)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator("#list tbody a").nth(2)).to_be_focused()
    # Its button closes it too, and it can be asked for with the mouse.
    page.get_by_role("link", name="键盘快捷键").click()
    dialog.get_by_role("button", name="关闭").click()
    expect(dialog).to_have_count(0)
    assert person.troubles == []


def test_a_question_mark_in_a_field_is_a_question_mark(person):
    page = person.page
    page.focus("#filter-q")
    page.keyboard.press("?")
    expect(page.locator("#filter-q")).to_have_value("?")
    assert page.get_by_role("dialog").count() == 0


def test_half_written_syllables_narrow_nothing_and_the_chosen_characters_do(person):
    page = person.page
    asked: list[str] = []
    page.on("request", lambda request: "q=" in request.url and asked.append(request.url))
    page.focus("#filter-q")
    with page.expect_request(lambda request: "q=" in request.url) as first:
        for syllables in ("j", "jin", "jing y", "jing yu"):
            compose(page, syllables)
        # Longer than the list waits for the next letter of what is typed.
        page.evaluate("() => new Promise((done) => setTimeout(done, 500))")
        assert asked == []
        expect(page.locator("#filter-q")).to_have_value("jing yu")
        choose(page, "鲸鱼")
    assert parse_qs(urlsplit(first.value.url).query)["q"] == ["鲸鱼"]
    expect(page.locator("#told")).to_have_text("0 家")
    assert len(asked) == 1


def test_half_written_syllables_suggest_nothing_and_the_chosen_characters_do(person):
    page = person.page
    page.focus("#find")
    compose(page, "shi")
    page.evaluate("() => new Promise((done) => setTimeout(done, 400))")
    expect(page.locator("[role=option]")).to_have_count(0)
    choose(page, "第7商贸")
    expect(page.locator("[role=option]").first).to_contain_text("示例第7商贸有限公司")


@pytest.mark.parametrize("key", ["Enter", "/", "?", "ArrowDown", "Escape"])
def test_keys_that_choose_characters_are_none_of_ours(person, key):
    page = person.page
    page.focus("#find")
    page.keyboard.type("示例第7")
    option = page.locator("[role=option]").first
    expect(option).to_be_visible()
    before = page.url
    assert press_while_composing(page, "#find", key)
    assert press_while_composing(page, "#list tbody a", key)
    expect(option).to_be_visible()
    expect(option).to_have_attribute("aria-selected", "false")
    assert active(page) == "find" and page.url == before
