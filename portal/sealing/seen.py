"""What is seen in a PDF that somebody handed in; plain values. Imports nothing heavy."""

from dataclasses import dataclass
from datetime import datetime

MOST_BYTES = 20 * 1024 * 1024
# For the whole of it, on a busy machine; half of that may be the processor's.
SECONDS = 40


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature in a file: whose, when by its own word, and what it still says of the file.

    `is_sound`: the bytes that it covers are those that were signed, and signed with this certificate.
    `covers_all`: nothing of the file is outside it.
    """

    certificate_sha256: str
    subject: str
    at: datetime | None
    is_sound: bool
    covers_all: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as far as it can be opened; `data_sha256` is the hash of the data inside a paper of ours."""

    pages: int
    signatures: tuple[Signature, ...] = ()
    data_sha256: str = ""


class Unreadable(Exception):
    """The file cannot be looked into: a msgid that says why and what to do."""

    def __init__(self, msgid: str) -> None:
        super().__init__(msgid)
        self.msgid = msgid
