"""Lists in a browser: narrowing, sorting and paging swap the list only, and nobody loses their place."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.factories import PASSWORD


def query(page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


@pytest.fixture
def person(visit):
    person = visit("manager")
    person.open("/distributors/")
    person.settle()
    # Gone as soon as a whole page is loaded.
    person.page.evaluate("window.here = true")
    return person


def test_sorting_swaps_the_list_keeps_the_focus_and_is_in_the_address(person):
    page = person.page
    page.focus("#sort-office")
    page.keyboard.press("Enter")
    expect(page.locator("th[aria-sort]")).to_contain_text("办事处")
    assert query(page) == {"sort": ["office"], "dir": ["asc"]}
    expect(page.locator("#sort-office")).to_be_focused()
    # htmx takes the new heading up some milliseconds later; until then it is a plain link.
    page.wait_for_function("'htmx-internal-data' in document.activeElement")
    page.keyboard.press("Enter")
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("办事处")
    assert page.evaluate("window.here") is True


def test_typing_narrows_while_the_cursor_stays(person, site):
    page = person.page
    page.click("#filter-q")
    page.keyboard.type("0571-88000001")
    expect(page.locator("#list tbody tr")).to_have_count(1)
    expect(page.locator("#count")).to_contain_text("筛出 1 家")
    expect(page.locator("#export")).to_contain_text("导出 1 条")
    assert query(page) == {"q": ["0571-88000001"]}
    assert "q=0571-88000001" in (page.locator("#export").get_attribute("href") or "")
    assert page.evaluate("[document.activeElement.id, document.activeElement.selectionStart]") == [
        "filter-q",
        13,
    ]
    assert page.evaluate("window.here") is True


def test_a_choice_keeps_the_order_and_starts_at_the_first_page(person):
    page = person.page
    page.click("#sort-city")
    expect(page.locator("th[aria-sort]")).to_contain_text("城市")
    page.click("#page-2")
    expect(page.locator("[aria-current=page]", has_text="2")).to_be_visible()
    page.select_option("[name=level]", "general")
    expect(page.locator("#count")).to_contain_text("筛出 40 家")
    assert query(page) == {"sort": ["city"], "dir": ["asc"], "level": ["general"]}


def test_back_and_forward_show_what_the_address_says(person):
    page = person.page
    page.select_option("[name=level]", "general")
    expect(page.locator("#count")).to_contain_text("筛出 40 家")
    page.click("#sort-office")
    expect(page.locator("th[aria-sort]")).to_contain_text("办事处")
    page.go_back()
    expect(page.locator("th[aria-sort]")).to_contain_text("编码")
    expect(page.locator("#count")).to_contain_text("筛出 40 家")
    expect(page.locator("[name=level]")).to_have_value("general")
    page.go_back()
    expect(page.locator("#count")).to_contain_text("共 120 家")
    expect(page.locator("[name=level]")).to_have_value("")
    page.go_forward()
    expect(page.locator("#count")).to_contain_text("筛出 40 家")
    # The focus is not lost in nowhere, and what scripts add to the page works on.
    expect(page.locator("#sort-office")).to_be_focused()
    page.focus("#filter-q")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#list tbody a").first).to_be_focused()
    assert person.troubles == []


def test_paging_goes_to_the_first_row_of_the_page_and_says_which_rows_these_are(person):
    page = person.page
    page.focus("#page-next")
    page.keyboard.press("Enter")
    expect(page.locator("#list tbody th").first).to_contain_text("示例第51商贸")
    expect(page.locator("#list tbody a").first).to_be_focused()
    page.wait_for_function("() => document.querySelector('#list').getBoundingClientRect().top >= 0")
    expect(page.locator("#told")).to_have_text("120 家 · 第 51—100 条，共 120 条")
    expect(page).to_have_title("经销商 · 第 2 页 · 渠道管理系统")
    # From the last row one step further stands the next page.
    page.keyboard.press("End")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#page-next")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#list tbody tr")).to_have_count(20)
    expect(page.locator("#list tbody a").first).to_be_focused()
    expect(page).to_have_title("经销商 · 第 3 页 · 渠道管理系统")


def test_what_is_narrowed_is_told_in_the_language_of_the_reader(visit):
    person = visit("manager", lang="en")
    page = person.open("/distributors/")
    person.settle()
    page.select_option("[name=level]", "general")
    expect(page.locator("#told")).to_have_text("40 distributors")
    assert page.locator("#told").get_attribute("role") == "status"
    page.fill("#filter-q", "0571-88000003")
    expect(page.locator("#told")).to_have_text("1 distributor")


def test_ticked_rows_bring_the_bar_and_are_exported(person):
    page = person.page
    bar = page.locator(".bulkbar")
    expect(bar).to_be_hidden()
    page.locator("tbody .tick input").nth(1).click()
    page.locator("tbody .tick input").nth(4).click(modifiers=["Shift"])
    expect(bar).to_contain_text("已选 4 条")
    with page.expect_download() as download:
        bar.get_by_text("导出所选").click()
    assert download.value.suggested_filename.endswith(".xlsx")
    page.locator("[data-tick-all]").check()
    expect(bar).to_contain_text("已选 50 条")
    bar.get_by_text("取消选择").click()
    expect(bar).to_be_hidden()


def test_a_row_opens_on_click_and_on_enter(person, site):
    page = person.page
    opened = re.compile(f"/distributors/{site.world.distributor.id}$")
    page.locator("tbody tr").first.locator("td").nth(3).click()
    expect(page).to_have_url(opened)
    expect(page.locator("h1")).to_contain_text(site.world.distributor.name)
    page.go_back()
    expect(page).not_to_have_url(opened)
    page.locator("tbody .tick input").first.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(opened)


def test_keys_go_from_row_to_row(person):
    page = person.page
    links = page.locator("#list tbody a")
    page.focus("#filter-q")
    for key, row in (
        ("ArrowDown", 0),
        ("ArrowDown", 1),
        ("PageDown", 11),
        ("PageUp", 1),
        ("PageUp", 0),
        ("End", 49),
        ("ArrowUp", 48),
        ("PageDown", 49),
        ("Home", 0),
    ):
        page.keyboard.press(key)
        expect(links.nth(row), key).to_be_focused()
        assert links.nth(row).evaluate("link => getComputedStyle(link).outlineStyle") == "solid"
    page.keyboard.press("ArrowUp")
    expect(page.locator("#filter-q")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(page.locator("#filter-q")).to_be_focused()
    # Among the boxes the arrows stay among the boxes.
    page.locator("tbody .tick input").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("tbody .tick input").nth(1)).to_be_focused()


def test_enter_opens_the_row_and_back_returns_to_it(person, site):
    page = person.page
    page.locator("#list tbody a").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/distributors/{site.world.full.id}")
    page.go_back()
    expect(page.locator("#list tbody a").nth(1)).to_be_focused()


def test_on_a_phone_the_conditions_open_and_narrow(visit):
    person = visit("manager", size=PHONE)
    page = person.open("/distributors/")
    person.settle()
    expect(page.locator("[name=level]")).to_be_hidden()
    page.get_by_text("条件", exact=True).click()
    page.select_option("[name=level]", "retailer")
    expect(page.locator("#count")).to_contain_text("筛出 40 家")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_when_the_server_is_away_the_list_stays_and_it_is_said(person):
    page = person.page
    page.route("**/distributors/?**", lambda route: route.abort())
    page.click("#sort-office")
    expect(page.locator("#notices")).to_contain_text("服务器没有回应")
    expect(page.locator("#list tbody tr")).to_have_count(50)


def test_whose_sign_in_has_ended_is_asked_to_sign_in_and_comes_back(visit):
    person = visit("manager")
    page = person.open("/distributors/")
    person.settle()
    page.context.clear_cookies()
    page.click("#sort-office")
    page.wait_for_url("**/login?next=**")
    page.fill("[name=username]", "manager")
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    expect(page.locator("th[aria-sort]")).to_contain_text("办事处")


def test_a_page_of_ours_that_says_no_takes_the_place_of_the_list_and_tells_why(person):
    page = person.page
    page.evaluate("htmx.ajax('GET', '/distributors/999999999', '#list')")
    expect(page.locator("h1")).to_have_text("找不到")
