"""A deadline that has passed binds whoever comes first, also before the day's sweep has booked it (7.4, 7.5)."""

from datetime import date

import pytest

from portal.domain.access.roles import Role
from portal.domain.errors import DomainError
from portal.domain.ledger.accounts import AccountKind
from portal.domain.price_protection.funds import suspending
from portal.domain.price_protection.payments.making import How
from portal.domain.price_protection.violations import (
    appealing,
    awards,
    deadlines,
    ending,
    investigating,
    queries,
)
from portal.domain.price_protection.violations.models import AppealResult, Case, State, Withdrawal
from portal.domain.price_protection.violations.reporters import Source
from tests.domain.case_world import CaseWorld
from tests.domain.clock import on_day
from tests.domain.test_violations import FUND, Q, part, sweep

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


def test_one_case_that_cannot_be_booked_keeps_no_other_back(world, session, monkeypatch):
    first, second = world.notified(world.with_fund()), world.notified(world.with_fund())
    book = ending.lapse

    def fails(found, case):
        if case.id == first.id:
            raise DomainError("not this one")
        return book(found, case)

    monkeypatch.setattr(ending, "lapse", fails)
    with pytest.raises(DomainError, match="not this one"):
        sweep(world, date(2026, 9, 10))
    session.rollback()
    assert [session.get_one(Case, one.id).state for one in (first, second)] == [S.NOTIFIED, S.WITHDRAWN]


def test_a_quarter_that_is_not_closed_is_not_released_by_the_end_of_a_case(world, session):
    """Its statement, and a second person's word, come with its close (10.1)."""
    agreement = world.with_fund()
    case = world.notified(
        agreement, opened_on=date(2026, 9, 14), noticed_on=date(2026, 9, 16), served_on=date(2026, 9, 21)
    )
    sweep(world, date(2026, 11, 2))
    session.refresh(case)
    assert (case.state, suspending.holds(session, agreement.id, Q)) == (S.WITHDRAWN, [])
    assert suspending.released(session, agreement.id, Q) is None
    assert world.balance(agreement, A.FUND, Q) == FUND


def test_who_hears_an_appeal_is_not_found_out_by_its_writer_to_be_a_source(world, session, make):
    colleague = make.user(Role.EXECUTIVE, name="吴示五")
    agreement = world.with_fund()
    case = world.appealed(agreement, source=Source.EMPLOYEE, user_id=colleague.id, name="", phone="")
    assert colleague in appealing.could_hear(session, case, world.counsel)
    with on_day(date(2026, 9, 20)):
        paper = appealing.write_answer(
            session, world.vault, world.counsel, case, findings="一致", reasons="不成立",
            kept_fen=0, member_ids=[colleague.id],
        )  # fmt: skip
        session.commit()
        with pytest.raises(DomainError, match="source of this case"):
            world.confirm(case, paper)
        with pytest.raises(DomainError, match="took part"):
            appealing.write_answer(
                session, world.vault, world.counsel, case, findings="一致", reasons="不成立",
                kept_fen=0, member_ids=[world.first.id],
            )  # fmt: skip


def test_that_an_award_was_paid_is_told_to_those_who_follow_the_case_by_nothing(world, session):
    case = world.decision_served(world.with_fund())
    sweep(world, date(2026, 9, 20))
    award = ending.award_of(session, case)
    with on_day(date(2026, 9, 22)):
        awards.name_payer(session, world.first, award, world.finance)
        awards.pay(session, world.finance, award, How(paid_on=date(2026, 9, 22)))
        session.commit()
    for user in (world.author, world.manager, world.finance):
        shown = {event.action for event in queries.timeline(session, user, case)}
        assert "case.effective" in shown
        assert not any("award" in action or "payer" in action for action in shown)
