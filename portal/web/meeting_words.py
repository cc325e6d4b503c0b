"""The words of meetings: kinds, where they are, answers, how somebody was seen (M1)."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, ngettext

from portal.db import CHINA
from portal.domain.meetings.attended import Presence
from portal.domain.meetings.minutes.models import TaskDeed, TaskState
from portal.domain.meetings.models import (
    CostKind,
    How,
    Lodging,
    MeetingKind,
    MeetingState,
    Reply,
    Told,
    Trouble,
    Verdict,
    Via,
)
from portal.domain.meetings.series import Rhythm
from portal.domain.money import figures

# For portal.web.words: what each code is called, and its colour.
MEETING_WORDS = (
    (MeetingKind.REGULAR, _l("Regular meeting")),
    (MeetingKind.ANNUAL, _l("Annual meeting")),
    (MeetingKind.ORDERING, _l("Ordering meeting")),
    (MeetingKind.PRODUCT, _l("Product launch")),
    (MeetingKind.POLICY, _l("Policy briefing")),
    (MeetingKind.COMMENDATION, _l("Commendation meeting")),
    (MeetingKind.OTHER, lazy_pgettext("meeting", "Other meeting")),
    (MeetingState.PLANNED, lazy_pgettext("meeting", "Planned")),
    (MeetingState.INVITED, lazy_pgettext("meeting", "Invited")),
    (MeetingState.UNDER_WAY, lazy_pgettext("meeting", "Under way")),
    (MeetingState.OVER, lazy_pgettext("meeting", "Over")),
    (MeetingState.CANCELLED, lazy_pgettext("meeting", "Called off")),
    (Rhythm.WEEKLY, lazy_pgettext("meeting", "Every week")),
    (Rhythm.FORTNIGHTLY, lazy_pgettext("meeting", "Every two weeks")),
    (Rhythm.MONTHLY, lazy_pgettext("meeting", "Every month, same weekday")),
    (Rhythm.QUARTERLY, lazy_pgettext("meeting", "Every quarter, same weekday")),
    (TaskState.OPEN, lazy_pgettext("task", "Open")),
    (TaskState.DONE, lazy_pgettext("task", "Done")),
    (TaskState.DROPPED, lazy_pgettext("task", "Dropped")),
    (TaskDeed.DONE, lazy_pgettext("task", "Done")),
    (TaskDeed.REOPENED, lazy_pgettext("task", "Taken up again")),
    (TaskDeed.DROPPED, lazy_pgettext("task", "Dropped")),
    (TaskDeed.MOVED, lazy_pgettext("task", "Put off")),
    (Reply.COMING, lazy_pgettext("meeting", "Coming")),
    (Reply.WAITING, lazy_pgettext("meeting", "On the waiting list")),
    (Reply.DECLINED, lazy_pgettext("meeting", "Not coming")),
    (Via.PHONE, lazy_pgettext("meeting", "by telephone")),
    (Via.EXCEL, lazy_pgettext("meeting", "by Excel")),
    (Via.LINK, lazy_pgettext("meeting", "by link")),
    (Lodging.NONE, lazy_pgettext("meeting", "No room")),
    (Lodging.SHARED, lazy_pgettext("meeting", "Shared room")),
    (Lodging.SINGLE, lazy_pgettext("meeting", "Single room")),
    (How.BADGE, lazy_pgettext("meeting", "by badge")),
    (How.NAME, lazy_pgettext("meeting", "by name")),
    (How.WALK_IN, lazy_pgettext("meeting", "unexpected")),
    (How.OFFICE, lazy_pgettext("meeting", "by the office")),
    (How.SHEET, lazy_pgettext("meeting", "by the signed sheet")),
    (Presence.CAME, lazy_pgettext("meeting", "Came")),
    (Presence.NO_SHOW, lazy_pgettext("meeting", "No-show")),
    (Presence.ABSENT, lazy_pgettext("meeting", "Absent without a word")),
    (Presence.EXCUSED, lazy_pgettext("meeting", "Excused")),
    (Presence.AWAITED, lazy_pgettext("meeting", "Not there yet")),
    (CostKind.VENUE, lazy_pgettext("cost", "Venue")),
    (CostKind.MEALS, lazy_pgettext("cost", "Meals")),
    (CostKind.LODGING, lazy_pgettext("cost", "Lodging")),
    (CostKind.TRAVEL, lazy_pgettext("cost", "Travel")),
    (CostKind.MATERIALS, lazy_pgettext("cost", "Materials and printing")),
    (CostKind.GIFTS, lazy_pgettext("cost", "Gifts and prizes")),
    (CostKind.OTHER, lazy_pgettext("cost", "Other costs")),
    (Told.SCAN, lazy_pgettext("sighting", "Badge scanned")),
    (Told.GUEST, lazy_pgettext("sighting", "Name tapped")),
    (Told.WALK_IN, lazy_pgettext("sighting", "Walk-in")),
    (Told.SUBSTITUTE, lazy_pgettext("sighting", "Substitute")),
    (Told.LEFT, lazy_pgettext("sighting", "Left early")),
    (Told.UNDONE, lazy_pgettext("sighting", "Check-in undone")),
    (Trouble.FORGED, _l("The code is none of our badges, or it was damaged.")),
    (Trouble.ELSEWHERE, _l("The badge is one of another meeting.")),
    (Trouble.EXPIRED, _l("The badge was no longer valid at that time.")),
    (Trouble.GONE, _l("Whoever it was is not on the list any more.")),
    (Trouble.REPLACED, _l("Somebody else came in place of this guest.")),
    (Trouble.CLOCK, _l("The device cannot have seen this at that time: its clock was wrong.")),
    (Trouble.DOORS, _l("The door was not open at that time.")),
    (Trouble.ENDED, _l("The device had been ended before.")),
    (Trouble.EARLIER, _l("Another device has the guest later, and late; by this one it was in time.")),
    (Trouble.UNDONE, _l("The guest's check-in was undone after that time.")),
    (Trouble.SAME_NAME, _l("The walk-in has the name of a guest on the list. The walk-in is checked in.")),
    (Trouble.NOT_IN, _l("The guest was not checked in.")),
    (Trouble.HERE, _l("A substitute came for a guest who is there as well.")),
    (Trouble.OTHER, _l("What the device sent is not complete.")),
    (Trouble.TWICE, _l("Seen again.")),
    (Verdict.ACCEPTED, lazy_pgettext("sighting", "Counted")),
    (Verdict.SAME, lazy_pgettext("sighting", "Same person")),
    (Verdict.DISMISSED, lazy_pgettext("sighting", "Dismissed")),
)
MEETING_TONES = (
    (TaskState.OPEN, "wait"),
    (TaskState.DONE, "ok"),
    (TaskState.DROPPED, ""),
    (MeetingState.PLANNED, ""),
    (MeetingState.INVITED, "wait"),
    (MeetingState.UNDER_WAY, "ok"),
    (MeetingState.OVER, ""),
    (MeetingState.CANCELLED, "bad"),
    (Reply.COMING, "ok"),
    (Reply.WAITING, "wait"),
    (Reply.DECLINED, ""),
    (Presence.CAME, "ok"),
    (Presence.NO_SHOW, "bad"),
    (Presence.ABSENT, "warn"),
    (Presence.EXCUSED, ""),
    (Presence.AWAITED, "wait"),
    (Verdict.ACCEPTED, "ok"),
    (Verdict.SAME, "ok"),
    (Verdict.DISMISSED, ""),
)

MEETING_ACTIONS: dict[str, object] = {
    "meeting.planned": _l("Meeting planned"),
    "meeting.changed": _l("Meeting changed"),
    "meeting.called_off": _l("Meeting called off"),
    "meeting.invited": _l("Distributors invited"),
    "meeting.uninvited": _l("Invitation withdrawn"),
    "meeting.answered": _l("Reply taken down"),
    "meeting.mailed": _l("Invitations sent by e-mail"),
    "meeting.mail_again": _l("Mail tried again"),
    "meeting.mail_given_up": _l("Mail given up"),
    "meeting.moved_up": _l("Moved up from the waiting list"),
    "meeting.tables_laid": _l("Tables laid out"),
    "meeting.seated": _l("Seats changed"),
    "meeting.rooms_laid": _l("Hotel's rooms written down"),
    "meeting.lodged": _l("Rooms given"),
    "meeting.own_added": _l("Speakers and own people added"),
    "meeting.desks_set": _l("Desks for materials changed"),
    "meeting.kiosk_made": _l("Device for the door set up"),
    "meeting.kiosk_ended": _l("Device at the door ended"),
    "meeting.sheet_filed": _l("Page of a signed sheet filed"),
    "meeting.sheet_taken_down": _l("Checked in by the signed sheet"),
    "meeting.cost_entered": _l("Cost entered"),
    "meeting.cost_reversed": _l("Cost taken back"),
    "meeting.arrival_entered": _l("Arrival entered afterwards"),
    "meeting.arrival_taken_back": _l("Arrival taken back"),
    "meeting.sighting_accepted": _l("Sighting of a device counted"),
    "meeting.sighting_same": _l("Walk-in found to be an expected guest"),
    "meeting.sighting_dismissed": _l("Sighting of a device dismissed"),
    "meeting.minutes_written": _l("Minutes written"),
    "meeting.minutes_issued": _l("Minutes issued"),
    "meeting.task_given": _l("Task given"),
    "meeting.task_done": _l("Task done"),
    "meeting.task_reopened": _l("Task taken up again"),
    "meeting.task_dropped": _l("Task dropped"),
    "meeting.task_moved": _l("Task put off"),
    "meeting.commended": _l("Distributor commended"),
    "meeting.commendation_taken_back": _l("Commendation taken back"),
}
_CODES: dict[str, type[StrEnum]] = {"kind": MeetingKind, "reply": Reply}
MEETING_LABELS: dict[str, object] = {
    "kind": lazy_pgettext("meeting", "Kind"),
    "title": lazy_pgettext("meeting", "Title"),
    "host": _l("Host"),
    "place": lazy_pgettext("meeting", "Place"),
    "address": lazy_pgettext("meeting", "Address"),
    "starts_at": lazy_pgettext("meeting", "Begins"),
    "ends_at": lazy_pgettext("meeting", "Ends"),
    "late_after_minutes": _l("Late after, minutes"),
    "reply_by_on": _l("Replies until"),
    "seats": lazy_pgettext("meeting", "Seats"),
    "budget_fen": lazy_pgettext("meeting", "Budget"),
    "note": lazy_pgettext("meeting", "Note"),
    "agenda": _l("Agenda"),
    "reply": lazy_pgettext("meeting", "Reply"),
    "persons": lazy_pgettext("meeting", "Persons"),
}


def meeting_changes(changes: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """(label, before, after) of each field of a meeting or a reply that an event changed."""
    return tuple(
        (str(MEETING_LABELS.get(name, name)), *(_value(name, value) for value in pair))
        for name, pair in changes.items()
        if isinstance(pair, list) and len(pair) == 2
    )


def _value(name: str, value: Any) -> str:
    if value is None or value == "" or value == []:
        return "—"
    if name.endswith("_at") and isinstance(value, str):
        return datetime.fromisoformat(value).astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
    if name == "budget_fen" and isinstance(value, int):
        return f"¥{figures(value)}"
    if name in _CODES and value in list(_CODES[name]):
        return str(dict(MEETING_WORDS)[_CODES[name](value)])
    return _("; ").join(map(str, value)) if isinstance(value, list) else str(value)


def told_of_meeting(said: Mapping[str, Any]) -> str:
    """What a deed at a meeting says beside its name."""
    parts = [str(said[name]) for name in ("number", "title", "name") if said.get(name)]
    if "amount_fen" in said:
        parts.append(f"{dict(MEETING_WORDS)[CostKind(said['kind'])]} ¥{figures(said['amount_fen'])}")
    if "no" in said:
        parts.append(f"#{said['no']}")
    if said.get("due_on"):
        parts.append(str(said["due_on"]))
    if said.get("why"):
        parts.append(str(said["why"]))
    if "count" in said:
        parts.append(ngettext("%(num)s distributor", "%(num)s distributors", said["count"]))
    if "tables" in said:
        parts.append(
            _("%(tables)s tables with %(seats)s seats", tables=said["tables"], seats=said.get("seats"))
        )
    if "rooms" in said:
        parts.append(ngettext("%(num)s room", "%(num)s rooms", said["rooms"]))
    if "persons" in said:
        parts.append(ngettext("%(num)s person", "%(num)s people", said["persons"]))
    return _(" · ").join(parts)
