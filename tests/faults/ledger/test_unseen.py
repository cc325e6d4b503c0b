"""Nothing that money hangs on is changed unseen: the database refuses it, and what gets past it is found."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from portal.db import Base, UtcDateTime
from portal.domain.access.roles import Role
from portal.domain.ledger import sealing, verify
from portal.domain.price_protection.funds import deducting, releasing
from portal.domain.price_protection.payments import collecting, correcting
from portal.domain.price_protection.payments.collecting import Received
from portal.domain.price_protection.payments.models import Means
from portal.domain.price_protection.proving import examining
from portal.extensions import db
from portal.health.database import GUARDED, KEPT
from tests.domain.books import KEY, without_guards
from tests.domain.clock import on_day
from tests.domain.close_world import CloseWorld
from tests.faults.ledger.flows import BANK, JULY, World
from tests.faults.ledger.size import SECONDS, progress, size

pytestmark = pytest.mark.timeout(SECONDS)
EDITS = size(80, 1000)
# Rows of these stay, but say how far the work on them has come: the columns that may change.
MAY_CHANGE = {
    "ledger_book": {"last_no", "last_sha256"},
    "purchase": {"unprotected"},
    "fund_hold": {"lifted_on"},
}


def example(column: sa.Column[Any]) -> Any:
    """Any value of this column's type."""
    kind = column.type
    if isinstance(kind, sa.Enum):
        return kind.enum_class(kind.enums[0]) if kind.enum_class else kind.enums[0]
    if isinstance(kind, UtcDateTime):
        return datetime(2026, 1, 2, tzinfo=UTC)
    plain: dict[type, Any] = {
        int: 77,
        str: "x",
        bool: True,
        date: date(2026, 1, 2),
        bytes: b"x",
        dict: {"x": 1},
        list: ["x"],
    }
    return plain.get(kind.python_type, {"x": 1})


def other_of(column: sa.Column[Any], value: Any) -> Any:
    if isinstance(column.type, sa.Enum):
        return column.type.enums[-1]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | str | bytes):
        return value + (b"y" if isinstance(value, bytes) else "y" if isinstance(value, str) else 1)
    if isinstance(value, date):
        return value + timedelta(days=1)
    return [*value, "y"] if isinstance(value, list) else {**value, "y": 2}


