"""Interest by the LPR of each day: the arithmetic, what was late by which clause, and that it is booked once."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.domain.access.roles import Role
from portal.domain.errors import DomainError
from portal.domain.ledger.accounts import AccountKind as A
from portal.domain.ledger.accounts import TransferKind
from portal.domain.ledger.models import Transfer
from portal.domain.ledger.verify import Break
from portal.domain.price_protection import proving
from portal.domain.price_protection.closing import executing
from portal.domain.price_protection.funds import deducting
from portal.domain.price_protection.interest import booking, rates
from portal.domain.price_protection.interest.models import LprRate
from portal.domain.price_protection.interest.owing import Ground, claims
from portal.domain.price_protection.interest.rates import PUBLISHED
from portal.domain.price_protection.interest.reckoning import Rate, exact, interest, spans
from portal.domain.price_protection.payments.models import LateInterest, Payout
from tests.domain.clock import on_day
from tests.domain.test_payments import BANK, PayWorld

MARCH = date(2026, 3, 2)
Y2025 = date(2025, 7, 1)
DAYS = st.integers(0, 3_000).map(lambda days: date(2019, 9, 1) + timedelta(days=days))
FEN = st.integers(0, 10**12)


# ---- arithmetic


def test_a_year_at_one_rate_and_a_change_of_rate_within():
    assert interest(10_000_000, date(2025, 6, 1), date(2026, 6, 1), PUBLISHED) == 300_000
    assert interest(10_000_000, date(2025, 6, 1), date(2026, 6, 1), PUBLISHED, 1_300_000) == 390_000
    # 2024-10-16 … 20 are five days at 3.35 %, 21 … 25 five at 3.10 %.
    told = list(spans(date(2024, 10, 15), date(2024, 10, 25), PUBLISHED))
    assert [(span.days, span.ppm) for span in told] == [(5, 33_500), (5, 31_000)]
    assert interest(10_000_000, date(2024, 10, 15), date(2024, 10, 25), PUBLISHED) == 8836  # 8,835.616…


def test_half_a_fen_is_rounded_up():
    rates_ = [Rate(date(2020, 1, 1), 500_000)]
    assert exact(365, date(2020, 1, 1), date(2020, 1, 2), rates_) == Fraction(1, 2)
    assert interest(365, date(2020, 1, 1), date(2020, 1, 2), rates_) == 1
    assert interest(364, date(2020, 1, 1), date(2020, 1, 2), rates_) == 0


@given(FEN, DAYS, st.integers(0, 2000), st.integers(1_000_000, 2_000_000))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_it_is_the_sum_of_its_days(fen: int, on: date, length: int, share: int):
    end = on + timedelta(days=length)
    daily = Fraction(0)
    day = on
    while day < end:
        day += timedelta(days=1)
        held = [rate.ppm for rate in PUBLISHED if rate.since_on <= day][-1]
        daily += Fraction(fen * held * share, 365 * 10**12)
    assert exact(fen, on, end, PUBLISHED, share) == daily
    assert abs(interest(fen, on, end, PUBLISHED, share) - daily) <= Fraction(1, 2)


@given(FEN, FEN, DAYS, st.integers(0, 900), st.integers(0, 900))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_it_adds_up_over_time_and_grows_with_principal_and_days(one: int, two: int, on: date, a: int, b: int):
    middle, end = on + timedelta(days=a), on + timedelta(days=a + b)
    parts = exact(one, on, middle, PUBLISHED) + exact(one, middle, end, PUBLISHED)
    assert exact(one, on, end, PUBLISHED) == parts
    assert exact(one + two, on, end, PUBLISHED) == exact(one, on, end, PUBLISHED) + exact(
        two, on, end, PUBLISHED
    )
    assert (
        interest(one, on, middle, PUBLISHED)
        <= interest(one, on, end, PUBLISHED)
        <= interest(one + two, on, end, PUBLISHED)
    )


@given(FEN, DAYS, st.integers(0, 50))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_nothing_runs_backwards_and_no_rate_is_made_up(fen: int, on: date, back: int):
    assert interest(fen, on, on - timedelta(days=back), PUBLISHED) == 0
    with pytest.raises(LookupError):
        interest(fen, date(2019, 1, 1), on, PUBLISHED)


# ---- the table


def test_the_table_is_entered_by_head_offices_finance_without_a_gap_and_never_changed(session, make):
    head = make.user(Role.FINANCE, make.head_office())
    office = make.user(Role.FINANCE, make.region())
    with on_day(date(2025, 9, 1)):
        known = rates.rates(session)
        assert known == list(PUBLISHED) and rates.known_until(known) == date(2025, 6, 19)

        def enter(on: date, ppm: int = 30_000, by: Any = head, **more: Any) -> LprRate | None:
            made = rates.enter(session, by, on, ppm, "人民银行网站公告", **more)
            session.commit()
            return made

        for bad, field in (
            ({"on": date(2025, 9, 2)}, "published_on"),
            ({"on": date(2025, 5, 20)}, "published_on"),
            ({"on": date(2025, 6, 19)}, "published_on"),
            ({"on": date(2025, 7, 20)}, "published_on"),  # a Sunday
            ({"on": date(2025, 6, 20), "ppm": 30_001}, "rate"),
            ({"on": date(2025, 6, 20), "ppm": 0}, "rate"),
            ({"on": date(2025, 8, 20)}, "is_gapless"),
        ):
            with pytest.raises(DomainError) as refusal:
                enter(**bad)
            assert refusal.value.field == field
            session.rollback()
        with pytest.raises(DomainError, match="head office"):
            enter(date(2025, 6, 20), by=office)
        session.rollback()
        assert rates.due(session, rates.rates(session)) == date(2025, 6, 20)
        assert enter(date(2025, 6, 20)) is not None
        assert rates.due(session, rates.rates(session)) == date(2025, 7, 21)
        assert enter(date(2025, 6, 20)) is None
        assert enter(date(2025, 8, 20), 29_000, is_gapless=True) is not None
        again = enter(date(2025, 8, 20), 29_500)
        assert again is not None and again.no == 2
        assert [rate.ppm for rate in rates.rates(session)][-2:] == [30_000, 29_500]
        assert rates.known_until(rates.rates(session)) == date(2025, 9, 19)
    for statement in ("UPDATE lpr_rate SET rate_ppm = 1", "DELETE FROM lpr_rate"):
        with pytest.raises(sa.exc.DBAPIError):
            session.execute(sa.text(statement))
        session.rollback()


# ---- what is late


class LateWorld(PayWorld):
    """As the payments', with a table of rates that is known to the end of 2026; each call commits."""

    def know(self, until: date = date(2026, 12, 21)) -> None:
        head = self.make.user(Role.FINANCE, self.make.head_office())
        with on_day(until):
            rates.enter(self.session, head, until, 30_000, "人民银行网站公告", is_gapless=True)
            self.session.commit()

    def payout(self) -> Payout:
        self.session.rollback()
        return self.session.scalars(sa.select(Payout).order_by(Payout.id.desc())).first()

    def confirm(self, payout: Payout, fen: int | None = None, on: date = date(2026, 12, 30)) -> LateInterest:
        with on_day(on):
            seen = booking.of_payout(self.session, payout).amount_fen if fen is None else fen
            made = booking.confirm(self.session, self.finance, payout, seen_fen=seen)
            self.session.commit()
        return made


