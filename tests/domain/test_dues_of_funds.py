"""A fund that a case kept is due some working days after the case ended, not on a day when it could not be paid."""

from datetime import date

import pytest

from portal.domain.access.roles import Permission
from portal.domain.price_protection.funds import releasing
from portal.domain.price_protection.payments import making
from portal.domain.price_protection.payments.making import How, Seen
from portal.domain.price_protection.payments.payable import Item, Wanted, payable
from portal.domain.price_protection.violations import deciding, ending, overturning
from tests.domain.case_world import BOUGHT, CaseWorld
from tests.domain.clock import on_day
from tests.domain.test_payments import BANK

Q = "2026Q3"
RELEASED, DUE = date(2026, 10, 9), date(2026, 10, 15)


@pytest.fixture
def world(session, make) -> CaseWorld:
    return CaseWorld(session, make)


def released(world: CaseWorld, agreement, on: date) -> None:
    with on_day(on):
        releasing.release(world.session, world.finance, agreement.id, Q)
        world.session.commit()


def owed(world: CaseWorld) -> list[Item]:
    world.session.rollback()
    return payable(world.session, world.finance, Wanted(), Permission.PAYMENTS_MAKE)


def due(world: CaseWorld, on: date) -> tuple[int, date | None]:
    """What of the quarter is payable, and by when."""
    with on_day(on):
        return next((item.amount_fen, item.due_on) for item in owed(world) if item.part == Q)


def test_a_fund_released_late_without_a_case_is_due_on_its_day(world):
    agreement = world.with_fund()
    released(world, agreement, date(2026, 11, 2))
    assert due(world, date(2026, 11, 2)) == (100_000, DUE)


@pytest.mark.parametrize(
    ("is_paid", "expected"),
    [
        (True, (50_000, date(2026, 12, 8))),
        (False, (100_000, DUE)),  # part of it is the release itself, and that is late
    ],
)
def test_what_a_judgment_gives_back_is_due_five_working_days_later(world, session, is_paid, expected):
    agreement = world.in_force(world.add_distributor(**BANK))
    world.buy(agreement, BOUGHT, 5_000_000)
    case = world.decision_served(agreement)
    with on_day(date(2026, 9, 18)):
        ending.sweep(session)
    released(world, agreement, RELEASED)
    assert due(world, RELEASED) == (50_000, DUE)
    if is_paid:
        with on_day(RELEASED):
            seen = [Seen.of(item) for item in owed(world)]
            making.pay(session, world.finance, seen, How(paid_on=RELEASED), key="k1")
            session.commit()
    with on_day(date(2026, 12, 1)):
        found = world.propose_taking_back(case)
        overturning.confirm(session, world.vault, world.counsel, case, found)
        session.commit()
    assert due(world, date(2026, 12, 1)) == expected


def test_what_a_case_held_back_beyond_its_day_is_due_five_working_days_after_its_end(world, session):
    agreement = world.with_fund()
    case = world.heard(
        agreement,
        opened_on=date(2026, 9, 21),
        noticed_on=date(2026, 9, 22),
        served_on=date(2026, 9, 25),
        answered_on=date(2026, 10, 10),
    )
    with on_day(date(2026, 10, 20)):
        paper = deciding.write_dismissal(
            session, world.vault, world.director, case, found_facts="乙方未主动推销", reasons="证据不足"
        )
        world.confirm(case, paper)
        deciding.decide(session, world.vault, world.director, case, paper)
        session.commit()
    released(world, agreement, date(2026, 10, 20))
    assert due(world, date(2026, 10, 20)) == (100_000, date(2026, 10, 27))
