"""The list of purchases: its rows and its sums say the same, whoever asks and whatever it is narrowed to."""

from dataclasses import replace
from datetime import date
from itertools import product as every

import pytest

from portal.domain.access.roles import Role
from portal.domain.price_protection.purchases import listing
from portal.domain.price_protection.purchases.listing import PurchaseFilter, Totals
from tests.domain.fund_world import FundWorld

MAY, JULY = date(2026, 5, 6), date(2026, 7, 8)
STATES = ("", listing.PROTECTED, listing.UNPROTECTED, "no_agreement", "not_covered")
KINDS = ("", listing.PURCHASES, listing.RETURNS)
DAYS = ((None, None), (date(2026, 7, 1), None), (None, date(2026, 6, 30)))


@pytest.fixture
def world(session, make) -> FundWorld:
    return FundWorld(session, make)


@pytest.fixture
def asked(world, make) -> dict[str, PurchaseFilter]:
    """Purchases and returns, protected and not, in two offices; and the filters that name some of them."""
    here = world.in_force()
    bought = world.buy(here, MAY, 100_001, document_number="JH-MAY")
    world.give_back(bought, JULY, 40_000)
    world.buy(here, JULY, 77)
    far = make.region("far")
    other = make.distributor(far, world.author, code="FAR-1")
    unprotected = world.buy(here, JULY, 5_000, distributor_id=other.id)
    world.give_back(unprotected, JULY, 50)
    return {
        "all": PurchaseFilter(),
        "office": PurchaseFilter(region_id=far.id),
        "distributor": PurchaseFilter(distributor_id=here.distributor_id),
        "elsewhere": PurchaseFilter(distributor_id=other.id),
        "word": PurchaseFilter(q="jh-may"),
        "code": PurchaseFilter(q="FAR-1"),
    }


@pytest.mark.parametrize("named", ["all", "office", "distributor", "elsewhere", "word", "code"])
@pytest.mark.parametrize("role", [Role.EXECUTIVE, Role.REGIONAL_MANAGER, Role.TRAINER])
def test_rows_and_sums_say_the_same(world, session, make, asked, named, role):
    user = make.user(role, None if role is Role.EXECUTIVE else world.region)
    seen = 0
    for state, kind, (first_on, last_on) in every(STATES, KINDS, DAYS):
        wanted = replace(asked[named], state=state, kind=kind, first_on=first_on, last_on=last_on)
        rows = session.execute(listing.rows(session, user, wanted)).all()
        ids = session.scalars(listing.found(session, user, wanted)).all()
        assert sorted(ids) == sorted(row.id for row in rows)
        sums = [sum(getattr(row, name) or 0 for row in rows) for name in Totals._fields[1:]]
        assert listing.totals(session, user, wanted) == Totals(len(rows), *sums), wanted
        seen += len(rows)
    elsewhere = named in ("office", "elsewhere", "code")
    assert bool(seen) == (role is not Role.TRAINER and (role is Role.EXECUTIVE or not elsewhere))
