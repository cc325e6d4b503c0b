"""Approving a list: what waits for whom, what of it must be read before, and the decision about all of it (P1, P8).

The list is bound to what was seen: its digest is made of every row's hash, and each row is approved by its own hash
as a single agreement is, so that nothing is approved that the list did not show. Read before are all rows with terms
of their own, and some of the others, drawn by lot.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs.models import Job
from portal.domain.price_protection import approval, steps
from portal.domain.price_protection.batches import queries, services
from portal.domain.price_protection.batches.models import Batch, BatchCheck, BatchRow, Trouble
from portal.domain.price_protection.batches.reckoning import Reckoner
from portal.domain.price_protection.models import Agreement
from portal.domain.regions.models import Region
from portal.domain.users.models import User

SHARE_PERCENT = 5
AT_LEAST = 3


def needed(pending: int) -> int:
    """How many of so many rows are drawn: 5 percent rounded up, at least 3, all of them where there are fewer."""
    return min(pending, max(AT_LEAST, -(-pending * SHARE_PERCENT // 100)))


@dataclass(frozen=True)
class Pending:
    """A row that waits for a user's decision."""

    row_id: int
    sha256: str
    # Why it cannot be approved with the others: something is missing, or it changed since it was checked.
    is_held_up: bool
    office: str
    # It says something that the batch does not: terms of its own, or a draft that was changed by hand.
    has_own_terms: bool = False


class Because(StrEnum):
    """Why a row must be read before the list is approved."""

    OWN_TERMS = "own_terms"
    LOT = "lot"


@dataclass(frozen=True)
class Check:
    """A row that still waits and was read, or has to be: whether it was looked at as it stands now."""

    row_id: int
    # Why it belongs to the sample; None when it was only looked at, or cannot be approved with the list.
    because: Because | None
    is_looked_at: bool

    @property
    def is_needed(self) -> bool:
        """Whether the list waits for its reading."""
        return self.because is not None


def pending(session: Session, batch: Batch, user: User) -> list[Pending]:
    """What waits for this user's decision, in the order of the rows."""
    statement = queries.decidable(batch, user).with_only_columns(
        BatchRow.id,
        BatchRow.sha256,
        BatchRow.trouble,
        BatchRow.weight,
        queries.IS_OUTDATED.label("is_outdated"),
        Region.name,
    )
    return [
        Pending(
            row.id,
            row.sha256,
            row.trouble != Trouble.NONE or bool(row.is_outdated),
            row.name,
            row.weight >= queries.UNUSUAL,
        )
        for row in session.execute(statement.order_by(BatchRow.id))
    ]


def ready(rows: Sequence[Pending]) -> list[Pending]:
    """The rows that an approval of the list would approve: none that is held up."""
    return [row for row in rows if not row.is_held_up]


def digest(rows: Sequence[Pending]) -> str:
    """The hash of a list as it was shown: every row that can be approved with its own hash."""
    said = "\n".join(f"{row.row_id} {row.sha256}" for row in ready(rows))
    return sha256(said.encode()).hexdigest()


def checks(session: Session, user: User, rows: Sequence[Pending]) -> list[Check]:
    """What of these rows the user read or has to read: those with terms of their own first, then those drawn.

    One that was drawn and is held up since then stands for nothing that is approved now: it does not count as drawn.
    """
    kept = {
        row.row_id: row
        for row in session.execute(
            sa.select(BatchCheck.row_id, BatchCheck.is_drawn, BatchCheck.looked_sha256).where(
                BatchCheck.user_id == user.id, BatchCheck.row_id.in_([row.row_id for row in rows])
            )
        )
    }
    found = []
    for row in rows:
        known, because = kept.get(row.row_id), None
        if not row.is_held_up and row.has_own_terms:
            because = Because.OWN_TERMS
        elif not row.is_held_up and known is not None and known.is_drawn:
            because = Because.LOT
        if known is not None or because is not None:
            is_looked_at = known is not None and known.looked_sha256 == row.sha256
            found.append(Check(row.row_id, because, is_looked_at))
    order = [*Because, None]
    return sorted(found, key=lambda check: (order.index(check.because), check.row_id))


def undrawn(rows: Sequence[Pending], known: Sequence[Check]) -> int:
    """How many rows are still to be drawn: a share of those that say what the batch says."""
    usual = sum(not row.has_own_terms for row in ready(rows))
    return max(0, needed(usual) - sum(check.because is Because.LOT for check in known))


def open_checks(rows: Sequence[Pending], known: Sequence[Check]) -> int:
    """How many readings the list still waits for, drawn or not."""
    return undrawn(rows, known) + sum(check.is_needed and not check.is_looked_at for check in known)


