"""分房表: what the hotel needs of the guests, room by room, and how many rooms it keeps ready each night."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from portal.domain.meetings.rooms import Kind, Night
from portal.printing.meetings.facts import MeetingFacts, printed


@dataclass(frozen=True, slots=True)
class Sleeper:
    """A guest of the hotel; `room` "" where none is given yet."""

    room: str
    name: str
    called: str
    phone: str
    company: str
    from_on: date
    until_on: date
    train: str

    @property
    def nights(self) -> int:
        """How many."""
        return (self.until_on - self.from_on).days

    @property
    def stay(self) -> str:
        """12-04 至 12-06."""
        return f"{self.from_on:%m-%d} 至 {self.until_on:%m-%d}"


def room_list(
    meeting: MeetingFacts,
    kinds: Sequence[Kind],
    sleepers: Sequence[Sleeper],
    nights: Sequence[Night],
    *,
    is_part: bool,
    made_at: datetime,
) -> bytes:
    """Print the list; `sleepers` come room by room, those without a room last. Outside any transaction."""
    kind_of = {room.name: kind.name for kind in kinds for room in kind.rooms}
    pdf, _pages = printed(
        "meeting_rooms.html",
        "分房表",
        meeting,
        made_at=made_at,
        groups=_grouped(kind_of, sleepers),
        kinds=kinds,
        nights=nights,
        people=len(sleepers),
        rooms=len({one.room for one in sleepers if one.room}),
        is_part=is_part,
    )
    return pdf


def _grouped(
    kind_of: dict[str, str], sleepers: Sequence[Sleeper]
) -> list[tuple[str, list[tuple[str, list[Sleeper]]]]]:
    found: list[tuple[str, list[tuple[str, list[Sleeper]]]]] = []
    for kind, people in groupby(sleepers, key=lambda one: kind_of.get(one.room, "未分房")):
        found.append((kind, [(room, list(of)) for room, of in groupby(people, key=lambda one: one.room)]))
    return found
