"""One price change for many agreements: an amendment for each that can have one, none twice."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from portal.db import today
from portal.domain.access.roles import Role
from portal.domain.errors import DomainError
from portal.domain.jobs import runs
from portal.domain.price_protection import steps
from portal.domain.price_protection.batches.changes import How, PriceRule
from portal.domain.price_protection.deeds import (
    amending,
    deciding,
    life,
    price_making,
    price_reckoning,
    pricing,
)
from portal.domain.price_protection.deeds.deciding import Decision
from portal.domain.price_protection.deeds.price_exceptions import Because
from portal.domain.price_protection.deeds.todos import deed_todos
from portal.domain.price_protection.defaults import default_change_day
from portal.domain.price_protection.entries import PriceEntry
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
    rows = price_reckoning.preview(
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
    [row] = price_reckoning.preview(world.session, world.author, [agreement.id], other, FIRST)
    assert row.refusal is not None
    with pytest.raises(DomainError):
        price_reckoning.preview(world.session, world.author, [agreement.id], PriceRule(How.PERCENT, 0), FIRST)


def test_each_agreement_gets_one_submitted_amendment_however_often_the_task_runs(world):
    agreements = [world.signed() for _turn in range(3)]
    world.amendment(agreements[2])
    job = begun(world, agreements)
    result = performed(world.session, job, price_making.make_amendments)
    assert result["made"] == 2
    assert [number for _id, number, _msgid, _params in result["refused"]] == [agreements[2].number]
    deeds = world.session.scalars(sa.select(Amendment).where(Amendment.price_change_id.is_not(None))).all()
    assert [deed.status for deed in deeds] == [DeedStatus.SUBMITTED] * 2
    said = amending.data_of(world.session, deeds[0])["changes"][0]
    assert "29.90元（大写：贰拾玖元玖角整）" in said["after"]
    again = begun(world, agreements)
    assert performed(world.session, again, price_making.make_amendments)["made"] == 0


def test_a_change_says_how_many_prices_it_changed_and_how_many_were_rounded(world, session):
    even = world.add_product()
    rows = [(world.product, PriceKind.SUGGESTED_RETAIL, 2850), (even, PriceKind.SUGGESTED_RETAIL, 2000)]
    agreements = [world.signed(prices=rows) for _ in range(3)]
    [first, *_others] = price_reckoning.preview(
        session, world.author, [row.id for row in agreements], UP, FIRST
    )
    # 29.925 becomes 29.90; 21.00 is as it was reckoned.
    assert [(line.after, line.is_rounded) for line in first.lines] == [(2990, True), (2100, False)]
    own = {agreements[0].id: {(world.product.id, PriceKind.SUGGESTED_RETAIL): 2999}}
    performed(session, begun(world, agreements, exceptions=own), price_making.make_amendments)
    change = session.scalars(sa.select(PriceChange)).one()
    assert pricing.counted(change) == (6, 2)
    assert pricing.rule_of(change) == UP


def test_agreements_of_other_offices_are_left_out(world):
    stranger = world.make.user(Role.SALESPERSON, world.make.region())
    agreement = world.signed()
    assert price_reckoning.preview(world.session, stranger, [agreement.id], UP, FIRST) == []
    with pytest.raises(DomainError):
        pricing.begin(
            world.session, stranger, [agreement.id], UP, effective_on=FIRST, reason="调价", title=""
        )


def listed(world, count):
    """A price change with so many submitted amendments."""
    performed(
        world.session, begun(world, [world.signed() for _turn in range(count)]), price_making.make_amendments
    )
    world.session.expire_all()
    return world.session.scalars(sa.select(PriceChange).order_by(PriceChange.id.desc())).first()


def read_all(world, by, change, decision):
    """Draw this user's spot checks and read each."""
    deciding.draw(world.session, by, change, decision)
    world.session.commit()
    for check in deciding.checks(world.session, by, deciding.pending(world.session, by, change, decision)):
        deciding.look(world.session, by, check.amendment, seen_sha256=world.seen(check.amendment))
    world.session.commit()


