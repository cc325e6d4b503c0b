"""An invitation as calendars understand it: RFC 5545 with the methods of RFC 5546, times of Asia/Shanghai (M1)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from portal.db import CHINA

_LONGEST = 75  # octets in a line
_ZONE = (
    "BEGIN:VTIMEZONE", "TZID:Asia/Shanghai", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0800",
    "TZOFFSETTO:+0800", "TZNAME:CST", "END:STANDARD", "END:VTIMEZONE",
)  # fmt: skip


class Method(StrEnum):
    """What a calendar is to do with it."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True)
class Event:
    """A meeting as it stands in a guest's calendar; a higher `sequence` replaces what came before."""

    uid: str
    sequence: int
    method: Method
    written_at: datetime
    starts_at: datetime
    ends_at: datetime
    summary: str
    location: str
    description: str
    organizer: str
    organizer_name: str
    attendee: str


def write(event: Event) -> str:
    """The file, its lines folded and ended as the RFC says."""
    is_off = event.method is Method.CANCEL
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Channel management//Meetings//ZH",
        f"METHOD:{event.method}",
        *_ZONE,
        "BEGIN:VEVENT",
        f"UID:{_text(event.uid)}",
        f"SEQUENCE:{event.sequence}",
        f"DTSTAMP:{event.written_at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;TZID=Asia/Shanghai:{_local(event.starts_at)}",
        f"DTEND;TZID=Asia/Shanghai:{_local(event.ends_at)}",
        f"SUMMARY:{_text(event.summary)}",
        *([f"LOCATION:{_text(event.location)}"] if event.location else []),
        f"DESCRIPTION:{_text(event.description)}",
        f"ORGANIZER;CN={_quoted(event.organizer_name or event.organizer)}:mailto:{event.organizer}",
        f"ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=FALSE:mailto:{event.attendee}",
        f"STATUS:{'CANCELLED' if is_off else 'CONFIRMED'}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(_folded(line) + "\r\n" for line in lines)


def _local(at: datetime) -> str:
    return at.astimezone(CHINA).strftime("%Y%m%dT%H%M%S")


def _text(said: str) -> str:
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\n"), ("\r", "\n")):
        said = said.replace(plain, escaped)
    said = "".join(char for char in said if char == "\n" or ord(char) >= 32)
    return said.replace("\n", "\\n")


def _quoted(said: str) -> str:
    """A parameter's value: it knows no escapes, so what it cannot hold becomes a blank."""
    return '"' + "".join(" " if char == '"' or ord(char) < 32 else char for char in said) + '"'


def _folded(line: str) -> str:
    """A line in pieces of at most 75 octets, none of which ends within a character."""
    pieces: list[bytes] = []
    piece = b""
    for char in line:
        octets = char.encode()
        if len(piece) + len(octets) > (_LONGEST if not pieces else _LONGEST - 1):
            pieces.append(piece)
            piece = b""
        piece += octets
    return "\r\n ".join(one.decode() for one in [*pieces, piece])
