"""The second before and after midnight in China: which quarter a purchase is in, and whether one can be closed."""

from calendar import isleap, monthrange
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.db import CHINA, clock_at, today
from portal.domain.errors import DomainError
from portal.domain.ledger.accounts import AccountKind as A
from portal.domain.price_protection.funds import releasing
from portal.domain.price_protection.funds.quarters import Calendar, calendar_of
from portal.domain.price_protection.purchases.booking import book
from portal.domain.settings import services as settings
from tests.domain.clock import on_day
from tests.domain.fund_world import FundWorld

SECOND = timedelta(seconds=1)
# The calendar's words, the last day of a quarter of it, its name and that of the next.
ENDS = [
    ("每年1、4、7、10月1日", date(2026, 3, 31), "2026Q1", "2026Q2"),
    ("每年1、4、7、10月1日", date(2026, 6, 30), "2026Q2", "2026Q3"),
    ("每年1、4、7、10月1日", date(2026, 9, 30), "2026Q3", "2026Q4"),
    ("每年1、4、7、10月1日", date(2026, 12, 31), "2026Q4", "2027Q1"),
    ("每年2、5、8、11月1日", date(2026, 4, 30), "2026Q1", "2026Q2"),
    ("每年2、5、8、11月1日", date(2027, 1, 31), "2026Q4", "2027Q1"),
    ("每年3、6、9、12月1日", date(2027, 2, 28), "2026Q4", "2027Q1"),
    ("每年3、6、9、12月1日", date(2028, 2, 29), "2027Q4", "2028Q1"),
    ("每年3、6、9、12月26日", date(2026, 6, 25), "2026Q1", "2026Q2"),
    ("每年2、5、8、11月28日", date(2028, 2, 27), "2027Q4", "2028Q1"),
    ("每年1、4、7、10月28日", date(2027, 1, 27), "2026Q4", "2027Q1"),
]


def midnight_after(day: date) -> datetime:
    """The instant at which this day is over in China, as a server anywhere writes it."""
    return (datetime(day.year, day.month, day.day, tzinfo=CHINA) + timedelta(days=1)).astimezone(UTC)


@pytest.fixture
def world(session, make) -> FundWorld:
    return FundWorld(session, make)


def agreement_of(world: FundWorld, starts: str):
    settings.change(world.session, None, world.make.head_office(), {"quarter_starts": starts})
    world.session.commit()
    return world.in_force(effective_on=date(2026, 1, 1), expires_on=date(2028, 12, 31))


@pytest.mark.parametrize(("starts", "last", "name", "following"), ENDS)
def test_a_purchase_a_second_before_midnight_is_in_the_old_quarter_and_one_after_in_the_new(
    world, session, starts, last, name, following
):
    agreement = agreement_of(world, starts)
    midnight = midnight_after(last)
    for moment, quarter, fund in ((midnight - SECOND, name, 20_000), (midnight, following, 20_000)):
        with clock_at(moment):
            # A purchase of today, as the form offers it; and one of tomorrow is refused.
            done = book(session, world.finance, [world.line(agreement, today(), 1_000_000)])
            session.commit()
            assert not isinstance(done.lines[0], DomainError)
            tomorrow = world.line(agreement, today() + timedelta(days=1), 1_000_000)
            assert isinstance(book(session, world.finance, [tomorrow]).lines[0], DomainError)
            session.rollback()
        assert world.accrual(done.lines[0]).quarter == quarter
        assert world.balance(agreement, A.FUND, quarter) == fund


@pytest.mark.parametrize(("starts", "last", "name", "following"), ENDS)
def test_a_quarter_can_be_closed_from_its_midnight_on_and_not_a_second_before(
    world, session, starts, last, name, following
):
    agreement = agreement_of(world, starts)
    midnight = midnight_after(last)
    with on_day(last):
        book(session, world.finance, [world.line(agreement, last, 1_000_000)])
        session.commit()
    for step in (releasing.close, releasing.release):
        with clock_at(midnight - SECOND), pytest.raises(DomainError):
            step(session, world.finance, agreement.id, name)
        session.rollback()
    assert releasing.closed(session, agreement.id, name) is None
    with clock_at(midnight):
        made = releasing.release(session, world.finance, agreement.id, name)
        session.commit()
        assert made is not None
        assert (made.amount_fen, made.released_on) == (20_000, last + timedelta(days=1))
        with pytest.raises(DomainError):
            releasing.close(session, world.finance, agreement.id, following)
        session.rollback()
        # Of the day that is over, but entered now: its quarter is closed, so it goes where today is.
        late = book(session, world.finance, [world.line(agreement, last, 1_000_000)]).lines[0]
        session.commit()
    assert not isinstance(late, DomainError)
    assert world.accrual(late).quarter == following
    assert world.balance(agreement, A.FUND, name) == 0


@given(
    month=st.integers(1, 3),
    day=st.integers(1, 28),
    on=st.dates(date(2001, 1, 1), date(2999, 12, 31)),
)
def test_every_day_lies_in_one_quarter_of_three_months(month, day, on):
    starts = f"每年{month}、{month + 3}、{month + 6}、{month + 9}月{day}日"
    calendar = calendar_of(starts)
    assert calendar == Calendar(month, day)
    quarter = calendar.of(on)
    assert quarter.first_on <= on <= quarter.last_on
    assert calendar.named(str(quarter)) == quarter
    # It begins on the day the agreement says, and the next one the day after it ends.
    assert quarter.first_on == date(quarter.first_on.year, quarter.first_on.month, day)
    assert (quarter.first_on.month - month) % 3 == 0
    assert calendar.of(quarter.last_on + timedelta(days=1)).first_on == quarter.last_on + timedelta(days=1)
    # Named by the year in which it begins, unless the year's last quarter begins after its turn: none does.
    assert quarter.year == quarter.first_on.year
    length = (quarter.last_on - quarter.first_on).days + 1
    months = [((quarter.first_on.month - 1 + step) % 12) + 1 for step in range(3)]
    years = [quarter.first_on.year + (quarter.first_on.month - 1 + step) // 12 for step in range(3)]
    assert length == sum(monthrange(year, one)[1] for year, one in zip(years, months, strict=True))
    assert length in (90, 91, 92) or (length == 89 and not isleap(years[-1]))
