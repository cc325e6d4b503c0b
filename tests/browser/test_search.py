"""The search box: a key to it, suggestions while typing, and the record when only one is meant."""

import pytest
from playwright.sync_api import expect


@pytest.fixture
def page(visit):
    person = visit("manager")
    page = person.open("/")
    person.settle()
    return page


def test_the_slash_goes_to_the_box_but_not_while_somebody_types(page):
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "find"
    page.keyboard.type("a/b")
    expect(page.locator("#find")).to_have_value("a/b")


@pytest.mark.parametrize("words", ["D-00007", "sld7sm", "shilidi7", "第7商贸", "88000007"])
def test_what_people_remember_is_suggested_and_chosen_by_keys(page, words):
    page.click("#find")
    page.keyboard.type(words)
    options = page.locator("[role=option]")
    expect(options.first).to_contain_text("示例第7商贸有限公司")
    assert options.count() <= 10
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    assert page.locator("#find").get_attribute("aria-activedescendant") == "suggestion-0"
    page.keyboard.press("Enter")
    page.wait_for_url("**/distributors/*")
    expect(page.locator("h1")).to_contain_text("示例第7商贸有限公司")


def test_escape_closes_the_suggestions_and_keeps_the_words(page):
    page.click("#find")
    page.keyboard.type("示例")
    expect(page.locator("[role=option]").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[role=option]")).to_have_count(0)
    expect(page.locator("#find")).to_have_value("示例")


def test_several_hits_are_listed_and_one_alone_opens(page, site):
    page.fill("#find", "示例第1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=**")
    expect(page.locator("main tbody tr").first).to_contain_text("示例第1商贸有限公司")
    page.fill("#find", "d-00001")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/distributors/{site.world.distributor.id}")


def test_other_offices_are_not_suggested(visit):
    person = visit("newcomer")
    page = person.open("/")
    answer = page.request.get(person.url + "/search/suggestions?q=示例")
    assert answer.json() == {"hits": []}
