"""A policy takes effect only once everybody it concerns was told of it, at a meeting or afterwards (M1)."""

import threading
from datetime import date, timedelta
from itertools import product

import pytest
import sqlalchemy as sa

from portal.db import clock_at
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors.models import Standing
from portal.domain.errors import DomainError, Stale
from portal.domain.meetings import checking_in, planning
from portal.domain.meetings.checking_in import By
from portal.domain.meetings.models import Guest
from portal.domain.meetings.policies import drafting, queries, releasing, telling
from portal.domain.meetings.policies.models import (
    MOVES,
    Concerned,
    PolicyState,
    PolicyText,
    Telling,
    ToldHow,
)
from portal.domain.meetings.policies.queries import PolicyFilter, PolicyPhase
from portal.extensions import db
from tests.domain.policy_world import AFTER, BEFORE, END, START, WANTED, PolicyWorld

S = PolicyState
HOUR = timedelta(hours=1)


@pytest.fixture
def world(session, make) -> PolicyWorld:
    return PolicyWorld(session, make)


LEGAL = {
    (S.DRAFT, S.TIED),
    (S.DRAFT, S.WITHDRAWN),
    (S.TIED, S.DRAFT),
    (S.TIED, S.PRESENTED),
    (S.TIED, S.WITHDRAWN),
    (S.PRESENTED, S.RELEASED),
    (S.PRESENTED, S.WITHDRAWN),
    (S.RELEASED, S.WITHDRAWN),
}


@pytest.mark.parametrize(("old", "new"), list(product(S, S)))
def test_a_policy_makes_these_moves_and_no_other(world, old, new):
    policy = drafting.Policy(number="ZC-1", state=old)
    if (old, new) in LEGAL:
        drafting.move(policy, new)
        assert policy.state is new
    else:
        with pytest.raises(DomainError, match="moved on"):
            drafting.move(policy, new)
        assert policy.state is old
    assert set(MOVES) == set(S)


def test_it_takes_effect_after_everybody_was_told_and_not_before(world, session):
    policy, showing, (first, second, third, fourth) = world.presented()
    assert policy.number == "ZC-2026-0001"
    assert world.acknowledge(showing) == 2
    with pytest.raises(DomainError, match="2 distributors were not told") as refused:
        world.release(policy)
    assert third.name in str(refused.value) and first.name not in str(refused.value)
    session.rollback()
    world.brief(policy, third)
    with pytest.raises(DomainError, match="1 distributors were not told"):
        world.release(policy)
    session.rollback()
    world.brief(policy, fourth, how=ToldHow.VISIT)
    world.release(policy)
    missing = queries.missing(session, policy)
    assert queries.phase_of(policy, missing=missing, on=WANTED - timedelta(days=1)) is PolicyPhase.NOT_YET
    assert queries.phase_of(policy, missing=missing, on=WANTED) is PolicyPhase.EFFECTIVE
    told = {row.id: (row.how, row.told_on) for row in session.execute(queries.concerned_rows(policy))}
    assert told[second.id] == (ToldHow.SHEET, START.date())
    assert told[fourth.id] == (ToldHow.VISIT, AFTER.date())


def test_it_is_presented_by_the_host_while_the_meeting_lasts_or_after(world, session, make):
    world.dealers(1)
    meeting = world.plan()
    policy = world.draft()
    with pytest.raises(DomainError, match="moved on"):
        drafting.move(policy, S.PRESENTED)
    showing = world.tie(policy, meeting)
    assert policy.state is S.TIED
    with pytest.raises(DomainError, match="has not begun"):
        world.present(showing, on=START - HOUR)
    session.rollback()
    stranger = make.user(Role.REGIONAL_MANAGER, make.region())
    with clock_at(START + HOUR):
        with pytest.raises(DomainError, match="hold no meetings"):
            drafting.present(session, stranger, showing)
        session.rollback()
        for at in (START - HOUR, START + 2 * HOUR):
            with pytest.raises(DomainError, match="time of the meeting"):
                drafting.present(session, world.manager, showing, at)
            session.rollback()
    world.present(showing, on=END + timedelta(days=3))
    assert showing.presented_at == END
    with pytest.raises(DomainError, match="noted already"):
        world.present(showing)


def test_untied_from_its_last_meeting_it_is_a_draft_again(world, session):
    policy = world.draft()
    here, there = world.plan(), world.plan(title="示例另一场会议")
    first, second = world.tie(policy, here), world.tie(policy, there)
    assert world.tie(policy, here).id == first.id
    for showing, state in ((first, S.TIED), (second, S.DRAFT)):
        with clock_at(BEFORE):
            drafting.untie(session, world.manager, showing)
            session.commit()
        assert policy.state is state
    assert world.tie(policy, here).id == first.id and policy.state is S.TIED


