"""What every paper of a meeting says of it, and how it gets to the printing process. Imports nothing heavy."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from portal.db import CHINA
from portal.domain.meetings.models import Meeting
from portal.domain.papers.characters import with_lost_marked
from portal.printing import pool
from portal.printing.job import Code, PrintJob
from portal.printing.listing import GENERATOR
from portal.printing.markup import ENVIRONMENT

_DAYS = "一二三四五六日"


def day(at: datetime) -> str:
    """2026年6月12日（星期五）."""
    on = at.astimezone(CHINA)
    return f"{on.year}年{on.month}月{on.day}日（星期{_DAYS[on.weekday()]}）"


def clock(at: datetime) -> str:
    """09:00."""
    return at.astimezone(CHINA).strftime("%H:%M")


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the agenda."""

    starts_at: datetime
    topic: str
    speaker: str


@dataclass(frozen=True, slots=True)
class MeetingFacts:
    """A meeting as plain data, which outlives the transaction it was read in."""

    id: int
    number: str
    title: str
    office: str
    is_of_head_office: bool
    host: str
    host_phone: str
    place: str
    address: str
    starts_at: datetime
    ends_at: datetime
    reply_by: str
    agenda: tuple[Item, ...]

    @property
    def when(self) -> str:
        """When it is, from and to."""
        first, last = day(self.starts_at), day(self.ends_at)
        if first == last:
            return f"{first}{clock(self.starts_at)}—{clock(self.ends_at)}"
        return f"{first}{clock(self.starts_at)}至{last}{clock(self.ends_at)}"

    @property
    def on(self) -> str:
        """The days, without hours."""
        first, last = (day(at).partition("（")[0] for at in (self.starts_at, self.ends_at))
        return first if first == last else f"{first}至{last}"

    @property
    def where(self) -> str:
        """The place with its address; "" where nobody said it."""
        if self.place and self.address:
            return f"{self.place}（{self.address}）"
        return self.place or self.address

    @property
    def days(self) -> list[tuple[str, list[tuple[str, Item]]]]:
        """The agenda day by day, each line with its hours: until the next one, the last until the end."""
        found: dict[str, list[tuple[str, Item]]] = {}
        ends = [*(item.starts_at for item in self.agenda[1:]), self.ends_at]
        for item, end in zip(self.agenda, ends, strict=False):
            hours = clock(item.starts_at)
            # Nobody speaks through the night: what is the day's last has no end that anybody said.
            if day(item.starts_at) == day(end) and item.starts_at < end:
                hours += f"—{clock(end)}"
            found.setdefault(day(item.starts_at), []).append((hours, item))
        return list(found.items())


def facts_of(meeting: Meeting) -> MeetingFacts:
    """Read what papers say of a meeting."""
    by = meeting.reply_by_on
    return MeetingFacts(
        id=meeting.id,
        number=meeting.number,
        title=meeting.title,
        office=meeting.region.name,
        is_of_head_office=meeting.region.parent_id is None,
        host=meeting.host.name,
        host_phone=meeting.host.phone,
        place=meeting.place,
        address=meeting.address,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        reply_by=f"{by.year}年{by.month}月{by.day}日" if by else "",
        agenda=tuple(Item(one.starts_at, one.topic, one.speaker) for one in meeting.agenda),
    )


def printed(
    template: str,
    title: str,
    meeting: MeetingFacts,
    *,
    made_at: datetime,
    codes: Sequence[Code] = (),
    **said: Any,
) -> tuple[bytes, int]:
    """Print a paper; letters that our fonts lack become 〓. Slow, so outside any transaction."""
    return pool.render(laid_out(template, title, meeting, made_at=made_at, codes=codes, **said))


def laid_out(
    template: str,
    title: str,
    meeting: MeetingFacts,
    *,
    made_at: datetime,
    codes: Sequence[Code] = (),
    **said: Any,
) -> PrintJob:
    """A paper as the printing process takes it."""
    made_at = made_at.astimezone(UTC)
    html = ENVIRONMENT.get_template(template).render(
        title=title,
        meeting=meeting,
        generator=GENERATOR,
        made_at=made_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        printed_at=made_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M"),
        **said,
    )
    html = "\n".join(with_lost_marked(line) for line in html.split("\n"))
    return PrintJob(
        html=html,
        styles=("paper", "meeting"),
        made_at=made_at,
        identifier=f"{title} {meeting.number} {made_at.isoformat()}",
        attached=None,
        verify_url=None,
        is_small=False,
        codes=tuple(codes),
    )
