"""Whether a PDF that somebody was sent is the original: the file itself, where the code tells of the paper (P8)."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sqlalchemy.orm import Session

from portal.domain.electronic_seals import services as seals
from portal.domain.price_protection.electronic_sealing import original_with, paper_of_data
from portal.domain.price_protection.verification import Verdict, verify
from portal.domain.users.models import User

_MOST_ENDS = 60
_END = re.compile(rb"%%EOF(\r\n|\n|\r)?")


class FileAnswer(StrEnum):
    """What is said of a file."""

    ORIGINAL = "original"  # byte for byte on file
    SEALED = "sealed"  # whole and sealed by the company, yet not on file
    FOREIGN = "foreign"  # signed with a certificate that is none of the company's
    CHANGED = "changed"
    UNKNOWN = "unknown"


class Change(StrEnum):
    """How a file differs from what the company issued."""

    ADDED = "added"  # the original is its first part
    BROKEN = "broken"  # there is a seal, which does not fit the file
    COPY = "copy"  # the data of our paper, in a file without a seal


class SignatureSeen(Protocol):
    """A signature in a file."""

    @property
    def certificate_sha256(self) -> str:
        """The fingerprint of its certificate."""

    @property
    def subject(self) -> str:
        """Whose certificate it is, by its own word."""

    @property
    def at(self) -> datetime | None:
        """When it was made, by its own word."""

    @property
    def is_sound(self) -> bool:
        """Whether what it covers is what was signed."""

    @property
    def covers_all(self) -> bool:
        """Whether it covers the whole file."""


class FileSeen(Protocol):
    """What was seen in a file."""

    @property
    def pages(self) -> int:
        """How many pages it shows."""

    @property
    def signatures(self) -> Sequence[SignatureSeen]:
        """The signatures in it."""

    @property
    def data_sha256(self) -> str:
        """The hash of the data of our papers inside; empty where there is none."""


@dataclass(frozen=True)
class FileVerdict:
    """The answer, and the paper that the file is, or pretends to be, as its code would tell it to this viewer."""

    answer: FileAnswer
    change: Change | None = None
    paper: Verdict | None = None
    # Whose seal or signature it carries, and when it was put on by its own word.
    signer: str = ""
    signed_at: datetime | None = None
    # It is the original as it was kept before it got its seal at `signed_at`.
    is_before_seal: bool = False
    pages: int | None = None
    # Whole signatures of others in a file that was changed.
    others: tuple[str, ...] = ()

    @property
    def pages_added(self) -> int:
        """How many pages the file has more than the original; negative where it has fewer."""
        if self.pages is None or self.paper is None or self.paper.paper is None:
            return 0
        return self.pages - self.paper.paper.pages


def hashes_of(data: bytes) -> list[str]:
    """The hash of a file, then those of each earlier end that it shows, the longest first.

    What is added to a PDF in the usual way stands behind it, so that the original is found in front.
    """
    whole = hashlib.sha256()
    before: list[str] = []
    done = 0
    for number, match in enumerate(_END.finditer(data)):
        if number == _MOST_ENDS:
            break
        # The break behind an end may belong to it or to what was added.
        for end in dict.fromkeys((match.start() + 5, match.start() + 6, match.end())):
            if done < end <= match.end() and end < len(data):
                whole.update(data[done:end])
                done = end
                before.append(whole.copy().hexdigest())
    whole.update(data[done:])
    return [whole.hexdigest(), *reversed(before)]


def on_file(session: Session, viewer: User, hashes: Sequence[str]) -> FileVerdict | None:
    """The answer when the whole file, or its first part, is an original; None when neither is.

    A file with more behind the original is CHANGED;
    """
    found = original_with(session, list(hashes))
    if found is None:
        return None
    paper, sha256 = found
    told = verify(session, viewer, paper.code)
    if sha256 != hashes[0]:
        return FileVerdict(FileAnswer.CHANGED, Change.ADDED, told)
    seal = seals.seal_of(session, paper.document_id)
    return FileVerdict(
        FileAnswer.ORIGINAL,
        paper=told,
        signer=seal.certificate.subject if seal else "",
        signed_at=seal.sealed_at if seal else None,
        is_before_seal=paper.document.sha256 != sha256,
        pages=paper.pages,
    )


def verify_file(
    session: Session, viewer: User, hashes: Sequence[str], seen: FileSeen | None
) -> FileVerdict | None:
    """What is to be said of a file, by its hashes and by what was seen in it.

    `seen` is None when nobody could look into it; then None is given unless its hashes tell enough.
    """
    kept = on_file(session, viewer, hashes)
    if seen is None or (kept is not None and kept.answer is FileAnswer.ORIGINAL):
        return kept
    sound = [one for one in seen.signatures if one.is_sound]
    ours = [one for one in sound if seals.certificate_by(session, one.certificate_sha256) is not None]
    others = tuple(dict.fromkeys(one.subject for one in sound if one not in ours))
    if kept is not None:
        return _verdict(kept.answer, kept.change, kept.paper, seen, ours[0] if ours else None, others)
    paper = paper_of_data(session, seen.data_sha256) if seen.data_sha256 else None
    told = verify(session, viewer, paper.code) if paper is not None else None
    if ours:
        whole = next((one for one in ours if one.covers_all), None)
        if whole is not None:
            return _verdict(FileAnswer.SEALED, None, told, seen, whole, others)
        return _verdict(FileAnswer.CHANGED, Change.ADDED, told, seen, ours[0], others)
    if sound:
        return _verdict(FileAnswer.FOREIGN, None, told, seen, sound[0], ())
    if told is not None:
        change = Change.BROKEN if seen.signatures else Change.COPY
        return _verdict(FileAnswer.CHANGED, change, told, seen, None, ())
    if any(seals.certificate_by(session, one.certificate_sha256) for one in seen.signatures):
        return _verdict(FileAnswer.CHANGED, Change.BROKEN, None, seen, None, ())
    return _verdict(FileAnswer.UNKNOWN, None, None, seen, None, ())


def _verdict(
    answer: FileAnswer,
    change: Change | None,
    paper: Verdict | None,
    seen: FileSeen,
    signature: SignatureSeen | None,
    others: tuple[str, ...],
) -> FileVerdict:
    return FileVerdict(
        answer,
        change,
        paper,
        signer=signature.subject if signature else "",
        signed_at=signature.at if signature else None,
        pages=seen.pages,
        others=others,
    )