def test_it_is_not_tied_to_a_meeting_that_is_over_or_was_called_off(world, session):
    policy, meeting = world.draft(), world.plan()
    with pytest.raises(DomainError, match="over"):
        world.tie(policy, meeting, on=END)
    session.rollback()
    with clock_at(BEFORE):
        planning.call_off(session, world.manager, meeting, "示例停电原因")
        session.commit()
    with pytest.raises(DomainError, match="called off"):
        world.tie(policy, meeting)


def test_each_version_is_kept_until_it_is_presented_and_then_it_stays(world, session):
    policy = world.draft()
    seen = policy.version
    with clock_at(BEFORE):
        assert drafting.rewrite(
            session, world.manager, policy, world.said(body="示例第二稿"), seen_version=seen
        )
        session.commit()
        with pytest.raises(Stale):
            drafting.rewrite(session, world.manager, policy, world.said(body="示例第三稿"), seen_version=seen)
        session.rollback()
        same = world.said(body="示例第二稿")
        assert not drafting.rewrite(session, world.manager, policy, same, seen_version=policy.version)
    assert [one.body for one in policy.texts][-1] == "示例第二稿" and len(policy.texts) == 2
    world.dealers(1)
    showing = world.tie(policy, world.plan())
    world.present(showing)
    assert showing.text_id == policy.texts[1].id
    with clock_at(AFTER), pytest.raises(DomainError, match="its text stays"):
        drafting.rewrite(session, world.manager, policy, world.said(), seen_version=policy.version)


def test_whom_it_concerns_is_listed_when_it_is_presented(world, session, make):
    elsewhere = make.distributor(make.region(), world.sales)
    prospect = make.distributor(world.office, world.sales, standing=Standing.PROSPECT)
    policy, _showing, dealers = world.presented()
    listed = set(session.scalars(sa.select(Concerned.distributor_id)))
    assert listed == {one.id for one in dealers}
    prospect.standing = Standing.ACTIVE
    session.commit()
    rows = {row.id: row.is_newcomer for row in session.execute(queries.concerned_rows(policy))}
    assert rows == dict.fromkeys(listed, False) | {prospect.id: True}
    assert elsewhere.id not in rows


def test_newcomers_are_told_too_and_hold_nobody_up(world, session):
    policy, showing, _dealers = world.presented(came=1, absent=0)
    (new,) = world.dealers(1)
    world.acknowledge(showing)
    world.release(policy)
    (row,) = [one for one in queries.progress(session, policy) if one.missing]
    assert (row.missing, row.newcomers, row.told) == (1, 1, 1)
    world.brief(policy, new, on=AFTER + timedelta(days=30), told_on=(AFTER + timedelta(days=30)).date())
    assert not any(one.missing for one in queries.progress(session, policy))


def test_who_is_no_distributor_any_more_is_not_waited_for(world, session):
    policy, showing, (_first, second) = world.presented(came=1, absent=1)
    world.acknowledge(showing)
    second.standing = Standing.ELIMINATED
    session.commit()
    assert queries.missing(session, policy) == 0
    world.release(policy)


def test_only_who_was_there_acknowledges_at_the_meeting(world, session):
    policy, showing, (first, _second, third, fourth) = world.presented()
    assert world.acknowledge(showing, first, third, fourth) == 1
    assert world.acknowledge(showing, first) == 0
    assert queries.missing(session, policy) == 3


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"told_on": START.date() - timedelta(days=1)}, "told_on"),
        ({"told_on": AFTER.date() + timedelta(days=1)}, "told_on"),
        ({"spoke_with": "  "}, "spoke_with"),
    ],
)
def test_a_briefing_names_its_day_and_whom_one_spoke_with(world, said, field):
    policy, _showing, dealers = world.presented(came=0, absent=1)
    with pytest.raises(DomainError) as refused:
        world.brief(policy, dealers[0], **said)
    assert refused.value.field == field


def test_only_the_office_of_a_distributor_briefs_it(world, session, make):
    policy, _showing, dealers = world.presented(came=0, absent=1)
    for user in (make.user(Role.SALESPERSON, make.region()), make.user(Role.AUDITOR, world.office)):
        with pytest.raises(DomainError, match="do not brief"):
            world.brief(policy, dealers[0], by=user)
        session.rollback()