def decided(world, by, change, decision, render=fake_deed_render):
    shown = deciding.seen(deciding.pending(world.session, by, change, decision))
    job = deciding.ask(world.session, by, change, decision, shown=shown, title="test")
    world.session.commit()
    work = deciding.review_all
    if decision is Decision.APPROVE:
        work = lambda session, run: deciding.approve_all(session, run, render)  # noqa: E731
    result = performed(world.session, job, work)
    world.session.expire_all()
    return result


def test_counsel_and_approver_decide_on_all_that_they_were_shown_and_nothing_else(world):
    change = listed(world, 4)
    assert deciding.approvable(world.session, world.manager, change) == []
    [todo] = deed_todos(world.session, world.counsel)
    assert todo.args == {"change_id": change.id}
    assert list(deed_todos(world.session, world.manager)) == []
    assert len(deciding.reviewable(world.session, world.counsel, change)) == 4
    with pytest.raises(DomainError):
        deciding.ask(world.session, world.counsel, change, Decision.REVIEW, shown="0" * 64, title="test")
    world.session.rollback()
    # Nobody decides about a list of which no spot check was read.
    with pytest.raises(DomainError):
        decided(world, world.counsel, change, Decision.REVIEW)
    world.session.rollback()
    read_all(world, world.counsel, change, Decision.REVIEW)
    assert decided(world, world.counsel, change, Decision.REVIEW)["made"] == 4
    assert deciding.approvable(world.session, world.author, change) == []
    with pytest.raises(DomainError):
        decided(world, world.manager, change, Decision.APPROVE)
    world.session.rollback()
    read_all(world, world.manager, change, Decision.APPROVE)
    because = ("The certificate of %(subject)s expired on %(day)s.", {"subject": "示例", "day": "2026-01-01"})
    result = decided(
        world,
        world.manager,
        change,
        Decision.APPROVE,
        render=lambda frozen: replace(fake_deed_render(frozen), unsealed_because=because),
    )
    # Approved all the same, and said.
    assert (result["made"], result["refused"], result["unsealed"]) == (4, 0, 4)
    statuses = world.session.scalars(sa.select(Amendment.status)).all()
    assert set(statuses) == {DeedStatus.APPROVED}


def test_what_a_decision_leaves_out_says_why_and_is_read_again(world, session):
    change = listed(world, 2)
    read_all(world, world.counsel, change, Decision.REVIEW)
    gone = deciding.reviewable(session, world.counsel, change)[0]
    was = gone.sha256
    # The register says it otherwise by now.
    gone.agreement.distributor.name = "示例更名商贸"
    session.commit()
    assert decided(world, world.counsel, change, Decision.REVIEW) == {
        "made": 1,
        "refused": 1,
        "unsealed": 0,
        "change_id": change.id,
    }
    session.refresh(gone)
    assert "has changed" in gone.refusal["msgid"]
    assert gone.sha256 != was
    assert deciding.reviewable(session, world.counsel, change) == [gone]
    assert len(list(deed_todos(session, world.counsel))) == 1
    read_all(world, world.counsel, change, Decision.REVIEW)
    assert decided(world, world.counsel, change, Decision.REVIEW)["made"] == 1
    session.refresh(gone)
    assert gone.refusal == {}
    assert gone.counsel_sha256 == gone.sha256 != was


def test_deciding_about_many_amendments_asks_no_more_than_about_few(world, session):
    def asked(count):
        change = listed(world, count)
        session.expire_all()
        said = []
        listen = lambda *_told: said.append(1)  # noqa: E731
        sa.event.listen(session.get_bind(), "before_cursor_execute", listen)
        try:
            rows = deciding.reviewable(session, world.counsel, change)
            deciding.seen(rows)
            deciding.open_checks(rows, deciding.checks(session, world.counsel, rows))
        finally:
            sa.event.remove(session.get_bind(), "before_cursor_execute", listen)
        assert len(rows) == count
        return len(said)

    assert asked(6) <= asked(1) + 1


