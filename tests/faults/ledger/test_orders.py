"""The same purchases and returns, entered in any order that is legal and signed at any time, make the same balances."""

import random
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind
from portal.domain.price_protection import steps
from portal.domain.price_protection.models import Agreement, Status
from portal.domain.price_protection.purchases.models import Purchase
from tests.domain.books import whole
from tests.domain.clock import on_day
from tests.domain.fund_world import FIRST, LAST, FundWorld
from tests.faults.ledger.model import Model
from tests.faults.ledger.size import SECONDS, progress, size

pytestmark = pytest.mark.timeout(SECONDS)
ORDERS = size(15, 1000)
SETS = size(3, 20)  # of deeds, each entered in ORDERS / SETS orders
NOW = date(2027, 1, 5)
RATES = [(50_000, 60), (33_300, 47), (30_000, 100), (12_300, 0), (100, 50)]


@dataclass(frozen=True)
class Deed:
    """A purchase, or a return of so much of one."""

    number: int
    on: date
    fen: int
    of: int | None = None


def some_deeds(chance: random.Random) -> list[Deed]:
    """Purchases of any day around the term, most of them returned in parts that rounding bites on."""
    deeds: list[Deed] = []
    for _ in range(chance.randint(3, 7)):
        on = FIRST + timedelta(days=chance.randint(-10, 368))
        bought = Deed(len(deeds), on, chance.choice((chance.randint(1, 99), chance.randint(1, 10**9))))
        deeds.append(bought)
        left = bought.fen
        for _ in range(chance.randint(0, 3)):
            if left:
                part = chance.choice((1, left, chance.randint(1, left)))
                left -= part
                deeds.append(Deed(len(deeds), on + timedelta(days=chance.randint(0, 5)), part, bought.number))
    return deeds


def legal(chance: random.Random, deeds: list[Deed]) -> list[Deed]:
    """An order in which no return comes before its purchase."""
    waiting, order, there = chance.sample(deeds, len(deeds)), [], set()
    while waiting:
        deed = waiting.pop(0)
        if deed.of is None or deed.of in there:
            order.append(deed)
            there.add(deed.number)
        else:
            waiting.insert(chance.randint(0, len(waiting)), deed)
    return order


def entered(world: FundWorld, agreement: Agreement, order: list[Deed], chance: random.Random) -> None:
    """Enter them one by one or several at once; where the agreement is unsigned it is signed somewhere in between."""
    rows: dict[int, Purchase] = {}
    signing = chance.randint(0, len(order))
    for place, deed in enumerate([*order, None]):
        if place == signing and agreement.status is not Status.SIGNED:
            with on_day(NOW):
                steps.sign(world.session, world.author, agreement, NOW)
                world.session.commit()
                while world.accrue_waiting(agreement.distributor_id, 3):
                    world.session.commit()
                world.accrue_waiting(agreement.distributor_id)
                world.session.commit()
        if deed is None:
            return
        if deed.of is None:
            rows[deed.number] = world.buy(agreement, deed.on, deed.fen, entered_on=NOW)
        else:
            world.give_back(rows[deed.of], deed.on, deed.fen, entered_on=NOW)


def expected(deeds: list[Deed], rate: int, share: int) -> dict[tuple[str, str], int]:
    """The balances that the deeds have in whatever order: of each line the accrual of what is left of it."""
    model = Model.of(rate, share)
    for deed in deeds:
        if deed.of is None:
            back = sum(one.fen for one in deeds if one.of == deed.number)
            model.buy(deed.number, deed.on, deed.fen - back, NOW)
    return {place: fen for place, fen in model.balances.items() if fen}


def test_the_open_balances_are_the_same_in_whatever_order(session, make):
    chance = random.Random(20261122)
    world = FundWorld(session, make)
    done = 0
    for number in range(SETS):
        deeds = some_deeds(chance)
        rate, share = RATES[number % len(RATES)]
        wanted = expected(deeds, rate, share)
        for turn in range(ORDERS // SETS):
            said = {"rebate_ppm": rate, "base_share": share}
            with on_day(FIRST):
                agreement = (
                    world.in_force(world.add_distributor(), **said)
                    if turn % 2
                    else world.approved(world.add_distributor(), effective_on=FIRST, expires_on=LAST, **said)
                )
            order = legal(chance, deeds)
            entered(world, agreement, order, chance)
            assert open_balances(session, agreement) == wanted, (deeds, order)
            done += 1
            if done % 50 == 0:
                progress(f"orders: {done} of {ORDERS}")
    assert done == ORDERS // SETS * SETS
    whole(session)


def open_balances(session: Session, agreement: Agreement) -> dict[tuple[str, str], int]:
    session.rollback()
    found = ledger.balances(session, [agreement.id]).get(agreement.id, {})
    return {(AccountKind(kind).value, part): fen for (kind, part), fen in found.items() if fen}