def test_a_mistake_is_undone_on_record_until_the_policy_is_released(world, session):
    policy, showing, (first, _second) = world.presented(came=2, absent=0)
    world.acknowledge(showing)
    with clock_at(AFTER):
        with pytest.raises(DomainError, match="what the mistake was"):
            telling.undo(session, world.manager, policy, first, "")
        session.rollback()
        telling.undo(session, world.manager, policy, first, "示例签错了行")
        session.commit()
    with pytest.raises(DomainError, match="not told"):
        world.release(policy)
    session.rollback()
    world.acknowledge(showing)
    world.release(policy)
    with clock_at(AFTER), pytest.raises(DomainError, match="was released because"):
        telling.undo(session, world.manager, policy, first, "示例又一次")
    session.rollback()
    assert len(session.scalars(sa.select(Telling)).all()) == 4


def test_who_releases_is_a_manager_and_the_day_is_not_past(world, session):
    policy, showing, _dealers = world.presented(came=1, absent=0)
    world.acknowledge(showing)
    with pytest.raises(DomainError, match="release no policies"):
        world.release(policy, by=world.sales)
    session.rollback()
    with pytest.raises(DomainError) as refused:
        world.release(policy, AFTER.date() - timedelta(days=1))
    assert refused.value.field == "effective_on"
    session.rollback()
    world.release(policy, AFTER.date())
    with pytest.raises(DomainError, match="Only a policy"):
        world.release(policy)


def test_a_later_policy_ends_what_it_replaces_unless_it_is_withdrawn_before(world, session):
    old, showing, dealers = world.presented(came=1, absent=0)
    world.acknowledge(showing)
    world.release(old, AFTER.date())
    starts = AFTER + timedelta(days=10)
    with clock_at(AFTER):
        meeting = planning.plan(
            session,
            world.manager,
            world.office,
            world.facts(starts_at=starts, ends_at=starts + HOUR, agenda=()),
        )
        session.commit()
    new = world.draft(replaces=old, on=AFTER, wanted_on=date(2026, 8, 1))
    world.present(world.tie(new, meeting, on=AFTER), on=starts)
    for dealer in dealers:
        world.brief(new, dealer, on=starts + HOUR, told_on=starts.date())
    world.release(new, date(2026, 8, 1), on=starts + HOUR)
    assert queries.phase_of(old, missing=0, on=date(2026, 7, 31)) is PolicyPhase.EFFECTIVE
    assert queries.phase_of(old, missing=0, on=date(2026, 8, 1)) is PolicyPhase.SUPERSEDED
    with clock_at(starts + 2 * HOUR):
        releasing.withdraw(session, world.manager, new, "示例市场变化")
        session.commit()
    assert queries.phase_of(old, missing=0, on=date(2026, 8, 1)) is PolicyPhase.EFFECTIVE


def test_a_policy_is_replaced_by_its_own_office_for_all_its_offices(world, session, make):
    below = make.region("示例余杭片区", parent=world.office)
    old, showing, _dealers = world.presented(came=1, absent=0)
    world.acknowledge(showing)
    world.release(old, AFTER.date())
    with clock_at(AFTER):
        for region, offices in ((below, [below]), (world.office, [below])):
            said = world.said(replaces=old, offices=offices, wanted_on=date(2026, 8, 1))
            with pytest.raises(DomainError) as refused:
                drafting.draft(session, world.manager, region, said)
            assert refused.value.field == "replaces_id"
            session.rollback()
        assert drafting.draft(
            session, world.manager, world.office, world.said(replaces=old, wanted_on=date(2026, 8, 1))
        )


def test_an_acknowledgement_does_not_outlive_the_arrival_it_rests_on(world, session):
    policy, showing, (there, *_others) = world.presented(came=1, absent=0)
    world.acknowledge(showing)
    guest = session.scalars(sa.select(Guest)).one()
    with clock_at(END):
        by = By(user=world.manager)
        checking_in.undo(session, showing.meeting, guest, by, "示例误扫", key="undo-it")
        session.commit()
    with pytest.raises(DomainError) as refused:
        world.release(policy)
    assert there.name in refused.value.params["names"]
    session.rollback()
    with clock_at(AFTER):
        telling.undo(session, world.manager, policy, there, "示例未到")
        session.commit()
    world.brief(policy, there)
    world.release(policy)


def test_what_was_written_after_it_was_shown_was_not_what_was_shown(world, session):
    meeting, policy = world.plan(), world.draft()
    showing = world.tie(policy, meeting)
    world.dealers(1)
    with clock_at(START + 3 * HOUR):
        drafting.rewrite(
            session,
            world.manager,
            policy,
            world.said(body="一、另一份示例文本。"),
            seen_version=policy.version,
        )
        session.commit()
    with clock_at(START + 5 * HOUR), pytest.raises(DomainError) as refused:
        drafting.present(session, world.manager, showing, START + HOUR)
    assert refused.value.field == "at"
    session.rollback()
    with clock_at(START + 5 * HOUR):
        drafting.present(session, world.manager, showing, START + 4 * HOUR)
        session.commit()
    assert showing.text_id == policy.text.id


