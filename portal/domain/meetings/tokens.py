"""What a badge's code says: this guest of this meeting until this hour, signed; nothing of the person (M1)."""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from portal.domain.meetings import signed
from portal.domain.text import half_width

_PREFIX, _PURPOSE = "HY", b"meeting badge"
_BODY = struct.Struct(">qqI")


class Refused(StrEnum):
    """Why a code is not taken."""

    FORGED = "forged"
    ELSEWHERE = "elsewhere"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Token:
    """What a code says that we signed; `until` is an instant in UTC, to the second."""

    meeting_id: int
    guest_id: int
    until: datetime


def token(key: bytes, meeting_id: int, guest_id: int, until: datetime) -> str:
    """The code of a badge."""
    return signed.write(_PREFIX, key, _PURPOSE, _BODY.pack(meeting_id, guest_id, int(until.timestamp())))


def read(key: bytes, text: str, meeting_id: int, at: datetime) -> Token | Refused:
    """What a scanned code says, or why it is not taken at this meeting at this instant; never an exception."""
    body = signed.read(_PREFIX, key, _PURPOSE, _BODY.size, text)
    if body is None:
        return Refused.FORGED
    of_meeting, guest_id, until = _BODY.unpack(body)
    if of_meeting != meeting_id:
        return Refused.ELSEWHERE
    ends = datetime.fromtimestamp(until, UTC)
    return Token(of_meeting, guest_id, ends) if at < ends else Refused.EXPIRED


def looks_like_one(text: str) -> bool:
    """Whether this was scanned off a badge, and not typed."""
    return half_width(text).strip().upper().startswith(_PREFIX) and len(text.strip()) > 20
