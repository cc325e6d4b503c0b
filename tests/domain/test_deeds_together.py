"""Amendments and notices beside each other and beside their texts: what counsel stopped, what is still to come."""

from datetime import timedelta

import pytest

from portal.domain.errors import DomainError
from portal.domain.price_protection.approval import Blocked
from portal.domain.price_protection.deeds import base, life
from portal.domain.templates import offers
from tests.domain.deed_world import DeedWorld

DAY = timedelta(days=1)


@pytest.fixture
def world(session, make):
    return DeedWorld(session, make)


@pytest.mark.parametrize("what", ["amendment", "notice"])
def test_on_a_text_that_counsel_took_out_of_use_nothing_is_approved_or_drafted(world, session, what):
    agreement = world.signed()
    deed = getattr(world, f"submitted_{what}")(agreement)
    offers.stop(session, world.counsel, deed.template, reason="第一条有误", holds_work=True)
    session.commit()
    with pytest.raises(Blocked, match="out of use"):
        world.approve_deed(deed)
    session.rollback()
    with pytest.raises(DomainError, match="out of offer"):
        getattr(world, what)()
    session.rollback()
    offers.resume(session, world.counsel, deed.template, reason="复核无误")
    session.commit()
    world.approve_deed(deed)
    assert getattr(world, what)().template_id == deed.template_id


def test_a_text_that_is_only_not_offered_lets_what_was_drafted_go_on(world, session):
    deed = world.submitted_amendment()
    offers.stop(session, world.counsel, deed.template, reason="将出新版", holds_work=False)
    session.commit()
    with pytest.raises(DomainError, match="将出新版"):
        base.template_of(session, base.AMENDMENT_KEY)
    assert life.obstacles_of(session, deed, life.data_of(session, deed)) == []
