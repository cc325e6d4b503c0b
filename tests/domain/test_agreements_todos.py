"""What the workbench says about agreements, and to whom."""

from datetime import timedelta

import pytest

from portal.db import today
from portal.domain.access.roles import Role
from portal.domain.price_protection import drafting, steps, todos, todos_expiry
from portal.domain.price_protection.batches.choosing import Choice, candidates
from tests.domain.agreement_world import PDF, AgreementWorld


@pytest.fixture
def world(session, make):
    return AgreementWorld(session, make)


def numbers(found):
    return [todo.params["number"] for todo in found]


def test_a_submitted_agreement_waits_for_its_approvers_and_nobody_else(world):
    agreement = world.submitted()
    elsewhere = world.make.user(Role.REGIONAL_MANAGER, world.make.region())
    boss = world.make.user(Role.EXECUTIVE)
    for user, expected in (
        (world.manager, [agreement.number]),
        (boss, [agreement.number]),
        (world.author, []),
        (elsewhere, []),
        (world.counsel, []),
    ):
        assert numbers(todos.awaiting_my_approval(world.session, user)) == expected


def test_who_submitted_it_is_not_asked_to_approve_it(world):
    boss = world.make.user(Role.EXECUTIVE)
    agreement = world.draft()
    steps.submit(world.session, boss, agreement)
    world.session.commit()
    assert numbers(todos.awaiting_my_approval(world.session, boss)) == []
    assert numbers(todos.awaiting_my_approval(world.session, world.manager)) == [agreement.number]


def test_what_was_sent_back_lies_with_its_author_until_it_is_submitted_again(world):
    agreement = world.submitted()
    steps.send_back(world.session, world.manager, agreement, "返利率有误")
    world.session.commit()
    (todo,) = todos.sent_back_to(world.session, world.author)
    assert todo.params["reason"] == "返利率有误"
    drafting.edit(
        world.session, world.author, agreement, world.entry(rebate_ppm=20_000), version=agreement.version
    )
    world.session.commit()
    assert numbers(todos.sent_back_to(world.session, world.author)) == [agreement.number]
    steps.submit(world.session, world.author, agreement)
    world.session.commit()
    assert todos.sent_back_to(world.session, world.author) == []
    steps.withdraw_submission(world.session, world.author, agreement)
    world.session.commit()
    assert todos.sent_back_to(world.session, world.author) == []


def test_printing_comes_first_then_the_signing_and_a_new_original_is_printed_anew(world):
    agreement = world.approved()

    def kinds():
        return [todo.kind for todo in todos.to_print_or_sign(world.session, world.author)]

    assert kinds() == ["Print an agreement"]
    steps.record_print(world.session, world.author, agreement, 2)
    world.session.commit()
    assert kinds() == ["Record the signing"]
    steps.withdraw_approval(world.session, world.manager, agreement, "价格有误")
    steps.submit(world.session, world.author, agreement)
    world.session.commit()
    world.approve(agreement)
    assert kinds() == ["Print an agreement"]


def test_a_signing_without_scan_is_asked_for_until_it_is_filed(world):
    agreement = world.signed()
    assert numbers(todos.scan_missing(world.session, world.author)) == [agreement.number]
    steps.file_scans(world.session, world.author, agreement, [("scan.pdf", PDF)])
    world.session.commit()
    assert todos.scan_missing(world.session, world.author) == []


def test_owners_are_reminded_90_30_and_7_days_before_the_end_unless_something_follows(world):
    agreement = world.signed(
        effective_on=today() - timedelta(days=300), expires_on=today() + timedelta(days=95)
    )
    last = agreement.ends_on
    for days, stage in ((91, None), (90, 90), (31, 90), (30, 30), (8, 30), (7, 7), (0, 7), (-1, None)):
        found = todos.expiring(world.session, world.author, last - timedelta(days=days))
        assert [todo.params["stage"] for todo in found] == ([stage] if stage else []), days
    # Approvers hear of another person's account while there is time to step in.
    assert todos.expiring(world.session, world.manager, last - timedelta(days=31)) == []
    on = last - timedelta(days=20)
    assert numbers(todos.expiring(world.session, world.manager, on)) == [agreement.number]
    assert todos.expiring(world.session, world.counsel, on) == []
    later = drafting.draft(
        world.session,
        world.author,
        agreement.distributor,
        drafting.renewal(world.session, agreement, world.template),
        follows=agreement,
    )
    world.session.commit()
    assert todos.expiring(world.session, world.author, on) == []
    steps.void(world.session, world.author, later, "不再续签")
    world.session.commit()
    assert numbers(todos.expiring(world.session, world.author, on)) == [agreement.number]


def test_who_may_approve_hears_of_everybodys_accounts_30_days_before_the_end(world):
    agreement = world.signed(
        effective_on=today() - timedelta(days=300), expires_on=today() + timedelta(days=95)
    )
    boss = world.make.user(Role.EXECUTIVE)
    elsewhere = world.make.user(Role.REGIONAL_MANAGER, world.make.region())
    colleague = world.make.user(Role.SALESPERSON, world.region)
    last = agreement.ends_on
    for days, stages in ((31, []), (30, [30]), (7, [7]), (0, [7]), (-1, [])):
        on = last - timedelta(days=days)
        for user in (world.manager, boss):
            assert [todo.params["stage"] for todo in todos.expiring(world.session, user, on)] == stages, days
        for user in (elsewhere, colleague, world.counsel):
            assert todos.expiring(world.session, user, on) == []
    (told,) = todos.expiring(world.session, world.manager, last)
    assert told.params["owner"] == world.author.name
    assert "Owner" in told.sub


def test_a_manager_who_owns_the_account_is_told_once_and_at_every_stage(world):
    agreement = world.signed(
        world.add_distributor(owner=world.manager),
        effective_on=today() - timedelta(days=300),
        expires_on=today() + timedelta(days=95),
    )
    for days in (90, 30, 7):
        (told,) = todos.expiring(world.session, world.manager, agreement.ends_on - timedelta(days=days))
        assert "Owner" not in told.sub


def test_many_that_end_on_one_day_are_one_line_that_leads_to_their_batch(world):
    said = {"effective_on": today() - timedelta(days=300), "expires_on": today() + timedelta(days=20)}
    for _turn in range(todos_expiry.TOGETHER - 1):
        world.signed(world.add_distributor(), **said)
    owned = list(todos_expiry.together(todos.expiring(world.session, world.author), world.author))
    assert len(owned) == todos_expiry.TOGETHER - 1
    other = world.signed(world.add_distributor(owner=world.manager), **said)
    (line,) = todos_expiry.together(todos.expiring(world.session, world.manager), world.manager)
    day = said["expires_on"].isoformat()
    assert (line.params["count"], line.endpoint) == (todos_expiry.TOGETHER, "batches.new")
    assert line.args == {"from": day, "until": day}
    chosen = Choice(ends_from=other.ends_on, ends_until=other.ends_on)
    assert (
        len(world.session.execute(candidates(world.session, world.manager, chosen)).all())
        == line.params["count"]
    )
    world.signed(world.add_distributor(), **said)
    (own,) = todos_expiry.together(todos.expiring(world.session, world.author), world.author)
    assert own.args == {"from": day, "until": day, "owner": str(world.author.id)}
