"""The invitation that an address names, for whoever may see it."""

from flask import abort

from portal.domain.meetings import queries
from portal.domain.meetings.models import Invitation, Meeting
from portal.extensions import db
from portal.web.access import actor


def invitation_or_404(meeting: Meeting, id: int) -> Invitation:
    """The invitation of this id, if it is one of the meeting's that the user sees."""
    statement = queries.invitations_of(meeting, actor()).where(Invitation.id == id)
    return db.session.scalar(statement) or abort(404)
