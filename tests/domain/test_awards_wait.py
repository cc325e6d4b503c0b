"""An award waits on the workbench of whoever names its payer, then of that payer, and of nobody else."""

from datetime import date

import pytest

from portal.domain.access.roles import Role
from portal.domain.price_protection.violations import awards, ending, todos
from portal.domain.price_protection.violations.awards import How
from tests.domain.case_world import CaseWorld
from tests.domain.clock import on_day

IN_EFFECT, PAID = date(2026, 9, 18), date(2026, 9, 21)


@pytest.fixture
def world(session, make) -> CaseWorld:
    return CaseWorld(session, make)


def test_an_award_waits_for_its_payer_to_be_named_and_then_for_the_payer(world, session, make):
    case = world.decision_served(world.with_fund())
    other = make.user(Role.FINANCE, world.region)
    everybody = (
        world.first,
        world.second,
        world.director,
        world.manager,
        world.counsel,
        world.finance,
        other,
    )

    def waiting() -> dict[str, list[tuple[str, int | None]]]:
        session.expire_all()
        found = {one.username: list(todos.todos(session, one)) for one in everybody}
        return {name: [(one.kind, one.amount_fen) for one in mine] for name, mine in found.items() if mine}

    with on_day(IN_EFFECT):
        ending.sweep(session)
        session.commit()
        named = [("Say who pays an award", None)]
        assert waiting() == {world.first.username: named, world.second.username: named}
        award = ending.award_of(session, case)
        awards.name_payer(session, world.first, award, world.finance)
        session.commit()
        assert waiting() == {world.finance.username: [("Award", 50_000)]}
        (todo,) = todos.todos(session, world.finance)
        assert (todo.due_on, todo.params) == (awards.pay_by(award), {"code": award.code})
    with on_day(PAID):
        awards.pay(session, world.finance, award, How(paid_on=PAID))
        session.commit()
        assert waiting() == {}
        awards.take_back(session, world.finance, award, awards.Why.RETURNED)
        session.commit()
        assert waiting() == {world.finance.username: [("Award", 50_000)]}


def test_an_award_that_returns_took_whole_waits_for_nobody(world, session):
    agreement = world.with_fund(0)
    bought = world.buy(agreement, date(2026, 7, 2), 5_000_000)
    case = world.decision_served(agreement)
    with on_day(IN_EFFECT):
        ending.sweep(session)
        awards.name_payer(session, world.first, ending.award_of(session, case), world.finance)
        session.commit()
    world.give_back(bought, PAID, 5_000_000, entered_on=PAID)
    with on_day(PAID):
        assert list(todos.todos(session, world.finance)) == []
