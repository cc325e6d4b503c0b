"""What the code of a page of a sign-in sheet says: this page of this meeting's sheet, printed then, signed (M1)."""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from portal.domain.meetings import signed

_PREFIX, _PURPOSE = "QD", b"meeting sheet"
_BODY = struct.Struct(">qIHH?")


class Order(StrEnum):
    """How a sheet is sorted."""

    OFFICE = "office"
    PINYIN = "pinyin"


@dataclass(frozen=True, slots=True)
class SheetPage:
    """A page of a sheet; `printed_at` tells one print from another, to the second, in UTC."""

    meeting_id: int
    printed_at: datetime
    page: int
    pages: int
    order: Order


def page_code(key: bytes, page: SheetPage) -> str:
    """The code of a page."""
    printed, by_pinyin = int(page.printed_at.timestamp()), page.order is Order.PINYIN
    body = _BODY.pack(page.meeting_id, printed, page.page, page.pages, by_pinyin)
    return signed.write(_PREFIX, key, _PURPOSE, body)


def read_page(key: bytes, text: str) -> SheetPage | None:
    """Which page a scanned code names; None for what we did not sign. Never an exception."""
    body = signed.read(_PREFIX, key, _PURPOSE, _BODY.size, text)
    if body is None:
        return None
    meeting_id, printed, page, pages, by_pinyin = _BODY.unpack(body)
    order = Order.PINYIN if by_pinyin else Order.OFFICE
    return SheetPage(meeting_id, datetime.fromtimestamp(printed, UTC), page, pages, order)
