"""Posting: one key, one transfer; a correction mirrors one transfer of its own book; a refusal leaves no trace."""

from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa

from portal.domain.errors import DomainError
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind as A
from portal.domain.ledger.accounts import TransferKind as T
from portal.domain.ledger.models import Transfer
from portal.domain.ledger.services import Draft
from portal.domain.price_protection.funds import deducting, releasing, suspending
from tests.domain.books import whole
from tests.domain.clock import on_day
from tests.domain.fund_world import FundWorld

MAY, JULY = date(2026, 5, 6), date(2026, 7, 10)
PAYING = Draft(
    kind=T.PAY,
    debit=(A.BASE, ""),
    credit=(A.MONEY, ""),
    amount_fen=100,
    key="payment:1",
    source="payment",
    source_id=1,
    facts="f" * 64,
)


@pytest.fixture
def world(session, make) -> FundWorld:
    return FundWorld(session, make)


@pytest.fixture
def agreement(world):
    found = world.in_force()
    world.buy(found, MAY, 1_000_000)  # base 30,000, fund 20,000
    return found


@pytest.mark.parametrize(
    "forged",
    [
        {"amount_fen": 101},
        {"debit": (A.RELEASED, "2026Q2")},
        {"credit": (A.GOODS, "")},
        {"source": "other"},
        {"source_id": 2},
        {"facts": "e" * 64},
        {"kind": T.OFFSET, "credit": (A.CLAWBACK, "")},
    ],
)
def test_a_key_that_comes_again_with_another_body_is_refused(world, session, agreement, forged):
    ledger.post(ledger.hold(session, agreement.id), None, [PAYING])
    session.commit()
    with pytest.raises(DomainError):
        ledger.post(ledger.hold(session, agreement.id), None, [replace(PAYING, **forged)])
    session.rollback()
    assert world.balance(agreement, A.BASE) == 29_900


def test_another_book_cannot_take_a_key(world, session, agreement):
    other = world.in_force(world.add_distributor())
    world.buy(other, MAY, 1_000_000)
    ledger.post(ledger.hold(session, agreement.id), None, [PAYING])
    with pytest.raises(DomainError):
        ledger.post(ledger.hold(session, other.id), None, [PAYING])


def test_a_key_is_looked_up_before_limits(world, session, agreement):
    all_of_it = replace(PAYING, amount_fen=30_000)
    for expected in (1, 0, 0):  # nothing is left after the first; the others are the first again
        assert ledger.post(ledger.hold(session, agreement.id), None, [all_of_it]) == expected
        session.commit()
    with pytest.raises(DomainError):
        ledger.post(ledger.hold(session, agreement.id), None, [replace(PAYING, key="payment:2")])


def test_a_refusal_in_the_middle_leaves_the_held_book_as_it_was(world, session, agreement):
    held = ledger.hold(session, agreement.id)
    too_much = replace(PAYING, key="payment:2", amount_fen=30_000)
    with pytest.raises(DomainError):
        ledger.post(held, None, [PAYING, too_much])
    # Whoever passes over the refused row and goes on with the next one.
    ledger.post(held, None, [replace(PAYING, key="payment:3")])
    session.commit()
    assert world.balance(agreement, A.BASE) == 29_900
    whole(session)


def test_a_correction_mirrors_one_transfer_of_its_own_book_once(world, session, agreement):
    other = world.in_force(world.add_distributor())
    world.buy(other, MAY, 1_000_000)
    ledger.post(ledger.hold(session, agreement.id), None, [PAYING])
    session.commit()
    paid = session.scalars(sa.select(Transfer).where(Transfer.key == PAYING.key)).one()
    with pytest.raises(ValueError, match="own book"):
        ledger.reverse(ledger.hold(session, other.id), None, paid, "correction:0")
    session.rollback()
    for _ in range(2):
        ledger.reverse(ledger.hold(session, agreement.id), None, paid, "correction:1")
        session.commit()
    assert world.balance(agreement, A.BASE) == 30_000
    with pytest.raises(DomainError):
        ledger.reverse(ledger.hold(session, agreement.id), None, paid, "correction:2")
    session.rollback()
    corrected = session.scalars(sa.select(Transfer).where(Transfer.key == "correction:1")).one()
    with pytest.raises(ValueError, match="no correction"):
        ledger.reverse(ledger.hold(session, agreement.id), None, corrected, "correction:3")
    whole(session)


def test_a_release_with_interest_may_be_corrected_and_the_books_agree(world, session, make):
    agreement = world.in_force(values={"fund_interest_rate": 36_500})
    world.buy(agreement, MAY, 100_000_000)  # fund 2,000,000: 200 fen of interest a day
    with on_day(JULY):
        made = releasing.release(session, world.finance, agreement.id, "2026Q2")
        session.commit()
        assert made is not None
        assert (made.amount_fen, made.interest_fen) == (2_000_000, 2_000)
        for number, kind in enumerate((T.INTEREST, T.RELEASE)):
            booked = session.scalars(sa.select(Transfer).where(Transfer.kind == kind)).one()
            ledger.reverse(ledger.hold(session, agreement.id), world.finance, booked, f"correction:{number}")
        session.commit()
    assert world.balance(agreement, A.FUND, "2026Q2") == 2_000_000
    assert world.balance(agreement, A.INTEREST_DUE, "2026Q2") == 0
    whole(session)


def test_a_quarter_written_otherwise_is_the_same_quarter(world, session, agreement):
    with on_day(JULY):
        made = releasing.release(session, world.finance, agreement.id, " 2026q2")
        again = releasing.release(session, world.finance, agreement.id, "2026Q2")
        session.commit()
    assert made is not None and again is not None
    assert (made.id, made.quarter, made.amount_fen) == (again.id, "2026Q2", 20_000)


def test_a_case_holds_and_deducts_once_and_with_other_shares_it_is_refused(world, session, agreement):
    with on_day(JULY):
        for _ in range(2):
            suspending.hold_quarter(session, agreement.id, "2026Q2", 7, JULY)
            deducting.deduct(session, world.manager, agreement.id, "2026Q2", 7, 500_000, 600_000)
            session.commit()
        for quarter, share, award in (
            ("2026Q2", 400_000, 600_000),
            ("2026Q2", 500_000, 0),
            ("2026Q1", 500_000, 600_000),
        ):
            with pytest.raises(DomainError):
                deducting.deduct(session, world.manager, agreement.id, quarter, 7, share, award)
            session.rollback()
    assert world.balance(agreement, A.FUND, "2026Q2") == 10_000
    whole(session)
