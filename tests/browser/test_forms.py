"""Forms in a browser: nothing is lost, nothing is sent twice, and what was refused gets the focus."""

import pytest
from playwright.sync_api import expect


@pytest.fixture
def page(visit):
    person = visit("manager")
    page = person.open("/account")
    person.settle()
    return page


def test_the_summary_of_what_was_refused_has_the_focus_and_leads_to_the_field(page):
    page.fill("[name=current]", "a wrong password")
    page.fill("[name=password]", "short")
    page.fill("[name=again]", "short")
    page.click("main .formbar button")
    summary = page.locator(".errors")
    expect(summary).to_be_focused()
    expect(page).to_have_title("有 1 处要改 · 我的账号 · 渠道管理系统")
    summary.get_by_role("link").first.click()
    expect(page.locator("[name=password]")).to_be_focused()
    assert page.locator("[name=password]").get_attribute("aria-invalid") == "true"
    described = (page.locator("[name=password]").get_attribute("aria-describedby") or "").split()
    assert "password-e" in described and page.locator("#password-e").inner_text()


def test_two_quick_clicks_send_a_form_once(page):
    sent = []
    page.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    held: list = []
    page.route("**/account", lambda route: held.append(route))
    page.fill("[name=current]", "a wrong password")
    button = page.locator("main .formbar button")
    # While the server is asked the button is seen to be busy, and a third click sends nothing either.
    with page.expect_request("**/account"):
        button.evaluate(
            """button => new Promise((done) => {
                const isBusy = () => button.ariaBusy === "true";
                const again = () => { button.click(); isBusy() ? done() : requestAnimationFrame(again); };
                button.click();
                again();
            })"""
        )
    assert len(held) == 1
    held[0].continue_()
    expect(page.locator(".errors")).to_be_visible()
    assert len(sent) == 1


def test_leaving_with_changes_that_are_not_saved_asks_first(visit):
    person = visit("manager")
    page = person.open("/distributors/new")
    person.settle()
    page.fill("[name=name]", "示例新商贸有限公司")
    expect(page.locator("[data-unsaved]")).to_have_text("有未保存的修改")
    with page.expect_event("dialog") as asked:
        page.on("dialog", lambda dialog: dialog.dismiss())
        page.get_by_role("link", name="经销商名录", exact=True).click()
    assert asked.value.type == "beforeunload"
    assert page.url.endswith("/distributors/new")
    expect(page.locator("[name=name]")).to_have_value("示例新商贸有限公司")


def test_leaving_without_changes_or_by_saving_asks_nothing(visit):
    person = visit("manager")
    page = person.open("/distributors/new")
    person.settle()
    asked = []
    # Whoever asks is answered: a question left open, or an error raised in here, ends the driver for every later test.
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.fill("[name=name]", "示例改回")
    page.fill("[name=name]", "")
    page.get_by_role("link", name="经销商名录", exact=True).click()
    page.wait_for_url("**/distributors/")
    assert asked == []
    page = person.open("/distributors/new")
    page.fill("[name=uscc]", "123")
    page.click(".formbar .btn-primary")
    expect(page.locator(".errors")).to_be_focused()
    assert page.locator("[name=uscc]").input_value() == "123"
    assert asked == []


def test_an_answer_for_a_field_does_not_set_a_sent_form_free(visit):
    person = visit("manager")
    page = person.open("/distributors/new")
    person.settle()
    asked, sent, held = [], [], []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.on(
        "request", lambda request: request.url.endswith("/distributors/new") and sent.append(request.method)
    )
    page.route("**/distributors/read*", lambda route: held.append(route))
    page.route(
        "**/distributors/new", lambda route: route.fulfill(status=204)
    )  # the page stays, as while one waits
    page.fill("[name=uscc]", "91330110MA2EXAMP18")
    page.press("[name=uscc]", "Tab")
    page.wait_for_function("() => document.querySelector('[name=uscc]').closest('.htmx-request') !== null")
    page.click(".formbar .btn-primary")
    expect(page.locator("form[data-guard]")).to_have_attribute("data-sent", "")
    with page.expect_response("**/distributors/read*"):
        held[0].continue_()
    expect(page.locator(".htmx-request")).to_have_count(0)
    page.click(".formbar .btn-primary")
    page.evaluate("() => new Promise((done) => setTimeout(done))")
    assert (sent, asked) == (["POST"], [])
