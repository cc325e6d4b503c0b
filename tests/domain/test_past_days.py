"""What an agreement was on any day: phase, terms, prices, last day."""

from datetime import timedelta

import pytest
import time_machine

from portal.db import now, today
from portal.domain.price_protection import drafting
from portal.domain.price_protection.deeds import serving
from portal.domain.price_protection.entries import PriceEntry
from portal.domain.price_protection.models import PriceKind, Service
from portal.domain.price_protection.past import state_on
from portal.domain.price_protection.phases import Phase, phase
from tests.domain.deed_world import DeedWorld

DAY = timedelta(days=1)


@pytest.fixture
def world(session, make):
    return DeedWorld(session, make)


def test_before_it_was_drafted_it_was_nothing_and_a_draft_had_said_nothing(world):
    agreement = world.draft()
    with time_machine.travel(now() + 5 * DAY):
        world.session.expire_all()
        assert state_on(world.session, agreement, today() - 6 * DAY).phase is None
        state = state_on(world.session, agreement, today() - 5 * DAY)
        assert (state.phase, state.data) == (Phase.DRAFT, None)


def test_a_day_before_the_amendment_shows_the_old_price_and_rate(world):
    agreement = world.signed()
    kind = PriceKind.SUGGESTED_RETAIL
    deed = world.signed_amendment(
        agreement,
        values={"rebate_rate": 35_000},
        prices=[PriceEntry(world.product.id, kind, 2990)],
        effective_on=today() + 10 * DAY,
    )
    before = state_on(world.session, agreement, today() + 9 * DAY)
    after = state_on(world.session, agreement, today() + 10 * DAY)
    said = [
        (one.data["prices"][0]["amount_figures"], one.data["values"]["rebate_rate"])
        for one in (before, after)
    ]
    assert said == [(2850, 30_000), (2990, 35_000)]
    assert before.upcoming == (deed,)
    assert (before.amendment, after.amendment) == (None, deed)


def test_a_longer_period_is_known_only_from_its_signing(world):
    with time_machine.travel(now() - 20 * DAY):
        agreement = world.signed()
        first = agreement.ends_on
    last = first + 50 * DAY
    world.signed_amendment(agreement, values={"expires_on": last.isoformat()}, effective_on=today())
    assert state_on(world.session, agreement, today() - DAY).ends_on == first
    assert state_on(world.session, agreement).ends_on == last


def test_before_the_notice_was_served_it_was_in_force_to_its_old_last_day(world):
    with time_machine.travel(now() - 20 * DAY):
        agreement = world.signed()
        expires_on = agreement.ends_on
    with time_machine.travel(now() - 5 * DAY):
        deed = world.approved_notice(agreement)
    with time_machine.travel(now() - 2 * DAY):
        last = serving.serve(
            world.session, world.author, deed, served_on=today(), how=Service.COURIER, note="示例"
        )
        world.session.commit()
    earlier = state_on(world.session, agreement, today() - 3 * DAY)
    assert (earlier.phase, earlier.ends_on) == (Phase.EFFECTIVE, expires_on)
    served = state_on(world.session, agreement, today() - 2 * DAY)
    assert (served.phase, served.ends_on) == (Phase.ENDING, last)


def test_today_is_what_the_record_says(world):
    for agreement in (world.draft(), world.submitted(), world.approved(), world.signed()):
        assert state_on(world.session, agreement).phase is phase(agreement)
        assert state_on(world.session, agreement).data is not None


def test_after_its_end_an_agreement_has_no_terms_that_were_to_come(world):
    agreement = world.signed()
    first = today() + 200 * DAY
    world.signed_amendment(agreement, effective_on=first)
    with time_machine.travel(now() + 2 * DAY):
        world.served_notice(agreement)
        # The day before the service it was still to come; since then it never is.
        assert len(state_on(world.session, agreement, today() - DAY).upcoming) == 1
        assert agreement.ends_on < first
        assert state_on(world.session, agreement).upcoming == ()
        after = state_on(world.session, agreement, first + DAY)
        assert (after.amendment, after.data["values"]["rebate_rate"]) == (None, 30_000)
        renewed = drafting.renewal(world.session, agreement, agreement.template)
        assert renewed.rebate_ppm == 30_000
