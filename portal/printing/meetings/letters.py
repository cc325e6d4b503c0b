"""会议议程 and 邀请函: what the meeting is about, and the letter that asks a distributor to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.db import CHINA
from portal.domain.meetings.expected import Sender
from portal.printing import pool
from portal.printing.job import Code
from portal.printing.meetings.facts import MeetingFacts, laid_out, printed

# A longer agenda is told in a sentence, so that the letter and its slip stay on one sheet as a rule.
_MOST_LINES, _IN_A_LINE = 9, 28
# Where the code of the link stands on a letter: its upper right corner, in mm.
_CODE_LEFT, _CODE_TOP, _CODE_SIDE = 168.0, 12.0, 22.0


def agenda(meeting: MeetingFacts, *, made_at: datetime) -> bytes:
    """Print the agenda. Outside any transaction."""
    pdf, _pages = printed("meeting_agenda.html", "会议议程", meeting, made_at=made_at)
    return pdf


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a letter asks, and since when."""

    company: str
    invited_at: datetime
    link: str = ""


@dataclass(frozen=True, slots=True)
class _Letter:
    company: str
    dated: str
    link: str = ""


def invitations(
    meeting: MeetingFacts, sender: Sender, to: Sequence[Addressee], *, made_at: datetime
) -> bytes:
    """Print the letters, one a sheet, each with a slip to answer on; what nobody said is left out.

    Outside any transaction.
    """
    codes = [
        Code(page, one.link, _CODE_LEFT, _CODE_TOP, _CODE_SIDE) for page, one in enumerate(to, 1) if one.link
    ]
    pdf, pages = _letters(meeting, sender, to, codes, made_at)
    if codes and pages != len(to):
        # One of them runs over, and each code after it would stand on somebody else's letter.
        pdf, _pages = _letters(meeting, sender, to, [], made_at)
    return pdf


def _letters(
    meeting: MeetingFacts, sender: Sender, to: Sequence[Addressee], codes: Sequence[Code], made_at: datetime
) -> tuple[bytes, int]:
    return printed(
        "meeting_invitations.html",
        "邀请函",
        meeting,
        made_at=made_at,
        codes=codes,
        letters=_dated(to),
        sender=sender,
        is_long=sum(1 + len(one.topic + one.speaker) // _IN_A_LINE for one in meeting.agenda) > _MOST_LINES,
    )


def pictures(
    meeting: MeetingFacts, sender: Sender, to: Sequence[Addressee], *, made_at: datetime
) -> list[bytes]:
    """Draw the letters for telephones, a PNG each, with the code of its link where there is one.

    A long agenda ends after its first lines. Outside any transaction.
    """
    lines = []
    for day, items in meeting.days:
        for no, (hours, item) in enumerate(items):
            is_first = no == 0 and len(meeting.days) > 1
            lines.append((day if is_first else "", hours.partition("—")[0], item))
    job = laid_out(
        "meeting_pictures.html",
        "邀请函",
        meeting,
        made_at=made_at,
        letters=_dated(to),
        sender=sender,
        lines=lines[:_MOST_LINES],
        more=len(lines) > _MOST_LINES,
    )
    return pool.draw(job, tuple(one.link for one in to))


def _dated(to: Sequence[Addressee]) -> list[_Letter]:
    found = []
    for one in to:
        on = one.invited_at.astimezone(CHINA)
        found.append(_Letter(one.company, f"{on.year}年{on.month}月{on.day}日", one.link))
    return found
