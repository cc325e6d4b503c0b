"""会议议程 and 邀请函: what the meeting is about, and the letter that asks a distributor to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.db import CHINA
from portal.domain.meetings.expected import Sender
from portal.printing.meetings.facts import MeetingFacts, printed

# A longer agenda is told in a sentence, so that the letter and its slip stay on one sheet as a rule.
_MOST_LINES, _IN_A_LINE = 9, 28


def agenda(meeting: MeetingFacts, *, made_at: datetime) -> bytes:
    """Print the agenda. Outside any transaction."""
    pdf, _pages = printed("meeting_agenda.html", "会议议程", meeting, made_at=made_at)
    return pdf


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a letter asks, and since when."""

    company: str
    invited_at: datetime


@dataclass(frozen=True, slots=True)
class _Letter:
    company: str
    dated: str


def invitations(
    meeting: MeetingFacts, sender: Sender, to: Sequence[Addressee], *, made_at: datetime
) -> bytes:
    """Print the letters, one a sheet, each with a slip to answer on; what nobody said is left out.

    Outside any transaction.
    """
    letters = []
    for one in to:
        on = one.invited_at.astimezone(CHINA)
        letters.append(_Letter(one.company, f"{on.year}年{on.month}月{on.day}日"))
    pdf, _pages = printed(
        "meeting_invitations.html",
        "邀请函",
        meeting,
        made_at=made_at,
        letters=letters,
        sender=sender,
        is_long=sum(1 + len(one.topic + one.speaker) // _IN_A_LINE for one in meeting.agenda) > _MOST_LINES,
    )
    return pdf
