"""Agreements by the hundred: chosen, changed in bulk, drafted, submitted and approved as a list."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors.models import Standing
from portal.domain.errors import DomainError
from portal.domain.jobs import services as jobs
from portal.domain.jobs.models import Job
from portal.domain.jobs.runs import Run, claim
from portal.domain.price_protection import drafting
from portal.domain.price_protection.batches import (
    approval_run,
    approving,
    choosing,
    moves,
    queries,
    services,
    tasks,
)
from portal.domain.price_protection.batches import changes as bulk
from portal.domain.price_protection.batches.approving import Because
from portal.domain.price_protection.batches.changes import Changes, How, PriceRule
from portal.domain.price_protection.batches.choosing import Choice
from portal.domain.price_protection.batches.models import Batch, BatchCheck, BatchRow, Trouble
from portal.domain.price_protection.batches.queries import Stage
from portal.domain.price_protection.batches.todos import todos as batch_todos
from portal.domain.price_protection.drafting import PriceEntry
from portal.domain.price_protection.models import Agreement, PriceKind, Status
from tests.domain.agreement_world import AgreementWorld, fake_render

RETAIL, RESALE = PriceKind.SUGGESTED_RETAIL, PriceKind.SUGGESTED_RESALE
WORK = {
    services.CHECK: tasks.check_rows,
    services.DRAFT: tasks.make_drafts,
    services.SUBMIT: tasks.submit_drafts,
    services.APPROVE: lambda session, run: approval_run.approve_rows(
        session, run, lambda many: iter([fake_render(one) for one in many])
    ),
}


class BatchWorld(AgreementWorld):
    """An office whose agreements are renewed together."""

    def batch(self, agreements: list[Agreement], changes: Changes | None = None) -> Batch:
        batch = services.create(
            self.session, self.author, name="示例批次", agreement_ids=[row.id for row in agreements]
        )
        self.session.commit()
        if changes is not None:
            services.change(self.session, self.author, batch, changes, version=batch.version)
            self.session.commit()
        return batch

    def do(self, batch: Batch, kind: str, by=None, work=None) -> dict[str, int]:
        job = services.ask(self.session, by or self.author, batch, kind, total=0)
        self.session.commit()
        return self.perform(job, work or WORK[kind])

    def perform(self, job: Job, work) -> dict[str, int]:
        run = claim(self.session, job.id, "test")
        assert run is not None
        result = work(self.session, run)
        run.finish(result)
        self.session.expire_all()
        return result

    def rows(self, batch: Batch) -> list[BatchRow]:
        self.session.expire_all()
        return list(
            self.session.scalars(
                sa.select(BatchRow).where(BatchRow.batch_id == batch.id).order_by(BatchRow.id)
            )
        )

    def submitted_batch(self, count: int, changes: Changes | None = None) -> Batch:
        batch = self.batch([self.signed() for _ in range(count)], changes or Changes(rebate_ppm=35_000))
        self.do(batch, services.DRAFT)
        self.do(batch, services.SUBMIT)
        return batch

    def look_at_all(self, batch: Batch, by) -> None:
        approving.draw(self.session, by, batch)
        self.session.commit()
        for check in approving.checks(self.session, by, approving.pending(self.session, batch, by)):
            row = self.session.get(BatchRow, check.row_id)
            assert approving.look(self.session, by, batch, row, seen_sha256=row.sha256)
        self.session.commit()

    def approve_all(self, batch: Batch, by) -> dict[str, int]:
        seen = approving.digest(approving.pending(self.session, batch, by))
        job = approving.ask(self.session, by, batch, seen=seen)
        self.session.commit()
        return self.perform(job, WORK[services.APPROVE])


@pytest.fixture
def world(session, make):
    return BatchWorld(session, make)


def test_a_batch_of_renewals_goes_from_choice_to_approval(world):
    signed = [world.signed() for _ in range(4)]
    batch = world.batch(signed, Changes(rebate_ppm=35_000, prices=(PriceRule(How.PERCENT, 50_000, 10),)))
    assert world.do(batch, services.CHECK)["done"] == 4
    rows = world.rows(batch)
    assert {row.trouble for row in rows} == {Trouble.NONE}
    said = {key: (before, after) for key, before, after in rows[0].facts["differences"]}
    assert said["rebate_ppm"] == (30_000, 35_000)
    assert said[f"price {world.product.id} suggested_retail"] == (2850, 2990)  # 29.925 to steps of 0.10
    assert world.do(batch, services.DRAFT)["done"] == 4
    rows = world.rows(batch)
    drafts = [row.agreement for row in rows]
    assert [draft.follows_id for draft in drafts] == [row.id for row in signed]
    assert {draft.status for draft in drafts} == {Status.DRAFT}
    assert {draft.terms[0].rebate_ppm for draft in drafts} == {35_000}
    assert {draft.effective_on for draft in drafts} == {signed[0].ends_on + timedelta(days=1)}
    assert world.do(batch, services.SUBMIT)["done"] == 4
    world.look_at_all(batch, world.manager)
    assert world.approve_all(batch, world.manager)["done"] == 4
    rows = world.rows(batch)
    assert {row.agreement.status for row in rows} == {Status.APPROVED}
    for row in rows:
        assert row.agreement.papers[0].payload_sha256 == row.sha256
        assert row.agreement.papers[0].made_by_id == world.manager.id
    approved = world.session.scalars(
        sa.select(AuditEvent).where(
            AuditEvent.action == "agreement.approved", AuditEvent.actor_id == world.manager.id
        )
    ).all()
    assert {row.sha256 for row in rows} <= {event.params["payload_sha256"] for event in approved}


def test_drafts_are_made_once_however_often_they_are_asked_for(world):
    batch = world.batch([world.signed() for _ in range(3)])
    world.do(batch, services.DRAFT)
    assert world.do(batch, services.DRAFT) == {"done": 0, "refused": 0, "passed": 3, "batch_id": batch.id}
    followers = world.session.scalar(sa.select(sa.func.count()).where(Agreement.follows_id.is_not(None)))
    assert followers == 3


def test_a_worker_that_dies_between_chunks_leaves_nothing_twice(world, monkeypatch):
    monkeypatch.setattr(tasks, "CHUNK", 2)
    batch = world.batch([world.signed() for _ in range(5)])
    job = services.ask(world.session, world.author, batch, services.DRAFT, total=5)
    world.session.commit()

    class Killed(Exception):
        pass

    first = claim(world.session, job.id, "one")
    step = Run.step

    def dies(self, *args, **kwargs):
        step(self, *args, **kwargs)
        raise Killed

    monkeypatch.setattr(Run, "step", dies)
    with pytest.raises(Killed):
        tasks.make_drafts(world.session, first)
    monkeypatch.setattr(Run, "step", step)
    world.session.rollback()
    first.give_back(is_crash=True)
    assert len([row for row in world.rows(batch) if row.agreement_id]) == 2
    second = claim(world.session, job.id, "two")
    result = tasks.make_drafts(world.session, second)
    second.finish(result)
    assert result["done"] == 5
    drafts = [row.agreement_id for row in world.rows(batch)]
    assert len(set(drafts)) == 5 and None not in drafts


def test_each_row_says_what_stands_in_its_way_and_the_others_go_on(world):
    renewed, gone, holey, fine = (world.signed() for _ in range(4))
    template = world.template
    drafting.draft(
        world.session,
        world.author,
        renewed.distributor,
        drafting.renewal(world.session, renewed, template),
        follows=renewed,
    )
    gone.distributor.standing = Standing.ELIMINATED
    holey.distributor.legal_rep = ""
    world.session.commit()
    batch = world.batch([renewed, gone, holey, fine])
    world.do(batch, services.CHECK)
    rows = world.rows(batch)
    assert [row.trouble for row in rows] == [Trouble.BLOCKED, Trouble.BLOCKED, Trouble.HOLES, Trouble.NONE]
    assert rows[0].facts["problems"][0]["record_id"]
    assert rows[2].facts["problems"][0]["name"] == "distributor_legal_rep"
    assert world.do(batch, services.DRAFT) == {"done": 2, "refused": 2, "passed": 0, "batch_id": batch.id}
    assert world.do(batch, services.SUBMIT) == {"done": 1, "refused": 1, "passed": 2, "batch_id": batch.id}
    stages = queries.stages(world.session, batch, world.author)
    assert stages == {Stage.BLOCKED: 2, Stage.HOLES: 1, Stage.SUBMITTED: 1}


def test_a_row_with_terms_of_its_own_keeps_them_and_comes_first(world):
    batch = world.batch([world.signed() for _ in range(3)], Changes(rebate_ppm=35_000))
    world.do(batch, services.CHECK)
    row = world.rows(batch)[1]
    own = Changes(
        rebate_ppm=20_000, prices=(PriceRule(How.AMOUNT, 1999, product_id=world.product.id, kind=RETAIL),)
    )
    services.except_row(world.session, world.author, batch, row, own, version=batch.version)
    world.session.commit()
    world.do(batch, services.DRAFT)
    rows = world.rows(batch)
    assert [one.agreement.terms[0].rebate_ppm for one in rows] == [35_000, 20_000, 35_000]
    assert rows[1].agreement.terms[0].prices[0].amount_fen == 1999
    assert rows[1].weight > max(rows[0].weight, rows[2].weight)
    assert {key for key, *_ in rows[1].facts["unusual"]} == {
        "rebate_ppm",
        f"price {world.product.id} suggested_retail",
    }


def test_a_draft_changed_by_hand_is_unusual(world):
    batch = world.batch([world.signed() for _ in range(2)])
    world.do(batch, services.DRAFT)
    draft = world.rows(batch)[0].agreement
    entry = drafting.entry_of(world.session, draft)
    entry = type(entry)(**{**entry.__dict__, "rebate_ppm": 60_000})
    drafting.edit(world.session, world.author, draft, entry, version=draft.version)
    world.session.commit()
    world.do(batch, services.SUBMIT)
    rows = world.rows(batch)
    assert [row.facts["unusual"] for row in rows] == [[["rebate_ppm", 30_000, 60_000]], []]
    assert rows[0].weight > queries.UNUSUAL > rows[1].weight


def test_a_row_left_out_gets_no_draft_until_it_is_taken_in_again(world):
    batch = world.batch([world.signed() for _ in range(2)])
    row = world.rows(batch)[0]
    with pytest.raises(DomainError) as refused:
        services.leave_out(world.session, world.author, batch, [row.id], "  ")
    assert refused.value.field == "reason"
    world.session.rollback()
    services.leave_out(world.session, world.author, batch, [row.id], "客户要求单独谈")
    world.session.commit()
    assert world.do(batch, services.DRAFT)["done"] == 1
    assert world.rows(batch)[0].agreement_id is None
    services.take_back_in(world.session, world.author, batch, [row.id])
    world.session.commit()
    assert world.do(batch, services.DRAFT)["done"] == 1


def test_nobody_approves_a_list_without_its_spot_checks(world):
    batch = world.submitted_batch(5)
    with pytest.raises(DomainError) as refused:
        world.approve_all(batch, world.manager)
    assert refused.value.params["count"] == 3
    world.session.rollback()
    assert approving.draw(world.session, world.manager, batch) == 3
    assert approving.draw(world.session, world.manager, batch) == 0
    world.session.commit()
    checks = approving.checks(
        world.session, world.manager, approving.pending(world.session, batch, world.manager)
    )
    for check in checks[:2]:
        row = world.session.get(BatchRow, check.row_id)
        approving.look(world.session, world.manager, batch, row, seen_sha256=row.sha256)
    world.session.commit()
    with pytest.raises(DomainError) as refused:
        world.approve_all(batch, world.manager)
    assert refused.value.params["count"] == 1
    world.session.rollback()
    looked = world.session.scalars(sa.select(BatchCheck).where(BatchCheck.looked_at.is_not(None))).all()
    assert len(looked) == 2 and {check.user_id for check in looked} == {world.manager.id}


def test_whoever_submitted_does_not_approve_and_other_offices_neither(world):
    elsewhere = world.make.user(Role.REGIONAL_MANAGER, world.make.region("示例别区"))
    batch = services.create(
        world.session, world.manager, name="经理的批次", agreement_ids=[world.signed().id for _ in range(3)]
    )
    world.session.commit()
    world.do(batch, services.DRAFT, by=world.manager)
    world.do(batch, services.SUBMIT, by=world.manager)
    assert approving.pending(world.session, batch, world.manager) == []
    assert approving.pending(world.session, batch, elsewhere) == []
    assert world.session.scalars(queries.batches_visible_to(elsewhere)).all() == []
    chief = world.make.user(Role.EXECUTIVE)
    assert len(approving.pending(world.session, batch, chief)) == 3
    row = world.rows(batch)[0]
    with pytest.raises(DomainError):
        approving.look(world.session, world.manager, batch, row, seen_sha256=row.sha256)


def test_a_list_that_changed_is_not_the_one_that_was_read(world):
    batch = world.submitted_batch(4)
    world.look_at_all(batch, world.manager)
    seen = approving.digest(approving.pending(world.session, batch, world.manager))
    row = world.rows(batch)[0]
    approving.send_back(world.session, world.manager, batch, row, "价格有误")
    world.session.commit()
    with pytest.raises(DomainError):
        approving.ask(world.session, world.manager, batch, seen=seen)


def test_a_row_that_says_something_else_by_now_is_refused_alone(world):
    batch = world.submitted_batch(3)
    world.look_at_all(batch, world.manager)
    seen = approving.digest(approving.pending(world.session, batch, world.manager))
    job = approving.ask(world.session, world.manager, batch, seen=seen)
    world.session.commit()
    changed = world.rows(batch)[1]
    changed.agreement.distributor.legal_rep = "赵新人"
    world.session.commit()
    assert world.perform(job, WORK[services.APPROVE]) == {"done": 2, "refused": 1, "batch_id": batch.id}
    rows = world.rows(batch)
    assert [row.agreement.status for row in rows] == [Status.APPROVED, Status.SUBMITTED, Status.APPROVED]
    assert "changed since you opened it" in rows[1].refusal["msgid"]
    # Looking at it shows what it says now, and only that counts.
    assert not approving.look(world.session, world.manager, batch, rows[1], seen_sha256=rows[1].sha256)
    world.session.commit()
    world.look_at_all(batch, world.manager)
    assert world.approve_all(batch, world.manager)["done"] == 1


def test_what_is_sent_back_is_replaced_in_the_draw_and_not_handed_in_unmended(world):
    batch = world.submitted_batch(5)
    approving.draw(world.session, world.manager, batch)
    world.session.commit()
    pending = approving.pending(world.session, batch, world.manager)
    first = world.session.get(BatchRow, approving.checks(world.session, world.manager, pending)[0].row_id)
    approving.send_back(world.session, world.manager, batch, first, "返利率有误")
    world.session.commit()
    pending = approving.pending(world.session, batch, world.manager)
    assert len(pending) == 4
    assert len(approving.checks(world.session, world.manager, pending)) == 3
    assert world.do(batch, services.SUBMIT)["refused"] == 1
    row = world.session.get(BatchRow, first.id)
    assert row.agreement.status is Status.DRAFT
    entry = drafting.entry_of(world.session, row.agreement)
    entry = type(entry)(**{**entry.__dict__, "rebate_ppm": 31_000})
    drafting.edit(world.session, world.author, row.agreement, entry, version=row.agreement.version)
    world.session.commit()
    assert world.do(batch, services.SUBMIT)["done"] == 1


def test_only_signed_agreements_of_ones_own_offices_are_chosen(world):
    elsewhere = world.make.region("示例别区")
    other = of_office(world, elsewhere)
    draft, signed = world.draft(), world.signed()
    found = world.session.execute(choosing.candidates(world.session, world.author, Choice())).all()
    assert [row.id for row in found] == [signed.id]
    for wrong in (draft.id, other.id):
        with pytest.raises(DomainError):
            services.create(world.session, world.author, name="x", agreement_ids=[signed.id, wrong])
        world.session.rollback()


def of_office(world, region):
    agreement = world.signed()
    agreement.region_id = region.id
    world.session.commit()
    return agreement


def test_one_task_at_a_time_works_on_a_batch(world):
    batch = world.batch([world.signed()])
    job = services.ask(world.session, world.author, batch, services.DRAFT, total=1)
    world.session.commit()
    with pytest.raises(DomainError):
        services.ask(world.session, world.author, batch, services.SUBMIT, total=1)
    world.session.rollback()
    with pytest.raises(DomainError):
        services.change(world.session, world.author, batch, Changes(rebate_ppm=1), version=batch.version)
    world.session.rollback()
    jobs.cancel(world.session, world.author, job)
    world.session.commit()
    assert services.running_job(world.session, batch) is None


@pytest.mark.parametrize(
    ("rows", "drawn"), [(0, 0), (1, 1), (3, 3), (4, 3), (60, 3), (61, 4), (100, 5), (1000, 50)]
)
def test_five_percent_are_drawn_and_at_least_three(rows, drawn):
    assert approving.needed(rows) == drawn


@given(
    fen=st.integers(1, 10**12),
    ppm=st.integers(-bulk.MOST_PPM, bulk.MOST_PPM),
    step=st.integers(1, 10_000),
)
def test_a_moved_price_is_the_nearest_step_half_up(fen, ppm, step):
    after = bulk.moved(fen, ppm, step)
    assert after % step == 0
    exact = fen * (1_000_000 + ppm)
    distance = after * 1_000_000 - exact
    assert -step * 1_000_000 < 2 * distance <= step * 1_000_000


def test_the_most_precise_rule_decides():
    rows = [PriceEntry(1, RETAIL, 1000), PriceEntry(1, RESALE, 800), PriceEntry(2, RETAIL, 2000)]
    rules = (
        PriceRule(How.PERCENT, 100_000, 100),
        PriceRule(How.AMOUNT, 1234, product_id=1, kind=RETAIL),
        PriceRule(How.DROPPED, kind=RESALE),
        PriceRule(How.PROPOSED, product_id=2),
    )
    after = bulk.new_prices((), rules, rows, {(2, RETAIL): 2222})
    assert [(row.product_id, row.amount_fen) for row in after] == [(1, 1234), (2, 2222)]


@pytest.mark.parametrize(
    "changes",
    [
        Changes(rebate_ppm=30_000, rebate_add_ppm=5_000),
        Changes(rebate_ppm=0),
        Changes(base_share=101),
        Changes(effective_on=date(2027, 2, 1), expires_on=date(2027, 1, 1)),
        Changes(prices=(PriceRule(How.PERCENT, 600_000),)),
        Changes(prices=(PriceRule(How.PERCENT, 0),)),
        Changes(prices=(PriceRule(How.AMOUNT, 100),)),
        Changes(prices=(PriceRule(How.AMOUNT, 0, product_id=1),)),
        Changes(prices=(PriceRule(How.PERCENT, 1, 0),)),
        Changes(prices=(PriceRule(How.PERCENT, 1), PriceRule(How.PERCENT, 2))),
    ],
)
def test_what_cannot_be_meant_is_refused(changes):
    with pytest.raises(DomainError):
        bulk.check(changes)


def test_changes_are_kept_as_they_were_said():
    said = Changes(
        template="price-protection.zh@1.0.0",
        effective_on=date(2027, 1, 1),
        rebate_add_ppm=-5_000,
        prices=(PriceRule(How.PERCENT, -20_000, 10, 3, RETAIL),),
        values={"response_days": 12},
        shares={"cross_territory": 500_000},
    )
    assert bulk.read(said.as_json()) == said


def test_a_rate_that_comes_to_nothing_blocks_its_row_alone(world):
    low, high = world.signed(rebate_ppm=10_000), world.signed(rebate_ppm=50_000)
    batch = world.batch([low, high], Changes(rebate_add_ppm=-10_000))
    world.do(batch, services.CHECK)
    assert [row.trouble for row in world.rows(batch)] == [Trouble.BLOCKED, Trouble.NONE]


def test_an_approval_that_was_cut_short_goes_on_behind_what_is_approved(world, monkeypatch):
    batch = world.submitted_batch(3)
    world.look_at_all(batch, world.manager)
    seen = approving.digest(approving.pending(world.session, batch, world.manager))
    job = approving.ask(world.session, world.manager, batch, seen=seen)
    world.session.commit()
    step = Run.step

    def without_seal(many):
        return iter(
            [replace(fake_render(one), unsealed_because=("No key: %(why)s", {"why": "x"})) for one in many]
        )

    def work(session, run):
        return approval_run.approve_rows(session, run, without_seal)

    def dies(self, *args, **kwargs):
        step(self, *args, **kwargs)
        raise KeyboardInterrupt

    first = claim(world.session, job.id, "one")
    monkeypatch.setattr(Run, "step", dies)
    with pytest.raises(KeyboardInterrupt):
        work(world.session, first)
    monkeypatch.setattr(Run, "step", step)
    world.session.rollback()
    first.give_back(is_crash=True)
    second = claim(world.session, job.id, "two")
    result = work(world.session, second)
    second.finish(result)
    # No approval is lost over a seal that failed; how many lack it is told across the cut.
    assert (result["done"], result["unsealed"]) == (3, 3)
    assert [len(row.agreement.papers) for row in world.rows(batch)] == [1, 1, 1]


def test_spot_checks_are_drawn_from_what_the_list_would_approve(world, session, monkeypatch):
    batch = world.submitted_batch(12)
    held_up = world.rows(batch)[3:]
    for row in held_up:  # changed since they were checked
        row.checked_version = 0
    session.commit()
    # The lot falls as badly as it can.
    monkeypatch.setattr(approving.secrets.SystemRandom, "sample", lambda _self, rows, count: rows[-count:])
    approving.draw(session, world.manager, batch)
    session.commit()
    pending = approving.pending(session, batch, world.manager)
    drawn = {check.row_id for check in approving.checks(session, world.manager, pending) if check.is_needed}
    assert drawn == {row.row_id for row in approving.ready(pending)}
    # One that was drawn and is held up since then counts no more: another stands for it.
    lost = session.get(BatchRow, min(drawn))
    held_up[0].checked_version, lost.checked_version = held_up[0].agreement.version, 0
    session.commit()
    with pytest.raises(DomainError):
        world.approve_all(batch, world.manager)
    session.rollback()
    assert approving.draw(session, world.manager, batch) == 1
    pending = approving.pending(session, batch, world.manager)
    checks = approving.checks(session, world.manager, pending)
    assert {check.row_id for check in checks if check.is_needed} == {*drawn, held_up[0].id} - {lost.id}


def test_rows_with_terms_of_their_own_are_always_read_besides_those_drawn_by_lot(world, session, monkeypatch):
    batch = world.batch([world.signed() for _ in range(9)], Changes(rebate_ppm=35_000))
    own = world.rows(batch)[0]
    services.except_row(session, world.author, batch, own, Changes(rebate_ppm=32_000), version=batch.version)
    session.commit()
    world.do(batch, services.DRAFT)
    by_hand = world.rows(batch)[1]
    entry = replace(drafting.entry_of(session, by_hand.agreement), rebate_ppm=60_000)
    drafting.edit(session, world.author, by_hand.agreement, entry, version=by_hand.agreement.version)
    session.commit()
    world.do(batch, services.SUBMIT)
    # The lot falls as badly as it can: on the last ones only.
    monkeypatch.setattr(approving.secrets.SystemRandom, "sample", lambda _self, rows, count: rows[-count:])
    assert approving.draw(session, world.manager, batch) == 3
    session.commit()
    pending = approving.pending(session, batch, world.manager)
    checks = approving.checks(session, world.manager, pending)
    rows = world.rows(batch)
    assert [(check.row_id, check.because) for check in checks] == [
        *((row.id, Because.OWN_TERMS) for row in rows[:2]),
        *((row.id, Because.LOT) for row in rows[-3:]),
    ]
    for row in rows[-3:]:
        approving.look(session, world.manager, batch, row, seen_sha256=row.sha256)
    session.commit()
    with pytest.raises(DomainError) as refused:
        world.approve_all(batch, world.manager)
    assert refused.value.params["count"] == 2
    session.rollback()
    for row in world.rows(batch)[:2]:
        approving.look(session, world.manager, batch, row, seen_sha256=row.sha256)
    session.commit()
    assert world.approve_all(batch, world.manager)["done"] == 9


def test_a_slip_of_the_pen_is_the_largest_fall_and_what_most_share_the_largest_rise(world, session):
    batch = world.batch([world.signed() for _ in range(4)], Changes(prices=(PriceRule(How.PERCENT, 50_000),)))
    slip = PriceRule(How.AMOUNT, 285, product_id=world.product.id, kind=RETAIL)
    row = world.rows(batch)[2]
    services.except_row(session, world.author, batch, row, Changes(prices=(slip,)), version=batch.version)
    session.commit()
    world.do(batch, services.CHECK)
    rise, fall = moves.largest(queries.facts(session, batch, world.manager))
    assert (rise.before, rise.after, rise.rows) == (2850, 2993, 3)
    assert (fall.before, fall.after, fall.row_id, fall.rows) == (2850, 285, row.id, 1)
    assert float(fall.share) == -0.9
    assert (
        moves.largest([(1, {"differences": [["price 1 a", None, 5], ["rebate_ppm", 0, 9]]}), (2, {})]) == []
    )


def test_whose_words_a_batch_or_a_row_says_does_not_approve_its_drafts(world, session):
    by_batch, by_row = world.manager, world.make.user(Role.REGIONAL_MANAGER, world.region)
    director = world.make.user(Role.EXECUTIVE)
    batch = world.batch([world.signed() for _ in range(3)])
    services.change(session, by_batch, batch, Changes(rebate_ppm=200_000), version=batch.version)
    session.commit()
    row = world.rows(batch)[0]
    services.except_row(session, by_row, batch, row, Changes(rebate_ppm=210_000), version=batch.version)
    session.commit()
    world.do(batch, services.DRAFT)
    # What is said after the drafts are made is not in them.
    services.change(session, director, batch, Changes(rebate_ppm=10_000), version=batch.version)
    session.commit()
    world.do(batch, services.SUBMIT)
    assert approving.pending(session, batch, by_batch) == []
    assert len(approving.pending(session, batch, by_row)) == 2
    assert queries.waiting_for_others(session, batch, by_row) == 1
    assert list(batch_todos(session, by_batch)) == []
    with pytest.raises(DomainError) as refused:
        approving.send_back(session, by_row, batch, world.rows(batch)[0], "x")
    assert by_row.name in refused.value.params["names"]
    session.rollback()
    assert len(approving.pending(session, batch, director)) == 3