def unguarded(connection: Connection, table: sa.Table) -> None:
    """Let a made-up row in: no references, no checks, no triggers; all of it is rolled back."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for check in sa.inspect(connection).get_check_constraints(table.name):
            connection.exec_driver_sql(f'ALTER TABLE {table.name} DROP CONSTRAINT "{check["name"]}"')


def guarded(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL session_replication_role = origin")


def keys_of(table: sa.Table) -> list[tuple[str, ...]]:
    """What makes a row the same one: its id and each unique key."""
    found = [tuple(column.name for column in table.primary_key)]
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint):
            found.append(tuple(column.name for column in constraint.columns))
    for index in table.indexes:
        if index.unique and not any(
            index.dialect_options[one].get("where") is not None for one in ("sqlite",)
        ):
            found.append(tuple(column.name for column in index.columns))
    return found


def is_refused(connection: Connection, statement: Any, table: sa.Table) -> bool:
    """Whether the database says no, or passes over it: the row is what it was."""
    nested = connection.begin_nested()
    try:
        before = connection.execute(sa.select(table)).all()
        connection.execute(statement)
        return connection.execute(sa.select(table)).all() == before
    except sa.exc.DBAPIError:
        return True
    finally:
        nested.rollback()


@pytest.mark.own_database
def test_what_was_written_is_neither_changed_nor_deleted_emptied_or_replaced(app):
    with app.app_context():
        engine = db.engine
    passed: list[str] = []
    for name in (*GUARDED, *KEPT):
        table = Base.metadata.tables[name]
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                driver: Any = connection.connection.driver_connection
                # As another program would open the file: nothing that the portal sets on its own connections.
                for pragma in ("foreign_keys=OFF", "ignore_check_constraints=ON", "recursive_triggers=OFF"):
                    driver.execute(f"PRAGMA {pragma}")
            unguarded(connection, table)
            row = {column.name: example(column) for column in table.c}
            connection.execute(sa.insert(table).values(row))
            guarded(connection)
            passed += let_pass(connection, table, row)
            connection.rollback()
            connection.invalidate()
    assert not passed, "\n".join(passed)


def let_pass(connection: Connection, table: sa.Table, row: dict[str, Any]) -> Iterator[str]:
    """What the database does not refuse to do to this row."""
    name, is_sqlite = table.name, connection.dialect.name == "sqlite"
    tried: dict[str, Any] = {f"DELETE of {name}": sa.delete(table)}
    if not is_sqlite:
        tried[f"TRUNCATE of {name}"] = sa.text(f"TRUNCATE {name} CASCADE")
    for column in table.c:
        if name in GUARDED or column.name == "id" or column.name not in MAY_CHANGE.get(name, {column.name}):
            change = {column.name: other_of(column, row[column.name])}
            tried[f"UPDATE of {name}.{column.name}"] = sa.update(table).values(change)
    for key in keys_of(table) if is_sqlite else ():
        replacing = row | {
            column.name: other_of(column, row[column.name]) for column in table.c if column.name not in key
        }
        tried[f"INSERT OR REPLACE into {name} on {key}"] = (
            sa.insert(table).prefix_with("OR REPLACE").values(replacing)
        )
    for what, statement in tried.items():
        if not is_refused(connection, statement, table):
            yield what


# What the fund rests on; of these every byte that anything is reckoned by.
TABLES = (
    "transfer",
    "ledger_account",
    "ledger_book",
    "ledger_seal",
    "purchase",
    "accrual",
    "quarter_close",
    "fund_release",
    "fund_deduction",
    "deduction_change",
    "payout",
    "repayment",
    "payment_correction",
    "statement",
)
# What is only told; and ids that nothing refers to.
LEFT_ALONE = {
    *(
        (table, "at")
        for table in ("accrual", "quarter_close", "fund_release", "fund_deduction", "deduction_change")
    ),
    *((table, "at") for table in ("payout", "repayment", "payment_correction")),
    *((table, "id") for table in ("transfer", "accrual", "ledger_seal", "quarter_close", "deduction_change")),
    *((table, "id") for table in ("payment_correction", "statement")),
    *(("purchase", column) for column in ("note", "entered_by_id", "entered_at")),
    *(("quarter_close", column) for column in ("by_id", "closed_on")),
    ("ledger_seal", "made_at"),
    ("payout", "list_id"),
    ("repayment", "key"),
    *(("payment_correction", column) for column in ("reason", "corrected_on", "by_id")),
    # Of a statement what is printed is kept under its hash; who made it, how and where it went is told beside it.
    *(
        ("statement", column)
        for column in ("proposal_id", "code", "template_id", "made_at", "document_id", "pages")
    ),
    *(
        ("statement", column)
        for column in ("prepared_by_id", "reviewed_by_id", "delivered_on", "objections_until")
    ),
}


@pytest.fixture
def booked(session, make) -> World:
    """Books with everything in them: purchases, returns before and after release, deductions, restorations, a close
    with its statement, payments with what was set off, repayments, and one of each taken back."""
    world = World(session, make)
    agreement = world.in_force(world.add_distributor(**BANK), values={"fund_interest_rate": 36_500})
    bought = [world.buy(agreement, date(2026, month, 5), 123_457 * month) for month in (1, 2, 4, 5)]
    world.give_back(bought[0], date(2026, 2, 7), 23_457)
    with on_day(date(2026, 4, 10)):
        releasing.release(session, world.finance, agreement.id, "2026Q1")
        session.commit()
    world.give_back(bought[1], date(2026, 5, 7), 100_000)
    world.buy(
        agreement, date(2026, 3, 31), 777_777, entered_on=date(2026, 5, 8)
    )  # late: booked in the second
    with on_day(date(2026, 6, 1)):
        made = deducting.deduct(session, world.manager, agreement.id, "2026Q2", 7, 500_000, 700_000)
        session.commit()
    world.give_back(bought[2], date(2026, 6, 7), 50_001)
    with on_day(date(2026, 6, 8)):
        deducting.restore(session, world.manager, made, keep_fen=made.amount_fen // 2)
        deducting.deduct(session, world.manager, agreement.id, "2026Q2", 8, 250_000, 0)
        sealing.seal(session, KEY)
        session.commit()
    world.give_back(bought[3], date(2026, 6, 9), 40_003)
    world.give_back(bought[2], date(2026, 6, 9), 3)
    with on_day(date(2026, 6, 10)):
        sealing.seal(session, KEY)
        session.commit()
    proposal = world.propose("2026Q2", JULY)
    CloseWorld.confirm(world, proposal, by=make.user(Role.FINANCE), on=JULY)
    assert world.execute(proposal, JULY) == []
    first = world.pay([agreement])
    with on_day(JULY):
        correcting.correct(session, world.finance, first[0], "银行退票")
        session.commit()
    world.pay([agreement], "SF-002")
    world.give_back(bought[3], date(2026, 7, 11), 200_000)
    with on_day(date(2026, 7, 12)):
        for fen in (700, 900):
            said = Received(fen, Means.MONEY, date(2026, 7, 12))
            back = collecting.collect(session, world.finance, agreement, said, key=f"back-{fen}")
        correcting.correct(session, world.finance, back, "录入错误")
        session.commit()
    return world


def looked_at(session: Session) -> None:
    session.expire_all()
    examining.look(session, KEY)


def edited(value: Any, chance: random.Random) -> Any:
    """The same value with one byte, or one digit, of it changed."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value + chance.choice((-1, 1, 10, 256))
    if isinstance(value, str) and value:
        at = chance.randrange(len(value))
        return value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
    if isinstance(value, datetime):
        return value + chance.choice((-1, 1)) * timedelta(seconds=chance.choice((1, 60, 86_400)))
    if isinstance(value, date):
        return value + chance.choice((-1, 1)) * timedelta(days=chance.choice((1, 10, 31)))
    return None


@pytest.mark.own_database
def test_a_byte_changed_anywhere_is_found(booked, session):
    looked_at(session)
    chance = random.Random(20261122)
    without_guards(session)
    session.commit()
    found, missed, turns = 0, [], 0
    while found + len(missed) < EDITS and turns < EDITS * 5:
        turns += 1
        table = Base.metadata.tables[chance.choice(TABLES)]
        row = chance.choice(session.execute(sa.select(table)).mappings().all())
        column = chance.choice([column for column in table.c if (table.name, column.name) not in LEFT_ALONE])
        changed = edited(row[column], chance)
        if changed is None or isinstance(column.type, sa.Enum):
            continue
        try:
            without_guards(session)
            session.execute(sa.update(table).where(table.c.id == row["id"]).values({column.name: changed}))
        except sa.exc.DBAPIError:  # a key or a check refuses it: nothing was changed
            session.rollback()
            continue
        try:
            looked_at(session)
            missed.append((table.name, column.name, row[column], changed))
        except verify.Break:
            found += 1
        session.rollback()
        if turns % 200 == 0:
            progress(f"edits: {found} found, {len(missed)} missed")
    assert not missed
    assert found == EDITS
