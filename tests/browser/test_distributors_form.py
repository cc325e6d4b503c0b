"""The distributor form in a browser: what is typed is read at once, and the page helps to choose."""

import pytest
from playwright.sync_api import expect


@pytest.fixture
def page(visit):
    person = visit("manager")
    page = person.open("/distributors/new")
    person.settle()
    return page


def test_what_was_understood_stands_below_the_box_when_one_leaves_it(page):
    page.fill("#phones", "0571-00005151／００００５１５２，13800000051（王）")
    page.press("#phones", "Tab")
    expect(page.locator("#phones-r")).to_have_text(
        "识别出 3 个：0571-0000 5151 · 0571-0000 5152 · 138 0000 0051（王）"
    )
    expect(page.locator("#contact_name")).to_be_focused()
    page.fill("#uscc", "91330110MA2EXAMP18")
    page.press("#uscc", "Tab")
    expect(page.locator("#uscc-e")).to_be_visible()
    expect(page.locator("#uscc")).to_have_value("91330110MA2EXAMP18")
    page.fill("#uscc", "９１３３０５００ＭＡ００ＥＸ３Ｂ４Ｐ")
    page.press("#uscc", "Tab")
    expect(page.locator("#uscc-e")).to_have_count(0)


def test_suppliers_are_offered_while_one_types(page, site):
    page.locator("#parent").press_sequentially("示例第2商贸")
    option = page.locator("#suppliers option").first
    expect(option).to_have_attribute("value", f"{site.world.full.code} {site.world.full.name}")


def test_another_office_brings_its_own_people(page):
    expect(page.locator("#owner_id option", has_text="示例新人")).to_have_count(0)
    page.select_option("#region_id", label="　示例新办事处")
    expect(page.locator("#owner_id option", has_text="示例新人")).to_have_count(1)


def test_leaving_with_unsaved_entries_is_warned_about(page):
    said = []
    page.on("dialog", lambda dialog: (said.append(dialog.type), dialog.accept()))
    page.fill("#name", "示例未保存商行")
    expect(page.locator(".formbar [data-unsaved]")).to_have_text("有未保存的修改")
    page.locator(".formbar a").click()
    page.wait_for_url("**/distributors/")
    assert said == ["beforeunload"]


def test_a_deeper_level_of_the_tree_opens_in_place(visit, site):
    person = visit("manager")
    page = person.open(f"/distributors/{site.world.full.id}")
    person.settle()
    page.locator("#downstream details[hx-get] > summary").first.click()
    expect(page.locator("#downstream")).to_contain_text("示例第5商贸有限公司")
    expect(page).to_have_url(f"{site.url}/distributors/{site.world.full.id}")
