"""What was typed is not lost: leaving asks first, a sign-in that ended gives it back, rows keep the focus."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import _visits
from tests.factories import PASSWORD


@pytest.fixture
def person(visit):
    return visit("manager")


@pytest.fixture
def seller(demo, browser):
    visits = _visits(demo, browser)
    yield next(visits)("sales-hz", password="demo-shili-2026")
    visits.close()


def asks(page: Page) -> bool:
    """Whether closing the page now asks first; the answer is to stay."""
    return page.evaluate("() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))")


def enter_again(page: Page, username: str = "manager", password: str = PASSWORD) -> None:
    """Sign in on the page that a sign-in which ended led to.

    Nobody types as fast as this: the page's script has put the words away before anything is typed.
    """
    page.wait_for_function("'words' in JSON.parse(sessionStorage.getItem('draft'))")
    page.fill("[name=username]", username)
    page.fill("[name=password]", password)
    page.click("main button[type=submit]")


def test_closing_the_tab_asks_only_while_something_differs(person):
    page = person.open("/distributors/new")
    page.wait_for_load_state()
    assert not asks(page)
    page.fill("[name=name]", "示例新商贸有限公司")
    assert asks(page)
    page.fill("[name=name]", "")
    assert not asks(page)
    note = page.locator("[data-unsaved]")
    page.select_option("[name=level]", "retailer")
    expect(note).to_have_text("有未保存的修改")
    assert asks(page)
    page.select_option("[name=level]", index=0)
    expect(note).to_have_text("")
    assert not asks(page)


def test_closing_the_tab_itself_asks(person):
    page = person.open("/distributors/new")
    page.click("[name=name]")
    page.keyboard.type("示例")
    asked = []

    def leave(dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    with page.expect_event("close"):
        page.close(run_before_unload=True)
    assert asked == ["beforeunload"]


def test_a_refused_form_asks_until_it_is_saved(person):
    page = person.open("/distributors/new")
    page.fill("[name=uscc]", "123")
    page.click(".formbar .btn-primary")
    expect(page.locator(".errors")).to_be_focused()
    expect(page.locator("[data-unsaved]")).to_have_text("有未保存的修改")
    assert asks(page)


def test_a_reason_half_written_in_an_opened_deed_asks(seller, demo):
    page = seller.open(f"/agreements/{demo.world['draft']}/")
    seller.settle()
    page.locator("details.act summary").first.click()
    expect(page.locator("details.act textarea")).to_be_focused()
    assert not asks(page)
    page.keyboard.type("客户不签了")
    assert asks(page)
    page.locator("details.act textarea").fill("")
    assert not asks(page)


def test_who_was_signed_out_while_writing_gets_it_back(person):
    page = person.open("/distributors/new")
    page.fill("[name=name]", "示例失而复得商贸有限公司")
    page.fill("[name=phones]", "0571-88001234\n13800000077")
    page.select_option("[name=level]", "retailer")
    page.context.clear_cookies()
    page.click(".formbar .btn-primary")
    page.wait_for_url("**/login?next=/distributors/new")
    expect(page.locator("#notices")).to_contain_text("登录已失效，内容没有保存")
    enter_again(page)
    page.wait_for_url("**/distributors/new")
    expect(page.locator("#notices")).to_contain_text("刚才填写的内容已放回表单")
    expect(page.locator("[name=name]")).to_have_value("示例失而复得商贸有限公司")
    expect(page.locator("[name=phones]")).to_have_value("0571-88001234\n13800000077")
    expect(page.locator("[name=level]")).to_have_value("retailer")
    assert asks(page)
    # What was put back is sent with the new sign-in's own token, and is then forgotten.
    page.click(".formbar .btn-primary")
    expect(page.locator("h1")).to_contain_text("示例失而复得商贸有限公司")
    assert page.evaluate("sessionStorage.getItem('draft')") is None


def test_a_field_that_is_checked_first_finds_the_sign_in_ended_and_loses_nothing(person):
    page = person.open("/distributors/new")
    page.fill("[name=name]", "示例未及保存商贸有限公司")
    page.context.clear_cookies()
    page.locator("[name=name]").blur()
    page.wait_for_url("**/login?next=/distributors/new")
    expect(page.locator("#notices")).to_contain_text("登录已失效，内容没有保存")
    enter_again(page)
    page.wait_for_url("**/distributors/new")
    expect(page.locator("[name=name]")).to_have_value("示例未及保存商贸有限公司")
    assert asks(page)


def test_answers_that_come_together_leave_the_page_once(person):
    """Two of them sent the page away twice, and the second took the notice of the first with it."""
    page = person.open("/distributors/new")
    page.context.clear_cookies()
    begun = []
    page.on("request", lambda request: begun.append(request.url) if request.is_navigation_request() else None)
    with page.expect_navigation(url="**/login?next=/distributors/new"):
        page.evaluate(
            """() => ["name", "phones", "uscc"].forEach((name) => {
                const field = document.querySelector(`[name=${name}]`);
                field.value = "1"; field.dispatchEvent(new Event("change", { bubbles: true }));
            })"""
        )
    expect(page.locator("#notices")).to_contain_text("登录已失效，内容没有保存")
    assert len(begun) == 1


def test_a_field_s_check_does_not_overtake_a_form_that_is_on_its_way(person):
    page = person.open("/distributors/new")
    page.fill("[name=name]", "示例在途商贸有限公司")
    page.context.clear_cookies()
    held = []
    page.route("**/distributors/new", lambda route: held.append(route))
    begun = []
    page.on("request", lambda request: begun.append(request.url) if request.is_navigation_request() else None)
    with page.expect_response("**/distributors/read**"), page.expect_request("**/distributors/new"):
        page.evaluate(
            """() => {
                document.querySelector("[name=name]").dispatchEvent(new Event("change", { bubbles: true }));
                document.querySelector(".formbar .btn-primary").click();
            }"""
        )
    held[0].continue_()
    page.wait_for_url("**/login?next=/distributors/new")
    expect(page.locator("#notices")).to_contain_text("登录已失效，内容没有保存")
    assert [url.removeprefix(person.url) for url in begun] == [
        "/distributors/new",
        "/login?next=/distributors/new",
    ]


def test_somebody_else_who_signs_in_next_gets_nothing_of_it(person):
    page = person.open("/distributors/new")
    page.fill("[name=name]", "示例别人的商贸有限公司")
    page.context.clear_cookies()
    page.click(".formbar .btn-primary")
    page.wait_for_url("**/login?next=**")
    enter_again(page, "sales")
    page.wait_for_url("**/distributors/new")
    expect(page.locator("[name=name]")).to_have_value("")
    assert page.evaluate("sessionStorage.getItem('draft')") is None


def test_rows_of_prices_that_were_added_come_back_too(seller, demo):
    page = seller.open(f"/agreements/new?distributor={demo.world['distributor']}")
    seller.settle()
    rows = page.locator("#prices tbody tr")
    before = rows.count()
    page.get_by_role("button", name="加一行").click()
    expect(rows).to_have_count(before + 1)
    page.fill(f"[name=prices-{before}-amount]", "66.60")
    page.context.clear_cookies()
    page.get_by_role("button", name="存为草稿").last.click()
    page.wait_for_url("**/login?next=**")
    enter_again(page, "sales-hz", "demo-shili-2026")
    expect(page.locator(f"[name=prices-{before}-amount]")).to_have_value("66.60")
    assert page.url.endswith(f"/agreements/new?distributor={demo.world['distributor']}")
    assert asks(page)


def test_a_row_that_comes_has_the_focus_and_one_that_goes_leaves_it_in_the_table(seller, demo):
    page = seller.open(f"/agreements/new?distributor={demo.world['distributor']}")
    seller.settle()
    rows = page.locator("#prices tbody tr")
    before = rows.count()
    add = page.get_by_role("button", name="加一行")
    add.focus()
    page.keyboard.press("Enter")
    expect(rows).to_have_count(before + 1)
    expect(rows.last.locator("select").first).to_be_focused()
    expect(page.locator("#told")).to_have_text(f"{before + 1} 行")
    assert asks(page)
    remove = page.locator(f"#prices [value=remove-{before}]")
    remove.focus()
    page.keyboard.press("Enter")
    expect(rows).to_have_count(before)
    expect(add).to_be_focused()
    page.locator("#prices [value=remove-0]").focus()
    page.keyboard.press("Enter")
    expect(rows).to_have_count(before - 1)
    expect(page.locator("#prices [value=remove-0]")).to_be_focused()
