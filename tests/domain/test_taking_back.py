"""A decision taken back: by two people who have no part in the case, with the paper that says so (4.6, 8.4, 11.3)."""

from datetime import date

import pytest
import sqlalchemy as sa

from portal.db import lock
from portal.domain.access.roles import Role
from portal.domain.documents import services as documents
from portal.domain.errors import DomainError
from portal.domain.ledger.accounts import AccountKind as A
from portal.domain.price_protection.violations import (
    appealing,
    base,
    deadlines,
    overturning,
    queries,
    steps,
    todos,
)
from portal.domain.price_protection.violations.models import State as S
from portal.domain.price_protection.violations.models import TakingBack, TakingBackGround
from portal.domain.price_protection.violations.reporters import Source
from portal.domain.price_protection.violations.steps import Step
from tests.domain.case_world import JUDGMENT, CaseWorld, on_day

Q, FUND, LATER = "2026Q3", 100_000, date(2026, 9, 10)


@pytest.fixture
def world(session, make) -> CaseWorld:
    return CaseWorld(session, make)


def test_who_takes_part_looks_after_the_account_or_reported_takes_no_decision_back(world, session, make):
    agreement = world.with_fund()
    source, owner = make.user(Role.EXECUTIVE, name="吴示五"), make.user(Role.EXECUTIVE, name="郑示六")
    session.commit()
    case = world.decision_served(agreement, source=Source.EMPLOYEE, by=source, name="", phone="", account="")
    agreement.distributor.owner_id = owner.id
    session.commit()
    with on_day(LATER):
        for person in (source, owner):
            with pytest.raises(DomainError, match="leaves that to somebody else"):
                world.propose_taking_back(case, person)
            session.rollback()
        with pytest.raises(DomainError, match="may not do this"):
            world.propose_taking_back(case, world.first)
        session.rollback()
        found = world.propose_taking_back(case, world.counsel)
        session.commit()
        for person in (source, owner):
            for deed in (overturning.confirm, overturning.drop):
                with pytest.raises(DomainError, match="leaves that to somebody else"):
                    deed(session, world.vault, person, case, found)
                session.rollback()
        assert Step.CONFIRM_SET_ASIDE not in steps.offered(session, owner, case)
    assert (case.state, world.balance(agreement, A.FUND, Q)) == (S.DECIDED, FUND // 2)


def test_a_second_person_who_did_not_decide_confirms_it(world, session, make):
    agreement = world.with_fund()
    other = make.user(Role.EXECUTIVE, name="王示七")
    session.commit()
    case = world.decision_served(agreement)
    with on_day(LATER):
        assert steps.Step.SET_ASIDE in steps.offered(session, world.counsel, case)
        found = world.propose_taking_back(case, world.counsel)
        session.commit()
        assert Step.SET_ASIDE not in steps.offered(session, other, case)
        with pytest.raises(DomainError, match="somebody else reads"):
            overturning.confirm(session, world.vault, world.counsel, case, found)
        session.rollback()
        with pytest.raises(DomainError, match="Who decided"):
            overturning.confirm(session, world.vault, world.director, case, found)
        session.rollback()
        with pytest.raises(DomainError, match="waits already"):
            world.propose_taking_back(case, other)
        session.rollback()
        assert world.balance(agreement, A.FUND, Q) == FUND // 2
        kinds = [todo.kind for todo in todos.todos(session, other)]
        assert "Confirm that a decision is taken back" in kinds
        assert "Confirm that a decision is taken back" not in [
            t.kind for t in todos.todos(session, world.counsel)
        ]
        assert overturning.confirm(session, world.vault, other, case, found) == FUND // 2
        session.commit()
        with pytest.raises(DomainError, match="moved on"):
            overturning.confirm(session, world.vault, other, case, found)
        session.rollback()
    assert (case.state, world.balance(agreement, A.FUND, Q)) == (S.OVERTURNED, FUND)
    assert case.ended_because == found.said
    assert [event.action for event in queries.timeline(session, world.counsel, case)][:2] == [
        "case.overturned",
        "case.set_aside_proposed",
    ]


def test_one_that_is_dropped_changes_nothing_and_another_can_follow(world, session):
    agreement = world.with_fund()
    case = world.decision_served(agreement)
    with on_day(LATER):
        found = world.propose_taking_back(case)
        overturning.drop(session, world.vault, world.counsel, case, found)
        session.commit()
        with pytest.raises(DomainError, match="moved on"):
            overturning.confirm(session, world.vault, world.counsel, case, found)
        session.rollback()
        assert world.propose_taking_back(case).no == 2
        session.commit()
    assert world.balance(agreement, A.FUND, Q) == FUND // 2


@pytest.mark.parametrize(
    ("data", "said", "field"),
    [(b"", "判决", "file"), (b"PK\x03\x04 archive", "判决", "file"), (JUDGMENT, " ", "said")],
)
def test_without_the_paper_or_its_name_nothing_is_proposed(world, session, data, said, field):
    case = world.decision_served(world.with_fund())
    with on_day(LATER), pytest.raises(DomainError) as refused:
        overturning.propose(
            session, world.vault, world.director, case, ground=TakingBackGround.COUNSEL, said=said, data=data
        )
    assert refused.value.field == field


def test_the_judgment_lies_sealed_and_is_read_by_who_decides_or_investigates(world, session):
    case = world.decision_served(world.with_fund())
    with on_day(LATER):
        found = world.propose_taking_back(case)
        session.commit()
        assert JUDGMENT not in documents.content(session, found.document)
        for person in (world.counsel, world.director, world.first):
            assert overturning.open_file(session, world.vault, person, case, found) == (
                "application/pdf",
                JUDGMENT,
            )
        for person in (world.manager, world.finance):
            with pytest.raises(DomainError):
                overturning.open_file(session, world.vault, person, case, found)
        session.commit()
    assert "case.judgment_seen" not in [one.action for one in queries.timeline(session, world.counsel, case)]


def test_what_was_proposed_and_confirmed_stays_as_it_was(world, session):
    case = world.decision_served(world.with_fund())
    with on_day(LATER):
        found = world.propose_taking_back(case)
        session.commit()
        for change in (
            {"said": "另案"},
            {"proposed_by_id": world.counsel.id},
            {"confirmed_by_id": found.proposed_by_id},
        ):
            with pytest.raises(sa.exc.DBAPIError):
                session.execute(sa.update(TakingBack).values(change))
            session.rollback()
        overturning.confirm(session, world.vault, world.counsel, case, found)
        session.commit()
    with pytest.raises(sa.exc.DBAPIError):
        session.execute(sa.update(TakingBack).values(confirmed_at=None, confirmed_by_id=None))
    session.rollback()


def test_a_decision_whose_appeal_lapsed_is_not_taken_back_besides(world, session):
    case = world.appealed(world.with_fund())
    with on_day(date(2026, 9, 20)):
        found = world.propose_taking_back(case)
        session.commit()
    with on_day(date(2026, 10, 20)):
        assert deadlines.standing(case, date(2026, 10, 20)).state is S.OVERTURNED
        with pytest.raises(DomainError, match="moved on"):
            overturning.confirm(session, world.vault, world.counsel, case, found)
    session.rollback()
    lock(session, case)
    assert case.state is S.APPEALED


def test_hearing_an_appeal_with_a_colleague_tells_nothing_of_who_reported(world, session, make):
    agreement = world.with_fund()
    colleague = make.user(Role.EXECUTIVE, name="吴示五")
    session.commit()
    case = world.appealed(agreement, source=Source.EMPLOYEE, by=colleague, name="", phone="", account="")
    assert colleague in appealing.could_hear(session, case, world.counsel)
    with on_day(date(2026, 9, 25)):
        written = appealing.write_answer(
            session, world.vault, world.counsel, case,
            findings="一致", reasons="已收回", kept_fen=0, member_ids=[colleague.id],
        )  # fmt: skip
    assert colleague.id in written.says["members"]


def test_that_an_award_was_paid_stands_in_no_timeline(world, session):
    case = world.decision_served(world.with_fund())
    base.record(session, world.finance, case, "award_paid", on=LATER)
    session.commit()
    for reader in (world.counsel, world.manager, world.finance, world.first):
        assert "case.award_paid" not in [one.action for one in queries.timeline(session, reader, case)]
