"""The list's two ways to its rows lead to the same rows, and a small count is never an old one."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from portal.db import china_day
from portal.domain.access.roles import Role
from portal.domain.distributors import listing
from portal.domain.distributors.models import Distributor, Level, Standing
from portal.domain.distributors.queries import DistributorFilter, Expected
from portal.web.tables import counted


@pytest.fixture
def world(session, make):
    north = make.region("示例北区")
    near, south = make.region("示例近郊", north), make.region("示例南区")
    owner = make.user(Role.SALESPERSON, north)
    for no, (region, name) in enumerate(
        [
            (north, "示例宏达商贸"),
            (near, "示例达宏商贸"),
            (near, "示例宏达百货 A-1 Foods"),
            (south, "示例宏达商贸"),
        ]
    ):
        level = Level.RETAILER if no % 2 else Level.GENERAL
        make.distributor(region, owner, name=name, level=level, phones=[f"1380000005{no}"])
    make.distributor(north, owner, name="示例停供商贸", standing=Standing.SUSPENDED)
    return {"north": north, "near": near, "owner": owner}


WANTED = [
    {},
    {"q": "商贸"},
    {"q": "宏达"},
    {"q": "hongda"},
    {"q": "hd"},
    {"q": "示例 a1"},
    {"q": "foo"},
    {"q": "0051"},
    {"q": "达商"},
    {"q": "%"},
    {"q": "没有"},
    {"level": Level.RETAILER, "q": "示例"},
    {"standing": Standing.SUSPENDED},
    {"hint": "holes", "q": "商贸"},
]


@pytest.mark.parametrize("wanted", WANTED, ids=str)
@pytest.mark.parametrize("at", ["everywhere", "north", "near"])
def test_many_and_few_are_found_alike(session, make, world, wanted, at):
    manager = make.user(Role.REGIONAL_MANAGER, None if at == "everywhere" else world[at])
    reach = listing.reach(session, manager)
    for narrower in ({}, {"region_id": world["near"].id}, {"owner_id": world["owner"].id}):
        asked = DistributorFilter(**wanted, **narrower)
        few = set(session.scalars(listing.found(session, reach, asked)))
        assert set(session.scalars(listing.found(session, reach, asked, Expected.MANY))) == few
        assert set(session.scalars(listing.found(session, reach, asked, Expected.FROM_FEW))) == few


def test_another_offices_region_lets_nothing_through(session, make, world):
    reach = listing.reach(session, make.user(Role.SALESPERSON, world["near"]))
    other = DistributorFilter(region_id=make.region("示例西区").id)
    assert list(session.scalars(listing.found(session, reach, other))) == []


def test_a_small_count_is_always_fresh(session, make, world):
    reach = listing.reach(session, make.user(Role.ADMINISTRATOR))
    statement = listing.found(session, reach, DistributorFilter())
    before = counted(session, lambda: statement, key="all")
    make.distributor(world["north"])
    assert counted(session, lambda: statement, key="all") == before + 1


def test_a_large_count_is_remembered_for_a_while(session, make, world, monkeypatch):
    moment = [1000.0]
    monkeypatch.setattr("portal.web.tables.REMEMBERED_FROM", 3)
    monkeypatch.setattr("portal.web.tables.time.monotonic", lambda: moment[0])
    reach = listing.reach(session, make.user(Role.ADMINISTRATOR))
    statement = listing.found(session, reach, DistributorFilter())
    before = counted(session, lambda: statement, key="a key of this test")
    make.distributor(world["north"])
    assert counted(session, lambda: statement, key="a key of this test") == before
    assert counted(session, lambda: statement, key="another filter") == before + 1
    moment[0] += 31
    assert counted(session, lambda: statement, key="a key of this test") == before + 1


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 12, 31, 15, 59, 59, 999999, UTC), "2026-12-31"),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), "2027-01-01"),
        (datetime(2028, 2, 28, 23, 30, tzinfo=UTC), "2028-02-29"),
    ],
)
def test_the_database_writes_the_day_that_it_is_in_china(session, make, instant, day):
    one = make.distributor(updated_at=instant)
    assert session.scalar(sa.select(china_day(Distributor.updated_at)).where(Distributor.id == one.id)) == day
