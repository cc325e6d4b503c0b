"""What was bought before an agreement was signed accrues once it is, once, and none is lost between the two."""

import threading
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.errors import DomainError
from portal.domain.jobs.models import Job
from portal.domain.jobs.runs import claim
from portal.domain.jobs.services import noted
from portal.domain.ledger.accounts import AccountKind
from portal.domain.ledger.models import Transfer
from portal.domain.price_protection import steps
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.purchases import todos, waiting
from portal.domain.price_protection.purchases.booking import enter
from portal.domain.price_protection.purchases.models import Accrual, Purchase, Unprotected
from portal.domain.users.models import User
from tests.domain.clock import on_day
from tests.domain.fund_world import FIRST, LAST, FundWorld

MAY, JUNE = date(2026, 5, 6), date(2026, 6, 6)


@pytest.fixture
def world(session, make) -> FundWorld:
    return FundWorld(session, make)


@pytest.fixture
def agreement(world) -> Agreement:
    with on_day(FIRST):
        return world.approved(effective_on=FIRST, expires_on=LAST, rebate_ppm=50_000)


def sign(world, agreement) -> list[int]:
    """Sign it in June, and give the jobs that this asked for."""
    with on_day(JUNE):
        steps.sign(world.session, world.author, agreement, JUNE)
        world.session.commit()
    return noted(world.session)


def work(world, job_id: int) -> dict:
    with on_day(JUNE):
        run = claim(world.session, job_id, "test")
        assert run is not None
        result = waiting.accrue_list(world.session, run)
        run.finish(result)
    return result


def count(session, model) -> int:
    session.rollback()
    return session.scalar(sa.select(sa.func.count()).select_from(model))


def test_signing_asks_for_what_waits_and_the_job_accrues_it_once(world, session, agreement, monkeypatch):
    monkeypatch.setattr(waiting, "CHUNK", 2)
    monkeypatch.setattr(waiting.accrue_waiting, "__kwdefaults__", {"after_id": 0, "limit": 2})
    bought = [world.buy(agreement, MAY, 100_000) for _ in range(5)]
    world.give_back(bought[0], MAY, 40_000)
    too_early = world.buy(agreement, FIRST - timedelta(days=1), 100_000)
    [job_id] = sign(world, agreement)
    assert session.get_one(Job, job_id).kind == waiting.KIND
    assert work(world, job_id)["accrued"] == 6
    assert world.balance(agreement, AccountKind.FUND, "2026Q2") == 5 * 2_000 - 800
    assert session.get_one(Purchase, too_early.id).unprotected is Unprotected.BEFORE_TERM
    before = count(session, Transfer)
    with on_day(JUNE):
        assert waiting.sweep(session) == 0
    assert count(session, Transfer) == before


def test_signing_asks_for_nothing_where_nothing_waits(world, agreement):
    assert sign(world, agreement) == []


def test_the_daily_sweep_finds_what_was_left_wherever_it_was_left(world, session, agreement):
    bought = world.buy(agreement, MAY, 100_000)
    world.give_back(bought, MAY, 50_000)
    sign(world, agreement)
    elsewhere = world.in_force()
    for _ in range(3):
        world.buy(elsewhere, FIRST - timedelta(days=3), 100)
    with on_day(JUNE):
        assert [waiting.sweep(session) for _ in range(2)] == [2, 0]
    assert world.balance(agreement, AccountKind.FUND, "2026Q2") == 1_000


def test_what_waits_for_a_closed_quarter_is_booked_in_an_open_one(world, session, agreement):
    bought = world.buy(agreement, date(2026, 2, 2), 100_000)
    [job_id] = sign(world, agreement)
    work(world, job_id)
    assert world.accrual(bought).quarter == "2026Q1"


