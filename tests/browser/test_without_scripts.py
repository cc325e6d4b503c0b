"""Everything works with JavaScript off."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.factories import PASSWORD


@pytest.fixture
def person(visit):
    return visit("manager", scripts=False)


def test_signing_in_wrongly_then_rightly_and_out(visit):
    person = visit("", scripts=False)
    page = person.open("/distributors/")
    page.fill("[name=username]", "manager")
    page.fill("[name=password]", "not the password")
    page.click("main button[type=submit]")
    expect(page.locator(".errors")).to_contain_text("登录名或密码不对")
    expect(page.locator("[name=username]")).to_have_value("manager")
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url("**/distributors/")
    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/login")


def test_filtering_sorting_and_paging(person):
    page = person.open("/distributors/")
    page.select_option("[name=level]", "general")
    page.get_by_role("button", name="筛选").click()
    expect(page.locator("#count")).to_contain_text(re.compile("筛出 4\\d 家"))
    page.get_by_role("link", name="清除").click()
    page.click("#sort-office")
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("办事处")
    page.get_by_role("link", name="下一页").click()
    expect(page.locator("#list")).to_contain_text(re.compile("第 51—100 条，共 12\\d 条"))
    assert "sort=office" in page.url


def test_ticked_rows_are_exported(person):
    page = person.open("/distributors/")
    expect(page.locator(".bulkbar")).to_be_hidden()
    page.locator("tbody .tick input").first.check()
    with page.expect_download() as download:
        page.locator(".bulkbar").get_by_text("导出所选").click()
    assert download.value.suggested_filename.endswith(".xlsx")


def test_searching(person, site):
    page = person.open("/")
    page.fill("#find", "d-00001")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/distributors/{site.world.distributor.id}")


def test_the_language_is_changed_and_the_page_stays(visit):
    # The choice is kept with the account, so it is somebody whom no other test needs.
    page = visit("linguist", scripts=False).open("/distributors/?level=general")
    page.get_by_role("button", name="English").click()
    expect(page.locator("h1")).to_contain_text("Distributors")
    assert "level=general" in page.url
    page.get_by_role("button", name="中文").click()
    expect(page.locator("h1")).to_contain_text("经销商")


def test_the_menu_and_the_conditions_open_on_a_phone(visit):
    person = visit("manager", scripts=False, size=PHONE)
    page = person.open("/distributors/")
    page.get_by_role("link", name="菜单").click()
    page.get_by_role("link", name="待我处理").click()
    expect(page.locator("h1")).to_contain_text("待我处理")
    page = person.open("/distributors/")
    page.get_by_text("条件", exact=True).click()
    page.select_option("[name=level]", "retailer")
    page.get_by_role("button", name="筛选").click()
    expect(page.locator("#count")).to_contain_text(re.compile("筛出 4\\d 家"))
