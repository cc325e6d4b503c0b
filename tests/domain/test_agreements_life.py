"""An agreement's life: which step may follow which, by whom, and what each leaves behind."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal.db import today
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.documents import services as documents
from portal.domain.errors import DomainError
from portal.domain.price_protection import approval, steps
from portal.domain.price_protection.models import MOVES, Agreement, Status
from portal.domain.price_protection.payload import current_paper
from portal.domain.price_protection.phases import Phase, in_phase, phase
from tests.domain.agreement_world import PDF, AgreementWorld, fake_render


@pytest.fixture
def world(session, make):
    return AgreementWorld(session, make)


STEPS = {
    "submit": lambda w, a: steps.submit(w.session, w.author, a),
    "send_back": lambda w, a: steps.send_back(w.session, w.manager, a, "返利率有误"),
    "withdraw_submission": lambda w, a: steps.withdraw_submission(w.session, w.author, a),
    "approve": lambda w, a: approval.approve(
        w.session, w.manager, a, seen_sha256=approval.shown_sha256(w.session, a), render=fake_render
    ),
    "withdraw_approval": lambda w, a: steps.withdraw_approval(w.session, w.manager, a, "价格有误"),
    "print": lambda w, a: steps.record_print(w.session, w.author, a, 2),
    "sign": lambda w, a: steps.sign(w.session, w.author, a, today()),
    "file_scans": lambda w, a: steps.file_scans(w.session, w.author, a, [("scan.pdf", PDF)]),
    "terminate": lambda w, a: steps.end_early(
        w.session, w.manager, a, ends_on=today(), reason="协商终止", notice="TZ-1"
    ),
    "void": lambda w, a: steps.void(w.session, w.manager, a, "不再签订"),
}
ALLOWED = {
    Status.DRAFT: {"submit": Status.SUBMITTED, "void": Status.VOID},
    Status.SUBMITTED: {
        "send_back": Status.DRAFT,
        "withdraw_submission": Status.DRAFT,
        "approve": Status.APPROVED,
    },
    Status.APPROVED: {
        "withdraw_approval": Status.DRAFT,
        "print": Status.APPROVED,
        "sign": Status.SIGNED,
        "void": Status.VOID,
    },
    Status.SIGNED: {
        "print": Status.SIGNED,
        "file_scans": Status.SIGNED,
        "terminate": Status.TERMINATED,
    },
    Status.TERMINATED: {"print": Status.TERMINATED, "file_scans": Status.TERMINATED},
    Status.VOID: {},
}
PATH = {
    Status.DRAFT: (),
    Status.SUBMITTED: ("submit",),
    Status.APPROVED: ("submit", "approve"),
    Status.SIGNED: ("submit", "approve", "sign"),
    Status.TERMINATED: ("submit", "approve", "sign", "terminate"),
    Status.VOID: ("void",),
}


@pytest.mark.parametrize("status", list(Status))
def test_every_step_from_every_status_does_what_the_table_says_or_is_refused(world, status):
    for step, act in STEPS.items():
        agreement = world.draft()
        for earlier in PATH[status]:
            STEPS[earlier](world, agreement)
            world.session.commit()
        assert agreement.status is status
        if step in ALLOWED[status]:
            act(world, agreement)
            world.session.commit()
            assert agreement.status is ALLOWED[status][step], step
            kinds = [event.kind for event in agreement.events]
            audited = world.session.scalars(
                sa.select(AuditEvent.action).where(
                    AuditEvent.subject == "agreement", AuditEvent.subject_id == agreement.id
                )
            ).all()
            assert sorted(audited) == sorted(f"agreement.{kind}" for kind in kinds)
        else:
            with pytest.raises(DomainError):
                act(world, agreement)
            world.session.rollback()
            assert agreement.status is status, step


def test_the_table_of_moves_is_the_one_that_the_steps_use():
    moved = {
        status: frozenset(after for after in targets.values() if after is not status)
        for status, targets in ALLOWED.items()
    }
    assert moved == MOVES


def test_neither_its_author_nor_its_submitter_approves_or_sends_back(world):
    boss = world.make.user(Role.EXECUTIVE)
    for writer, submitter in ((boss, world.author), (world.author, boss)):
        world.author, original = writer, world.author
        agreement = world.draft()
        world.author = original
        steps.submit(world.session, submitter, agreement)
        world.session.commit()
        for step in (
            lambda a=agreement: world.approve(a, by=boss),
            lambda a=agreement: steps.send_back(world.session, boss, a, "请修改"),
        ):
            with pytest.raises(DomainError):
                step()
            world.session.rollback()
            assert agreement.status is Status.SUBMITTED
        world.approve(agreement, by=world.manager)
        assert agreement.status is Status.APPROVED


def test_only_who_may_approve_in_the_agreements_office_approves(world):
    agreement = world.submitted()
    other = world.make.user(Role.REGIONAL_MANAGER, world.make.region())
    clerk = world.make.user(Role.SALESPERSON, world.region)
    for user in (other, clerk, world.counsel):
        with pytest.raises(DomainError):
            world.approve(agreement, by=user)
        world.session.rollback()
    assert agreement.status is Status.SUBMITTED


def test_reasons_are_asked_for(world):
    agreement = world.submitted()
    with pytest.raises(DomainError) as refused:
        steps.send_back(world.session, world.manager, agreement, "  ")
    assert refused.value.field == "reason"


def test_a_withdrawn_approval_supersedes_its_paper_and_the_next_is_number_two(world):
    agreement = world.approved()
    first = current_paper(agreement)
    steps.withdraw_approval(world.session, world.manager, agreement, "价格有误")
    world.session.commit()
    assert agreement.status is Status.DRAFT
    assert current_paper(agreement) is None
    steps.submit(world.session, world.author, agreement)
    world.session.commit()
    second = world.approve(agreement)
    assert (first.no, second.no) == (1, 2)
    assert first.withdrawn_at is not None
    assert first.code != second.code
    assert current_paper(agreement) is second


def test_a_reprint_gives_the_same_bytes_whatever_changed_since(world):
    agreement = world.approved()
    paper = current_paper(agreement)
    kept = documents.content(world.session, paper.document)
    agreement.distributor.address = "浙江省湖州市南浔区新址9号"
    world.product.name = "改名洗发露"
    world.session.commit()
    steps.record_print(world.session, world.author, agreement, 2)
    world.session.commit()
    assert documents.content(world.session, current_paper(agreement).document) == kept
    assert "样板街2号" in str(current_paper(agreement).payload)


def test_the_day_of_signing_lies_between_approval_and_today(world):
    agreement = world.approved()
    for day in (today() - timedelta(days=1), today() + timedelta(days=1)):
        with pytest.raises(DomainError) as refused:
            steps.sign(world.session, world.author, agreement, day)
        world.session.rollback()
        assert refused.value.field == "signed_on"


def test_a_scan_that_is_no_scan_is_refused_and_nothing_is_signed(world):
    agreement = world.approved()
    with pytest.raises(DomainError):
        steps.sign(world.session, world.author, agreement, today(), [("scan.exe", b"MZ not a scan")])
    world.session.rollback()
    assert agreement.status is Status.APPROVED


def test_several_scans_are_filed_with_the_signing_or_later(world):
    agreement = world.signed(scans=[("1.pdf", PDF), ("2.png", b"\x89PNG\r\n\x1a\n rest")])
    steps.file_scans(world.session, world.author, agreement, [("3.jpg", b"\xff\xd8\xff rest")])
    world.session.commit()
    assert {scan.document.filename for scan in agreement.scans} == {"1.pdf", "2.png", "3.jpg"}


def test_the_last_day_of_a_terminated_agreement_lies_between_signing_and_expiry(world):
    agreement = world.signed()
    for day in (agreement.signed_on - timedelta(days=1), agreement.expires_on + timedelta(days=1)):
        with pytest.raises(DomainError) as refused:
            steps.end_early(
                world.session, world.manager, agreement, ends_on=day, reason="协商终止", notice="TZ-1"
            )
        world.session.rollback()
        assert refused.value.field == "ends_on"


def test_the_phase_in_sql_is_the_phase_in_python_on_every_day(world):
    for status, path in PATH.items():
        agreement = world.draft(
            effective_on=today() - timedelta(days=2), expires_on=today() + timedelta(days=2)
        )
        for step in path:
            STEPS[step](world, agreement)
            world.session.commit()
        assert agreement.status is status
    for offset in range(-4, 5):
        on = today() + timedelta(days=offset)
        for wanted in Phase:
            found = set(world.session.scalars(sa.select(Agreement.id).where(in_phase(wanted, on))))
            expected = {a.id for a in world.session.scalars(sa.select(Agreement)) if phase(a, on) is wanted}
            assert found == expected, (wanted, on)


def test_a_terminated_agreement_is_in_force_until_its_last_day_and_says_so(world):
    agreement = world.signed()
    last = today() + timedelta(days=8)
    steps.end_early(world.session, world.manager, agreement, ends_on=last, reason="协商终止", notice="TZ-1")
    world.session.commit()
    for day, wanted in ((last, Phase.ENDING), (last + timedelta(days=1), Phase.TERMINATED)):
        assert phase(agreement, day) is wanted
        for other in Phase:
            found = world.session.scalar(sa.select(Agreement.id).where(in_phase(other, day)))
            assert found == (agreement.id if other is wanted else None)
