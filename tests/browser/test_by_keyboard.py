"""The main way with a keyboard alone: sign in, a distributor, its agreement, submitting it, approving it."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import _visits

PASSWORD = "demo-shili-2026"


@pytest.fixture
def person(demo, browser):
    visits = _visits(demo, browser)
    yield next(visits)("", password=PASSWORD)
    visits.close()


def tab_to(page: Page, text: str, *, most: int = 120) -> None:
    """Press Tab until what is called `text` has the focus; wherever it stops on the way, it can be seen."""
    for _turn in range(most):
        page.keyboard.press("Tab")
        here = page.evaluate(
            """() => {
                const element = document.activeElement;
                const style = getComputedStyle(element);
                const named = element.labels?.length ? element.labels[0].textContent : element.textContent;
                const box = element.getBoundingClientRect();
                return {
                    name: (element.getAttribute("aria-label") || named || "").trim(),
                    // At the end of the page the focus leaves it for the browser's own bar and comes back at the start.
                    isSeen: element === document.body
                        || (style.outlineStyle !== "none" && box.width > 0 && box.height > 0),
                    what: element.outerHTML.slice(0, 200),
                };
            }"""
        )
        assert here["isSeen"], f"the focus is not seen on {here['what']}"
        if here["name"].startswith(text):
            return
    pytest.fail(f"Tab does not lead to {text}")


def sign_in(page: Page, username: str) -> None:
    tab_to(page, "登录名")
    page.keyboard.type(username)
    tab_to(page, "密码", most=1)
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("待我处理")


def test_from_signing_in_to_the_approved_original_with_tab_and_enter(person):
    page = person.open("/login")
    sign_in(page, "sales-hz")
    tab_to(page, "经销商名录")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("经销商")
    tab_to(page, "示例十九号日化有限公司")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("示例十九号日化有限公司")
    tab_to(page, "起草协议")
    page.keyboard.press("Enter")
    expect(page.locator("#agreement-form")).to_be_visible()
    person.settle()

    tab_to(page, "返利率")
    page.keyboard.type("3")
    tab_to(page, "第 1 行：产品")
    page.keyboard.press("ArrowDown")
    # The price that the product proposes is there as soon as the product is.
    expect(page.locator("#prices-0-hint")).to_contain_text("默认")
    tab_to(page, "第 1 行：价格种类", most=1)
    expect(page.locator("#checks")).to_contain_text("全部通过")
    tab_to(page, "提交审批")
    page.keyboard.press("Enter")
    expect(page.locator("#notices")).to_contain_text("已提交审批")
    number = page.locator(".crumbs .code").inner_text()
    # A reader of the screen hears it too: it comes into the live region once the page is there.
    expect(page.locator("#notices")).to_have_attribute("role", "status")
    tab_to(page, "退出")
    page.keyboard.press("Enter")
    page.wait_for_url("**/login**")

    sign_in(page, "manager-hz")
    tab_to(page, number)
    page.keyboard.press("Enter")
    expect(page.locator(".head h1")).to_contain_text("示例十九号日化有限公司")
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    tab_to(page, "审批通过并生成原件")
    # The printing takes its time: the button says so, and a second click sends nothing.
    said = page.evaluate(
        """() => new Promise((done) => {
            const button = document.activeElement;
            const look = () => {
                if (button.ariaBusy !== "true") return requestAnimationFrame(look);
                button.click();
                done(button.textContent);
            };
            button.click();
            look();
        })"""
    )
    assert said == "正在生成原件…"
    expect(page.locator("#notices")).to_contain_text("审批通过", timeout=30_000)
    expect(page.locator("h1")).to_contain_text("待签署")
    assert len(posts) == 1
    assert person.troubles == []


def test_purchases_are_entered_with_tab_and_enter_and_enter_takes_no_line_away(person):
    page = person.open("/login")
    sign_in(page, "finance")
    page.goto(f"{person.url}/purchases/new?q=示例四十号")
    tab_to(page, "示例四十号日用品有限公司")
    page.keyboard.press("Enter")
    expect(page.get_by_label("单据号")).to_be_focused()
    # As in the books' own programs, Enter leads on: past the day and the note into the first line.
    for word in ("XH-键盘-1", "2026-11-02", "", "1"):
        page.keyboard.type(word)
        page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    for word in ("10", "1,000.00", "KB-0001"):
        page.keyboard.type(word)
        page.keyboard.press("Enter")
    expect(page.locator("#lines tbody tr")).to_have_count(3)
    expect(page.locator("[name=lines-0-amount]")).to_have_value("1,000.00")
    tab_to(page, "录入进货")
    page.keyboard.press("Enter")
    expect(page.locator("#notices")).to_contain_text("已录入")
    assert person.troubles == []


def test_printing_says_that_it_is_under_way_and_shows_the_record_as_it_then_is(person, demo):
    page = person.open("/login")
    sign_in(page, "director")
    person.open(f"/agreements/{demo.world['approved']}/")
    copies = page.locator("form.act.inline input[name=copies]")
    copies.fill("3")
    before = page.locator(".log li").count()
    with page.context.expect_page() as opened:
        button = page.locator("form.act.inline button")
        words = button.inner_text()
        said = button.evaluate(
            """button => new Promise((done) => {
                const isBusy = () => button.ariaBusy === "true";
                const look = () => isBusy() ? done(button.textContent) : requestAnimationFrame(look);
                button.click(); button.click();
                look();
            })"""
        )
    assert said == "正在打开原件…"
    opened.value.wait_for_load_state()
    assert len(page.context.pages) == 2
    opened.value.close()
    # Once it is open the button is itself again; and coming back shows the printing that was written down.
    expect(button).to_have_text(words.strip())
    with page.expect_navigation():
        page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.locator(".log li")).to_have_count(before + 1)
    expect(page.locator(".log li").first).to_contain_text("3 份")