def draw(session: Session, actor: User, batch: Batch) -> int:
    """Draw as many rows as are needed for this approver, by lot; how many were drawn now. The caller commits.

    Drawn from what the list would approve, besides the rows with terms of their own, which are always read. What was
    drawn stays drawn until it is decided on; where one is sent back or held up, another is drawn in its place.
    """
    lock(session, batch)
    rows = pending(session, batch, actor)
    known = checks(session, actor, rows)
    drawn = {check.row_id for check in known if check.is_needed}
    others = [row.row_id for row in ready(rows) if row.row_id not in drawn]
    chosen = secrets.SystemRandom().sample(others, undrawn(rows, known))
    for row_id in chosen:
        row = _check(session, actor, row_id)
        row.is_drawn = True
    if chosen:
        audit.record(
            session,
            actor,
            "batch.checks_drawn",
            batch,
            name=batch.name,
            count=len(chosen),
            pending=len(ready(rows)),
            numbers=_numbers(session, chosen),
        )
    session.flush()
    return len(chosen)


def _check(session: Session, actor: User, row_id: int) -> BatchCheck:
    found = session.scalar(
        sa.select(BatchCheck).where(BatchCheck.row_id == row_id, BatchCheck.user_id == actor.id)
    )
    if found is None:
        found = BatchCheck(row_id=row_id, user_id=actor.id, is_drawn=False)
        session.add(found)
    return found


def _numbers(session: Session, row_ids: Sequence[int]) -> list[str]:
    statement = (
        sa.select(Agreement.number)
        .join(BatchRow, BatchRow.agreement_id == Agreement.id)
        .where(BatchRow.id.in_(list(row_ids)))
        .order_by(Agreement.number)
    )
    return list(session.scalars(statement))


def look(session: Session, actor: User, batch: Batch, row: BatchRow, *, seen_sha256: str) -> bool:
    """Put on record that this approver looked at the row's paper, as it was shown; the caller commits.

    False, with the row checked afresh, when it says something else by now: it has to be read again.
    """
    agreement = _awaiting(session, actor, row)
    shown = approval.shown_sha256(session, agreement)
    if row.sha256 != shown or row.checked_version != agreement.version:
        Reckoner(session, batch, batch.owner).write(row)
    if shown != seen_sha256:
        return False
    check = _check(session, actor, row.id)
    if check.looked_sha256 != shown:
        check.looked_at, check.looked_sha256 = now(), shown
        audit.record(
            session,
            actor,
            "batch.row_looked_at",
            batch,
            name=batch.name,
            number=agreement.number,
            payload_sha256=shown,
            drawn=check.is_drawn,
        )
    session.flush()
    return True


def send_back(session: Session, actor: User, batch: Batch, row: BatchRow, reason: str) -> None:
    """Take one row out of the list: its agreement goes back to its author, and another is drawn in its place."""
    agreement = _awaiting(session, actor, row)
    steps.send_back(session, actor, agreement, reason)
    had = session.scalar(
        sa.select(BatchCheck.id).where(BatchCheck.user_id == actor.id, BatchCheck.row_id == row.id)
    )
    if had is not None:
        draw(session, actor, batch)


def _awaiting(session: Session, actor: User, row: BatchRow) -> Agreement:
    if row.agreement is None:
        raise DomainError(N_("This row has no draft yet."))
    steps.require_approver(session, actor, row.agreement)
    return row.agreement


def ask(session: Session, actor: User, batch: Batch, *, seen: str) -> Job:
    """Have the whole list approved as it was shown; the caller commits, then starts the job.

    `seen` is the list's digest. Refused while a spot check is open, and when the list is no longer the one shown.
    """
    lock(session, batch)
    rows = pending(session, batch, actor)
    approved = ready(rows)
    if not approved:
        raise DomainError(N_("Nothing in this list can be approved now."))
    if digest(rows) != seen:
        raise DomainError(N_("The list has changed since you opened it. Look at it again, then approve it."))
    known = checks(session, actor, rows)
    missing = open_checks(rows, known)
    if missing > 0:
        raise DomainError(
            N_("%(count)s spot checks are still open. Open and read them first."), count=missing
        )
    job = services.ask(
        session,
        actor,
        batch,
        services.APPROVE,
        total=len(approved),
        as_approver=True,
        rows=[[row.row_id, row.sha256] for row in approved],
    )
    looked = [check.row_id for check in known if check.is_looked_at]
    audit.record(
        session,
        actor,
        "batch.approval_asked",
        batch,
        name=batch.name,
        count=len(approved),
        held_up=len(rows) - len(approved),
        list_sha256=seen,
        looked_at=_numbers(session, looked),
    )
    return job