def test_who_sees_one_agreement_of_a_change_reads_nothing_of_other_offices(world, session):
    far = world.make.region("示例远区")
    mine, theirs = world.signed(), world.submitted(world.add_distributor(region=far))
    world.approve(theirs, by=world.director)
    steps.sign(session, world.author, theirs, today())
    world.amendment(theirs)  # so that it is refused
    job = begun(world, [mine, theirs], by=world.director)
    assert performed(session, job, price_making.make_amendments)["made"] == 1
    session.expire_all()
    change = session.scalars(sa.select(PriceChange)).one()
    assert [row[1] for row in pricing.refusals(session, world.director, change)] == [theirs.number]
    assert pricing.refusals(session, world.author, change) == []


def test_one_agreement_may_get_another_price_than_the_rule_makes_or_keep_its_own(world):
    ruled, excepted, kept = world.signed(), world.signed(), world.signed()
    key = (world.product.id, PriceKind.SUGGESTED_RETAIL)
    own = {excepted.id: {key: 3333}, kept.id: {key: 2850}}
    rows = price_reckoning.preview(
        world.session, world.author, [row.id for row in (ruled, excepted, kept)], UP, FIRST, own
    )
    assert [[line.after for line in row.lines] for row in rows] == [[2990], [3333], [2850]]
    assert [row.refusal is None for row in rows] == [True, True, False]
    job = begun(world, [ruled, excepted, kept], exceptions=own)
    result = performed(world.session, job, price_making.make_amendments)
    assert (result["made"], [row[1] for row in result["refused"]]) == (2, [kept.number])
    prices = {
        deed.agreement_id: deed.says["prices"][0][2] for deed in world.session.scalars(sa.select(Amendment))
    }
    assert prices == {ruled.id: 2990, excepted.id: 3333}
    with pytest.raises(DomainError):
        begun(world, [ruled], exceptions={ruled.id: {key: 0}})


def test_making_an_amendment_asks_for_what_is_the_same_for_all_of_them_once(world, session):
    def asked(count):
        job = begun(world, [world.signed() for _turn in range(count)])
        session.expire_all()
        said = []
        listen = lambda *_told: said.append(1)  # noqa: E731
        sa.event.listen(session.get_bind(), "before_cursor_execute", listen)
        try:
            assert performed(session, job, price_making.make_amendments)["made"] == count
        finally:
            sa.event.remove(session.get_bind(), "before_cursor_execute", listen)
        return len(said)

    assert asked(5) - asked(1) <= 4 * 27


def test_prices_go_up_or_down_by_a_sum_but_never_by_more_than_half(world):
    shelf = PriceKind.SUGGESTED_RETAIL
    small = world.signed(prices=[(world.add_product(), shelf, 300)])
    usual = world.signed(prices=[(world.product, shelf, 2850)])
    down = PriceRule(How.DIFFERENCE, -151)
    rows = price_reckoning.preview(world.session, world.author, [small.id, usual.id], down, FIRST)
    said = {row.agreement.id: ([line.after for line in row.lines], row.refusal) for row in rows}
    assert said[usual.id] == ([2699], None)
    assert said[small.id][1].msgid == "A price would move by more than 50 percent."
    with pytest.raises(DomainError):
        price_reckoning.preview(world.session, world.author, [usual.id], PriceRule(How.DIFFERENCE), FIRST)
    job = begun(world, [usual], rule=PriceRule(How.DIFFERENCE, 150))
    assert performed(world.session, job, price_making.make_amendments)["made"] == 1
    assert world.session.scalars(sa.select(Amendment)).one().says["prices"][0][2] == 3000


