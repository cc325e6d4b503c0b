"""What a day asks for is done once, by whichever worker comes first."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from portal.db import clock_at, now
from portal.domain.ledger.models import Seal, Verification
from portal.domain.price_protection.violations.models import State
from portal.extensions import db
from portal.jobs import daily
from tests.domain.case_world import CaseWorld
from tests.domain.clock import on_day
from tests.domain.fund_world import FundWorld


@pytest.fixture
def in_app(app):
    with app.app_context():
        yield app
        db.session.remove()


def test_a_day_is_sealed_and_examined_once(in_app, session):
    assert daily.run() == list(daily.DEEDS)
    assert daily.run() == []
    with clock_at(now() + timedelta(days=1)):
        assert daily.run() == list(daily.DEEDS)
    session.rollback()
    assert session.scalar(sa.select(sa.func.count()).select_from(Seal)) == 2
    assert all(found.is_whole for found in session.scalars(sa.select(Verification)))


def test_what_failed_is_tried_again_later_the_same_day(in_app, monkeypatch):
    tried = []

    def fails(_session):
        tried.append(now())
        raise RuntimeError("not today")

    monkeypatch.setattr(daily, "DEEDS", {"ledger.seal": fails})
    daily.run()
    daily.run()
    assert len(tried) == 1
    with clock_at(now() + timedelta(minutes=31)):
        daily.run()
    assert len(tried) == 2


def test_the_command_says_that_the_books_are_whole_or_what_is_broken(in_app, session, make):
    world = FundWorld(session, make)
    agreement = world.in_force()
    world.buy(agreement, agreement.effective_on, 100_000)
    runner = in_app.test_cli_runner()
    whole = runner.invoke(args=["ledger", "verify"])
    assert (whole.exit_code, "1 books, 2 transfers" in whole.output) == (0, True)
    session.rollback()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SET session_replication_role = replica"))
    else:
        session.execute(sa.text("DROP TRIGGER transfer_no_update"))
    session.execute(sa.text("UPDATE transfer SET amount_fen = amount_fen + 1 WHERE no = 2"))
    session.commit()
    broken = runner.invoke(args=["ledger", "verify"])
    assert broken.exit_code == 1
    assert "Transfer 2" in broken.stderr


def test_deadlines_of_cases_that_have_passed_take_their_effect_by_themselves(in_app, session, make):
    world = CaseWorld(session, make)
    case = world.heard(world.with_fund())
    with on_day(date(2026, 9, 7)):
        assert "cases.deadlines" in daily.run()
    session.rollback()
    session.refresh(case)
    assert case.state is State.WITHDRAWN