def test_a_policy_is_for_offices_below_the_one_that_issues_it(world, session, make):
    with pytest.raises(DomainError) as refused:
        world.draft(offices=[make.region()])
    assert refused.value.field == "offices"
    session.rollback()
    below = make.region(parent=world.office)
    assert [one.region_id for one in world.draft(offices=[below, world.office]).scopes] == [world.office.id]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"title": " "}, "title"),
        ({"body": " "}, "body"),
        ({"body": "长" * 20_001}, "body"),
        ({"offices": []}, "offices"),
        ({"wanted_on": BEFORE.date() - timedelta(days=1)}, "wanted_on"),
        ({"body": "", "pdf": b"<html>", "filename": "x.pdf"}, "file"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(world, said, field):
    with pytest.raises(DomainError) as refused:
        world.draft(**said)
    assert refused.value.field == field


def test_each_phase_is_found_by_its_filter(world, session):
    def shown(phase: PolicyPhase) -> list[str]:
        with clock_at(AFTER):
            rows = session.execute(queries.policy_rows(world.manager, PolicyFilter(phase=phase)))
            return [row.title for row in rows]

    policy, showing, (_first, second) = world.presented(came=1, absent=1)
    world.draft(title="示例草稿")
    assert shown(PolicyPhase.DRAFT) == ["示例草稿"]
    assert shown(PolicyPhase.BRIEFING) == [policy.title] and not shown(PolicyPhase.READY)
    world.acknowledge(showing)
    world.brief(policy, second)
    assert shown(PolicyPhase.READY) == [policy.title] and not shown(PolicyPhase.BRIEFING)
    world.release(policy)
    assert shown(PolicyPhase.NOT_YET) == [policy.title] and not shown(PolicyPhase.EFFECTIVE)


def test_whom_one_spoke_with_is_erased_and_never_in_the_trail(world, session):
    policy, _showing, (dealer,) = world.presented(came=0, absent=1)
    world.brief(policy, dealer, spoke_with="示例密名", note="示例密注")
    told = session.scalars(sa.select(Telling)).one()
    telling.erase(session, world.manager, told)
    session.commit()
    session.refresh(told)
    assert (told.spoke_with, told.note) == ("", "") and told.erased_at is not None
    assert queries.missing(session, policy) == 0
    assert not any("示例密" in str(event.params) for event in session.scalars(sa.select(AuditEvent)))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE policy_telling SET told_on = '2026-01-01'",
        "DELETE FROM policy_telling",
        "UPDATE policy_text SET body = 'x'",
        "DELETE FROM policy_distributor",
        "DELETE FROM policy",
        "UPDATE policy_showing SET meeting_id = 0",
    ],
)
def test_the_database_keeps_what_was_written(world, session, change):
    _policy, showing, _dealers = world.presented(came=1, absent=0)
    world.acknowledge(showing)
    with pytest.raises(sa.exc.DBAPIError):
        session.execute(sa.text(change))
    session.rollback()
    assert session.scalar(sa.select(sa.func.count()).select_from(PolicyText)) == 1


def test_two_people_who_tell_the_same_distributor_leave_one_record(app, world, session):
    policy, showing, (first,) = world.presented(came=1, absent=0)
    ids = policy.id, showing.id, first.id
    session.rollback()
    gate, said = threading.Barrier(2), []

    def at_once(how: ToldHow) -> None:
        with app.app_context(), clock_at(AFTER):
            gate.wait()
            try:
                its = db.session()
                there = its.get_one(drafting.Policy, ids[0])
                if how is ToldHow.PHONE:
                    briefing = telling.Briefing(how, AFTER.date(), "示例店主")
                    dealer = its.get_one(type(first), ids[2])
                    telling.brief(its, its.get_one(type(world.sales), world_ids[0]), there, dealer, briefing)
                else:
                    told = telling.acknowledge(
                        its,
                        its.get_one(type(world.sales), world_ids[1]),
                        its.get_one(drafting.Showing, ids[1]),
                        None,
                        how,
                    )
                    said.append(told)
                its.commit()
            except DomainError as error:
                db.session.rollback()
                said.append(str(error))

    world_ids = world.sales.id, world.manager.id
    session.rollback()
    threads = [threading.Thread(target=at_once, args=(how,)) for how in (ToldHow.PHONE, ToldHow.SHEET)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert session.scalar(sa.select(sa.func.count()).select_from(Telling)) == 1
    assert said in ([0], [1]) or (
        len(said) == 2 and 1 in said and any("told already" in str(one) for one in said)
    )
