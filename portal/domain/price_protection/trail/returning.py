"""寄回与归档: copies come back signed and sealed, and get their place in a cabinet (P1b)."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.roles import Permission
from portal.domain.errors import DomainError
from portal.domain.price_protection.trail.noting import note_all, note_one
from portal.domain.price_protection.trail.originals import Original, held
from portal.domain.price_protection.trail.posting import check_day
from portal.domain.price_protection.trail.sealing import reason_of, require
from portal.domain.text import clean
from portal.domain.users.models import User

CABINET_LIMIT = 40


def take_back(session: Session, actor: User, copies: Mapping[int, int], back_on: date) -> list[Original]:
    """Record that so many copies of each original (its id → copies) came back on this day; all or none.

    DomainError for what was not sent, and for more copies than are out; its field is the box `copies-<id>`.
    """
    found = _chosen(session, actor, copies)
    for original in found:
        refusal = original.why_not_back()
        if refusal is not None:
            raise refusal
        trail = original.trail
        most = trail.sent_copies - trail.back_copies
        if not 1 <= copies[original.id] <= most:
            raise DomainError(
                "%(number)s: enter 1 to %(most)s copies; so many are out.",
                field=f"copies-{original.id}",
                number=original.number,
                most=most,
            )
        check_day(back_on, "back_on", trail.sent_on)
        trail.back_copies += copies[original.id]
        trail.back_on = back_on
        trail.settle()
    note_all(
        session, actor, "paper_back",
        [
            (
                row,
                {"copies": copies[row.id], "missing": row.trail.copies_missing or None, "back_on": back_on},
            )
            for row in found
        ],
    )  # fmt: skip
    return found


def correct_back(session: Session, actor: User, id: int, copies: int, reason: str) -> None:
    """Put a wrongly counted return right: `copies` are back in all; both figures and the reason stay on record."""
    reason = reason_of(reason)
    (original,) = _chosen(session, actor, {id: copies})
    trail = original.trail
    if not original.comes_back and (refusal := original.why_not_back()):
        raise refusal
    if not trail.sent_copies:
        raise DomainError("%(number)s was not sent, so it cannot have come back.", number=original.number)
    if not 0 <= copies <= trail.sent_copies:
        raise DomainError(
            "%(number)s: enter 0 to %(most)s copies; so many were sent.",
            field="copies",
            number=original.number,
            most=trail.sent_copies,
        )
    if trail.filed_on is not None and copies < trail.back_copies:
        raise DomainError("%(number)s is in cabinet %(cabinet)s; so it is here.",
                          number=original.number, cabinet=trail.cabinet)  # fmt: skip
    before, trail.back_copies = trail.back_copies, copies
    # What brought a statement's answer in another way stays.
    if not copies and not (original.is_statement and original.has_scan):
        trail.back_on = None
    trail.settle()
    note_one(session, actor, original, "back_corrected", reason, before=before, copies=copies)


def put_away(session: Session, actor: User, ids: Sequence[int], cabinet: str) -> list[Original]:
    """Put originals into a cabinet, or into another one; all or none. Gives those whose scan is still missing.

    A missing scan keeps nothing from its cabinet. DomainError for what is not signed
    or served, or still out.
    """
    place = clean(cabinet)
    if not place:
        raise DomainError("Enter the cabinet number.", field="cabinet")
    if len(place) > CABINET_LIMIT:
        raise DomainError("At most %(limit)s characters.", field="cabinet", limit=CABINET_LIMIT)
    found = _chosen(session, actor, dict.fromkeys(ids, 0))
    for original in found:
        refusal = original.why_not_file()
        if refusal is not None:
            raise refusal
    moved = []
    for original in found:
        trail = original.trail
        before = trail.cabinet
        if before == place:
            continue
        trail.cabinet, trail.filed_on = place, today()
        trail.settle()
        told = {
            "cabinet": place,
            "before": before or None,
            "without_scan": None if original.has_scan else True,
        }
        moved.append((original, told))
    note_all(session, actor, "paper_filed", moved)
    return [original for original in found if not original.has_scan]


def _chosen(session: Session, actor: User, copies: Mapping[int, int]) -> list[Original]:
    found = held(session, list(copies))
    if not found:
        raise DomainError("Choose at least one original.")
    for original in found:
        require(actor, Permission.PAPERS_HANDLE, original.agreement.region)
    return found
