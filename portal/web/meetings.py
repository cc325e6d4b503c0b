"""The meeting that an address names, for whoever may see it or hold it, and the parts of its page."""

from dataclasses import dataclass

from flask import abort, request, url_for
from flask_babel import lazy_pgettext

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


@dataclass(frozen=True, slots=True)
class Part:
    """A tab of a meeting: the page it leads to, and whether only those who hold the meeting see it."""

    endpoint: str
    words: object
    for_host: bool = False
    # Its further pages.
    more: tuple[str, ...] = ()


# In the order of the work: what is planned, who comes, where they sit, the door, what was said, what remains.
PARTS = (
    Part("meetings.detail", lazy_pgettext("meeting", "Overview")),
    Part(
        "meetings.replies",
        lazy_pgettext("meeting", "Replies"),
        more=(
            "meetings.guests",
            "meetings.reply",
            "meetings.mails",
            "meetings.send_mails",
            "meetings.send_mail",
            "meetings.import_replies",
        ),
    ),
    Part("meeting_places.plan", lazy_pgettext("meeting", "Seats")),
    Part("meeting_places.lodging", lazy_pgettext("meeting", "Rooms")),
    Part("check_in.kiosks_of", lazy_pgettext("meeting", "Check-in"), for_host=True),
    Part(
        "meeting_reports.attendance",
        lazy_pgettext("meeting", "Attendance"),
        more=(
            "meeting_reports.new_cost",
            "meeting_reports.correct",
            "meetings.signed_sheets",
            "meetings.signed_sheet",
            "meetings.take_down",
        ),
    ),
    Part("policies.of_meeting", lazy_pgettext("meeting", "Policies"), more=("policies.acknowledge",)),
    Part(
        "commendations.of_meeting", lazy_pgettext("meeting", "Commendations"), more=("commendations.choose",)
    ),
    Part(
        "minutes.of_meeting",
        lazy_pgettext("meeting", "Minutes"),
        more=("minutes.edit", "minutes.new_task"),
    ),
)


def parts_of(meeting: Meeting) -> list[tuple[str, object, bool]]:
    """The tabs of a meeting that the user sees, as (address, words, whether this page is of it)."""
    holds = may_hold(meeting)
    here = request.endpoint or ""
    return [
        (url_for(part.endpoint, id=meeting.id), part.words, here in (part.endpoint, *part.more))
        for part in PARTS
        if holds or not part.for_host
    ]