@pytest.fixture
def world(session, make) -> LateWorld:
    made = LateWorld(session, make)
    made.make = make
    return made


def test_a_base_rebate_is_late_line_by_line(world, session):
    agreement = world.in_force()
    # Three working days after Monday 2 March is Thursday 5 March; after Monday 9 March, Thursday the 12th.
    world.buy(agreement, MARCH, 10_000_000)
    second = world.buy(agreement, MARCH + timedelta(days=7), 20_000_000)
    world.give_back(second, MARCH + timedelta(days=8), 5_000_000)
    world.pay(world.owed(agreement), date(2026, 4, 13), note="经销商书面同意")
    with on_day(date(2026, 4, 13)):
        found = claims(session, world.payout(), PUBLISHED)
    assert [(one.principal_fen, one.from_on, one.days, one.ground) for one in found] == [
        (300_000, date(2026, 3, 5), 39, Ground.LATE),
        (450_000, date(2026, 3, 12), 32, Ground.LATE),
    ]
    # 3,000.00 × 3 % × 130 % × 39 ÷ 365, 4,500.00 × 3 % × 130 % × 32 ÷ 365
    assert [one.fen for one in found] == [1250, 1539]
    # The next payment has only what came after this one.
    world.buy(agreement, date(2026, 4, 14), 10_000_000)
    world.pay(world.owed(agreement), date(2026, 4, 17), key="k2", note="经销商书面同意")
    with on_day(date(2026, 4, 17)):
        assert claims(session, world.payout(), PUBLISHED) == []


def test_a_fund_is_late_after_the_day_of_its_release(world, session):
    agreement = world.in_force(world.add_distributor(**BANK))
    world.buy(agreement, date(2026, 1, 5), 10_000_000)
    world.pay(world.owed(agreement), date(2026, 1, 6))
    world.release(agreement, "2026Q1", date(2026, 4, 10))
    world.pay(world.owed(agreement), date(2026, 5, 15), key="k2")
    with on_day(date(2026, 5, 15)):
        found = claims(session, world.payout(), PUBLISHED)
    assert [(one.principal_fen, one.from_on, one.to_on, one.share_ppm) for one in found] == [
        (200_000, date(2026, 4, 15), date(2026, 5, 15), 1_300_000)
    ]
    assert found[0].fen == 641  # 2,000.00 × 3 % × 130 % × 30 ÷ 365 = 641.09…
    on_time = world.in_force(world.add_distributor(code="D-2", **BANK))
    world.buy(on_time, date(2026, 1, 5), 10_000_000)
    world.release(on_time, "2026Q1", date(2026, 4, 10))
    world.pay(world.owed(on_time), date(2026, 4, 15), key="k3", note="经销商书面同意")
    fund = session.scalars(
        sa.select(Payout).where(Payout.agreement_id == on_time.id, Payout.kind == "released")
    ).one()
    assert claims(session, fund, PUBLISHED) == []


