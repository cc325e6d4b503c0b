"""Two people at once on PostgreSQL: what one decides about an amendment, the other's decision waits for."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.price_protection import approval, drafting, price_approvals
from portal.domain.price_protection.deeds import life, signing
from portal.domain.price_protection.entries import PriceEntry
from portal.domain.price_protection.models import Agreement, PriceApproval, PriceKind
from portal.domain.users.models import User
from tests.domain.agreement_world import fake_render
from tests.domain.deed_world import DeedWorld, fake_deed_render

DAY = timedelta(days=1)
RETAIL = PriceKind.SUGGESTED_RETAIL


# SQLite lets one write at a time.
pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def world(session, make):
    return DeedWorld(session, make)


@pytest.fixture
def second(session, world):
    """Somebody else's session, which does not wait for long."""
    with session.get_bind().engine.connect() as connection:
        connection.execute(sa.text("SET lock_timeout = '500ms'"))
        connection.commit()  # a rollback would take it back
        with Session(connection) as other:
            yield other


def test_an_agreement_is_approved_only_after_the_amendment_that_is_being_signed(world, session, second):
    distributor, added = world.add_distributor(), world.add_product()
    deed = world.approved_amendment(
        world.signed(distributor),
        values={},
        reason="增加受保护产品",
        prices=[PriceEntry(world.product.id, RETAIL, 2850), PriceEntry(added.id, RETAIL, 900)],
    )
    rival = world.submitted(distributor, prices=[(added, RETAIL, 900)])
    seen = approval.shown_sha256(session, rival)
    session.commit()
    signing.sign(session, world.author, deed, today())  # not committed yet

    def approve():
        manager, other = second.get(User, world.manager.id), second.get(Agreement, rival.id)
        approval.approve(second, manager, other, seen_sha256=seen, render=fake_render)

    with pytest.raises(OperationalError):
        approve()
    second.rollback()
    session.commit()
    with pytest.raises(approval.Blocked, match="already protects"):
        approve()


def test_a_renewal_is_drafted_while_an_amendment_is_being_signed(world, session, second):
    agreement = world.signed()
    deed = world.approved_amendment(agreement)
    other = [(world.add_product(), PriceKind.SUGGESTED_RETAIL, 2850)]
    renewed = world.signed(agreement.distributor, prices=other)
    signing.sign(session, world.author, deed, today())
    old = second.get(Agreement, renewed.id)
    entry = drafting.renewal(second, old, old.template)
    made = drafting.draft(second, second.get(User, world.author.id), old.distributor, entry, follows=old)
    second.commit()
    session.commit()
    assert made.follows_id == renewed.id


def test_an_approval_of_a_price_is_not_revoked_under_the_amendment_that_is_approved_by_it(
    world, session, second
):
    agreement = world.signed()
    binding = PriceKind.MINIMUM_RESALE
    known = world.approve_price(world.product, binding)
    deed = world.submitted_amendment(
        agreement,
        values={},
        reason="约定核准价",
        prices=[PriceEntry(world.product.id, binding, 2500)],
    )
    world.reviewed(deed)
    seen = world.seen(deed)
    session.commit()
    life.approve(session, world.manager, deed, seen_sha256=seen, render=fake_deed_render)  # not committed yet

    def revoke():
        counsel = second.get(User, world.counsel.id)
        price_approvals.revoke_approval(
            second, counsel, second.get(PriceApproval, known.id), reason="重新核定"
        )

    with pytest.raises(OperationalError):
        revoke()
    second.rollback()
    session.commit()
    revoke()
