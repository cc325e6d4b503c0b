"""会议纪要: when and where, who was there, what was said and decided, who does what until when, room to sign."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from portal.db import CHINA
from portal.domain.meetings.minutes.models import Minutes
from portal.printing.meetings.facts import MeetingFacts, printed

# More names than these are a number and a list elsewhere.
_MOST_NAMES = 40


@dataclass(frozen=True, slots=True)
class MinutesText:
    """A version of the minutes as plain data, which outlives the transaction it was read in."""

    no: int
    is_draft: bool
    issued_on: str
    chaired_by: str
    taken_by: str
    blocks: tuple[tuple[str, str, tuple[str, ...]], ...]
    decisions: tuple[str, ...]
    tasks: tuple[Mapping[str, Any], ...]
    invited: int
    companies: int
    people: int
    absent: tuple[str, ...]


def text_of(minutes: Minutes, figures: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]]) -> MinutesText:
    """Read a version, with the figures and tasks that go with it."""
    issued = minutes.issued_at.astimezone(CHINA).date() if minutes.issued_at else None
    return MinutesText(
        no=minutes.no,
        is_draft=issued is None,
        issued_on=_day(issued) if issued else "",
        chaired_by=minutes.chaired_by,
        taken_by=minutes.taken_by,
        blocks=tuple(
            (one["topic"], one["speaker"], tuple(line for line in one["text"].split("\n") if line.strip()))
            for one in minutes.blocks
        ),
        decisions=tuple(minutes.decisions),
        tasks=tuple({**one, "due": _day(date.fromisoformat(one["due_on"]))} for one in tasks),
        invited=int(figures.get("invited", 0)),
        companies=int(figures.get("companies", 0)),
        people=int(figures.get("people", 0)),
        absent=tuple(figures.get("absent", ())),
    )


def minutes(meeting: MeetingFacts, said: MinutesText, *, made_at: datetime) -> bytes:
    """Print the minutes. Outside any transaction."""
    shown = said.absent if len(said.absent) <= _MOST_NAMES else ()
    pdf, _pages = printed(
        "meeting_minutes.html",
        "会议纪要",
        meeting,
        made_at=made_at,
        said=said,
        absent="、".join(shown),
        count=chinese_count,
    )
    return pdf


def chinese_count(number: int) -> str:
    """一, 十二, 三十 …: the numbers of headings, up to ninety-nine."""
    digits = "〇一二三四五六七八九"
    tens, ones = divmod(number, 10)
    return ("" if tens < 2 else digits[tens]) + ("十" if tens else "") + (digits[ones] if ones else "")


def _day(on: date) -> str:
    return f"{on.year}年{on.month}月{on.day}日"
