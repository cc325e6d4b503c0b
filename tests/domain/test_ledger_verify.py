"""Verifying finds the first thing that does not hold; that no byte changes unseen: tests/faults/ledger/test_unseen."""

from datetime import date

import pytest
import sqlalchemy as sa

from portal.domain.jobs.models import DailyDeed
from portal.domain.ledger import sealing, verify
from portal.domain.ledger.models import Seal, Transfer
from portal.domain.price_protection.funds import deducting, releasing
from portal.domain.price_protection.proving import examining
from tests.domain.books import KEY, whole, without_guards
from tests.domain.clock import on_day
from tests.domain.fund_world import FundWorld


@pytest.fixture
def world(session, make) -> FundWorld:
    return FundWorld(session, make)


@pytest.fixture
def booked(world, session) -> FundWorld:
    """Books with everything in them: purchases, returns before and after release, a deduction, a restoration."""
    agreement = world.in_force()
    bought = [world.buy(agreement, date(2026, month, 5), 123_457 * month) for month in (1, 2, 4, 5)]
    world.give_back(bought[0], date(2026, 2, 7), 23_457)
    with on_day(date(2026, 4, 10)):
        releasing.release(session, world.finance, agreement.id, "2026Q1")
        session.commit()
    world.give_back(bought[1], date(2026, 5, 7), 100_000)
    with on_day(date(2026, 6, 1)):
        made = deducting.deduct(session, world.manager, agreement.id, "2026Q2", 7, 500_000, 700_000)
        deducting.restore(session, world.manager, made, keep_fen=made.amount_fen // 2)
        sealing.seal(session, KEY)
        session.commit()
    world.give_back(bought[2], date(2026, 6, 7), 50_001)
    return world


def test_whole_books_are_whole(booked, session):
    whole(session)
    assert verify.verify(session, KEY).books == 1


def test_a_last_transfer_that_is_gone_is_found(booked, session):
    without_guards(session)
    last = session.scalars(sa.select(Transfer).order_by(Transfer.no.desc())).first()
    assert last is not None
    session.execute(sa.delete(Transfer).where(Transfer.id == last.id))
    with pytest.raises(verify.Break):
        verify.verify(session, KEY)


def test_a_seal_under_another_key_is_not_ours(booked, session):
    with pytest.raises(verify.Break):
        verify.verify(session, b"another key")


DAYS = [date(2026, 6, 2), date(2026, 6, 3), date(2026, 6, 8), date(2026, 6, 9)]  # no worker ran for some days


@pytest.fixture
def sealed(booked, session) -> None:
    for day in DAYS:
        assert sealing.seal(session, KEY, day)
    session.commit()


@pytest.mark.parametrize("gone", [date(2026, 5, 31), *DAYS[:-1]])
def test_a_seal_that_is_gone_shows_in_the_one_after_it(sealed, session, gone):
    assert verify.verify(session, KEY).books == 1
    without_guards(session)
    session.execute(sa.delete(Seal).where(Seal.day == gone))
    with pytest.raises(verify.Break, match=f"The seal of {gone} is gone"):
        verify.verify(session, KEY)
    session.rollback()


def test_that_the_last_seals_are_gone_shows_in_what_was_done_that_day(sealed, session):
    session.add(DailyDeed(name=examining.SEALING, done_on=date(2026, 6, 10)))
    session.flush()
    examining.look(session, KEY)
    without_guards(session)
    session.execute(sa.delete(Seal).where(Seal.day > DAYS[0]))
    with pytest.raises(verify.Break, match="The seal of 2026-06-09 is gone"):
        examining.look(session, KEY)
    session.rollback()


def test_seals_of_before_that_named_none_stay_ours(booked, session):
    without_guards(session)
    heads = session.scalars(sa.select(Seal.heads)).one()
    for day in DAYS[:2]:
        said = verify.heads_hmac(KEY, day, None, heads)
        session.add(Seal(day=day, heads=heads, hmac=said))
    session.flush()
    assert sealing.seal(session, KEY, DAYS[2])
    assert verify.verify(session, KEY).books == 1
    session.rollback()


def test_nothing_is_sealed_for_a_day_before_the_last(sealed, session):
    assert not sealing.seal(session, KEY, date(2026, 6, 5))
    assert not sealing.seal(session, KEY, DAYS[-1])


@pytest.mark.own_database
def test_what_cannot_even_be_read_is_a_break(booked, session):
    """A stranger's hand knows no kinds: the examination says so instead of failing itself."""
    without_guards(session)
    check = "ALTER TABLE transfer DROP CONSTRAINT ck_transfer_transferkind"
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    session.execute(sa.text("PRAGMA ignore_check_constraints = ON" if is_sqlite else check))
    session.execute(sa.text("UPDATE transfer SET kind = 'gift' WHERE no = 1"))
    with pytest.raises(verify.Break, match="cannot be read"):
        examining.look(session, KEY)
    session.rollback()
