"""The fund on screen: figures that agree, and the transfers behind each of them."""

from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.roles import Role
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Transfer
from portal.domain.ledger.services import Draft
from portal.domain.money import figures
from portal.domain.price_protection.funds import deducting, releasing
from tests.domain.clock import on_day
from tests.domain.fund_world import FundWorld
from tests.web.case_rows import case_of
from tests.web.sheets import rows_of


@pytest.fixture
def world(session, make) -> FundWorld:
    return FundWorld(session, make)


@pytest.fixture
def agreement(world, session):
    """18,240.00 bought and returned in a quarter that was released; another one with a deduction."""
    made = world.in_force()
    bought = world.buy(made, date(2026, 2, 3), 1_824_000)
    world.buy(made, date(2026, 2, 4), 1_000_000)
    with on_day(date(2026, 4, 10)):
        releasing.release(session, world.finance, made.id, "2026Q1")
        session.commit()
    world.give_back(bought, date(2026, 5, 4), 1_824_000)
    world.buy(made, date(2026, 5, 6), 1_000_000)
    with on_day(date(2026, 6, 1)):
        deducting.deduct(session, world.manager, made.id, "2026Q2", 7, 500_000, 1_000_000)
        session.commit()
    return made


def test_each_quarter_says_what_became_of_what_it_accrued(world, agreement, sign_in):
    page = sign_in(world.finance).get(f"/funds/agreements/{agreement.id}/").get_data(as_text=True)
    for figure in ("564.80", "364.80", "200.00", "100.00"):
        assert figure in page
    assert "released on 2026-04-10" in page


def test_the_workbench_says_what_the_offices_hold_owe_and_are_late_with(world, agreement, make, sign_in):
    with on_day(date(2026, 6, 2)):
        manager = sign_in(make.user(Role.REGIONAL_MANAGER, agreement.region))
        page = manager.get("/").text
        panel = page[page.index('id="funds"') :]
        assert "</span>100.00</a>" in panel
        # 1,164.80 less the 364.80 that are owed back; both sums should have been paid before June.
        assert panel.count("800.00") == 2
        late = manager.get("/funds/payments/?due=overdue").text
        assert agreement.number in late and "800.00" in late
        with on_day(date(2026, 5, 2)):
            assert agreement.number in manager.get("/funds/payments/?due=overdue").text
        with on_day(date(2026, 2, 5)):
            assert agreement.number not in manager.get("/funds/payments/?due=overdue").text
        # Finance finds the same among what it has to do; the office next door has nothing of it.
        assert 'id="funds"' not in sign_in(world.finance).get("/").text
        elsewhere = make.user(Role.REGIONAL_MANAGER, make.region("示例西区"))
        assert 'id="funds"' not in sign_in(elsewhere).get("/").text


def test_a_figure_opens_to_the_return_behind_it(world, agreement, sign_in):
    client = sign_in(world.finance)
    page = client.get(f"/funds/agreements/{agreement.id}/transfers?quarter=2026Q1&figure=reversed")
    text = page.get_data(as_text=True)
    assert "364.80" in text
    assert text.count("<tr data-") + text.count("<tr><td class=") == 1
    held = client.get(f"/funds/agreements/{agreement.id}/transfers?quarter=2026Q2&figure=held")
    assert "2 transfers" in held.get_data(as_text=True)


def test_the_list_adds_up_and_stays_within_ones_offices(world, agreement, make, sign_in):
    rows = rows_of(sign_in(world.finance).get("/funds/export"))
    accrued, held, released, deducted, payable, owed = rows[1][4:]
    assert (accrued, held, released, deducted) == (400, 100, 200, 100)
    assert (payable, owed) == (300 + 300 + 564.8, 547.2 - 547.2 + 364.8)
    elsewhere = make.user(Role.REGIONAL_MANAGER, make.region("示例西区"))
    assert sign_in(elsewhere).get(f"/funds/agreements/{agreement.id}/").status_code == 404
    assert agreement.number not in sign_in(elsewhere).get("/funds/").get_data(as_text=True)


def test_the_accounts_are_explained_with_their_sums(world, agreement, sign_in):
    page = sign_in(world.finance).get("/funds/accounts").get_data(as_text=True)
    assert "Protection fund held" in page
    assert "Not examined yet" in page


def test_a_distributor_has_all_its_funds_on_one_page(world, agreement, make, sign_in):
    page = sign_in(world.finance).get(f"/funds/distributors/{agreement.distributor_id}/")
    text = page.get_data(as_text=True)
    assert agreement.number in text
    assert "764.80" in text  # 564.80 accrued in the first quarter, 200.00 in the second
    elsewhere = make.user(Role.REGIONAL_MANAGER, make.region("示例西区"))
    assert sign_in(elsewhere).get(f"/funds/distributors/{agreement.distributor_id}/").status_code == 404


