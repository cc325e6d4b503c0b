"""Amendments: only what changes is said, and from its day on the agreement says it, the old terms beside it."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal.db import today
from portal.domain.errors import DomainError
from portal.domain.price_protection import drafting
from portal.domain.price_protection.approval import Blocked
from portal.domain.price_protection.deeds import amending, inforce, life, signing
from portal.domain.price_protection.deeds.todos import deed_todos
from portal.domain.price_protection.entries import PriceEntry, ViolationEntry
from portal.domain.price_protection.models import (
    DEED_MOVES,
    AgreementTerms,
    DeedStatus,
    PriceKind,
)
from tests.domain.deed_world import DeedWorld


@pytest.fixture
def world(session, make):
    return DeedWorld(session, make)


def clauses(data):
    return [row["clause"] for row in data["changes"]]


def test_a_changed_rate_is_told_as_the_whole_clause_before_and_after(world):
    data = amending.data_of(world.session, world.amendment())
    row = data["changes"][0]
    assert row["clause"] == "第3.1款"
    assert "返利率为进货金额的3.00%" in row["before"]
    assert "返利率为进货金额的3.50%" in row["after"]
    assert row["after"].endswith("示例见附件一。")
    # The worked example of annex 1 follows from the rate and stands there in figures and in words.
    example = data["changes"][1]
    assert "大写" in example["after"]
    assert example["before"] != example["after"]
    assert len(data["changes"]) == 2


def test_a_price_a_new_product_and_one_taken_out_are_rows_of_annex_1(world):
    kept, gone, new = world.product, world.add_product(), world.add_product()
    retail = PriceKind.SUGGESTED_RETAIL
    agreement = world.signed(prices=[(kept, retail, 2850), (gone, retail, 1000)])
    deed = world.amendment(
        agreement,
        values={},
        prices=[PriceEntry(kept.id, retail, 2990), PriceEntry(new.id, retail, 500)],
    )
    said = amending.data_of(world.session, deed)["changes"]
    changes = {row["clause"]: (row["before"], row["after"]) for row in said}
    assert changes[f"附件一：{gone.code}，建议零售价"][1] == "删除"
    assert changes[f"附件一：{new.code}，建议零售价"][0] == "无"
    before, after = changes[f"附件一：{kept.code}，建议零售价"]
    assert "28.50元（大写：贰拾捌元伍角整）" in before
    assert "29.90元（大写：贰拾玖元玖角整）" in after


def test_what_is_said_again_is_no_change(world):
    agreement = world.signed()
    deed = world.amendment(agreement, values={"rebate_rate": 30_000, "base_share": 60})
    assert amending.data_of(world.session, deed)["changes"] == []
    with pytest.raises(life.Incomplete):
        life.submit(world.session, world.author, deed)


def test_signing_adds_terms_and_leaves_the_old_ones(world):
    agreement = world.signed()
    old = {"rebate": agreement.terms[0].rebate_ppm, "values": dict(agreement.terms[0].values)}
    deed = world.signed_amendment(agreement, violations=[ViolationEntry("cross_territory", 500_000)])
    first, second = world.session.scalars(
        sa.select(AgreementTerms)
        .where(AgreementTerms.agreement_id == agreement.id)
        .order_by(AgreementTerms.no)
    )
    assert (first.rebate_ppm, first.values) == (old["rebate"], old["values"])
    assert (second.no, second.rebate_ppm, second.effective_on) == (1, 35_000, deed.effective_on)
    assert [(row.product_id, row.amount_fen) for row in second.prices] == [(world.product.id, 2850)]
    assert [(row.code, row.share_ppm) for row in second.violations] == [("cross_territory", 500_000)]
    day = deed.effective_on
    assert inforce.said(world.session, agreement, on=day)["values"]["rebate_rate"] == 35_000
    assert (
        inforce.said(world.session, agreement, on=day - timedelta(days=1))["values"]["rebate_rate"] == 30_000
    )


def test_the_next_amendment_begins_from_the_last_one(world):
    agreement = world.signed()
    world.signed_amendment(agreement)
    deed = world.amendment(
        agreement, values={"rebate_rate": 40_000}, effective_on=today() + timedelta(days=60)
    )
    assert deed.no == 2
    assert "3.50%" in amending.data_of(world.session, deed)["changes"][0]["before"]


def test_a_void_amendment_leaves_no_gap_in_the_numbers(world):
    agreement = world.signed()
    deed = world.amendment(agreement)
    with pytest.raises(DomainError):
        amending.draft(world.session, world.author, agreement, world.says())
    world.session.rollback()
    life.void(world.session, world.author, deed, "不再变更")
    world.session.commit()
    assert world.amendment(agreement).no == 1


def test_an_earlier_day_than_the_amendment_before_it_is_refused(world):
    agreement = world.signed()
    world.signed_amendment(agreement)
    deed = world.amendment(
        agreement, values={"rebate_rate": 40_000}, effective_on=today() + timedelta(days=29)
    )
    with pytest.raises(life.Incomplete):
        life.submit(world.session, world.author, deed)


def test_a_longer_period_moves_the_last_day_and_its_clause(world):
    agreement = world.signed()
    last = agreement.ends_on + timedelta(days=100)
    deed = world.approved_amendment(agreement, values={"expires_on": last.isoformat()})
    assert clauses(amending.data_of(world.session, deed)) == ["第13.1款"]
    signing.sign(world.session, world.author, deed, today())
    world.session.commit()
    assert (agreement.ends_on, agreement.expires_on) == (last, last)


def test_neither_its_author_nor_its_submitter_approves_and_another_reading_is_refused(world):
    deed = world.submitted_amendment()
    for user in (world.author, world.counsel):
        with pytest.raises(DomainError):
            world.approve_deed(deed, by=user)
        world.session.rollback()
    with pytest.raises(DomainError):
        life.approve(world.session, world.manager, deed, seen_sha256="0" * 64, render=None)
    world.session.rollback()
    assert world.approve_deed(deed).pages == 2
    assert deed.status is DeedStatus.APPROVED


def test_counsel_reads_changes_of_prices_before_they_are_approved(world):
    agreement = world.signed()
    prices = [PriceEntry(world.product.id, PriceKind.SUGGESTED_RETAIL, 2990)]
    deed = world.submitted_amendment(agreement, values={}, prices=prices)
    with pytest.raises(Blocked):
        world.approve_deed(deed)
    world.session.rollback()
    with pytest.raises(DomainError):
        life.review(world.session, world.manager, deed, seen_sha256=world.seen(deed))
    world.session.rollback()
    world.reviewed(deed)
    assert world.approve_deed(deed) is not None


def test_a_binding_price_names_its_approval_and_cannot_be_agreed_without_one(world):
    agreement = world.signed()
    kind = PriceKind.MAXIMUM_RETAIL
    prices = [
        PriceEntry(world.product.id, PriceKind.SUGGESTED_RETAIL, 2850),
        PriceEntry(world.product.id, kind, 3000),
    ]
    deed = world.amendment(agreement, values={}, prices=prices)
    with pytest.raises(life.Incomplete):
        life.submit(world.session, world.author, deed)
    world.session.rollback()
    approval = world.approve_price(world.product, kind)
    life.submit(world.session, world.author, deed)
    world.session.commit()
    said = amending.data_of(world.session, deed)["values"]["amendment_price_approval"]
    assert said.startswith(f"{approval.number}，至")


def test_an_amendment_is_not_signed_after_the_day_from_which_it_counts(world):
    deed = world.approved_amendment(effective_on=today())
    deed.effective_on = today() - timedelta(days=1)
    world.session.commit()
    with pytest.raises(DomainError) as refused:
        signing.sign(world.session, world.author, deed, today())
    assert refused.value.field == "signed_on"


def test_a_new_product_that_another_agreement_protects_is_refused(world):
    distributor = world.add_distributor()
    other = world.add_product()
    agreement = world.signed(distributor)
    world.signed(distributor, prices=[(other, PriceKind.SUGGESTED_RETAIL, 100)])
    deed = world.submitted_amendment(
        agreement,
        values={},
        prices=[
            PriceEntry(world.product.id, PriceKind.SUGGESTED_RETAIL, 2850),
            PriceEntry(other.id, PriceKind.SUGGESTED_RETAIL, 100),
        ],
    )
    world.reviewed(deed)
    with pytest.raises(Blocked) as refused:
        world.approve_deed(deed)
    assert "protects" in refused.value.problems[0].msgid


def test_a_renewal_proposes_the_terms_as_amended(world):
    agreement = world.signed()
    world.signed_amendment(agreement)
    assert drafting.renewal(world.session, agreement, agreement.template).rebate_ppm == 35_000


STEPS = {
    "submit": lambda w, d: life.submit(w.session, w.author, d),
    "withdraw": lambda w, d: life.withdraw(w.session, w.author, d),
    "send_back": lambda w, d: life.send_back(w.session, w.manager, d, "请核对"),
    "approve": lambda w, d: w.approve_deed(d),
    "withdraw_approval": lambda w, d: life.withdraw_approval(w.session, w.manager, d, "有误"),
    "sign": lambda w, d: signing.sign(w.session, w.author, d, today()),
    "void": lambda w, d: life.void(w.session, w.manager, d, "不再变更"),
}
ALLOWED = {
    DeedStatus.DRAFT: {"submit": DeedStatus.SUBMITTED, "void": DeedStatus.VOID},
    DeedStatus.SUBMITTED: {
        "withdraw": DeedStatus.DRAFT,
        "send_back": DeedStatus.DRAFT,
        "approve": DeedStatus.APPROVED,
    },
    DeedStatus.APPROVED: {
        "withdraw_approval": DeedStatus.DRAFT,
        "sign": DeedStatus.SIGNED,
        "void": DeedStatus.VOID,
    },
    DeedStatus.SIGNED: {},
    DeedStatus.VOID: {},
}
PATH = {
    DeedStatus.DRAFT: (),
    DeedStatus.SUBMITTED: ("submit",),
    DeedStatus.APPROVED: ("submit", "approve"),
    DeedStatus.SIGNED: ("submit", "approve", "sign"),
    DeedStatus.VOID: ("void",),
}


@pytest.mark.parametrize("status", list(ALLOWED))
def test_every_step_from_every_status_does_what_the_table_says_or_is_refused(world, status):
    for step, act in STEPS.items():
        deed = world.amendment()
        for earlier in PATH[status]:
            STEPS[earlier](world, deed)
            world.session.commit()
        if step in ALLOWED[status]:
            act(world, deed)
            world.session.commit()
            assert deed.status is ALLOWED[status][step], step
            assert deed.status in DEED_MOVES[status]
        else:
            with pytest.raises(DomainError):
                act(world, deed)
            world.session.rollback()
            assert deed.status is status, step


def test_an_ended_agreement_is_refused_before_anything_is_typed(world, sign_in):
    ended = world.signed()
    ended.ends_on = today() - timedelta(days=1)
    world.session.commit()
    answer = sign_in(world.author).get(f"/agreements/{ended.id}/amend")
    assert answer.status_code >= 400
    assert "it can be renewed, not amended" in answer.text


def test_who_changed_an_amendment_does_not_approve_it(world, session):
    deed = world.amendment()
    amending.edit(
        session, world.manager, deed, world.says(values={"rebate_rate": 90_000}), version=deed.version
    )
    session.commit()
    life.submit(session, world.author, deed)
    session.commit()
    with pytest.raises(DomainError) as refused:
        world.approve_deed(deed, by=world.manager)
    session.rollback()
    assert world.manager.name in refused.value.params["names"]
    assert world.director.name in refused.value.params["others"]
    assert list(deed_todos(session, world.manager)) == []
    assert len(list(deed_todos(session, world.director))) == 1
    world.approve_deed(deed, by=world.director)
    assert deed.status is DeedStatus.APPROVED
