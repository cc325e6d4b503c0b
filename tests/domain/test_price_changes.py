"""One price change for many agreements: an amendment for each that can have one, none twice."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal.db import today
from portal.domain.access.roles import Role
from portal.domain.errors import DomainError
from portal.domain.jobs import runs
from portal.domain.jobs.models import Job
from portal.domain.price_protection import steps
from portal.domain.price_protection.batches.changes import How, PriceRule
from portal.domain.price_protection.deeds import amending, deciding, pricing
from portal.domain.price_protection.deeds.todos import deed_todos
from portal.domain.price_protection.models import Amendment, DeedStatus, PriceChange, PriceKind
from tests.domain.deed_world import DeedWorld, fake_deed_render

UP = PriceRule(How.PERCENT, 50_000, 10)
FIRST = today() + timedelta(days=20)


@pytest.fixture
def world(session, make):
    return DeedWorld(session, make)


def begun(world, agreements, rule=UP, by=None, **said):
    job = pricing.begin(
        world.session,
        by or world.author,
        [agreement.id for agreement in agreements],
        rule,
        effective_on=FIRST,
        reason="统一调整建议价",
        title="test",
        **said,
    )
    world.session.commit()
    return job


def performed(session, job, work):
    """Do a job as a worker does; gives its result."""
    claimed = runs.claim(session, job.id, "test")
    result = work(session, claimed)
    claimed.finish(result)
    return result


def test_the_preview_says_every_line_and_why_an_agreement_cannot_be_amended(world):
    fine, busy = world.signed(), world.signed()
    world.amendment(busy)
    draft = world.draft()
    ending = world.signed(expires_on=today() + timedelta(days=5))
    rows = pricing.preview(
        world.session, world.author, [row.id for row in (fine, busy, draft, ending)], UP, FIRST
    )
    assert len(rows) == 4
    found = {row.agreement.id: row for row in rows}
    [line] = found[fine.id].lines
    assert (line.before, line.after) == (2850, 2990)
    assert found[fine.id].refusal is None
    assert all(found[row.id].refusal is not None for row in (busy, draft, ending))


def test_what_the_rule_does_not_touch_is_refused_and_nonsense_too(world):
    agreement = world.signed()
    other = PriceRule(How.PERCENT, 10_000, 1, kind=PriceKind.SUGGESTED_RESALE)
    [row] = pricing.preview(world.session, world.author, [agreement.id], other, FIRST)
    assert row.refusal is not None
    with pytest.raises(DomainError):
        pricing.preview(world.session, world.author, [agreement.id], PriceRule(How.PERCENT, 0), FIRST)


def test_each_agreement_gets_one_submitted_amendment_however_often_the_task_runs(world):
    agreements = [world.signed() for _turn in range(3)]
    world.amendment(agreements[2])
    job = begun(world, agreements)
    result = performed(world.session, job, pricing.make_amendments)
    assert result["made"] == 2
    assert [number for _id, number, _msgid, _params in result["refused"]] == [agreements[2].number]
    deeds = world.session.scalars(sa.select(Amendment).where(Amendment.price_change_id.is_not(None))).all()
    assert [deed.status for deed in deeds] == [DeedStatus.SUBMITTED] * 2
    said = amending.data_of(world.session, deeds[0])["changes"][0]
    assert "29.90元（大写：贰拾玖元玖角整）" in said["after"]
    again = begun(world, agreements)
    assert performed(world.session, again, pricing.make_amendments)["made"] == 0


def test_agreements_of_other_offices_are_left_out(world):
    stranger = world.make.user(Role.SALESPERSON, world.make.region())
    agreement = world.signed()
    assert pricing.preview(world.session, stranger, [agreement.id], UP, FIRST) == []
    with pytest.raises(DomainError):
        pricing.begin(
            world.session, stranger, [agreement.id], UP, effective_on=FIRST, reason="调价", title=""
        )


def test_counsel_and_approver_decide_on_all_that_they_were_shown_and_nothing_else(world):
    agreements = [world.signed() for _turn in range(2)]
    job = begun(world, agreements)
    performed(world.session, job, pricing.make_amendments)
    change = world.session.scalars(sa.select(PriceChange)).one()
    assert deciding.approvable(world.session, world.manager, change) == []
    [todo] = deed_todos(world.session, world.counsel)
    assert todo.args == {"change_id": change.id}
    assert list(deed_todos(world.session, world.manager)) == []
    shown = deciding.hashes(deciding.reviewable(world.session, world.counsel, change))
    assert len(shown) == 2
    with pytest.raises(DomainError):
        deciding.review_all(world.session, world.counsel, change, {**shown, next(iter(shown)): "0" * 64})
    world.session.rollback()
    deciding.review_all(world.session, world.counsel, change, shown)
    world.session.commit()
    assert deciding.approvable(world.session, world.author, change) == []
    shown = deciding.hashes(deciding.approvable(world.session, world.manager, change))
    asked = deciding.ask_approval(world.session, world.manager, change, shown, title="test")
    world.session.commit()
    result = performed(
        world.session, asked, lambda session, run: deciding.approve_all(session, run, fake_deed_render)
    )
    assert (result["made"], result["refused"]) == (2, [])
    statuses = world.session.scalars(sa.select(Amendment.status)).all()
    assert set(statuses) == {DeedStatus.APPROVED}
    assert world.session.scalar(sa.select(sa.func.count(Job.id))) == 2


def test_who_sees_one_agreement_of_a_change_reads_nothing_of_other_offices(world, session):
    far = world.make.region("示例远区")
    mine, theirs = world.signed(), world.submitted(world.add_distributor(region=far))
    world.approve(theirs, by=world.director)
    steps.sign(session, world.author, theirs, today())
    world.amendment(theirs)  # so that it is refused
    job = begun(world, [mine, theirs], by=world.director)
    assert performed(session, job, pricing.make_amendments)["made"] == 1
    session.expire_all()
    change = session.scalars(sa.select(PriceChange)).one()
    assert [row[1] for row in pricing.refusals(session, world.director, change)] == [theirs.number]
    assert pricing.refusals(session, world.author, change) == []


def test_one_agreement_may_get_another_price_than_the_rule_makes_or_keep_its_own(world):
    ruled, excepted, kept = world.signed(), world.signed(), world.signed()
    key = (world.product.id, PriceKind.SUGGESTED_RETAIL)
    own = {excepted.id: {key: 3333}, kept.id: {key: 2850}}
    rows = pricing.preview(
        world.session, world.author, [row.id for row in (ruled, excepted, kept)], UP, FIRST, own
    )
    assert [[line.after for line in row.lines] for row in rows] == [[2990], [3333], [2850]]
    assert [row.refusal is None for row in rows] == [True, True, False]
    job = begun(world, [ruled, excepted, kept], exceptions=own)
    result = performed(world.session, job, pricing.make_amendments)
    assert (result["made"], [row[1] for row in result["refused"]]) == (2, [kept.number])
    prices = {
        deed.agreement_id: deed.says["prices"][0][2] for deed in world.session.scalars(sa.select(Amendment))
    }
    assert prices == {ruled.id: 2990, excepted.id: 3333}
    with pytest.raises(DomainError):
        begun(world, [ruled], exceptions={ruled.id: {key: 0}})
