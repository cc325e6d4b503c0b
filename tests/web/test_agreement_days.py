"""The record on other days than today, and what is not offered before an agreement has begun."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from portal.db import now, today
from portal.domain.errors import DomainError
from portal.domain.price_protection import drafting
from portal.domain.price_protection.batches import choosing, services
from portal.domain.price_protection.batches.choosing import Choice
from portal.domain.price_protection.batches.models import BatchRow, Trouble
from portal.domain.price_protection.batches.reckoning import Reckoner
from portal.domain.price_protection.deeds import life
from portal.domain.price_protection.models import Agreement
from tests.domain.agreement_world import PDF
from tests.domain.deed_world import DeedWorld

DAY = timedelta(days=1)


@pytest.fixture
def world(session, make):
    return DeedWorld(session, make)


def test_a_day_before_it_was_drafted_or_approved_shows_no_terms(world, session, sign_in):
    agreement = world.draft()
    drafted_on = today()
    with time_machine.travel(now() + 3 * DAY):
        client = sign_in(world.author)
        address = f"/agreements/{agreement.id}/"
        page = client.get(f"{address}?on={drafted_on - DAY}").get_data(as_text=True)
        assert "On that day it had not been drafted yet." in page and "there are no terms" in page
        assert "28.50" not in page and "of the purchase amount" not in page and "Protected prices" not in page
        page = client.get(f"{address}?on={drafted_on}").get_data(as_text=True)
        assert "Nothing had been approved on that day" in page and "28.50" not in page
        page = client.get(address).get_data(as_text=True)
        assert "28.50" in page and "3% of the purchase amount" in page


def test_what_has_not_begun_is_not_renewed_and_says_from_when_it_can_be(world, session, sign_in):
    first = today() + 20 * DAY
    coming = world.signed(effective_on=first, expires_on=first + 364 * DAY, scans=[("scan.pdf", PDF)])
    running = world.signed(scans=[("scan.pdf", PDF)])
    client = sign_in(world.author)
    assert f"/agreements/{running.id}/renew" in client.get(f"/agreements/{running.id}/").get_data(
        as_text=True
    )
    assert f"/agreements/{coming.id}/renew" not in client.get(f"/agreements/{coming.id}/").get_data(
        as_text=True
    )
    for answer in (
        client.post(f"/agreements/{coming.id}/renew", follow_redirects=True),
        client.get(f"/agreements/new?follows={coming.id}", follow_redirects=True),
    ):
        assert f"takes effect only on {first} and can be renewed from then on" in answer.get_data(
            as_text=True
        )
    session.rollback()
    assert session.scalar(sa.select(sa.func.count()).select_from(Agreement)) == 2
    with pytest.raises(DomainError) as refused:
        entry = drafting.renewal(session, coming, coming.template)
        drafting.draft(session, world.author, coming.distributor, entry, follows=coming)
    assert refused.value.params["day"] == first.isoformat()
    session.rollback()
    found = session.execute(choosing.candidates(session, world.author, Choice())).all()
    assert [row.id for row in found] == [running.id]
    [unfit] = choosing.by_numbers(session, world.author, coming.number).unfit
    assert unfit.params["numbers"] == coming.number
    with pytest.raises(DomainError):
        services.create(session, world.author, name="示例批次", agreement_ids=[coming.id, running.id])


def test_a_renewal_says_that_an_amendment_of_the_old_one_is_under_way(world, session, sign_in):
    earlier = world.signed(scans=[("scan.pdf", PDF)])
    deed = world.amendment(earlier)
    client = sign_in(world.author)
    said = f"Amendment {deed.title} of the old agreement is still under way"
    assert said in client.get(f"/agreements/new?follows={earlier.id}").get_data(as_text=True)
    batch = services.create(session, world.author, name="示例批次", agreement_ids=[earlier.id])
    session.flush()
    [row] = session.scalars(sa.select(BatchRow).where(BatchRow.batch_id == batch.id))
    Reckoner(session, batch, world.author).write(row)
    session.commit()
    assert row.trouble is Trouble.NONE
    assert said in client.get(f"/agreements/batches/{batch.id}/").get_data(as_text=True)
    assert said in client.get(f"/agreements/batches/{batch.id}/rows/{row.id}").get_data(as_text=True)
    made = client.post(f"/agreements/{earlier.id}/renew")
    page = client.get(made.location).get_data(as_text=True)
    assert page.count(said) == 2  # told once, and on the record as long as it is a draft
    life.void(session, world.author, deed, "作废")
    session.commit()
    assert said not in client.get(made.location).get_data(as_text=True)


def test_a_day_gone_by_shows_the_history_the_original_and_the_deeds_of_that_day_only(world, session, sign_in):
    agreement = world.signed(scans=[("scan.pdf", PDF)])
    before = today()
    with time_machine.travel(now() + 5 * DAY):
        deed = world.amendment(agreement)
        client = sign_in(world.author)
        address = f"/agreements/{agreement.id}/"
        page = client.get(address).get_data(as_text=True)
        assert deed.title in page and "Amendment drafted" in page
        page = client.get(f"{address}?on={before}").get_data(as_text=True)
        assert deed.title not in page and "Amendment drafted" not in page
        assert "Original no. 1" in page and "Signing recorded" in page and f"up to {before}" in page