def test_whether_a_deduction_was_awarded_is_told_to_who_pays_and_to_auditors_only(
    world, agreement, make, sign_in
):
    pages = (
        f"/funds/agreements/{agreement.id}/",
        f"/funds/agreements/{agreement.id}/transfers",
        "/funds/accounts",
    )
    for role, is_told in ((Role.FINANCE, True), (Role.AUDITOR, True), (Role.REGIONAL_MANAGER, False)):
        client = sign_in(make.user(role, agreement.region))
        for page in pages:
            text = client.get(page).get_data(as_text=True)
            assert ("Awards payable" in text) == is_told, (role, page)


def _rows(page: str) -> str:
    return page[page.index("<tbody") : page.index("</tbody>")]


def _taken_back(world: FundWorld, session: Session, agreement_id: int, part: str) -> None:
    """The payment of the award came back, and the company bears nothing of it any more."""
    held = ledger.hold(session, agreement_id)
    paid = session.scalars(sa.select(Transfer).where(Transfer.key == "award")).one()
    ledger.reverse(held, world.finance, paid, "award back")
    ledger.post(held, world.finance, [Draft(
        kind=TransferKind.RELIEVE, debit=(AccountKind.AWARD, part), credit=(AccountKind.BORNE, part),
        amount_fen=held.balance(AccountKind.BORNE, part), key="relief", source="fund_deduction", source_id=1, facts="",
    )])  # fmt: skip
    session.commit()


def test_that_an_award_was_made_or_paid_shows_nowhere_to_who_is_not_told(world, session, make, sign_in):
    """Neither two rows for one deduction, nor a gap in the numbers, nor the money that went out, nor who bore it."""
    agreement = world.in_force()
    bought = world.buy(agreement, date(2026, 2, 3), 9_120_000)
    rows = case_of(session, agreement)
    case_id, part = int(rows["case"]), f"C{rows['case']}"
    with on_day(date(2026, 3, 1)):
        deducting.deduct(session, world.manager, agreement.id, "2026Q1", case_id, 500_000, 250_000)
        session.commit()
        held = ledger.hold(session, agreement.id)
        award = held.balance(AccountKind.AWARD, part)
        ledger.post(held, world.finance, [Draft(
            kind=TransferKind.PAY, debit=(AccountKind.AWARD, part), credit=(AccountKind.MONEY, ""),
            amount_fen=award, key="award", source="case_award", source_id=1, facts="",
        )])  # fmt: skip
        session.commit()
    back = world.give_back(bought, date(2026, 3, 5), 1_824_000)
    base = f"/funds/agreements/{agreement.id}"
    addresses = (f"{base}/", f"{base}/transfers", "/funds/accounts", f"/purchases/{back.id}")
    finance, manager = sign_in(world.finance), sign_in(make.user(Role.REGIONAL_MANAGER, agreement.region))
    assert "Awards borne by the company" in finance.get(f"/purchases/{back.id}").text
    for address in addresses:
        page = manager.get(address)
        assert page.status_code == 200
        for word in ("Awards", figures(award), f"{part}-", 'Money in the bank</th><td class="num"><a'):
            assert word not in page.text, (address, word)
    told = manager.get(f"{base}/transfers").text
    _taken_back(world, session, agreement.id, part)
    assert "Borne by the company no more" in finance.get(f"{base}/transfers").text
    assert _rows(manager.get(f"{base}/transfers").text) == _rows(told)
    assert told.count("Deduction by decision") == 1 and "Deduction reversed by a return" in told
    assert told.count("Deduction reversed by a return") == 1
    assert "sort=no" not in told
    # The account still adds up to what was deducted, less what the return took of it.
    whole = manager.get(f"{base}/transfers?account=unawarded&part={rows['case_code']}").text
    assert f"together ¥{figures(182_400 // 2 - 36_480 // 2)}" in whole


def test_a_manager_sees_the_quarters_of_an_office_and_every_figure_of_the_list_opens(
    world, agreement, make, sign_in
):
    other = make.region("示例南区", parent=agreement.region)
    manager = sign_in(make.user(Role.REGIONAL_MANAGER, agreement.region))
    listed = manager.get("/funds/").text
    office = f"/funds/offices/{agreement.region_id}/"
    assert office in listed
    page = manager.get(office).text
    assert "<svg" in page and "2026Q1" in page and "2026Q2" in page and "764.80" in page
    assert "Nothing has accrued" in manager.get(f"/funds/offices/{other.id}/").text
    elsewhere = make.user(Role.REGIONAL_MANAGER, other)
    assert sign_in(elsewhere).get(office).status_code == 404
    for figure, said in (
        ("net", "400.00"),
        ("held", "100.00"),
        ("payable", "1,164.80"),
        ("released", "200.00"),
    ):
        address = f"/funds/agreements/{agreement.id}/transfers?figure={figure}"
        assert f'{address}">{said}</a>' in listed, figure
        assert f"together ¥{said}" in manager.get(address).text, figure
    owed = f"/funds/agreements/{agreement.id}/transfers?account=clawback"
    assert f'{owed}">364.80</a>' in listed and "together ¥364.80" in manager.get(owed).text
