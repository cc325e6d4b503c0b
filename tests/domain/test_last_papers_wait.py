"""How a case ended is told to the accused: until that paper is served it waits for those who write and send it."""

from datetime import date

import pytest

from portal.domain.price_protection.models import Service
from portal.domain.price_protection.violations import deciding, ending, investigating, steps, todos, writing
from portal.domain.price_protection.violations.models import CasePaperKind, State, Withdrawal
from tests.domain.case_world import ANSWERED, DECIDED, CaseWorld
from tests.domain.clock import on_day

LAPSED = date(2026, 9, 10)


@pytest.fixture
def world(session, make) -> CaseWorld:
    return CaseWorld(session, make)


def waiting(world: CaseWorld) -> dict[str, str]:
    world.session.expire_all()
    people = (world.first, world.second, world.director, world.counsel, world.manager, world.finance)
    found = {one.name: list(todos.todos(world.session, one)) for one in people}
    return {name: mine[0].kind for name, mine in found.items() if mine}


def test_a_withdrawal_waits_until_it_is_served(world, session):
    case = world.heard(world.with_fund())
    with on_day(ANSWERED):
        paper = investigating.write_withdrawal(session, world.first, case, Withdrawal.OWN)
        world.confirm(case, paper)
        steps.issue(session, world.vault, world.first, case, paper)
        session.commit()
        assert case.state is State.WITHDRAWN
        record = "Record the service of a paper"
        assert waiting(world) == {world.first.name: record, world.second.name: record}
        writing.sent(session, world.first, case, paper, "示例速递", "SF0000000000009")
        steps.serve(session, world.first, case, paper, served_on=ANSWERED, how=Service.IN_PERSON)
        session.commit()
        assert waiting(world) == {}


def test_a_dismissal_waits_until_it_is_served(world, session):
    case = world.heard(world.with_fund())
    with on_day(DECIDED):
        paper = deciding.write_dismissal(
            session, world.vault, world.director, case, found_facts="货物由客户自行转运", reasons="证据不足"
        )
        world.confirm(case, paper)
        deciding.decide(session, world.vault, world.director, case, paper)
        session.commit()
        assert set(waiting(world).values()) == {"Record the service of a paper"}
        steps.serve(session, world.first, case, paper, served_on=DECIDED, how=Service.IN_PERSON)
        session.commit()
        assert waiting(world) == {}


def test_a_case_that_ran_out_of_time_waits_for_its_paper(world, session):
    case = world.heard(world.with_fund())
    with on_day(LAPSED):
        ending.sweep(session)
        session.refresh(case)
        assert (case.state, case.withdrawal) == (State.WITHDRAWN, Withdrawal.LAPSED)
        write = "Write the withdrawal of a case"
        assert waiting(world) == {world.first.name: write, world.second.name: write}
        paper = investigating.write_withdrawal(session, world.first, case, Withdrawal.LAPSED)
        session.commit()
        assert waiting(world) == {world.second.name: "Read a paper for what it gives away"}
        world.confirm(case, paper)
        steps.issue(session, world.vault, world.first, case, paper)
        session.commit()
        assert writing.issued(case, CasePaperKind.WITHDRAWAL) is paper
        assert set(waiting(world).values()) == {"Record the service of a paper"}


def test_an_appeal_that_ran_out_of_time_waits_for_its_answer(world, session):
    world.appealed(world.with_fund())
    with on_day(date(2026, 10, 5)):
        ending.sweep(session)
        assert waiting(world) == {world.counsel.name: "Answer an appeal"}
