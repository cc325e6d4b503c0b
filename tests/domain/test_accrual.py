"""Purchases accrue line by line, to the fen, once, whatever their order (P2, clauses 3.1 and 9.1)."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.domain import money
from portal.domain.errors import DomainError
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Transfer
from portal.domain.price_protection import steps
from portal.domain.price_protection.funds import behind, deducting, queries, releasing, showing, suspending
from portal.domain.price_protection.purchases.models import Purchase, Unprotected
from tests.domain.clock import on_day
from tests.domain.fund_world import FIRST, LAST, FundWorld

A = AccountKind
MAY = date(2026, 5, 6)


@pytest.fixture
def world(session, make) -> FundWorld:
    return FundWorld(session, make)


def test_a_purchase_makes_its_base_rebate_and_its_fund_at_once(world):
    agreement = world.in_force()
    world.buy(agreement, MAY, 1_824_000)
    assert world.balance(agreement, A.BASE) == 54_720
    assert world.balance(agreement, A.FUND, "2026Q2") == 36_480
    assert world.balance(agreement, A.REBATE) == 91_200


@pytest.mark.parametrize(
    ("on", "reason"),
    [
        (FIRST - timedelta(days=1), Unprotected.BEFORE_TERM),
        (FIRST, None),
        (LAST, None),
        (LAST + timedelta(days=1), Unprotected.AFTER_TERM),
    ],
)
def test_only_a_day_of_the_term_protects(world, on, reason):
    agreement = world.in_force()
    assert world.buy(agreement, on, 10_000).unprotected is reason


def test_what_nothing_protects_is_kept_with_its_reason(world, make):
    agreement = world.in_force()
    other = world.add_product()
    nobody = make.distributor(world.region, world.author)
    assert world.buy(agreement, MAY, 100, product_id=other.id).unprotected is Unprotected.NOT_COVERED
    assert world.buy(agreement, MAY, 100, distributor_id=nobody.id).unprotected is Unprotected.NO_AGREEMENT


def test_purchases_accrue_once_when_an_agreement_is_signed_after_its_first_day(world, session):
    with on_day(FIRST):
        agreement = world.approved(effective_on=FIRST, expires_on=LAST, rebate_ppm=50_000)
    bought = world.buy(agreement, MAY, 1_000_000)
    assert bought.unprotected is Unprotected.NOT_SIGNED
    given_back = world.give_back(bought, MAY, 200_000)
    assert given_back.unprotected is Unprotected.RETURN
    with on_day(MAY + timedelta(days=30)):
        steps.sign(session, world.author, agreement, MAY)
        session.commit()
        for expected in (2, 0):
            assert world.accrue_waiting(agreement.distributor_id) == expected
            session.commit()
    assert world.balance(agreement, A.FUND, "2026Q2") == 16_000
    assert world.balance(agreement, A.BASE) == 24_000


def test_a_line_that_comes_again_books_nothing_and_another_content_is_refused(world, session):
    agreement = world.in_force()
    line = world.line(agreement, MAY, 5_000)
    first = world.book(line)
    again = world.book(line)
    assert (len(first.created), len(again.created)) == (1, 0)
    other = world.book(world.line(agreement, MAY, 5_001, document_number=line.document_number))
    assert isinstance(other.lines[0], DomainError)
    assert session.scalar(sa.select(sa.func.count()).select_from(Purchase)) == 1
    assert session.scalar(sa.select(sa.func.count()).select_from(Transfer)) == 2


def test_a_return_takes_what_its_part_accrued_out_of_the_same_quarter(world):
    agreement = world.in_force()
    bought = world.buy(agreement, MAY, 1_000_001)
    world.give_back(bought, date(2026, 8, 1), 333_333)
    world.give_back(bought, date(2026, 8, 1), 666_668)
    assert world.balance(agreement, A.BASE) == 0
    assert world.balance(agreement, A.FUND, "2026Q2") == 0


def test_a_return_after_release_is_owed_by_the_distributor_and_touches_no_other_quarter(world, session):
    agreement = world.in_force()
    bought = world.buy(agreement, MAY, 1_000_000)
    world.buy(agreement, date(2026, 7, 2), 1_000_000)
    with on_day(date(2026, 7, 10)):
        releasing.release(session, world.finance, agreement.id, "2026Q2")
        session.commit()
    world.give_back(bought, date(2026, 7, 20), 1_000_000)
    assert world.balance(agreement, A.FUND, "2026Q3") == 20_000
    assert world.balance(agreement, A.RELEASED, "2026Q2") == 20_000
    assert world.balance(agreement, A.CLAWBACK) == 20_000


def test_a_closed_quarter_never_changes(world, session):
    agreement = world.in_force()
    with on_day(date(2026, 7, 10)):
        releasing.close(session, world.finance, agreement.id, "2026Q2")
        session.commit()
    late = world.buy(agreement, MAY, 1_000_000, entered_on=date(2026, 8, 3))
    assert world.balance(agreement, A.FUND, "2026Q2") == 0
    assert world.balance(agreement, A.FUND, "2026Q3") == 20_000
    assert world.accrual(late).booked_on == date(2026, 8, 3)


def test_a_quarter_is_released_once_and_not_before_it_is_over(world, session):
    agreement = world.in_force()
    world.buy(agreement, MAY, 1_000_000)
    with on_day(date(2026, 6, 30)), pytest.raises(DomainError):
        releasing.release(session, world.finance, agreement.id, "2026Q2")
    session.rollback()
    for _ in range(3):
        with on_day(date(2026, 7, 1)):
            releasing.release(session, world.finance, agreement.id, "2026Q2")
            session.commit()
    assert world.balance(agreement, A.RELEASED, "2026Q2") == 20_000
    assert world.balance(agreement, A.FUND, "2026Q2") == 0


def test_a_case_holds_back_its_quarter_and_no_other(world, session):
    agreement = world.in_force()
    world.buy(agreement, date(2026, 2, 1), 1_000_000)
    world.buy(agreement, MAY, 1_000_000)
    with on_day(date(2026, 7, 10)):
        suspending.hold_quarter(session, agreement.id, "2026Q2", 7, date(2026, 7, 1))
        assert releasing.release(session, world.finance, agreement.id, "2026Q2") is None
        assert releasing.release(session, world.finance, agreement.id, "2026Q1") is not None
        suspending.lift(session, agreement.id, 7)
        assert releasing.release(session, world.finance, agreement.id, "2026Q2") is not None
        session.commit()


def test_a_deduction_and_its_award_are_booked_together_and_a_return_shrinks_both(world, session):
    agreement = world.in_force()
    bought = world.buy(agreement, MAY, 1_000_000)
    later_share, award = 500_000, 600_000
    with on_day(date(2026, 7, 10)):
        deducting.deduct(session, world.manager, agreement.id, "2026Q2", 7, later_share, award)
        session.commit()
    assert world.balance(agreement, A.AWARD, "C7") == 6_000
    assert world.balance(agreement, A.UNAWARDED, "C7") == 4_000
    world.give_back(bought, date(2026, 7, 20), 500_000)
    assert world.balance(agreement, A.FUND, "2026Q2") == 5_000
    assert world.balance(agreement, A.AWARD, "C7") == 3_000
    assert world.balance(agreement, A.UNAWARDED, "C7") == 2_000
    assert world.balance(agreement, A.CLAWBACK) == 0


def test_what_accrues_after_a_decision_is_safe_from_it(world, session):
    agreement = world.in_force()
    world.buy(agreement, MAY, 1_000_000)
    with on_day(date(2026, 5, 20)):
        deducting.deduct(session, world.manager, agreement.id, "2026Q2", 7, 1_000_000, 0)
        session.commit()
    later = world.buy(agreement, date(2026, 5, 25), 1_000_000)
    assert world.balance(agreement, A.FUND, "2026Q2") == 20_000
    world.give_back(later, date(2026, 5, 26), 1_000_000)
    assert world.balance(agreement, A.FUND, "2026Q2") == 0
    assert world.balance(agreement, A.UNAWARDED, "C7") == 20_000


def test_restoring_puts_everything_back_as_it_was(world, session):
    agreement = world.in_force()
    world.buy(agreement, MAY, 1_234_567)
    before = world.balance(agreement, A.FUND, "2026Q2")
    with on_day(date(2026, 7, 10)):
        made = deducting.deduct(session, world.manager, agreement.id, "2026Q2", 7, 333_333, 500_000)
        deducting.restore(session, world.manager, made)
        session.commit()
    assert world.balance(agreement, A.FUND, "2026Q2") == before
    assert world.balance(agreement, A.AWARD, "C7") == world.balance(agreement, A.UNAWARDED, "C7") == 0


def test_a_return_may_leave_the_fund_a_fen_larger_and_the_books_still_agree(world, session):
    agreement = world.in_force()
    bought = world.buy(agreement, MAY, 17)  # rebate 1, base 1, fund 0
    world.give_back(bought, MAY, 1)  # 16: rebate 1, base 0, fund 1
    assert (world.balance(agreement, A.BASE), world.balance(agreement, A.FUND, "2026Q2")) == (0, 1)
    other = world.buy(agreement, date(2026, 2, 1), 17)
    with on_day(date(2026, 4, 1)):
        releasing.release(session, world.finance, agreement.id, "2026Q1")
        session.commit()
    world.give_back(other, date(2026, 4, 2), 1)
    assert world.balance(agreement, A.FUND, "2026Q1") == 0
    assert world.balance(agreement, A.RELEASED, "2026Q1") == 1
    assert world.balance(agreement, A.REBATE) == 2


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_open_balances_do_not_depend_on_the_order_of_entry(world, data):
    amounts = data.draw(st.lists(st.integers(1, 10**9), min_size=1, max_size=4))
    parts = [
        data.draw(st.lists(st.integers(0, amount), max_size=3).filter(lambda cut, a=amount: sum(cut) <= a))
        for amount in amounts
    ]
    agreement = world.in_force()
    deeds = [("buy", no, amount) for no, amount in enumerate(amounts)]
    deeds += [("back", no, part) for no, cut in enumerate(parts) for part in cut if part]
    bought: dict[int, Purchase] = {}
    waiting = list(data.draw(st.permutations(deeds)))
    while waiting:
        kind, no, fen = waiting.pop(0)
        if kind == "buy":
            bought[no] = world.buy(agreement, MAY + timedelta(days=no), fen)
        elif no in bought:
            world.give_back(bought[no], date(2026, 6, 20), fen)
        else:
            waiting.append((kind, no, fen))
    left = [money.accrue(amount - sum(cut), 50_000, 60) for amount, cut in zip(amounts, parts, strict=True)]
    assert world.balance(agreement, A.FUND, "2026Q2") == sum(one.fund_fen for one in left)
    assert world.balance(agreement, A.BASE) == sum(one.base_fen for one in left)
    assert world.balance(agreement, A.REBATE) == sum(one.rebate_fen for one in left)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(50, 99), st.integers(1, 60)), min_size=1, max_size=5))
def test_the_figures_of_a_fund_add_up_where_returns_come_after_its_release(world, session, lines):
    """A line that shrinks can have a fen more of fund than before; after the release that fen goes straight on."""
    agreement = world.in_force()
    bought = [world.buy(agreement, MAY, fen) for fen, _back in lines]
    with on_day(date(2026, 7, 1)):
        releasing.release(session, world.finance, agreement.id, "2026Q2")
        session.commit()
    for purchase, (fen, back) in zip(bought, lines, strict=True):
        world.give_back(purchase, date(2026, 7, 2), min(fen, back))
    (quarter,) = showing.quarters(session, agreement)
    assert quarter.held == world.balance(agreement, A.FUND, "2026Q2") == 0
    assert quarter.released == world.balance(agreement, A.RELEASED, "2026Q2") - _owed_of_funds(
        session, agreement
    )
    row = session.execute(queries.fund_rows(world.finance, queries.FundFilter(q=agreement.number))).one()
    assert (row.held, row.released) == (quarter.held, quarter.released)
    assert row.accrued == row.held + row.released + row.deducted
    listed = behind.transfers(agreement.id, behind.Behind("2026Q2", "released"), is_told=True)
    assert behind.total(session, listed) == quarter.released


def _owed_of_funds(session, agreement) -> int:
    moved = showing.moved(session, [agreement.id])[agreement.id]["2026Q2"]
    return moved[TransferKind.CLAW_BACK_FUND]
