"""A claw-back is told of by a paper: the returns, what was set off since, what is left; and the statement names it."""

from datetime import date

import pytest
import sqlalchemy as sa

from portal.domain.errors import DomainError
from portal.domain.ledger.accounts import AccountKind as A
from portal.domain.price_protection.payments import settling
from portal.domain.price_protection.payments.models import ClawbackSettlement
from tests.domain.fund_world import on_day
from tests.domain.test_payments import BANK, JULY, JUNE, MAY, PayWorld

ACCOUNT = "杭州示例日化有限公司，示例银行，6200000000000001"


@pytest.fixture
def world(session, make) -> PayWorld:
    return PayWorld(session, make)


@pytest.fixture
def owing(world):
    """Paid, released and paid again, then part of the goods came back: base and fund are owed."""
    agreement = world.in_force(world.add_distributor(**BANK))
    bought = world.buy(agreement, MAY, 1_000_000)
    world.release(agreement, "2026Q2", JULY)
    world.pay(world.owed(agreement), JULY)
    world.give_back(bought, JULY, 400_000, entered_on=JULY)
    return agreement


def settle(world, agreement, on=JULY, account=ACCOUNT) -> ClawbackSettlement:
    with on_day(on):
        made = settling.settle(world.session, world.finance, agreement, account)
        world.session.commit()
    return made


def test_it_says_what_is_owed_and_why(world, owing):
    owed = world.balance(owing, A.CLAWBACK)
    made = settle(world, owing)
    (row,) = settling.rows_of(made)
    assert made.amount_fen == owed == 20_000
    assert (row.goods_fen, row.base_fen, row.fund_fen) == (400_000, 12_000, 8_000)
    assert row.document and row.returned
    assert settling.pay_by(made) > made.issued_on
    # ZH numbers the notice that ends a cooperation, JS its settlement (PLACEHOLDERS): no paper bears another's number.
    assert made.number == "ZS-2026-000001"


def test_made_twice_it_is_one_and_after_a_repayment_another(world, owing):
    first = settle(world, owing)
    assert settle(world, owing).id == first.id
    world.collect(owing, 5_000, JULY)
    second = settle(world, owing)
    assert second.number != first.number and second.amount_fen == 15_000
    assert sum(row.sum_fen for row in settling.rows_of(second)) == 15_000
    assert [row.less_fen for row in settling.rows_of(second)] == [0, 5_000]
    assert sum(row.sum_fen for row in settling.rows_of(first)) == first.amount_fen == 20_000


def test_what_was_taken_back_and_what_was_settled_before_is_left_out(world, owing):
    repaid = world.collect(owing, 20_000, JULY)
    with pytest.raises(DomainError, match="owes nothing"):
        settle(world, owing)
    world.session.rollback()
    world.correct(repaid)
    assert [row.sum_fen for row in settling.rows_of(settle(world, owing))] == [20_000]


def test_nobody_makes_one_without_an_account_or_outside_his_office(world, owing, make):
    with pytest.raises(DomainError, match="account to pay to"):
        settle(world, owing, account=" ")
    world.session.rollback()
    with on_day(JULY), pytest.raises(DomainError):
        settling.settle(world.session, world.author, owing, ACCOUNT)
    world.session.rollback()
    assert world.session.scalar(sa.select(sa.func.count(ClawbackSettlement.id))) == 0


def test_a_repayment_is_not_dated_before_its_debt(world, owing):
    with pytest.raises(DomainError, match="2026-07-10"):
        world.collect(owing, 1_000, JUNE)
    world.session.rollback()
    assert date(2026, 7, 10) == JULY
