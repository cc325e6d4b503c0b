"""A deadline that has passed binds whoever comes first, also before the day's sweep has booked it (7.4, 7.5)."""

from datetime import date

import pytest

from portal.domain.errors import DomainError
from portal.domain.ledger.accounts import AccountKind
from portal.domain.price_protection.violations import appealing, deadlines, investigating
from portal.domain.price_protection.violations.models import AppealResult, State, Withdrawal
from tests.domain.case_world import CaseWorld
from tests.domain.fund_world import on_day
from tests.domain.test_violations import FUND, part, sweep

A, S = AccountKind, State


@pytest.fixture
def world(session, make) -> CaseWorld:
    return CaseWorld(session, make)


def test_an_answer_that_was_written_in_time_is_not_issued_after_it(world, session):
    agreement = world.with_fund()
    case = world.appealed(agreement)
    latest = deadlines.answer_appeal_by(case)
    with on_day(latest):
        paper = appealing.write_answer(
            session, world.vault, world.counsel, case, findings="一致", reasons="不成立",
            kept_fen=FUND // 2, member_ids=[],
        )  # fmt: skip
        world.confirm(case, paper)
        session.commit()
    with on_day(date(2026, 10, 1)):
        with pytest.raises(DomainError):
            appealing.answer(session, world.vault, world.counsel, case, paper)
        session.rollback()
    assert sweep(world, date(2026, 10, 1)) == 1
    session.refresh(case)
    assert (case.state, case.appeal.result) == (S.OVERTURNED, AppealResult.LAPSED)
    assert world.balance(agreement, A.AWARD, part(case)) == 0


def test_a_case_whose_time_ran_out_is_not_withdrawn_as_if_it_were_our_wish(world, session):
    agreement = world.with_fund()
    case = world.notified(agreement)
    latest = deadlines.decide_by(case)
    with on_day(latest):
        paper = investigating.write_withdrawal(session, world.first, case, Withdrawal.OWN)
        world.confirm(case, paper)
        session.commit()
    with on_day(date(2026, 9, 7)), pytest.raises(DomainError):
        investigating.withdraw(session, world.first, case, paper)
    session.rollback()
    sweep(world, date(2026, 9, 7))
    session.refresh(case)
    assert case.withdrawal is Withdrawal.LAPSED
