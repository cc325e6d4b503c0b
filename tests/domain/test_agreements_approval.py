"""Approving: what is checked, who wins when two approve at once, what no two agreements may share."""

import threading
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from portal.db import now, today
from portal.domain.access.roles import Role
from portal.domain.distributors.models import Standing
from portal.domain.errors import DomainError
from portal.domain.price_protection import approval, drafting, people, steps, todos
from portal.domain.price_protection.models import (
    Agreement,
    AgreementPaper,
    AgreementPrice,
    AgreementTerms,
    PriceKind,
    Status,
)
from portal.domain.price_protection.problems import conflicts, problems
from portal.domain.settings import services as company
from portal.domain.users.models import User
from portal.extensions import db
from tests.domain.agreement_world import AgreementWorld, FakePrint, fake_render


@pytest.fixture
def world(session, make):
    return AgreementWorld(session, make)


def named(found):
    return {problem.name for problem in found}


def test_an_unreleased_template_keeps_an_agreement_from_being_approved(session, make):
    world = AgreementWorld(session, make, is_released=False)
    agreement = world.submitted()
    with pytest.raises(approval.Blocked) as refused:
        world.approve(agreement)
    assert [problem.place.value for problem in refused.value.problems] == ["template"]


def test_a_release_of_another_text_is_no_release(world):
    agreement = world.submitted()
    agreement.template.text += "\n"
    world.session.commit()
    with pytest.raises(approval.Blocked):
        world.approve(agreement)


def test_an_eliminated_distributor_gets_no_agreement(world):
    agreement = world.submitted()
    agreement.distributor.standing = Standing.ELIMINATED
    world.session.commit()
    with pytest.raises(approval.Blocked):
        world.approve(agreement)
    world.session.rollback()
    with pytest.raises(DomainError):
        world.draft(agreement.distributor)


@pytest.mark.parametrize("kind", [PriceKind.MAXIMUM_RETAIL, PriceKind.MINIMUM_RESALE])
def test_a_binding_price_needs_an_approval_of_its_product_kind_and_day(world, kind):
    other_kind = next(k for k in PriceKind if k.needs_approval and k is not kind)
    other_product = world.add_product()
    first = today() + timedelta(days=10)
    for facts in (
        {"product": other_product, "kind": kind},
        {"product": world.product, "kind": other_kind},
        {"product": world.product, "kind": kind, "valid_until": first - timedelta(days=1)},
        {"product": world.product, "kind": kind, "valid_from": first + timedelta(days=1)},
        {"product": world.product, "kind": kind, "revoked_at": now(), "revoked_by_id": world.counsel.id},
    ):
        world.approve_price(facts.pop("product"), facts.pop("kind"), **facts)
    agreement = world.draft(effective_on=first, prices=[(world.product, kind, 2500)])
    assert "price.approval" in named(problems(world.session, agreement))
    with pytest.raises(steps.Incomplete):
        steps.submit(world.session, world.author, agreement)
    world.session.rollback()
    world.approve_price(world.product, kind, valid_until=first)
    steps.submit(world.session, world.author, agreement)
    world.session.commit()
    paper = world.approve(agreement)
    assert paper.payload["prices"][0]["approval_number"]
    assert agreement.terms[0].prices[0].approval_id == paper.payload["prices"][0]["approval_id"]


def test_an_approval_revoked_after_the_submission_blocks(world):
    price_approval = world.approve_price(world.product, PriceKind.MINIMUM_RESALE)
    agreement = world.submitted(prices=[(world.product, PriceKind.MINIMUM_RESALE, 2500)])
    price_approval.revoked_at, price_approval.revoked_by_id = now(), world.counsel.id
    world.session.commit()
    with pytest.raises(approval.Blocked):
        world.approve(agreement)


def test_breach_of_an_approved_price_is_chosen_only_with_one(world):
    with pytest.raises(DomainError) as refused:
        world.draft(violations=("cross_territory", "approved_price"))
    assert refused.value.field == "violations"
    world.session.rollback()
    world.approve_price(world.product, PriceKind.MAXIMUM_RETAIL)
    agreement = world.draft(
        prices=[(world.product, PriceKind.MAXIMUM_RETAIL, 2500)],
        violations=("approved_price", "cross_territory"),
    )
    # In the order of counsel's list, whatever was ticked first.
    assert [row.code for row in agreement.terms[0].violations] == ["cross_territory", "approved_price"]