def test_what_was_put_back_after_the_release_bears_the_plain_rate_then_the_late_one(world, session):
    agreement = world.in_force(world.add_distributor(**BANK))
    world.buy(agreement, date(2026, 1, 5), 10_000_000)
    world.pay(world.owed(agreement), date(2026, 1, 6))
    with on_day(date(2026, 4, 8)):
        taken = deducting.deduct(session, None, agreement.id, "2026Q1", 7, share_ppm=1_000_000, award_ppm=0)
        session.commit()
    world.release(agreement, "2026Q1", date(2026, 4, 10))
    with on_day(date(2026, 6, 1)):
        deducting.restore(session, None, taken, 0)
        executing.release_late(
            session, world.make.user(Role.EXECUTIVE, world.make.head_office()), agreement, "2026Q1"
        )
        session.commit()
    world.pay(world.owed(agreement), date(2026, 6, 15), key="k2")
    with on_day(date(2026, 6, 15)):
        found = claims(session, world.payout(), PUBLISHED)
    # Five working days after Monday 1 June end on the 8th.
    assert [(one.ground, one.from_on, one.to_on, one.share_ppm) for one in found] == [
        (Ground.RESTORED, date(2026, 4, 15), date(2026, 6, 8), 1_000_000),
        (Ground.LATE, date(2026, 6, 8), date(2026, 6, 15), 1_300_000),
    ]
    assert {one.principal_fen for one in found} == {200_000}


def late(world: LateWorld) -> Payout:
    agreement = world.in_force(world.add_distributor(**BANK))
    world.buy(agreement, date(2026, 1, 5), 10_000_000)
    world.pay(world.owed(agreement), date(2026, 1, 6))
    world.release(agreement, "2026Q1", date(2026, 4, 10))
    world.pay(world.owed(agreement), date(2026, 5, 15), key="late")
    return world.payout()


def test_it_is_confirmed_once_by_finance_and_becomes_payable_and_is_proved(world, session):
    payout = late(world)
    with on_day(date(2026, 6, 1)):
        (proposal,) = booking.proposed(session, world.finance)
    assert proposal.amount_fen == 641 and proposal.lacks_on == date(2025, 6, 20)
    with pytest.raises(DomainError, match="is not entered"):
        world.confirm(payout)
    session.rollback()
    world.know()
    with pytest.raises(DomainError, match="another sum"):
        world.confirm(payout, 640)
    session.rollback()
    made = world.confirm(payout)
    assert world.confirm(payout).id == made.id
    assert world.balance(payout.agreement, A.INTEREST_DUE, "2026Q2") == 641
    assert session.scalars(sa.select(Transfer.kind).where(Transfer.source == "late_interest")).all() == [
        TransferKind.LATE_INTEREST
    ]
    with on_day(date(2026, 12, 30)):
        assert booking.proposed(session, world.finance) == []
    assert [(item.kind.value, item.part, item.amount_fen) for item in world.owed(payout.agreement)] == [
        ("interest", "2026Q2", 641)
    ]
    assert proving.prove(session) > 0


def test_a_payment_taken_back_takes_its_interest_along(world, session):
    payout = late(world)
    world.know()
    world.confirm(payout)
    world.correct(payout, on=date(2026, 12, 30))
    assert world.balance(payout.agreement, A.INTEREST_DUE, "2026Q2") == 0
    assert proving.prove(session) > 0
    with on_day(date(2026, 12, 30)), pytest.raises(DomainError):
        booking.confirm(session, world.finance, payout, seen_fen=1)
    session.rollback()


def test_a_sum_that_its_rates_do_not_come_to_is_found(world, session, monkeypatch):
    payout = late(world)
    world.know()
    world.confirm(payout)
    dearer = (Rate(date(2019, 8, 20), 42_500),)
    monkeypatch.setattr("portal.domain.price_protection.proving.late_interest.PUBLISHED", dearer)
    with pytest.raises(Break):
        proving.prove(session)


def test_who_pays_nothing_for_the_office_confirms_nothing(world, make, session):
    payout = late(world)
    world.know()
    stranger = make.user(Role.FINANCE, make.region("别处办事处"))
    assert booking.proposed(session, stranger) == []
    with pytest.raises(DomainError, match="no payments"):
        booking.confirm(session, stranger, payout, seen_fen=641)
