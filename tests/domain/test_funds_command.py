"""flask funds release: previews, and does only what two people confirmed; its exit codes and its JSON (P3)."""

import json
from datetime import date, timedelta

import pytest

from portal.db import now
from portal.domain.jobs.models import Job, JobState
from portal.domain.price_protection.closing.models import Stage
from portal.jobs import quarters
from tests.domain.clock import on_day
from tests.domain.close_world import OCTOBER, CloseWorld
from tests.domain.test_quarter_task import quick

JULY = date(2026, 7, 6)


@pytest.fixture
def world(session, make) -> CloseWorld:
    return CloseWorld(session, make)


def run(app, session, *words: str):
    session.rollback()
    with on_day(OCTOBER):
        return app.test_cli_runner().invoke(args=["funds", "release", *words])


def test_it_releases_what_was_confirmed_and_nothing_else(app, world, session, monkeypatch):
    monkeypatch.setattr(quarters, "render_statement", quick)
    agreement = world.in_force()
    world.buy(agreement, JULY, 1_824_000)
    said = run(app, session, "2026q3")
    assert said.exit_code == 3 and "364.80" in said.output
    proposal = world.propose()
    assert run(app, session, "2026Q3").exit_code == 3
    world.confirm(proposal)
    looked = run(app, session, "2026Q3", "--preview", "--json")
    assert looked.exit_code == 0
    told = json.loads(looked.output)
    assert (told["total"]["release_fen"], told["agreements"][0]["outcome"], told["done"]) == (
        36_480,
        "release",
        [],
    )
    done = run(app, session, "2026Q3", "--json")
    told = json.loads(done.output)
    assert (done.exit_code, told["done"][0]["stated"], told["done"][0]["release_fen"]) == (0, 1, 36_480)
    again = run(app, session, "2026Q3", "--json")
    told = json.loads(again.output)
    assert (again.exit_code, told["done"], told["agreements"][0]["outcome"]) == (0, [], "closed")
    session.expire_all()
    assert session.get_one(type(proposal), proposal.id).stage is Stage.DONE


def test_what_is_left_out_is_named_and_told_by_the_exit_code(app, world, session, monkeypatch):
    monkeypatch.setattr(quarters, "render_statement", quick)
    agreement = world.in_force()
    world.buy(agreement, JULY, 1_000_000)
    world.confirm(world.propose())
    world.buy(agreement, date(2026, 8, 1), 500_000, entered_on=OCTOBER)
    said = run(app, session, "2026Q3")
    assert said.exit_code == 1 and agreement.number in said.output


@pytest.mark.parametrize("minutes", [-1, 1])
def test_what_a_killed_process_left_is_gone_on_with_once_nobody_holds_it(
    app, world, session, monkeypatch, minutes
):
    """Also where no worker runs whose sweeper would see it."""
    monkeypatch.setattr(quarters, "render_statement", quick)
    agreement = world.in_force()
    world.buy(agreement, JULY, 1_824_000)
    proposal = world.propose()
    job = world.confirm(proposal)
    with on_day(OCTOBER):
        job.state, job.worker, job.attempts = JobState.RUNNING, "killed", 1
        job.leased_until = now() + timedelta(minutes=minutes)
        session.commit()
    said = run(app, session, "2026Q3", "--json")
    told = json.loads(said.output)["done"][0]
    session.expire_all()
    before, is_done = session.get_one(Job, job.id), proposal.stage is Stage.DONE
    if minutes < 0:
        assert (said.exit_code, told["done"], told["printed"], is_done) == (0, True, 1, True)
        assert (before.state, before.crashes) == (JobState.FAILED, 1) and proposal.job_id != before.id
    else:
        assert (said.exit_code, told["at_work"], is_done) == (1, True, False)
        assert before.state is JobState.RUNNING


def test_who_may_no_longer_confirm_is_told_so(app, world, session):
    agreement = world.in_force()
    world.buy(agreement, JULY, 1_824_000)
    job = world.confirm(world.propose())
    with on_day(OCTOBER):
        job.state, job.attempts, job.ended_at, job.error = JobState.FAILED, 1, now(), "x"
        for grant in world.second.grants:
            session.delete(grant)
        session.commit()
    said = run(app, session, "2026Q3")
    assert (said.exit_code, "may not confirm" in said.stderr) == (1, True), said.output


@pytest.mark.parametrize("words", [["2026-3"], ["2026Q5"], ["2026Q3", "--office", "nowhere"]])
def test_what_is_no_quarter_or_office_is_refused(app, world, session, words):
    assert run(app, session, *words).exit_code == 2