def test_exceptions_are_always_read_with_what_they_say_besides_those_drawn_by_lot(world, session):
    even = world.add_product()
    shelf = PriceKind.SUGGESTED_RETAIL
    rows = [(world.product, shelf, 2850), (even, shelf, 2000)]
    usual = [world.signed(prices=rows) for _turn in range(5)]
    typed, kept, edited, dropped, outside = (world.signed(prices=rows) for _turn in range(5))
    own = {typed.id: {(world.product.id, shelf): 3333}, kept.id: {(even.id, shelf): 2000}}
    job = begun(world, [*usual, typed, kept, edited, dropped], exceptions=own, left_out=[outside.id])
    performed(session, job, price_making.make_amendments)
    change = session.scalars(sa.select(PriceChange)).one()
    assert [row.id for row in pricing.left_out(session, world.author, change)] == [outside.id]
    stranger = world.make.user(Role.SALESPERSON, world.make.region())
    assert pricing.left_out(session, stranger, change) == []
    session.commit()
    deeds = {deed.agreement_id: deed for deed in session.scalars(sa.select(Amendment))}
    for one, says in (
        (edited, {"effective_on": FIRST + timedelta(days=1)}),
        (dropped, {"prices": [PriceEntry(world.product.id, shelf, 2990)]}),
    ):
        deed = deeds[one.id]
        life.send_back(session, world.manager, deed, "请改")
        session.commit()
        amending.edit(
            session, world.author, deed, replace(amending.says_of(deed), **says), version=deed.version
        )
        life.submit(session, world.author, deed)
        session.commit()
    shown = deciding.reviewable(session, world.counsel, change)
    known = deciding.checks(session, world.counsel, shown)
    said = {
        check.amendment.agreement_id: [(one.because, one.ruled_fen, one.said_fen) for one in check.exceptions]
        for check in known
    }
    assert said == {
        typed.id: [(Because.OTHER_SUM, 2990, 3333)],
        kept.id: [(Because.OTHER_SUM, 2100, 2000)],
        edited.id: [(Because.BY_HAND, None, None)],
        dropped.id: [(Because.DROPPED, 2100, None)],
    }
    # Three of the five others are drawn; who only decides about exceptions has not read the list.
    assert deciding.open_checks(shown, known) == 7
    assert deciding.check_of(session, world.author, deeds[typed.id]) is None
    assert deciding.check_of(session, world.counsel, deeds[usual[0].id]) is None
    deciding.draw(session, world.counsel, change, Decision.REVIEW)
    session.commit()
    for check in deciding.checks(session, world.counsel, shown):
        if check.exceptions:
            deciding.look(session, world.counsel, check.amendment, seen_sha256=world.seen(check.amendment))
    session.commit()
    shown = deciding.reviewable(session, world.counsel, change)
    assert deciding.open_checks(shown, deciding.checks(session, world.counsel, shown)) == 3
    with pytest.raises(DomainError):
        decided(world, world.counsel, change, Decision.REVIEW)
    session.rollback()
    read_all(world, world.counsel, change, Decision.REVIEW)
    assert decided(world, world.counsel, change, Decision.REVIEW)["made"] == 9


@pytest.mark.parametrize(
    ("on", "ends_on", "proposed"),
    [
        (date(2026, 4, 15), None, date(2026, 5, 1)),
        (date(2026, 12, 1), date(2027, 6, 30), date(2027, 1, 1)),
        (date(2026, 12, 9), date(2026, 12, 31), date(2026, 12, 9)),  # next month it is over
    ],
)
def test_a_change_is_proposed_from_the_next_month_as_long_as_the_agreement_lasts(on, ends_on, proposed):
    with time_machine.travel(datetime(on.year, on.month, on.day, 4, tzinfo=UTC)):
        assert default_change_day(on, ends_on) == proposed
        assert default_change_day(date(2028, 3, 4)) == date(2028, 3, 4)