def test_every_missing_fact_is_listed(world):
    bare = world.make.distributor(world.region, world.author)
    root = world.make.head_office()
    company.change(world.session, None, root, {"reporting_channel": None})
    agreement = world.draft(bare, prices=[], violations=[], values={"territory_description": ""})
    missing = named(problems(world.session, agreement))
    assert missing >= {
        "distributor_uscc",
        "distributor_legal_rep",
        "distributor_address",
        "distributor_contact",
        "distributor_phone",
        "territory_description",
        "reporting_channel",
        "price",
        "violation",
    }


def test_what_settings_say_later_does_not_change_an_approved_agreement(world):
    agreement = world.approved()
    root = world.make.head_office()
    company.change(world.session, None, root, {"response_days": 25, "manufacturer_contact": "赵六"})
    world.session.commit()
    assert agreement.terms[0].values["response_days"] == 10
    assert agreement.papers[0].payload["values"]["manufacturer_contact"] == "张三"
    draft = world.draft(agreement.distributor)
    assert drafting.entry_of(world.session, draft).values["response_days"] == 25


def test_a_withdrawn_approval_leaves_only_what_its_author_said(world):
    agreement = world.approved(values={"cure_days": 20})
    steps.withdraw_approval(world.session, world.manager, agreement, "价格有误")
    world.session.commit()
    assert agreement.terms[0].values == {
        "signing_place": "浙江省杭州市西湖区",
        "territory_description": "浙江省湖州市吴兴区、南浔区",
        "cure_days": 20,
    }


def test_counsels_terms_are_counsels(world):
    with pytest.raises(DomainError) as refused:
        world.draft(values={"late_lpr_percent": 2_000_000})
    assert refused.value.field == "late_lpr_percent"


def test_a_change_while_the_paper_is_made_stops_the_approval(world, app):
    agreement = world.submitted()
    author_id = world.author.id

    def render(frozen):
        with app.app_context(), Session(db.engine) as other:
            theirs = other.get(Agreement, frozen.agreement_id)
            steps.withdraw_submission(other, other.get(User, author_id), theirs)
            other.commit()
        return fake_render(frozen)

    seen = approval.shown_sha256(world.session, agreement)
    with pytest.raises(DomainError):
        approval.approve(world.session, world.manager, agreement, seen_sha256=seen, render=render)
    world.session.rollback()
    assert agreement.status is Status.DRAFT
    assert world.session.scalars(sa.select(AgreementPaper)).all() == []


def test_no_transaction_is_open_while_the_paper_is_made(world, app):
    agreement = world.submitted()
    seen = approval.shown_sha256(world.session, agreement)
    open_then = []

    def render(frozen):
        open_then.append(world.session.in_transaction())
        return fake_render(frozen)

    approval.approve(world.session, world.manager, agreement, seen_sha256=seen, render=render)
    assert open_then == [False]


def test_of_two_approvals_at_once_that_protect_one_product_exactly_one_wins(world, app):
    distributor = world.add_distributor()
    ids = [world.submitted(distributor).id for _turn in range(2)]
    manager_id = world.manager.id
    world.session.close()
    both_printed = threading.Barrier(2, timeout=30)
    outcomes: dict[int, str] = {}

    def decide(agreement_id: int) -> None:
        def render(frozen):
            both_printed.wait()  # both have passed the checks, neither has decided yet
            return FakePrint(b"%PDF-1.7 " + frozen.number.encode())

        with app.app_context(), Session(db.engine) as session:
            agreement = session.get(Agreement, agreement_id)
            manager = session.get(User, manager_id)
            seen = approval.shown_sha256(session, agreement)
            session.rollback()
            try:
                approval.approve(session, manager, agreement, seen_sha256=seen, render=render)
                session.commit()
                outcomes[agreement_id] = "approved"
            except approval.Blocked as error:
                session.rollback()
                outcomes[agreement_id] = error.problems[0].place.value

    threads = [threading.Thread(target=decide, args=(id,)) for id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes.values()) == ["approved", "other_agreement"]
    stati = sorted(world.session.scalars(sa.select(Agreement.status).where(Agreement.id.in_(ids))))
    assert stati == [Status.APPROVED, Status.SUBMITTED]


