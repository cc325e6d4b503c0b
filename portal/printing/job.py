"""What is handed to the printing process."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code on a page, the first of which is 1: its text, its left upper corner and its side, in mm."""

    page: int
    text: str
    left_mm: float
    top_mm: float
    side_mm: float


@dataclass(frozen=True, slots=True)
class PrintJob:
    """All that the printing process needs; plain data, so that it can be sent there."""

    html: str
    styles: tuple[str, ...]
    made_at: datetime
    identifier: str
    attached: bytes | None
    verify_url: str | None
    is_small: bool
    # Codes of their own, on papers that no page of the portal verifies.
    codes: tuple[Code, ...] = ()
