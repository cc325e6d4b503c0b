"""A failure after every single statement of every flow that moves money: nothing half-booked, and again it succeeds."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from types import FrameType
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

from portal.db import Base
from portal.domain.bulk import Bulk
from portal.domain.ledger import sealing
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind as A
from portal.domain.ledger.accounts import TransferKind as T
from portal.domain.ledger.models import Transfer
from portal.domain.ledger.services import Draft
from portal.domain.price_protection import steps
from portal.domain.price_protection.funds import deducting, releasing, suspending
from portal.domain.price_protection.funds.models import FundDeduction
from portal.domain.price_protection.payments import correcting, making
from portal.domain.price_protection.payments.making import How, Payee
from portal.domain.price_protection.payments.models import PayoutKind
from portal.domain.price_protection.proving import examining
from portal.domain.price_protection.purchases.booking import book
from tests.domain.books import KEY, whole
from tests.domain.clock import on_day
from tests.domain.fund_world import FIRST, LAST
from tests.faults.ledger.flows import DOMAIN, FLOWS, JULY, MAY, Flow, World, posting_services
from tests.faults.ledger.size import IS_LONG

# Tasks and daily deeds say how far they are; everything else is what it was.
UNLIKE = {"job", "job_step", "job_worker", "daily_deed"}


class Cut(Exception):
    """The power went, the connection broke, somebody pulled the plug."""


class Cutter:
    """Counts the statements of a session and fails after the one that is asked for."""

    def __init__(self, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.engine, self.after, self.count = engine, 0, 0
        write = Bulk.write

        def written(bulk: Bulk, connection: Any, prepared: Any) -> None:
            write(bulk, connection, prepared)
            if connection.dialect.name == "postgresql" and prepared:
                self._next()  # COPY is no statement of SQLAlchemy's

        monkeypatch.setattr(Bulk, "write", written)

    def _executed(self, *_said: Any) -> None:
        self._next()

    def _next(self) -> None:
        self.count += 1
        if self.count == self.after:
            raise Cut(f"after statement {self.count}")

    @contextmanager
    def cutting(self, after: int) -> Iterator[None]:
        """Fail after this statement; 0: never."""
        self.after, self.count = after, 0
        event.listen(self.engine, "after_cursor_execute", self._executed)
        try:
            yield
        finally:
            event.remove(self.engine, "after_cursor_execute", self._executed)
            self.after = 0


class Fund:
    """A fund in which everything has happened that a flow may start from, and flows by name."""

    def __init__(self, world: World) -> None:
        self.world, self.session = world, world.session
        self.agreement = world.in_force(values={"fund_interest_rate": 36_500})
        with on_day(FIRST):
            self.unsigned = world.approved(
                world.add_distributor(), effective_on=FIRST, expires_on=LAST, rebate_ppm=50_000
            )
        self.winter = world.buy(self.agreement, date(2026, 2, 5), 1_000_000)
        self.spring = world.buy(self.agreement, MAY, 1_000_000)
        early = world.buy(self.unsigned, MAY, 1_000_000)
        world.give_back(early, MAY, 400_000)
        with on_day(date(2026, 4, 10)):
            releasing.release(self.session, world.finance, self.agreement.id, "2026Q1")
        with on_day(date(2026, 6, 1)):
            self._deduct(7)
            suspending.hold_quarter(self.session, self.agreement.id, "2026Q2", 7, date(2026, 5, 20))
            used = making.pay_from_case(
                self.session, world.finance, self.agreement, PayoutKind.UNAWARDED, "C7", 4_000,
                How(date(2026, 6, 1), note="终端价格维护"), key=f"used-{self.agreement.id}", payee=Payee("示例"),
            )  # fmt: skip
            self.paid = used.payouts[0]
        self.session.commit()
        self.another = world.line(self.agreement, MAY, 2_345_678, codes=("XH-1", "XH-2"))

    def _deduct(self, case: int) -> None:
        deducting.deduct(
            self.session, self.world.manager, self.agreement.id, "2026Q2", case, 500_000, 600_000
        )

    def _post(self, kind: T, debit: tuple[A, str], credit: tuple[A, str], fen: int) -> None:
        draft = Draft(kind, debit, credit, fen, f"test:{self.agreement.id}:{kind}:{debit[0]}", "test", 1, "")
        ledger.post(ledger.hold(self.session, self.agreement.id), self.world.finance, [draft])

    def _back(self, row: Any, fen: int) -> None:
        line = self.world.line(
            self.agreement,
            JULY,
            -fen,
            document_number=f"TH-{row.document_number}",
            returns=(row.document_number, row.line_no),
        )
        assert book(self.session, self.world.finance, [line]).created

    def _only(self) -> FundDeduction:
        mine = FundDeduction.agreement_id == self.agreement.id
        return self.session.scalars(sa.select(FundDeduction).where(mine)).one()

    def buy(self) -> None:
        assert book(self.session, self.world.finance, [self.another]).created

    def return_what_was_released(self) -> None:
        self._back(self.winter, 600_000)

    def return_what_was_deducted(self) -> None:
        self._back(self.spring, 600_000)

    def sign_late(self) -> None:
        steps.sign(self.session, self.world.author, self.unsigned, JULY)
        self.world.accrue_waiting(self.unsigned.distributor_id)

    def close(self) -> None:
        releasing.close(self.session, self.world.finance, self.agreement.id, "2026Q2")

    def lift_and_release(self) -> None:
        suspending.lift(self.session, self.agreement.id, 7)
        assert releasing.release(self.session, self.world.finance, self.agreement.id, "2026Q2")

    def hold(self) -> None:
        suspending.hold_quarter(self.session, self.agreement.id, "2026Q3", 8, JULY)

    def deduct(self) -> None:
        self._deduct(8)

    def restore_a_part(self) -> None:
        assert deducting.restore(self.session, self.world.manager, self._only(), 3_333)

    def restore_and_release(self) -> None:
        self.lift_and_release()
        assert deducting.restore(self.session, self.world.manager, self._only())
        assert releasing.release_restored(self.session, self.world.finance, self.agreement.id, "2026Q2")

    def pay(self) -> None:
        self._post(T.PAY, (A.BASE, ""), (A.MONEY, ""), 50_000)

    def correct(self) -> None:
        assert correcting.correct(self.session, self.world.finance, self.paid, "银行退票")

    def seal(self) -> None:
        assert sealing.seal(self.session, KEY, JULY)


@pytest.fixture(autouse=True)
def in_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    """The decision of the fund's own case is in effect too, which is a number and no more."""
    for module in (making, correcting):
        real = module.award_is_payable
        monkeypatch.setattr(
            module, "award_is_payable", lambda session, part, real=real: part == "C7" or real(session, part)
        )


