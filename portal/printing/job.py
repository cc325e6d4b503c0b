"""What is handed to the printing process."""

from dataclasses import dataclass
from datetime import datetime


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
