"""Who is named takes the case on or steps aside; whoever reported it cannot, and nobody else learns why (P5, 6.2)."""

from datetime import date

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.errors import DomainError
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.violations import (
    evidence,
    finding,
    investigating,
    naming,
    queries,
    reporters,
    steps,
    todos,
)
from portal.domain.price_protection.violations.models import State
from portal.domain.price_protection.violations.reporters import Exclusion, Source
from portal.domain.price_protection.violations.steps import Step
from tests.domain.case_world import ACT, OPENED, REPORTED, CaseWorld
from tests.domain.fund_world import on_day


@pytest.fixture
def world(session, make) -> CaseWorld:
    return CaseWorld(session, make)


def named_by_first(world, **said):
    case = world.report(world.with_fund(), **said)
    with on_day(REPORTED):
        people = [world.first.id, world.second.id]
        naming.name_investigators(world.session, world.vault, world.first, case, people)
        world.session.commit()
    return case


def seen_by_others(world, case) -> list[object]:
    """What anybody but the second investigator reads of the case and is offered in it."""
    world.session.expire_all()
    people = (world.first, world.manager, world.director)
    return [
        [(step.value, True) for step in sorted(steps.offered(world.session, one, case))]
        + [(event.action, event.params) for event in queries.timeline(world.session, one, case)]
        + [(todo.kind, todo.verb) for todo in todos.todos(world.session, one)]
        for one in people
    ]


def test_a_source_that_others_named_sees_nothing_of_it_and_none_of_them_is_told(world, session):
    case = named_by_first(world, by=world.second, source=Source.EMPLOYEE)
    with on_day(OPENED), pytest.raises(DomainError) as refused:
        naming.take_on(session, world.vault, world.second, case)
    assert world.second.name not in refused.value.msgid % refused.value.params
    session.rollback()
    for look in (
        lambda: reporters.look(session, world.vault, world.second, case),
        lambda: evidence.open_file(session, world.vault, world.second, case.evidence[0], case),
        lambda: investigating.open_case(
            session, world.vault, world.second, case, contact="周七", phone="0571-55550103"
        ),
    ):
        with pytest.raises(DomainError):
            look()
        session.rollback()
    assert steps.offered(session, world.second, case) == {Step.TAKE_ON, Step.STEP_ASIDE}
    silent = named_by_first(world)  # here the second is no source, and has not answered yet
    assert seen_by_others(world, case) == seen_by_others(world, silent)
    with on_day(OPENED):  # nor does opening it tell the first
        investigating.open_case(
            session, world.vault, world.first, case, contact="周七", phone="0571-55550103"
        )
        naming.step_aside(session, world.second, case)
        session.commit()
    left = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "case.stepped_aside")).one()
    assert set(left.params) == {"number"}
    found = reporters.unsealed(session, world.vault, case)
    assert (
        reporters.excluded(session, case, found) is not Exclusion.CASE_HANDLER
    )  # named without having acted


def test_who_reported_it_names_others_and_never_himself(world, session, make):
    case = world.report(world.with_fund(), by=world.second, source=Source.EMPLOYEE)
    with on_day(REPORTED), pytest.raises(DomainError):
        naming.name_investigators(session, world.vault, world.second, case, [world.first.id, world.second.id])
    session.rollback()
    assert (case.state, case.investigators) == (State.REPORTED, [])
    third = make.user(Role.INVESTIGATOR)
    with on_day(REPORTED):
        naming.name_investigators(session, world.vault, world.second, case, [world.first.id, third.id])
        naming.take_on(session, world.vault, third, case)
        session.commit()
    assert (case.state, case.is_investigator(third), case.is_investigator(world.first)) == (
        State.EXAMINED,
        True,
        False,
    )


def test_who_was_named_sees_what_is_sealed_only_once_they_took_it_on(world, session):
    case = named_by_first(world)
    with pytest.raises(DomainError):
        reporters.look(session, world.vault, world.second, case)
    session.rollback()
    assert [todo.verb for todo in todos.todos(session, world.second)] == ["Take it on or step aside"]
    with on_day(REPORTED):
        naming.take_on(session, world.vault, world.second, case)
    assert reporters.look(session, world.vault, world.second, case).name == "周匿名"


def test_a_case_is_never_left_by_all_who_investigate_it(world, session, make):
    case = named_by_first(world)
    with pytest.raises(DomainError):
        naming.step_aside(session, world.first, case)
    session.rollback()
    with pytest.raises(DomainError) as refused:
        naming.name_investigators(
            session, world.vault, world.first, case, [world.second.id, make.user(Role.INVESTIGATOR).id]
        )
    assert refused.value.field == "people"
    session.rollback()
    with on_day(REPORTED):
        naming.take_on(session, world.vault, world.second, case)
        naming.step_aside(session, world.first, case)
    assert (case.is_investigator(world.first), case.is_investigator(world.second)) == (False, True)


def test_any_office_is_reported_and_what_is_not_in_force_is_one_refusal(world, session):
    accused: Agreement = world.in_force()

    def asked(typed: str, on: date = ACT) -> tuple[str, str | None, dict]:
        with pytest.raises(DomainError) as refused:
            finding.agreement(session, typed, on)
        return refused.value.msgid, refused.value.field, refused.value.params

    nowhere = asked("PPA-2099-999999")
    # Neither that there is such a distributor nor that it was another day is told.
    for typed in (accused.number, accused.distributor.code, accused.distributor.name):
        assert asked(typed, date(2025, 3, 1)) == nowhere, typed
    assert asked("") == nowhere
    for typed in (accused.number.lower(), accused.distributor.code, accused.distributor.name):
        assert finding.agreement(session, typed, ACT) is accused