def test_numbers_given_at_once_are_all_different(world, app):
    distributor = world.add_distributor()
    author_id, entry = world.author.id, world.entry()
    distributor_id = distributor.id
    world.session.close()
    numbers: list[str] = []

    def write() -> None:
        with app.app_context(), Session(db.engine) as session:
            made = drafting.draft(
                session, session.get(User, author_id), session.get(type(distributor), distributor_id), entry
            )
            session.commit()
            numbers.append(made.number)

    threads = [threading.Thread(target=write) for _turn in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(numbers) == [f"PPA-{today().year}-{n:06d}" for n in range(1, 7)]


DAY = date(2026, 1, 1)
TERMS = st.tuples(
    st.integers(0, 20),
    st.integers(1, 12),
    st.integers(-3, 12),
    st.sampled_from([Status.APPROVED, Status.SIGNED, Status.TERMINATED, Status.VOID, Status.DRAFT]),
    st.sets(st.integers(0, 3), min_size=1, max_size=3),
    st.integers(0, 1),
)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(candidate=TERMS, others=st.lists(TERMS, max_size=5))
def test_a_conflict_is_found_exactly_when_a_product_and_a_day_are_shared(world, candidate, others):
    session = world.session
    if not hasattr(world, "shelf"):
        world.shelf = [world.add_product() for _turn in range(4)]
        world.pair = [world.add_distributor(), world.add_distributor()]

    def write(no, said):
        start, length, shortened, status, products, who = said
        first = DAY + timedelta(days=start)
        agreement = Agreement(
            number=f"T-{no}",
            distributor_id=world.pair[who].id,
            region_id=world.region.id,
            template_id=world.template.id,
            author_id=world.author.id,
            status=status,
            effective_on=first,
            expires_on=first + timedelta(days=length),
            # A terminated one may have ended before it even began.
            ends_on=first + timedelta(days=min(length, shortened) if status is Status.TERMINATED else length),
        )
        terms = AgreementTerms(no=0, effective_on=first, rebate_ppm=10_000, base_share=60)
        terms.prices = [
            AgreementPrice(
                no=n, product_id=world.shelf[p].id, kind=PriceKind.SUGGESTED_RETAIL, amount_fen=100
            )
            for n, p in enumerate(sorted(products), 1)
        ]
        agreement.terms = [terms]
        session.add(agreement)
        session.flush()
        return agreement, products

    def days(agreement):
        length = (agreement.ends_on - agreement.effective_on).days
        return {agreement.effective_on + timedelta(days=n) for n in range(length + 1)}

    try:
        mine, my_products = write(0, (*candidate[:2], 99, Status.SUBMITTED, candidate[4], candidate[5]))
        expected = set()
        for no, said in enumerate(others, 1):
            other, products = write(no, said)
            if (
                other.status in (Status.APPROVED, Status.SIGNED, Status.TERMINATED)
                and other.distributor_id == mine.distributor_id
                and days(other) & days(mine)
            ):
                expected |= {(other.number, world.shelf[p].name) for p in products & my_products}
        found = {(row.number, row.product_name) for row in conflicts(session, mine)}
        assert found == expected
    finally:
        session.rollback()


def test_who_wrote_in_the_terms_does_not_approve_them_whoever_drafted_and_submitted(world, session):
    other = world.make.user(Role.REGIONAL_MANAGER, world.region)
    agreement = world.draft()
    entry = world.entry(rebate_ppm=90_000)
    drafting.edit(session, world.manager, agreement, entry, version=agreement.version)
    session.commit()
    steps.submit(session, world.author, agreement)
    session.commit()
    # Sent back and submitted again, they are still its words.
    steps.send_back(session, other, agreement, "请复核")
    steps.submit(session, world.author, agreement)
    session.commit()
    with pytest.raises(DomainError) as refused:
        world.approve(agreement, by=world.manager)
    session.rollback()
    assert world.manager.name in refused.value.params["names"]
    assert other.name in refused.value.params["others"]
    assert world.manager.name not in people.approvers(session, agreement)
    assert todos.awaiting_my_approval(session, world.manager) == []
    assert len(todos.awaiting_my_approval(session, other)) == 1
    world.approve(agreement, by=other)
    assert agreement.status is Status.APPROVED
