"""Verifying finds the first thing that does not hold: no byte of the books changes unseen."""

import random
from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import Base
from portal.domain.ledger import sealing, verify
from portal.domain.ledger.models import Transfer
from portal.domain.price_protection.funds import deducting, proving, releasing
from tests.domain.fund_world import FundWorld, on_day

KEY = b"k" * 32
TABLES = (
    "transfer",
    "ledger_account",
    "ledger_book",
    "accrual",
    "fund_release",
    "fund_deduction",
    "ledger_seal",
)
# What is only told, and nothing is reckoned by; ids that nothing refers to.
LEFT_ALONE = {
    ("accrual", "at"),
    ("accrual", "id"),
    ("fund_release", "at"),
    ("fund_deduction", "at"),
    ("ledger_seal", "made_at"),
    ("ledger_seal", "id"),
}


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


@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
def test_raw_changes_are_refused_by_the_database(booked, session, statement):
    for table in (
        "transfer",
        "ledger_account",
        "accrual",
        "fund_release",
        "fund_deduction",
        "ledger_seal",
        "purchase",
    ):
        column = "amount_fen" if table == "purchase" else "id"
        with pytest.raises(sa.exc.DBAPIError):
            session.execute(sa.text(statement.format(table, column, f"{column} + 1000000")))
        session.rollback()
    looked_at(session)


def without_guards(session: Session) -> None:
    """As somebody with the database's own password could."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SET session_replication_role = replica"))
        return
    session.execute(sa.text("PRAGMA foreign_keys = OFF"))
    for name in session.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
        session.execute(sa.text(f"DROP TRIGGER {name}"))


def other(value: object, chance: random.Random) -> object:
    """The same value with one byte, or one digit, of it changed."""
    if isinstance(value, int):
        return value + chance.choice((-1, 1, 10, 256))
    if isinstance(value, str) and value:
        at = chance.randrange(len(value))
        return value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
    return None


def test_a_byte_changed_anywhere_is_found(booked, session):
    looked_at(session)
    chance = random.Random(20261122)
    without_guards(session)
    session.commit()
    found, missed = 0, []
    for _ in range(80):
        table = Base.metadata.tables[chance.choice(TABLES)]
        row = chance.choice(session.execute(sa.select(table)).mappings().all())
        column = chance.choice([column for column in table.c if (table.name, column.name) not in LEFT_ALONE])
        changed = other(row[column], chance)
        if changed is None or changed == row[column] or isinstance(column.type, sa.Enum):
            continue
        try:
            without_guards(session)
            session.execute(sa.update(table).where(table.c.id == row["id"]).values({column.name: changed}))
            session.flush()
        except sa.exc.DBAPIError:
            session.rollback()
            continue
        try:
            session.expire_all()
            verify.verify(session, KEY)
            proving.prove(session)
            missed.append((table.name, column.name, row[column], changed))
        except (verify.Break, KeyError, ValueError, AttributeError):
            found += 1
        session.rollback()
    assert not missed
    assert found > 20


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
