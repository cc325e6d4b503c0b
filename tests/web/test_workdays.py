"""The page of working days: seen, changed, taken back, and read only by those who may not change it."""

from datetime import date

import pytest

from portal.domain.access.roles import Role

pytestmark = pytest.mark.on_day(date(2026, 11, 22))

PAGE = "/admin/workdays"


def test_days_are_entered_shown_with_who_said_so_and_taken_back(make, sign_in):
    keeper = sign_in(make.user(Role.ADMINISTRATOR, make.head_office(), name="示例管理员"))
    assert "National Day" in keeper.get(PAGE).text and "2026-10-10" in keeper.get(PAGE).text
    assert "is not in the portal" in keeper.get(f"{PAGE}?year=2028").text
    said = {"first_on": "2028年1月26日", "last_on": "2028/1/28", "what": "off", "note": "春节"}
    done = keeper.post(f"{PAGE}?year=2028", data=said)
    assert done.status_code == 303 and done.location.endswith("year=2028")
    page = keeper.get(done.location).text
    assert "is not in the portal" not in page
    assert page.count("春节") >= 3 and "示例管理员" in page and "Working days changed" in page
    taken = keeper.post(f"{PAGE}/2028-01-27/take-back")
    assert taken.status_code == 303
    assert "2028-01-27</th>" not in keeper.get(taken.location).text
    assert keeper.post(f"{PAGE}/2028-01-27/take-back").status_code == 422
    assert keeper.post(f"{PAGE}/nonsense/take-back").status_code == 404
    refused = keeper.post(PAGE, data=said | {"first_on": "2026-11-22", "last_on": ""})
    assert refused.status_code == 422 and "from tomorrow on" in refused.text and "春节" in refused.text


def test_who_only_reads_settings_sees_no_form(make, sign_in):
    reader = sign_in(make.user(Role.AUDITOR, make.head_office()))
    page = reader.get(PAGE)
    assert page.status_code == 200 and 'name="first_on"' not in page.text
    assert reader.post(PAGE, data={"first_on": "2027-03-01", "what": "off"}).status_code == 403
