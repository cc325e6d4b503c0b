"""The form of an agreement: what htmx swaps in finds its place, without a word on the console."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import _visits


@pytest.fixture
def person(demo, browser):
    visits = _visits(demo, browser)
    yield next(visits)("sales-hz", password="demo-shili-2026")
    visits.close()


def test_rows_are_added_and_taken_away_without_a_complaint_of_htmx(demo, person):
    page = person.open(f"/agreements/new?distributor={demo.world['distributor']}")
    person.settle()
    rows = page.locator("#prices tbody tr")
    before = rows.count()
    page.get_by_role("button", name="带入全部产品及价格").click()
    expect(rows).not_to_have_count(before)
    all_rows = rows.count()
    page.get_by_role("button", name="加一行").click()
    expect(rows).to_have_count(all_rows + 1)
    page.locator(f"#prices [value=remove-{all_rows}]").click()
    expect(rows).to_have_count(all_rows)
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.fill("[name=prices-0-amount]", "66.60")
        page.locator("[name=prices-0-amount]").blur()
    expect(page.locator("#preview")).to_contain_text("66.60")
    assert person.troubles == []
