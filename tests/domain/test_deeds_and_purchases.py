"""Purchases of the days between an amendment's or a notice's effect and the day on which it is recorded (P2, S 2.1)."""

from datetime import date

import pytest
import sqlalchemy as sa

from portal.domain.jobs.models import Job
from portal.domain.jobs.services import noted
from portal.domain.ledger.accounts import AccountKind
from portal.domain.price_protection.approval import Blocked
from portal.domain.price_protection.deeds import life, serving, signing
from portal.domain.price_protection.entries import PriceEntry
from portal.domain.price_protection.models import Ground, PriceKind, Service
from portal.domain.price_protection.purchases import waiting
from portal.domain.price_protection.purchases.codes import trace
from portal.domain.price_protection.purchases.models import Purchase, Unprotected
from tests.domain.clock import on_day
from tests.domain.deed_world import DeedWorld
from tests.domain.fund_world import FundWorld

A = AccountKind
DRAFTED, EFFECTIVE, BACK = date(2026, 7, 6), date(2026, 7, 15), date(2026, 7, 27)
BEFORE, BETWEEN = date(2026, 7, 14), date(2026, 7, 20)


class World(FundWorld, DeedWorld):
    """An agreement in force whose amendments and notices are written."""

    def sweep(self, on: date) -> int:
        with on_day(on):
            return waiting.sweep(self.session)

    def reason(self, purchase: Purchase) -> Unprotected | None:
        self.session.rollback()
        return self.session.scalar(sa.select(Purchase.unprotected).where(Purchase.id == purchase.id))


@pytest.fixture
def world(session, make) -> World:
    return World(session, make)


def amended(world, agreement, **said):
    with on_day(DRAFTED):
        return world.approved_amendment(agreement, effective_on=EFFECTIVE, **said)


def test_lines_of_an_amendments_days_follow_it_though_it_comes_back_later(world, session):
    agreement = world.in_force()
    deed = amended(world, agreement, values={"rebate_rate": 100_000})
    earlier = world.buy(agreement, BEFORE, 1_000_000)
    line = world.buy(agreement, BETWEEN, 1_000_000)
    back = world.give_back(line, BETWEEN, 500_000)
    with on_day(BACK):
        signing.sign(session, world.author, deed, DRAFTED)
        session.commit()
    world.sweep(BACK)
    assert world.accrual(earlier).rebate_fen == 50_000
    assert world.accrual(line).rebate_fen == 100_000
    assert world.accrual(back).rebate_fen == -50_000
    assert world.balance(agreement, A.FUND, "2026Q3") == 20_000 + 20_000


def test_lines_of_an_amendment_that_is_given_up_follow_the_old_terms(world, session):
    agreement = world.in_force()
    deed = amended(world, agreement)
    line = world.buy(agreement, BETWEEN, 1_000_000)
    assert world.reason(line) is Unprotected.NOT_SIGNED
    with on_day(BACK):
        life.void(session, world.manager, deed, "双方未谈妥")
        session.commit()
    assert world.sweep(BACK) == 1
    assert world.accrual(line).rebate_fen == 50_000


def test_an_amendment_that_changes_nothing_of_the_rebate_keeps_no_line_waiting(world):
    agreement = world.in_force()
    amended(world, agreement, values={"release_days": 20})
    assert world.reason(world.buy(agreement, BETWEEN, 1_000_000)) is None


def test_no_line_accrues_after_the_day_on_which_a_served_notice_ended_the_agreement(world, session):
    agreement = world.in_force()
    with on_day(DRAFTED):
        deed = world.approved_notice(
            agreement,
            ground=Ground.INSOLVENCY,
            expected_on=BEFORE,
            terminates_on=BEFORE,
            handover_on=BEFORE,
        )
    last = world.buy(agreement, BEFORE, 1_000_000)
    after = world.buy(agreement, BETWEEN, 1_000_000)
    with on_day(BACK):
        serving.serve(session, world.author, deed, served_on=BEFORE, how=Service.COURIER, note="示例速递SF1")
        session.commit()
        world.accrue_waiting(agreement.distributor_id)
        session.commit()
    assert (world.reason(last), world.reason(after)) == (None, Unprotected.AFTER_TERM)
    assert world.balance(agreement, A.FUND, "2026Q3") == 20_000


def test_lines_before_a_notice_that_came_later_than_hoped_accrue(world, session):
    agreement = world.in_force()
    with on_day(DRAFTED):
        deed = world.approved_notice(
            agreement, ground=Ground.INSOLVENCY, expected_on=BEFORE, terminates_on=BEFORE, handover_on=BEFORE
        )
    line = world.buy(agreement, BETWEEN, 1_000_000)
    with on_day(BACK):
        serving.serve(session, world.author, deed, served_on=BACK, how=Service.COURIER, note="示例速递SF1")
        session.commit()
    assert world.sweep(BACK) == 1
    assert world.accrual(line).rebate_fen == 50_000


def test_a_change_of_the_rebate_is_not_approved_for_days_that_are_booked(world, session):
    agreement = world.in_force()
    with on_day(DRAFTED):
        deed = world.submitted_amendment(agreement, effective_on=EFFECTIVE)
    world.buy(agreement, EFFECTIVE, 1_000_000)
    with on_day(EFFECTIVE):
        with pytest.raises(Blocked) as refused:
            world.approve_deed(deed)
        assert [one.params for one in refused.value.problems] == [{"day": EFFECTIVE.isoformat()}]


def test_the_purchases_of_a_product_that_an_amendment_drops_wait_for_it(world, session):
    agreement = world.in_force()
    other = world.add_product()
    prices = [PriceEntry(other.id, PriceKind.SUGGESTED_RETAIL, 5_000)]
    deed = amended(world, agreement, values={}, prices=prices)
    line = world.buy(agreement, BETWEEN, 1_000_000)
    taken_in = world.buy(agreement, BETWEEN, 1_000_000, product_id=other.id)
    with on_day(BACK):
        signing.sign(session, world.author, deed, DRAFTED)
        session.commit()
        [asked] = noted(session)
        assert session.get_one(Job, asked).params == {"distributor_id": agreement.distributor_id}
        world.accrue_waiting(agreement.distributor_id)
        session.commit()
    assert world.reason(line) is Unprotected.NOT_COVERED
    assert world.accrual(taken_in).fund_fen == 20_000


def test_a_code_tells_the_territory_that_was_agreed_for_the_day_of_the_purchase(world, session):
    agreement = world.in_force()
    deed = amended(world, agreement, values={"territory_description": "浙江省嘉兴市南湖区"})
    earlier = world.buy(agreement, BEFORE, 1_000_000, codes=("BX-1",))
    with on_day(BACK):
        signing.sign(session, world.author, deed, DRAFTED)
        session.commit()
    later = world.buy(agreement, BETWEEN, 1_000_000, codes=("BX-1",), entered_on=BACK)
    found = {one.purchase_id: one.territory for one in trace(session, world.finance, "bx-1")}
    assert found == {earlier.id: "浙江省湖州市吴兴区、南浔区", later.id: "浙江省嘉兴市南湖区"}
