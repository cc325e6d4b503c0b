"""Notices of termination: what they must say before two persons approve them, and how the agreement ends."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.db import today
from portal.domain.errors import DomainError
from portal.domain.price_protection import steps
from portal.domain.price_protection.deeds import base, life, serving, terminating
from portal.domain.price_protection.models import (
    DeedStatus,
    Ground,
    Sender,
    Service,
    Status,
    Termination,
)
from tests.domain.deed_world import DeedWorld

DAY = timedelta(days=1)


@pytest.fixture
def world(session, make):
    return DeedWorld(session, make)


def listed(world, deed):
    return {
        problem.name for problem in life.problems_of(world.session, deed, life.data_of(world.session, deed))
    }


def test_the_ordinary_notice_lacks_nothing_and_swaps_the_parties_for_the_distributors(world):
    deed = world.notice()
    assert listed(world, deed) == set()
    values = life.data_of(world.session, deed)["values"]
    assert (values["sender_name"], values["termination_kind"]) == ("示例日化有限公司", "提前终止协议")
    assert values["termination_clause"] == "第13.2款（提前通知）"
    other = world.notice(sender=Sender.DISTRIBUTOR, ground=Ground.FORCE_MAJEURE)
    values = life.data_of(world.session, other)["values"]
    assert values["recipient_name"] == "示例日化有限公司"
    assert values["sender_phone"] == "0572-55550102"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        # Days are counted from the test's own today: it may begin after the list was read.
        ({"terminates_on": 20 * DAY}, "terminates_on"),
        ({"terminates_on": 999 * DAY}, "terminates_on"),
        ({"expected_on": -DAY}, "expected_on"),
        ({"balance_on": DAY}, "balance_on"),
        ({"ground": Ground.BREACH, "terminates_on": 3 * DAY}, "demanded_on"),
        ({"ground": Ground.BREACH, "terminates_on": 3 * DAY, "demanded_on": -15 * DAY}, "demanded_on"),
        ({"ground": Ground.INSOLVENCY}, "terminates_on"),
        ({"fund_suspended_fen": 100, "open_cases": "WG-1"}, "fund_suspended_fen"),
        ({"fund_balance_fen": 100, "fund_suspended_fen": 100}, "open_cases"),
        ({"is_downstream_supplied": False}, "is_downstream_supplied"),
        ({"is_reconciled": False}, "is_reconciled"),
    ],
)
def test_what_is_missing_or_too_early_is_named(world, said, field):
    agreement = world.signed()
    days = {name: today() + value if isinstance(value, timedelta) else value for name, value in said.items()}
    notice = replace(world.notice_says(agreement), **days)
    deed = terminating.draft(world.session, world.author, agreement, notice)
    assert field in listed(world, deed)
    with pytest.raises(life.Incomplete):
        life.submit(world.session, world.author, deed)


def test_a_breach_put_to_them_in_time_may_be_rescinded(world):
    deed = world.notice(
        ground=Ground.BREACH,
        terminates_on=today() + timedelta(days=terminating.DAYS_OF_SERVICE),
        demanded_on=today() - timedelta(days=16),
    )
    assert listed(world, deed) == set()
    assert life.data_of(world.session, deed)["values"]["termination_kind"] == "解除协议"


def test_two_persons_approve_and_neither_is_its_author(world):
    deed = world.submitted_notice()
    with pytest.raises(DomainError):
        world.approve_deed(deed, by=world.author)
    world.session.rollback()
    assert world.approve_deed(deed, by=world.manager) is None
    assert deed.status is DeedStatus.SUBMITTED
    with pytest.raises(DomainError):
        world.approve_deed(deed, by=world.manager)
    world.session.rollback()
    assert world.approve_deed(deed, by=world.director) is not None
    assert deed.status is DeedStatus.APPROVED


def test_sent_back_after_the_first_approval_it_needs_two_again(world):
    deed = world.submitted_notice()
    world.approve_deed(deed, by=world.manager)
    life.send_back(world.session, world.director, deed, "请核对金额")
    life.submit(world.session, world.author, deed)
    world.session.commit()
    assert world.approve_deed(deed, by=world.director) is None
    assert world.approve_deed(deed, by=world.manager) is not None


def test_the_agreement_ends_on_the_day_and_not_before_the_notice_is_served(world):
    agreement = world.signed()
    deed = world.approved_notice(agreement)
    assert agreement.status is Status.SIGNED
    serving.serve(world.session, world.author, deed, served_on=today(), how=Service.IN_PERSON)
    world.session.commit()
    assert (agreement.status, agreement.ends_on) == (Status.TERMINATED, deed.terminates_on)
    assert [event.kind for event in agreement.events][:2] == ["terminated", "notice_served"]


def test_a_notice_that_arrives_late_ends_it_later(world):
    deed = world.approved_notice()
    served_on = deed.expected_on + timedelta(days=10)
    assert serving.last_day(world.session, deed, served_on) == served_on + timedelta(days=30)


def test_a_parcel_without_its_number_or_a_day_to_come_is_refused(world):
    deed = world.approved_notice()
    for said, field in (
        ({"served_on": today(), "how": Service.COURIER}, "note"),
        ({"served_on": today() + timedelta(days=1), "how": Service.IN_PERSON}, "served_on"),
        ({"served_on": today() - timedelta(days=1), "how": Service.IN_PERSON}, "served_on"),
    ):
        with pytest.raises(DomainError) as refused:
            serving.serve(world.session, world.author, deed, **said)
        world.session.rollback()
        assert refused.value.field == field
    assert deed.status is DeedStatus.APPROVED


def test_there_is_no_way_to_end_an_agreement_besides_a_notice():
    assert not hasattr(steps, "terminate")


@given(*(st.integers(0, 10**12) for _ in range(4)))
def test_payable_and_shortfall_follow_from_the_other_sums(balance, suspended, clawback, debt):
    deed = Termination(
        fund_balance_fen=balance,
        fund_suspended_fen=suspended,
        clawback_fen=clawback,
        due_debt_fen=debt,
    )
    due, lacking = terminating.payable(deed)
    assert due - lacking == balance - suspended - clawback - debt
    assert min(due, lacking) == 0


def test_who_changed_a_notice_is_neither_of_the_two_who_approve_it(world, session):
    deed = world.notice()
    says = replace(terminating.notice_of(deed), reason="换了理由")
    terminating.edit(session, world.manager, deed, says, version=deed.version)
    session.commit()
    life.submit(session, world.author, deed)
    session.commit()
    with pytest.raises(DomainError):
        world.approve_deed(deed, by=world.manager)
    session.rollback()
    world.approve_deed(deed, by=world.director)
    assert base.barred(deed) == {world.author.id, world.manager.id, world.director.id}
