"""The meeting that an address names, for whoever may see it or hold it."""

from flask import abort

from portal.domain.access.roles import Permission as P
from portal.domain.meetings.models import Meeting
from portal.domain.meetings.queries import meetings_visible_to
from portal.extensions import db
from portal.web.access import actor


def meeting_or_404(id: int) -> Meeting:
    """The meeting of this id, if the user sees it."""
    found: Meeting = db.session.scalar(meetings_visible_to(actor()).where(Meeting.id == id)) or abort(404)
    return found


def own_meeting_or_404(id: int) -> Meeting:
    """The same, for who holds meetings of its office; 403 for who only sees it."""
    meeting = meeting_or_404(id)
    return meeting if may_hold(meeting) else abort(403)


def may_hold(meeting: Meeting) -> bool:
    """Whether the user holds meetings for the office of this one."""
    return actor().can(P.MEETINGS_WRITE, meeting.region)
