"""The policy, or its showing at a meeting, that an address names, for whoever may see it."""

from typing import Any

import sqlalchemy as sa
from flask import abort

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor
from portal.domain.meetings.models import Meeting
from portal.domain.meetings.policies import queries
from portal.domain.meetings.policies.models import Policy, Showing
from portal.extensions import db
from portal.web.access import actor


def policy_or_404(id: int, *options: Any) -> Policy:
    """The policy of this id, if the user sees it, with what `options` load at once."""
    found: Policy = db.session.scalar(
        queries.policies_visible_to(actor()).where(Policy.id == id).options(*options)
    ) or abort(404)
    return found


def own_policy_or_404(id: int) -> Policy:
    """The same, for who writes policies of its office; 403 for who only sees it."""
    policy = policy_or_404(id)
    return policy if actor().can(P.MEETINGS_WRITE, policy.region) else abort(403)


def showing_or_404(meeting: Meeting, id: int) -> Showing:
    """The showing of this id, if it is at this meeting."""
    for showing in queries.showings_of(db.session(), meeting):
        if showing.id == id:
            return showing
    return abort(404)


def briefed_or_404(id: int) -> Distributor:
    """The distributor of this id, if the user deals with it."""
    statement = sa.select(Distributor).where(
        Distributor.id == id, Distributor.region_id.in_(visible(actor(), P.MEETINGS_WRITE))
    )
    found: Distributor = db.session.scalar(statement) or abort(404)
    return found
