"""The best are ranked by what they bought and how much they grew; a person chooses, and may take it back (M1)."""

from datetime import date

import pytest
import sqlalchemy as sa

from portal.db import clock_at
from portal.domain.access.roles import Role
from portal.domain.errors import DomainError
from portal.domain.meetings.commending import services
from portal.domain.meetings.commending.models import Commendation
from portal.domain.price_protection.models import Product
from portal.domain.price_protection.purchases.models import Purchase, Unprotected
from tests.domain.meeting_world import BEFORE, MeetingWorld

YEAR = date(2025, 1, 1), date(2025, 12, 31)


@pytest.fixture
def world(session, make) -> MeetingWorld:
    return MeetingWorld(session, make)


def buy(world, dealer, on: date, amount_fen: int) -> None:
    count = world.session.scalar(sa.select(sa.func.count()).select_from(Purchase)) or 0
    product = Product(code=f"XH-{count}", name="示例洗发露200毫升", unit="瓶")
    world.session.add(product)
    world.session.flush()
    world.session.add(
        Purchase(
            distributor_id=dealer.id,
            product_id=product.id,
            document_number=f"JH-{count}",
            line_no=1,
            purchased_on=on,
            amount_fen=amount_fen,
            entered_by_id=world.manager.id,
            unprotected=Unprotected.NO_AGREEMENT,
        )
    )
    world.session.commit()


def commend(world, meeting, dealers, honour="年度优秀经销商", by=None) -> int:
    with clock_at(BEFORE):
        made = services.commend(
            world.session, by or world.manager, meeting, [one.id for one in dealers], honour, "示例事由"
        )
        world.session.commit()
    return made


def test_candidates_are_ranked_by_purchases_and_by_growth(world, session):
    first, second, third, _idle = world.dealers(4)
    meeting = world.plan()
    for dealer, before, now in ((first, 900_00, 1000_00), (second, 100_00, 500_00), (third, 0, 400_00)):
        if before:
            buy(world, dealer, date(2024, 12, 31), before)
        buy(world, dealer, date(2025, 1, 1), now)
    buy(world, first, date(2026, 1, 1), 99_00)
    ranked = services.candidates(session, world.manager, meeting, *YEAR)
    assert [(one.id, one.amount_fen, one.rank) for one in ranked] == [
        (first.id, 1000_00, 1),
        (second.id, 500_00, 2),
        (third.id, 400_00, 3),
    ]
    assert [(one.growth_ppm, one.growth_rank) for one in ranked] == [
        (111_111, 2),
        (4_000_000, 1),
        (None, None),
    ]


def test_the_period_before_a_year_is_the_year_before_and_else_as_many_days():
    assert services.period_before(date(2025, 1, 1), date(2025, 12, 31)) == (
        date(2024, 1, 1),
        date(2024, 12, 31),
    )
    assert services.period_before(date(2025, 3, 11), date(2025, 3, 20)) == (
        date(2025, 3, 1),
        date(2025, 3, 10),
    )


def test_who_reads_no_purchases_sees_no_ranking(world, session, make):
    meeting = world.plan()
    trainer = make.user(Role.TRAINER, world.office)
    assert not services.may_rank(trainer, meeting)
    with pytest.raises(DomainError, match="who bought how much"):
        services.candidates(session, trainer, meeting, *YEAR)


def test_a_commendation_is_given_once_in_order_and_taken_back_on_record(world, session):
    meeting, (first, second) = world.plan(), world.dealers(2)
    assert commend(world, meeting, [second, first]) == 2
    assert commend(world, meeting, [first]) == 0
    given = services.of_meeting(session, meeting)
    assert [one.distributor_id for one in given] == [second.id, first.id]
    with clock_at(BEFORE):
        services.move(session, world.manager, given[1], up=True)
        session.commit()
        assert services.of_meeting(session, meeting)[0].distributor_id == first.id
        with pytest.raises(DomainError, match="why"):
            services.take_back(session, world.manager, given[0], "")
        session.rollback()
        services.take_back(session, world.manager, given[0], "示例违规属实")
        session.commit()
    assert [one.distributor_id for one in services.of_meeting(session, meeting)] == [first.id]
    assert not services.of_distributor(session, second.id)
    assert services.of_distributor(session, first.id)[0].honour == "年度优秀经销商"
    assert commend(world, meeting, [second]) == 1
    with pytest.raises(sa.exc.DBAPIError):
        session.execute(sa.text("DELETE FROM commendation"))
    session.rollback()
    assert session.scalar(sa.select(sa.func.count()).select_from(Commendation)) == 3


def test_only_the_own_distributors_are_commended_by_who_holds_the_meeting(world, session, make):
    meeting = world.plan()
    elsewhere = make.distributor(make.region(), world.sales)
    assert commend(world, meeting, [elsewhere]) == 0
    auditor = make.user(Role.AUDITOR, world.office)
    with pytest.raises(DomainError, match="hold no meetings"):
        commend(world, meeting, world.dealers(1), by=auditor)
    session.rollback()
    with pytest.raises(DomainError) as refused:
        commend(world, meeting, world.dealers(1), honour=" ")
    assert refused.value.field == "honour"
