"""What a badge's code says: this guest of this meeting until this hour, signed; nothing of the person (M1)."""

import base64
import binascii
import hmac
import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from portal.domain.text import half_width

_PREFIX = "HY"
_BODY = struct.Struct(">QQI")
_MAC = 12
_SAID = re.compile(_PREFIX + r"([A-Z2-7]+)")


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
    """The code of a badge: capital letters and digits, as QR codes hold them shortest and scanners type them."""
    body = _BODY.pack(meeting_id, guest_id, int(until.timestamp()))
    return _PREFIX + base64.b32encode(body + _signed(key, body)).decode().rstrip("=")


def read(key: bytes, text: str, meeting_id: int, at: datetime) -> Token | Refused:
    """What a scanned code says, or why it is not taken at this meeting at this instant; never an exception."""
    found = _SAID.fullmatch(half_width(text).strip().upper())
    if found is None:
        return Refused.FORGED
    said = found[1]
    try:
        raw = base64.b32decode(said + "=" * (-len(said) % 8))
    except binascii.Error:
        return Refused.FORGED
    if len(raw) != _BODY.size + _MAC or base64.b32encode(raw).decode().rstrip("=") != said:
        return Refused.FORGED
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    if not hmac.compare_digest(mac, _signed(key, body)):
        return Refused.FORGED
    of_meeting, guest_id, until = _BODY.unpack(body)
    if of_meeting != meeting_id:
        return Refused.ELSEWHERE
    ends = datetime.fromtimestamp(until, UTC)
    return Token(of_meeting, guest_id, ends) if at < ends else Refused.EXPIRED


def looks_like_one(text: str) -> bool:
    """Whether this was scanned off a badge, and not typed."""
    return half_width(text).strip().upper().startswith(_PREFIX) and len(text.strip()) > 20


def _signed(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, b"meeting badge" + body, "sha256")[:_MAC]
