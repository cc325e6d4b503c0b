"""Amendments and notices beside each other and beside their texts: what counsel stopped, what is still to come."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal.db import today
from portal.domain.errors import DomainError
from portal.domain.price_protection import steps
from portal.domain.price_protection.approval import Blocked
from portal.domain.price_protection.deeds import amending, base, life, serving, signing, terminating
from portal.domain.price_protection.deeds.todos import deed_todos
from portal.domain.price_protection.entries import PriceEntry
from portal.domain.price_protection.models import DeedStatus, PriceKind, Service, Status
from portal.domain.price_protection.problems import conflicts
from portal.domain.price_protection.verification import Answer, Cause, verify
from portal.domain.templates import offers
from tests.domain.deed_world import DeedWorld

DAY = timedelta(days=1)
RETAIL = PriceKind.SUGGESTED_RETAIL


@pytest.fixture
def world(session, make):
    return DeedWorld(session, make)


@pytest.mark.parametrize("what", ["amendment", "notice"])
def test_on_a_text_that_counsel_took_out_of_use_nothing_is_approved_or_drafted(world, session, what):
    agreement = world.signed()
    deed = getattr(world, f"submitted_{what}")(agreement)
    offers.stop(session, world.counsel, deed.template, reason="第一条有误", holds_work=True)
    session.commit()
    with pytest.raises(Blocked, match="out of use"):
        world.approve_deed(deed)
    session.rollback()
    with pytest.raises(DomainError, match="out of offer"):
        getattr(world, what)()
    session.rollback()
    offers.resume(session, world.counsel, deed.template, reason="复核无误")
    session.commit()
    world.approve_deed(deed)
    assert getattr(world, what)().template_id == deed.template_id


def test_a_text_that_is_only_not_offered_lets_what_was_drafted_go_on(world, session):
    deed = world.submitted_amendment()
    offers.stop(session, world.counsel, deed.template, reason="将出新版", holds_work=False)
    session.commit()
    with pytest.raises(DomainError, match="将出新版"):
        base.template_of(session, base.AMENDMENT_KEY)
    assert life.obstacles_of(session, deed, life.data_of(session, deed)) == []


def notice_days(world, agreement, days, effective_on):
    """An amendment, signed today, by which so many days of notice are agreed from a day on."""
    deed = amending.draft(
        world.session,
        world.counsel,  # the term is counsel's
        agreement,
        world.says(values={"termination_notice_days": days}, reason="调整通知期", effective_on=effective_on),
    )
    life.submit(world.session, world.author, deed)
    world.session.commit()
    world.approve_deed(deed)
    signing.sign(world.session, world.author, deed, today())
    world.session.commit()
    return deed


def test_a_notice_counts_the_days_that_hold_when_it_is_served_not_those_to_come(world, session):
    agreement = world.signed()
    first = today() + 20 * DAY
    notice_days(world, agreement, 90, first)
    proposed = terminating.proposal(session, agreement)
    assert proposed.terminates_on == proposed.expected_on + 30 * DAY
    # Nothing is wrong with these days, and they are the ones that the service counts from.
    deed = world.approved_notice(agreement)
    assert serving.last_day(session, deed, first - DAY) == first - DAY + 30 * DAY
    assert serving.last_day(session, deed, first) == first + 90 * DAY
    serving.serve(session, world.author, deed, served_on=today(), how=Service.IN_PERSON)
    session.commit()
    assert agreement.ends_on == proposed.terminates_on


def test_a_notice_that_arrives_after_an_amendments_day_keeps_to_its_longer_days(world, session):
    agreement = world.signed()
    notice_days(world, agreement, 60, today() + 10 * DAY)
    late = {"expected_on": today() + 10 * DAY, "terminates_on": today() + 69 * DAY}
    deed = terminating.draft(session, world.author, agreement, replace(world.notice_says(agreement), **late))
    [problem] = life.problems_of(session, deed, life.data_of(session, deed))
    assert (problem.name, problem.params["days"]) == ("terminates_on", 60)
    terminating.edit(
        session,
        world.author,
        deed,
        replace(terminating.notice_of(deed), terminates_on=today() + 70 * DAY),
        version=deed.version,
    )
    assert life.problems_of(session, deed, life.data_of(session, deed)) == []


def test_a_product_taken_out_by_an_amendment_is_free_for_another_agreement_from_then_on(world, session):
    gone = world.add_product()
    distributor = world.add_distributor()
    agreement = world.signed(distributor, prices=[(world.product, RETAIL, 2850), (gone, RETAIL, 900)])
    # Another change first: the days of two terms that both name it are told as one.
    world.signed_amendment(agreement, effective_on=today() + 5 * DAY)
    free_on = today() + 30 * DAY
    world.signed_amendment(
        agreement,
        values={},
        prices=[PriceEntry(world.product.id, RETAIL, 2850)],
        effective_on=free_on,
        reason="取消受保护产品",
    )
    said = {"prices": [(gone, RETAIL, 900)], "expires_on": free_on + 300 * DAY}
    [early] = conflicts(session, world.submitted(distributor, effective_on=free_on - DAY, **said))
    assert (early.effective_on, early.ends_on) == (agreement.effective_on, free_on - DAY)
    other = world.submitted(distributor, effective_on=free_on, **said)
    world.approve(other)
    assert other.status is Status.APPROVED


def test_a_product_added_by_an_amendment_is_held_only_from_its_day(world, session):
    added = world.add_product()
    distributor = world.add_distributor()
    agreement = world.signed(distributor)
    held_on = today() + 30 * DAY
    world.signed_amendment(
        agreement,
        values={},
        prices=[PriceEntry(world.product.id, RETAIL, 2850), PriceEntry(added.id, RETAIL, 900)],
        effective_on=held_on,
        reason="增加受保护产品",
    )
    other = world.submitted(distributor, prices=[(added, RETAIL, 900)], expires_on=held_on - DAY)
    assert conflicts(session, other) == []
    longer = world.submitted(distributor, prices=[(added, RETAIL, 900)], expires_on=held_on)
    [held] = conflicts(session, longer)
    assert (held.number, held.effective_on, held.ends_on) == (agreement.number, held_on, agreement.ends_on)


def test_terms_that_a_termination_overtook_hold_nothing(world, session):
    added = world.add_product()
    distributor = world.add_distributor()
    agreement = world.signed(distributor)
    world.signed_amendment(
        agreement,
        values={},
        prices=[PriceEntry(world.product.id, RETAIL, 2850), PriceEntry(added.id, RETAIL, 900)],
        effective_on=today() + 200 * DAY,
        reason="增加受保护产品",
    )
    other = world.submitted(distributor, prices=[(added, RETAIL, 900)])
    assert len(conflicts(session, other)) == 1
    world.served_notice(agreement)
    assert conflicts(session, other) == []


@pytest.mark.parametrize("made", ["amendment", "submitted_amendment", "approved_amendment"])
def test_an_open_amendment_lapses_with_its_agreement_and_nothing_waits_about_it(world, session, made):
    agreement = world.signed()
    deed = getattr(world, made)(agreement)

    def waiting():
        return [todo for user in (world.author, world.manager) for todo in deed_todos(session, user)]

    assert {todo.args["deed_id"] for todo in waiting()} == {deed.id}
    notice = world.served_notice(agreement)
    assert waiting() == []
    assert deed.status is DeedStatus.VOID
    [lapsed] = [event for event in agreement.events if event.kind == "amendment_lapsed"]
    assert (lapsed.params["notice"], lapsed.params["deed"]) == (notice.number, deed.id)
    # Its original is kept and tells that it holds no more.
    for paper in deed.papers:
        verdict = verify(session, world.author, paper.code)
        assert (verdict.answer, verdict.cause) == (Answer.SUPERSEDED, Cause.VOID)


def test_a_signed_amendment_for_after_the_last_day_stays_signed_and_its_paper_says_why_it_never_holds(
    world, session
):
    agreement = world.signed()
    soon = world.signed_amendment(agreement, effective_on=today() + 10 * DAY)
    late = world.signed_amendment(agreement, values={"rebate_rate": 40_000}, effective_on=today() + 200 * DAY)
    world.served_notice(agreement)
    assert (soon.status, late.status) == (DeedStatus.SIGNED, DeedStatus.SIGNED)
    assert [e.params["deed"] for e in agreement.events if e.kind == "amendment_lapsed"] == [late.id]
    assert verify(session, world.author, soon.papers[0].code).answer is Answer.CURRENT
    assert verify(session, world.author, late.papers[0].code).cause is Cause.TERMINATED


def test_an_amendment_left_open_by_an_earlier_termination_waits_for_nobody(world, session):
    """As it stands in databases from before amendments lapsed."""
    agreement = world.signed()
    deed = world.approved_amendment(agreement)
    steps.end_early(session, world.author, agreement, ends_on=today() + DAY, reason="终止", notice="TZ-1")
    session.commit()
    assert list(deed_todos(session, world.author)) == []
    assert verify(session, world.author, deed.papers[0].code).cause is Cause.TERMINATED
