"""Late interest on the pages: the LPR entered, the calculation laid open, confirmed by who pays, payable then."""

from datetime import date

import pytest

from portal.domain.access.roles import Role
from tests.domain.test_interest import LateWorld, late

pytestmark = pytest.mark.on_day(date(2026, 6, 25))


@pytest.fixture
def world(session, make) -> LateWorld:
    made = LateWorld(session, make)
    made.make = make
    return made


def test_interest_is_looked_at_confirmed_once_the_rates_are_known_and_payable(world, make, sign_in):
    payout = late(world)
    head = sign_in(make.user(Role.FINANCE, make.head_office()), language="zh")
    finance = sign_in(world.finance, language="zh")
    assert payout.number in finance.get("/funds/payments/late").text
    here = f"/funds/payments/{payout.id}/interest"
    page = finance.get(here).text
    assert (
        "2025-06-20起的LPR尚未录入" in page
        and "6.41" in page
        and "3.00%" in page
        and "130%" in page
        and "第4.3款" in page
    )
    refused = finance.post(here, data={"fen": "641"})
    assert refused.status_code == 422 and "尚未录入" in refused.text
    said = {"published_on": "2026-06-22", "rate": "3.00", "source": "人民银行网站公告"}
    assert 'value="2025-06-20"' in head.get("/admin/lpr").text  # the publication that is missing is proposed
    gap = head.post("/admin/lpr", data=said)
    assert gap.status_code == 422 and "其间的公布值缺失" in gap.text
    assert head.post("/admin/lpr", data=said | {"is_gapless": "y"}).status_code == 303
    table = head.get("/admin/lpr").text
    assert (
        "2026-07-19" in table
        and '<td class="num">3.00%</td>' in table
        and "人民银行网站公告" in table
        and "2019-08-20" in table
    )
    assert finance.post(here, data={"fen": "640"}).status_code == 422
    assert finance.post(here, data={"fen": "641"}).status_code == 303
    assert finance.post(here, data={"fen": "641"}).status_code == 303
    assert "利息已入账" in finance.get(here).text
    assert payout.number not in finance.get("/funds/payments/late").text
    assert "6.41" in finance.get("/funds/payments/?kind=interest").text
    assert "6.41" in finance.get(f"/funds/payments/{payout.id}").text


def test_an_office_enters_no_rate_and_a_manager_confirms_nothing(world, make, sign_in):
    payout = late(world)
    office = sign_in(make.user(Role.FINANCE, make.region()), language="zh")
    said = {"published_on": "2025-06-20", "rate": "3.00", "source": "人民银行网站公告"}
    page = office.post("/admin/lpr", data=said)
    assert page.status_code == 422 and "总部财务" in page.text and "人民银行网站公告" not in page.text
    manager = sign_in(make.user(Role.REGIONAL_MANAGER, region=world.region), language="zh")
    here = f"/funds/payments/{payout.id}/interest"
    assert 'name="fen"' not in manager.get(here).text
    assert manager.post(here, data={"fen": "641"}).status_code == 403
    elsewhere = sign_in(make.user(Role.REGIONAL_MANAGER, region=make.region("别处办事处")))
    assert elsewhere.get(here).status_code == 404
