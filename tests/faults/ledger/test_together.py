"""Two worker processes on one database: whatever is clicked, raced or killed is booked once, or not at all."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.errors import DomainError
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind as A
from portal.domain.ledger.accounts import TransferKind as T
from portal.domain.ledger.models import Transfer
from portal.domain.ledger.services import Draft
from portal.domain.price_protection.funds.models import FundRelease
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.purchases.models import Accrual, Purchase
from tests.domain.books import whole
from tests.domain.fund_world import FundWorld
from tests.faults.ledger.clicker import Act, Clicker
from tests.faults.ledger.size import SECONDS, progress, size

pytestmark = [pytest.mark.timeout(SECONDS), pytest.mark.own_database]
LATER = date(2027, 1, 10)  # all quarters of 2026 are over
QUARTERS = ("2026Q1", "2026Q2", "2026Q3", "2026Q4")
Start = Callable[[], Clicker]


@pytest.fixture
def world(session, make) -> FundWorld:
    return FundWorld(session, make)


@pytest.fixture
def start(app, database_url, tmp_path, world) -> Iterator[Start]:
    """Start a worker process."""
    started: list[Clicker] = []

    def begin() -> Clicker:
        started.append(Clicker(database_url, tmp_path / "instance", world.finance.id))
        return started[-1]

    yield begin
    for one in started:
        if one.process.is_alive():
            one.kill()


@pytest.fixture
def two(start: Start) -> tuple[Clicker, Clicker]:
    first, second = start(), start()
    return first.ready(), second.ready()


def funds(world: FundWorld, wanted: int) -> Iterator[tuple[Agreement, str]]:
    """So many quarters, each with a fund of 200 yuan."""
    days = [date(2026, month, 5) for month in (2, 5, 8, 11)]
    for number in range(0, wanted, 4):
        agreement = world.in_force(world.add_distributor())
        world.book(*(world.line(agreement, day, 1_000_000) for day in days))
        for quarter in QUARTERS[: wanted - number]:
            yield agreement, quarter


def test_quarters_clicked_by_many_at_once_are_released_once_each(world, session, two):
    quarters, clicks = size(8, 50), 20
    for number, (agreement, quarter) in enumerate(list(funds(world, quarters)), 1):
        click = Act("release", LATER, (agreement.id, quarter))
        for one in two:
            one.tell(*[click] * (clicks // 2))
        said = {answer for one in two for answer in one.hear()}
        session.rollback()
        [made] = session.scalars(
            sa.select(FundRelease).where(
                FundRelease.agreement_id == agreement.id, FundRelease.quarter == quarter
            )
        )
        assert said == {made.id}
        assert world.balance(agreement, A.RELEASED, quarter) == 20_000
        progress(f"clicks: {number} of {quarters} quarters")
    released = sa.select(sa.func.count()).select_from(Transfer).where(Transfer.kind == T.RELEASE)
    assert session.scalar(released) == quarters
    whole(session)


def test_one_key_sent_a_hundred_times_is_one_transfer(world, session, two):
    [(agreement, _)] = funds(world, 1)
    paying = Draft(
        kind=T.PAY,
        debit=(A.BASE, ""),
        credit=(A.MONEY, ""),
        amount_fen=100,
        key="payment:1",
        source="payment",
        source_id=1,
        facts="",
    )
    for one in two:
        one.tell(*[Act("post", LATER, (agreement.id, paying))] * 50)
    assert Counter(answer for one in two for answer in one.hear()) == {1: 1, 0: 99}
    assert world.balance(agreement, A.MONEY) == -100
    whole(session)


def test_a_line_sent_by_many_at_once_is_entered_and_accrued_once(world, session, two):
    [(agreement, _)] = funds(world, 1)
    for fen in (1_000_000, 17, 1):
        line = world.line(agreement, date(2026, 5, 5), fen)
        before = session.scalar(sa.select(sa.func.count()).select_from(Purchase))
        session.rollback()
        for one in two:
            one.tell(*[Act("buy", LATER, (line,))] * 10)
        said = [answer for one in two for answer in one.hear()]
        assert len({tuple(answer) for answer in said}) == 1, said
        assert session.scalar(sa.select(sa.func.count()).select_from(Purchase)) == before + 1
        session.rollback()
    whole(session)


def test_of_two_returns_of_one_line_only_what_is_left_is_taken(world, session, two):
    agreement = world.in_force()
    for _ in range(size(5, 100)):
        bought = world.buy(agreement, date(2026, 2, 5), 1_000)
        session.rollback()
        for one in two:
            one.tell(
                *(
                    Act("buy", LATER, (back,))
                    for back in (
                        world.line(
                            agreement,
                            date(2026, 3, 5),
                            -600,
                            returns=(bought.document_number, bought.line_no),
                        )
                        for _ in range(2)
                    )
                )
            )
        said = [answer for one in two for answer in one.hear()]
        assert sum(isinstance(answer, list) for answer in said) == 1
        assert sum(isinstance(answer, DomainError) for answer in said) == 3
    whole(session)


def test_release_and_deduction_at_once_never_take_the_same_fen(world, session, two):
    races = size(20, 1000)
    first: Counter[str] = Counter()
    for case, (agreement, quarter) in enumerate(funds(world, races), 1):
        acts = [
            Act("release", LATER, (agreement.id, quarter)),
            Act("deduct", LATER, (agreement.id, quarter, case, 750_000, 400_000)),
        ]
        chance = case % 2
        session.rollback()
        two[0].tell(acts[chance])
        two[1].tell(acts[1 - chance])
        said = [one.hear()[0] for one in two]
        assert not any(isinstance(answer, Exception) for answer in said), said
        session.rollback()
        books = ledger.balances(session, [agreement.id])[agreement.id]
        released, held = books.get((A.RELEASED, quarter), 0), books.get((A.FUND, quarter), 0)
        taken = books.get((A.AWARD, f"C{case}"), 0) + books.get((A.UNAWARDED, f"C{case}"), 0)
        assert (released, taken, held) in ((20_000, 0, 0), (5_000, 15_000, 0))
        assert said[1 - chance] == taken
        first["deduction" if taken else "release"] += 1
        if case % 50 == 0:
            progress(f"races: {case} of {races}; first was {dict(first)}")
    assert first.total() == races
    if races >= 1000:
        assert len(first) == 2  # both orders were seen
    whole(session)


def test_whatever_was_acknowledged_before_a_kill_is_there_and_nothing_is_doubled(world, session, start):
    kills = size(5, 200)
    chance = random.Random(20261122)
    agreements = [world.in_force(world.add_distributor()) for _ in range(4)]
    numbers, cases = count(1), count(1)

    def some() -> Act:
        """A thing to do that is told apart from all others by what it says."""
        agreement, month = chance.choice(agreements), chance.randint(1, 12)
        quarter = QUARTERS[(month - 1) // 3]
        kind = chance.randrange(12)
        if kind == 0:
            return Act("release", LATER, (agreement.id, quarter))
        if kind == 1:
            return Act("deduct", LATER, (agreement.id, quarter, next(cases), 300_000, 500_000))
        number = f"K-{next(numbers)}"
        day = date(2026, month, chance.randint(1, 28))
        bought = world.line(agreement, day, chance.randint(1, 10**7), document_number=number)
        back = world.line(
            agreement,
            LATER,
            -chance.randint(1, bought.amount_fen),
            document_number=number,
            line_no=2,
            returns=(number, 1),
        )
        return Act("buy", LATER, (bought, back) if kind % 2 else (bought,))

    sent: list[Act] = []
    known: dict[int, Any] = {}  # what was acknowledged, by place in `sent`
    lock = threading.Lock()
    session.rollback()
    workers = [start().ready() for _ in range(2)]
    for turn in range(1, kills + 1):
        stop = threading.Event()

        def load(which: int, stop: threading.Event = stop) -> None:
            while not stop.is_set():
                with lock:
                    places = range(len(sent), len(sent) + 3)
                    sent.extend(some() for _ in places)
                    batch = [sent[place] for place in places]
                try:
                    workers[which].tell(*batch)
                    answers = workers[which].hear()
                except (EOFError, OSError):
                    return
                with lock:
                    known.update(zip(places, answers, strict=True))

        threads = [threading.Thread(target=load, args=(which,)) for which in range(2)]
        for thread in threads:
            thread.start()
        time.sleep(chance.uniform(0.02, 0.35))
        killed = turn % 2
        workers[killed].process.kill()
        stop.set()
        for thread in threads:
            thread.join()
        workers[killed].process.join()
        workers[killed] = start().ready()
        for place, answer in known.items():
            assert not isinstance(answer, RuntimeError), (sent[place], answer)
        there = entered(session)
        for place, answer in known.items():
            if sent[place].name == "buy" and not isinstance(answer, DomainError):
                assert {line.key for line in sent[place].said} <= there, "acknowledged, and gone"
        if turn % 10 == 0:
            progress(f"kills: {turn} of {kills}, {len(sent)} sent, {len(known)} acknowledged")
    unheard = [place for place in range(len(sent)) if place not in known]
    assert unheard, "nothing was under way when a worker was killed"
    for place in unheard:
        workers[0].tell(sent[place])
        [known[place]] = workers[0].hear()
    # All of it once more: nothing is booked by that.
    before = counted(session)
    for place in chance.sample(range(len(sent)), min(len(sent), 200)):
        workers[1].tell(sent[place])
        [answer] = workers[1].hear()
        assert answer == known[place] or sent[place].name == "release"
    assert counted(session) == before
    asked = {line.key for one in sent if one.name == "buy" for line in one.said}
    assert entered(session) == asked
    assert before[0] == before[1] == len(asked)
    whole(session)


def entered(session: Session) -> set[tuple[str, int]]:
    session.rollback()
    rows = session.execute(sa.select(Purchase.document_number, Purchase.line_no)).all()
    session.rollback()
    return {(row[0], row[1]) for row in rows}


def counted(session: Session) -> tuple[int, ...]:
    session.rollback()
    found = [session.scalar(sa.select(sa.func.count()).select_from(table)) for table in COUNTED]
    session.rollback()
    return tuple(number or 0 for number in found)


COUNTED = (Purchase, Accrual, Transfer, FundRelease)
