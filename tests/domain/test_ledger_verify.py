"""Verifying finds the first thing that does not hold; that no byte changes unseen: tests/faults/ledger/test_unseen."""

from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.ledger import sealing, verify
from portal.domain.ledger.models import Transfer
from portal.domain.price_protection.funds import deducting, examining, proving, releasing
from tests.domain.fund_world import FundWorld, on_day

KEY = b"k" * 32


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


def looked_at(session: Session) -> None:
    session.rollback()
    session.expire_all()
    verify.verify(session, KEY)
    proving.prove(session)


def test_whole_books_are_whole(booked, session):
    looked_at(session)
    assert verify.verify(session, KEY).books == 1


def without_guards(session: Session) -> None:
    """As somebody with the database's own password could."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SET session_replication_role = replica"))
        return
    session.execute(sa.text("PRAGMA foreign_keys = OFF"))
    for name in session.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
        session.execute(sa.text(f"DROP TRIGGER {name}"))


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
