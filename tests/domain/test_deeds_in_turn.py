"""One deed after another, and one against another: what may follow what, and what a day in between says (P1)."""

from datetime import timedelta

import pytest
import time_machine

from portal.db import now, today
from portal.domain.errors import DomainError
from portal.domain.price_protection import steps
from portal.domain.price_protection.deeds import amending, life, serving, signing, terminating
from portal.domain.price_protection.models import DeedStatus, Service, Status
from portal.domain.price_protection.past import state_on
from portal.domain.price_protection.phases import Phase
from tests.domain.deed_world import DeedWorld

DAY = timedelta(days=1)


@pytest.fixture
def world(session, make):
    return DeedWorld(session, make)


def refused(work, *args, **said):
    with pytest.raises(DomainError) as caught:
        work(*args, **said)
    return str(caught.value)


def rates(world, agreement, *days):
    return [
        state_on(world.session, agreement, today() + days * DAY).data["values"]["rebate_rate"]
        for days in days
    ]


def test_between_two_amendments_the_first_holds_and_the_second_is_announced(world):
    agreement = world.signed()
    first = world.signed_amendment(agreement, effective_on=today() + 10 * DAY)
    second = world.signed_amendment(
        agreement, values={"rebate_rate": 40_000}, effective_on=today() + 20 * DAY
    )
    assert rates(world, agreement, 0, 9, 10, 19, 20, 30) == [30_000, 30_000, 35_000, 35_000, 40_000, 40_000]
    between = state_on(world.session, agreement, today() + 15 * DAY)
    assert (between.amendment, between.upcoming) == (first, (second,))
    assert state_on(world.session, agreement).upcoming == (first, second)


def test_of_two_from_the_same_day_the_later_number_holds(world):
    agreement = world.signed()
    day = today() + 10 * DAY
    world.signed_amendment(agreement, effective_on=day)
    world.signed_amendment(agreement, values={"rebate_rate": 40_000}, effective_on=day)
    assert rates(world, agreement, 9, 10) == [30_000, 40_000]


def test_an_amendment_may_bring_back_what_was_agreed_at_first(world):
    agreement = world.signed()
    world.signed_amendment(agreement, effective_on=today() + 10 * DAY)
    back = world.amendment(agreement, values={"rebate_rate": 30_000}, effective_on=today() + 20 * DAY)
    change = amending.data_of(world.session, back)["changes"][0]
    assert ("3.50%" in change["before"], "3.00%" in change["after"]) == (True, True)
    life.submit(world.session, world.author, back)
    world.session.commit()
    world.approve_deed(back)
    signing.sign(world.session, world.author, back, today())
    assert rates(world, agreement, 0, 10, 20) == [30_000, 35_000, 30_000]


def test_a_second_amendment_waits_until_the_first_is_signed(world):
    agreement = world.signed()
    first = world.submitted_amendment(agreement)
    said = refused(amending.draft, world.session, world.author, agreement, world.says())
    assert first.title in said and "still under way" in said
    world.session.rollback()
    world.approve_deed(first)
    refused(amending.draft, world.session, world.author, agreement, world.says())
    world.session.rollback()
    signing.sign(world.session, world.author, first, today())
    world.session.commit()
    assert world.amendment(agreement, values={"rebate_rate": 40_000}, effective_on=today() + 60 * DAY).no == 2


def test_only_a_signed_agreement_is_amended_or_terminated(world):
    draft, approved = world.draft(), world.approved()
    given_up = world.draft()
    steps.void(world.session, world.author, given_up, "不再需要")
    ended = world.served_notice().agreement
    world.session.commit()
    for agreement in (draft, approved, given_up):
        for begin, entry in (
            (amending.draft, world.says()),
            (terminating.draft, world.notice_says(world.signed())),
        ):
            assert "is not a signed agreement" in refused(
                begin, world.session, world.author, agreement, entry
            )
            world.session.rollback()
    assert ended.status is Status.TERMINATED
    refused(amending.draft, world.session, world.author, ended, world.says())


def test_a_change_from_a_day_that_is_over_is_neither_approved_nor_signed(world):
    agreement = world.signed()
    late = world.submitted_amendment(agreement, effective_on=today() + 2 * DAY)
    with time_machine.travel(now() + 3 * DAY):
        said = life.obstacles_of(world.session, late, life.data_of(world.session, late))
        assert [problem.msgid for problem in said if "in the past" in problem.msgid]
        with pytest.raises(DomainError):
            world.approve_deed(late)
    world.session.rollback()


def test_a_last_day_before_the_change_or_in_the_past_is_refused(world):
    agreement = world.signed()
    first = today() + 30 * DAY
    for last in (first - DAY, today() - DAY):
        deed = world.amendment(agreement, values={"expires_on": last.isoformat()}, effective_on=first)
        with pytest.raises(life.Incomplete) as caught:
            life.submit(world.session, world.author, deed)
        assert any("new last day" in problem.msgid for problem in caught.value.problems)
        world.session.rollback()
        life.void(world.session, world.author, deed, "日期有误")
        world.session.commit()
    sooner = world.signed_amendment(
        agreement, values={"expires_on": (first + DAY).isoformat()}, effective_on=first
    )
    assert (agreement.ends_on, sooner.status) == (first + DAY, DeedStatus.SIGNED)


def test_a_notice_that_was_withdrawn_ends_nothing_and_makes_room_for_another(world):
    agreement = world.signed()
    first = world.approved_notice(agreement)
    life.withdraw_approval(world.session, world.manager, first, "暂缓")
    life.void(world.session, world.author, first, "不再终止")
    world.session.commit()
    said = refused(
        serving.serve,
        world.session,
        world.author,
        first,
        served_on=today(),
        how=Service.COURIER,
        note="示例速递SF1",
    )
    assert "moved on" in said
    world.session.rollback()
    assert (agreement.status, state_on(world.session, agreement).phase) == (Status.SIGNED, Phase.EFFECTIVE)
    second = world.notice(agreement)
    assert second.number != first.number
    assert "still under way" in refused(
        terminating.draft, world.session, world.author, agreement, world.notice_says(agreement)
    )


def test_a_served_notice_stops_the_amendment_that_was_under_way(world):
    agreement = world.signed()
    open_amendment = world.approved_amendment(agreement)
    world.served_notice(agreement)
    assert open_amendment.status is DeedStatus.VOID
    assert "moved on" in refused(signing.sign, world.session, world.author, open_amendment, today())


def test_signing_or_serving_twice_is_refused_the_second_time(world):
    signed, served = world.signed_amendment(), world.served_notice()
    assert "moved on" in refused(signing.sign, world.session, world.author, signed, today())
    assert "moved on" in refused(
        serving.serve,
        world.session,
        world.author,
        served,
        served_on=today(),
        how=Service.COURIER,
        note="示例速递SF1",
    )
    world.session.rollback()
    assert [terms.no for terms in signed.agreement.terms] == [0, 1]


def test_the_history_tells_every_step_of_the_deeds_newest_first(world):
    deed = world.signed_amendment()
    kinds = [event.kind for event in deed.agreement.events if event.kind.startswith("amendment_")]
    assert kinds == ["amendment_signed", "amendment_approved", "amendment_submitted", "amendment_drafted"]
