"""Whom to invite: by what was bought and by who has not been there for long; who is asked elsewhere is marked (M1)."""

from datetime import date, datetime, timedelta
from itertools import count

import pytest

from portal.db import clock_at
from portal.domain.access.roles import Permission, Role
from portal.domain.distributors.models import Distributor
from portal.domain.distributors.queries import DistributorFilter
from portal.domain.meetings import audience, inviting
from portal.domain.meetings.audience import Wanted
from portal.domain.meetings.models import Meeting
from portal.domain.price_protection.purchases.booking import Line
from portal.domain.price_protection.purchases.models import Purchase
from tests.domain.fund_world import FundWorld
from tests.domain.meeting_world import BEFORE, END, START, MeetingWorld


@pytest.fixture
def world(session, make) -> MeetingWorld:
    return MeetingWorld(session, make)


@pytest.fixture
def buys(session, make):
    """Book a purchase, or a return of one, for a distributor."""
    funds, numbers = FundWorld(session, make), count(1)

    def buy(distributor: Distributor, fen: int, on: str, returns: Purchase | None = None) -> Purchase:
        line = Line(
            f"JH-{next(numbers):03d}", 1, distributor.id, funds.product.id, date.fromisoformat(on), fen,
            returns=(returns.document_number, returns.line_no) if returns else None,
        )  # fmt: skip
        (found,) = funds.book(line).lines
        assert isinstance(found, Purchase), found
        return found

    return buy


def left(
    world: MeetingWorld, meeting: Meeting, on: datetime = BEFORE, user=None, **wanted
) -> set[Distributor]:
    with clock_at(on):
        found = inviting.candidates(
            world.session, meeting, user or world.manager, DistributorFilter(), Wanted(**wanted)
        )
        return set(world.session.scalars(found))


def test_months_ago_is_a_day_that_exists():
    with clock_at(datetime.fromisoformat("2026-05-31T10:00:00+08:00")):
        assert audience.months_ago(3) == date(2026, 2, 28)
        assert audience.months_ago(12) == date(2025, 5, 31)
        assert audience.months_ago(5) == date(2025, 12, 31)


def test_the_choice_is_narrowed_by_what_was_bought(world, session, make, buys):
    large, small, returned, none = world.dealers(4)
    old = world.dealers(1)[0]
    meeting = world.plan()
    buys(large, 500_000, "2026-05-01")
    buys(small, 20_000, "2026-05-01")
    buys(old, 900_000, "2024-05-01")
    bought = buys(returned, 300_000, "2026-05-01")
    buys(returned, -290_000, "2026-05-20", returns=bought)
    everybody = {large, small, returned, none, old}
    assert left(world, meeting) == everybody
    assert left(world, meeting, at_least_fen=20_000) == {large, small}
    assert left(world, meeting, at_most_fen=10_000) == {returned, none, old}
    assert left(world, meeting, at_least_fen=10_000, at_most_fen=20_000) == {small, returned}
    assert left(world, meeting, most=2) == {large, small}
    assert left(world, meeting, most=1, months=60) == {old}


def test_whoever_sees_no_purchases_cannot_find_out_by_narrowing(world, make, buys, monkeypatch):
    large, _small = world.dealers(2)
    buys(large, 500_000, "2026-05-01")
    meeting = world.plan()
    before = left(world, meeting)
    can = type(world.manager).can
    monkeypatch.setattr(
        type(world.manager),
        "can",
        lambda self, permission, region=None: (
            permission is not Permission.PURCHASES_READ and can(self, permission, region)
        ),
    )
    assert left(world, meeting, at_least_fen=100_000) == left(world, meeting, most=1) == before


def test_who_has_not_been_there_for_months_is_found(world):
    came, stayed_away, never = world.dealers(3)
    meeting = world.plan()
    first, second = world.invite(meeting, [came, stayed_away])
    (guest,) = world.coming(first, "示例甲")
    world.coming(second, "示例乙")
    world.arrive(guest, on=START)
    later = START + timedelta(days=90)
    next_one = world.plan(
        on=later, starts_at=later + timedelta(days=9), ends_at=later + timedelta(days=9, hours=8), agenda=()
    )
    assert left(world, next_one, on=later, absent_months=6) == {stayed_away, never}
    assert left(world, next_one, on=later, absent_months=2) == {came, stayed_away, never}


def test_whoever_is_invited_elsewhere_within_a_day_is_marked(world, session):
    one, other, third = world.dealers(3)
    meeting = world.plan()
    week = timedelta(days=7)
    same_day = world.plan(title="示例同日会议", starts_at=START + timedelta(hours=3), ends_at=END, agenda=())
    next_week = world.plan(starts_at=START + week, ends_at=END + week, agenda=())
    world.invite(same_day, [one])
    world.invite(next_week, [other])
    ids = [one.id, other.id, third.id]
    found = audience.elsewhere(session, meeting, ids)
    assert {id: at.title for id, at in found.items()} == {one.id: "示例同日会议"}
    assert audience.elsewhere(session, meeting, []) == {}
    assert set(audience.elsewhere(session, same_day, ids)) == set()


def test_the_roles_that_hold_meetings(make):
    assert audience.sees_purchases(make.user(Role.REGIONAL_MANAGER))