def test_a_purchase_entered_while_the_agreement_is_being_signed_is_not_lost(world, session, agreement):
    """On PostgreSQL the entry waits for who signs; on SQLite the one transaction comes after the other."""
    engine = session.get_bind().engine.execution_options(portal_deferred=False)
    line = world.line(agreement, MAY, 100_000)
    clerk_id, agreement_id, author_id = world.finance.id, agreement.id, world.author.id
    errors: list[Exception] = []
    session.rollback()

    def enter_it() -> None:
        try:
            with on_day(JUNE), Session(engine) as other:
                enter(other, other.get_one(User, clerk_id), [line])
                other.commit()
        except Exception as error:
            errors.append(error)

    with on_day(JUNE):
        steps.sign(session, session.get_one(User, author_id), session.get_one(Agreement, agreement_id), JUNE)
        entering = threading.Thread(target=enter_it)
        entering.start()
        entering.join(0.5)
        session.commit()
        entering.join(30)
    assert errors == []
    for job_id in noted(session):
        work(world, job_id)
    assert count(session, Accrual) == 1


def test_the_workbench_tells_the_owner_and_finance_what_accrues_nothing(world, session, make, agreement):
    stranger = make.user(Role.SALESPERSON, world.region)
    for _ in range(2):
        world.buy(agreement, MAY, 100_000)
    world.buy(agreement, FIRST - timedelta(days=1), 100, entered_on=MAY)
    owner = agreement.distributor.owner
    with on_day(JUNE):
        for user in (owner, world.finance):
            [told] = todos.todos(session, user)
            assert (told.params["count"], told.amount_fen) == (2, 200_000)
            assert told.args["state"] == Unprotected.NOT_SIGNED
        assert list(todos.todos(session, stranger)) == []
    with on_day(JUNE + timedelta(days=92)):
        assert list(todos.todos(session, owner)) == []


def test_a_line_that_cannot_be_booked_keeps_no_other_back(world, session, agreement, monkeypatch):
    """Its refusal is raised when all had their turn, however many lie before and behind it."""
    monkeypatch.setattr(waiting, "CHUNK", 2)
    lines = [world.buy(agreement, MAY, 100_000) for _ in range(5)]
    sign(world, agreement)
    book, bad = waiting.accrue, lines[1].id

    def with_one_that_fails(inner, actor, purchases):
        if any(one.id == bad for one in purchases):
            raise DomainError("This line cannot be booked.")
        return book(inner, actor, purchases)

    monkeypatch.setattr(waiting, "accrue", with_one_that_fails)
    with on_day(JUNE):
        with pytest.raises(DomainError):
            waiting.sweep(session)
        session.rollback()
        booked = set(session.scalars(sa.select(Accrual.purchase_id)))
        assert booked == {line.id for line in lines} - {bad}
        monkeypatch.setattr(waiting, "accrue", book)
        assert waiting.sweep(session) == 1


def test_of_what_waits_for_a_signing_one_bad_line_is_told_and_the_rest_accrues(
    world, session, agreement, monkeypatch
):
    monkeypatch.setattr(waiting, "CHUNK", 2)
    monkeypatch.setattr(waiting.accrue_waiting, "__kwdefaults__", {"after_id": 0, "limit": 2})
    lines = [world.buy(agreement, MAY, 100_000) for _ in range(5)]
    bad, ids = lines[2].id, {line.id for line in lines}
    [job_id] = sign(world, agreement)
    book = waiting.accrue

    def with_one_that_fails(inner, actor, purchases):
        done = book(inner, actor, purchases)  # what it wrote is undone with it
        if any(one.id == bad for one in purchases):
            raise DomainError("This line cannot be booked: %(why)s.", why="示例")
        return done

    monkeypatch.setattr(waiting, "accrue", with_one_that_fails)
    result = work(world, job_id)
    assert (result["accrued"], result["refused"]) == (4, 1)
    assert set(session.scalars(sa.select(Accrual.purchase_id))) == ids - {bad}
    assert world.balance(agreement, AccountKind.FUND, "2026Q2") == 4 * 2_000
    event = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "purchase.not_accrued")).one()
    assert (event.subject_id, event.params["said"]) == (bad, {"why": "示例"})
    # Mended, it is found by the daily sweep.
    monkeypatch.setattr(waiting, "accrue", book)
    with on_day(JUNE):
        assert waiting.sweep(session) == 1