ON_THE_FUND = [name for name in vars(Fund) if not name.startswith("_")]


def prepared(world: World, name: str) -> Flow:
    """The flow of this name, from a state of its own."""
    if name in FLOWS:
        return FLOWS[name](world)
    fund = Fund(world)
    return Flow(JULY, getattr(fund, name))


@cache
def readings(dialect: sa.Dialect) -> dict[str, str]:
    """What reads a table, by its name: written once, since it is asked after each statement of each flow."""
    return {
        table.name: str(sa.select(table).order_by(*table.primary_key).compile(dialect=dialect))
        for table in Base.metadata.sorted_tables
        if table.name not in UNLIKE
    }


def everything(session: Session) -> dict[str, list[Any]]:
    """Every row of the database but for tasks, as it stands there."""
    session.rollback()
    connection = session.connection()
    statements = readings(connection.dialect)
    found = {name: list(connection.exec_driver_sql(asked).all()) for name, asked in statements.items()}
    session.rollback()
    return found


def next_one(after: int) -> int:
    """In a usual run, of the statements of a long flow some are passed over."""
    return after + (1 if IS_LONG or after < 10 else after // 5)


@pytest.mark.parametrize("name", [*ON_THE_FUND, *FLOWS])
def test_a_failure_after_any_statement_leaves_nothing_and_again_it_succeeds(session, make, monkeypatch, name):
    flow = prepared(World(session, make), name)
    session.commit()
    cutter = Cutter(session.get_bind().engine, monkeypatch)
    before = everything(session)

    def do(after: int) -> None:
        # A session of its own, as each request has.
        session.rollback()
        session.expire_all()
        with on_day(flow.on), cutter.cutting(after):
            flow.do()
            session.commit()

    after, failed = 1, 0
    while True:
        try:
            do(after)
        except Cut:
            found, failed = everything(session), failed + 1
            if flow.commits and found != before:
                # What commits its parts itself has done one of them: it goes on from there, and not from the start.
                whole(session)
                before = found
            assert found == before
            if failed % 5 == 1:
                whole(session)
            after = next_one(after)
            continue
        break
    assert after > 3
    now = everything(session)
    assert now != before or flow.commits
    whole(session)
    # What succeeded is whole, and was done once: no statement more than it needs was counted on the way.
    assert cutter.count < after


def test_each_service_that_posts_is_one_that_is_interrupted(session, make):
    """A new service that moves money is missed here until a flow of `flows` does it; all of them leave whole books."""
    world, seen = World(session, make), set[str]()
    root = str(DOMAIN.parent.parent) + "/"

    def note(frame: FrameType, what: str, _argument: object) -> None:
        file = frame.f_code.co_filename
        if what == "call" and file.startswith(str(DOMAIN)):
            module = file.removeprefix(root).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            seen.add(f"{module}.{frame.f_code.co_qualname.partition('.')[0]}")

    def watched(flow: Flow) -> None:
        with on_day(flow.on):
            sys.setprofile(note)
            try:
                flow.do()
            finally:
                sys.setprofile(None)

    for name in FLOWS:
        watched(prepared(world, name))
        session.commit()
    fund = Fund(world)
    for name in ON_THE_FUND:  # they start from one and the same fund
        watched(Flow(JULY, getattr(fund, name)))
        session.rollback()
    watched(Flow(JULY, fund.return_what_was_deducted))
    session.commit()
    assert posting_services() - seen == set()
    # Books in which everything has happened are whole.
    kinds = set(session.scalars(sa.select(Transfer.kind).distinct()))
    assert kinds == set(T)
    session.expire_all()
    examining.look(session, KEY)
