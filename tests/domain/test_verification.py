"""What a code on a paper answers to whoever found it."""

from datetime import timedelta

import pytest
import time_machine

from portal.db import now, today
from portal.domain.access.roles import Role
from portal.domain.price_protection import steps
from portal.domain.price_protection.deeds import life, signing
from portal.domain.price_protection.models import AgreementTerms
from portal.domain.price_protection.verification import Answer, Cause, normal_code, verify
from tests.domain.agreement_world import AgreementWorld
from tests.domain.deed_world import DeedWorld


@pytest.fixture
def world(session, make):
    return AgreementWorld(session, make)


def asked(world, paper, page="", viewer=None):
    return verify(world.session, viewer or world.author, paper.code, page)


def test_an_approved_paper_is_current_before_and_after_it_is_signed(world):
    agreement = world.approved()
    paper = agreement.papers[0]
    verdict = asked(world, paper, "2")
    assert (verdict.answer, verdict.page, verdict.cause) == (Answer.CURRENT, 2, None)
    assert (verdict.paper, verdict.approver.id) == (paper, world.manager.id)
    steps.sign(world.session, world.author, agreement, today())
    assert asked(world, paper).answer is Answer.CURRENT


@pytest.mark.parametrize("page", ["0", "7", "99999"])
def test_a_page_that_the_paper_does_not_have_does_not_belong_to_it(world, page):
    assert asked(world, world.approved().papers[0], page).answer is Answer.WRONG_PAGE


@pytest.mark.parametrize("page", ["", "x", "-1", "1.5", "9" * 5000, "²"])
def test_what_is_no_page_number_is_passed_over(world, page):
    verdict = asked(world, world.approved().papers[0], page)
    assert (verdict.answer, verdict.page) == (Answer.CURRENT, None)


def test_an_unknown_code_gets_one_answer_only(world):
    world.approved()
    answers = {verify(world.session, world.author, code, "3") for code in ("X" * 14, "", "'; --", "é" * 900)}
    assert len(answers) == 1
    assert answers.pop().answer is Answer.UNKNOWN


def test_a_code_is_taken_as_people_type_it(world):
    code = world.approved().papers[0].code
    typed = f" {code[:4].lower()}-{code[4:8]} {code[8:]} "
    assert normal_code(typed) == code
    wide = "".join(chr(ord(c) + 0xFEE0) for c in code)
    assert verify(world.session, world.author, wide).answer is Answer.CURRENT


def test_a_withdrawn_approval_takes_its_paper_along_and_the_next_one_replaces_it(world):
    agreement = world.approved()
    first = agreement.papers[0]
    steps.withdraw_approval(world.session, world.manager, agreement, "价格有误")
    world.session.commit()
    assert asked(world, first).cause is Cause.WITHDRAWN
    steps.submit(world.session, world.author, agreement)
    world.session.commit()
    second = world.approve(agreement)
    verdict = asked(world, first)
    assert (verdict.answer, verdict.cause) == (Answer.SUPERSEDED, Cause.NEWER_VERSION)
    assert verdict.newer_paper == second
    assert asked(world, second).answer is Answer.CURRENT


def test_a_void_agreement_has_no_paper(world):
    agreement = world.approved()
    paper = agreement.papers[0]
    steps.void(world.session, world.manager, agreement, "不再签订")
    assert asked(world, paper).cause is Cause.VOID


def test_a_terminated_agreement_holds_to_its_last_day(world):
    agreement = world.signed()
    paper = agreement.papers[0]
    steps.end_early(
        world.session,
        world.manager,
        agreement,
        ends_on=today() + timedelta(days=5),
        reason="协商终止",
        notice="TZ-1",
    )
    verdict = asked(world, paper)
    assert (verdict.answer, verdict.ends_early) == (Answer.CURRENT, True)
    with time_machine.travel(now() + timedelta(days=6)):
        assert asked(world, paper).cause is Cause.TERMINATED


def test_an_expired_paper_names_the_agreement_that_followed(world):
    distributor = world.add_distributor()
    agreement = world.signed(distributor)
    paper = agreement.papers[0]
    follower = world.draft(
        distributor,
        effective_on=today() + timedelta(days=356),
        expires_on=today() + timedelta(days=700),
    )
    follower.follows_id = agreement.id
    world.session.commit()
    with time_machine.travel(now() + timedelta(days=400)):
        verdict = asked(world, paper)
    assert (verdict.cause, verdict.follower) == (Cause.EXPIRED, follower)


def test_an_amendment_in_effect_changes_what_the_paper_says(world):
    agreement = world.signed()
    world.session.add(
        AgreementTerms(
            agreement_id=agreement.id,
            no=1,
            effective_on=today() + timedelta(days=3),
            rebate_ppm=35_000,
            base_share=60,
        )
    )
    world.session.commit()
    assert asked(world, agreement.papers[0]).answer is Answer.CURRENT
    with time_machine.travel(now() + timedelta(days=3)):
        verdict = asked(world, agreement.papers[0])
    assert (verdict.cause, verdict.amended_on) == (Cause.AMENDED, today() + timedelta(days=3))


def test_who_may_not_read_the_agreement_learns_whether_it_holds_and_no_more(world, make):
    agreement = world.signed()
    for stranger in (make.user(Role.SALESPERSON, make.region()), make.user(Role.TRAINER)):
        verdict = asked(world, agreement.papers[0], viewer=stranger)
        assert (verdict.answer, verdict.is_readable, verdict.follower) == (Answer.CURRENT, False, None)
    assert asked(world, agreement.papers[0]).is_readable


def test_the_papers_of_amendments_and_notices_are_known_too(session, make):
    world = DeedWorld(session, make)
    deed = world.approved_amendment()
    verdict = asked(world, deed.papers[0])
    assert (verdict.answer, verdict.is_unsigned, verdict.number) == (Answer.CURRENT, True, deed.title)
    signing.sign(session, world.author, deed, today())
    verdict = asked(world, deed.papers[0])
    assert (verdict.is_unsigned, verdict.begins_on) == (False, deed.effective_on)
    notice = world.served_notice(deed.agreement)
    verdict = asked(world, notice.papers[0])
    assert (verdict.answer, verdict.is_notice, verdict.is_unsigned) == (Answer.CURRENT, True, False)
    with time_machine.travel(now() + timedelta(days=400)):
        assert asked(world, deed.papers[0]).cause is Cause.TERMINATED
        assert asked(world, notice.papers[0]).cause is None


def test_a_withdrawn_amendment_does_not_hold_and_a_page_too_many_is_seen(session, make):
    world = DeedWorld(session, make)
    deed = world.approved_amendment()
    paper = deed.papers[0]
    assert verify(session, world.author, paper.code, "3").answer is Answer.WRONG_PAGE
    life.withdraw_approval(session, world.manager, deed, "有误")
    session.commit()
    assert asked(world, paper).cause is Cause.WITHDRAWN
    life.submit(session, world.author, deed)
    session.commit()
    world.approve_deed(deed)
    assert asked(world, paper).cause is Cause.NEWER_VERSION
