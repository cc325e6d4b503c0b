"""Approving a list: what waits for whom, the spot checks drawn by lot, and all of them approved one by one (P1, P8).

The list is bound to what was seen: its digest is made of every row's hash, and each row is approved by its own hash
as a single agreement is, so that nothing is approved that the list did not show.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now, reading
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs.models import Job
from portal.domain.jobs.runs import Run
from portal.domain.price_protection import approval, steps
from portal.domain.price_protection.approval import Frozen, Printed
from portal.domain.price_protection.batches import queries, services
from portal.domain.price_protection.batches.models import Batch, BatchCheck, BatchRow, Trouble
from portal.domain.price_protection.batches.reckoning import Reckoner
from portal.domain.price_protection.batches.tasks import refusal
from portal.domain.price_protection.models import Agreement
from portal.domain.regions.models import Region
from portal.domain.users.models import User

SHARE_PERCENT = 5
AT_LEAST = 3
# Papers that are printed at once; their rows are then kept one by one, while the next ones are printed.
GROUP = 4


def needed(pending: int) -> int:
    """How many rows of a list are drawn: 5 percent rounded up, at least 3, all of them where there are fewer."""
    return min(pending, max(AT_LEAST, -(-pending * SHARE_PERCENT // 100)))


@dataclass(frozen=True)
class Pending:
    """A row that waits for a user's decision."""

    row_id: int
    sha256: str
    # Why it cannot be approved with the others: something is missing, or it changed since it was checked.
    is_held_up: bool
    office: str


@dataclass(frozen=True)
class Check:
    """A spot check of a row that still waits: whether it was looked at as it stands now."""

    row_id: int
    # Drawn by lot, and among those that can be approved with the list.
    is_drawn: bool
    is_looked_at: bool


def pending(session: Session, batch: Batch, user: User) -> list[Pending]:
    """What waits for this user's decision, in the order of the rows."""
    statement = queries.decidable(batch, user).with_only_columns(
        BatchRow.id, BatchRow.sha256, BatchRow.trouble, queries.IS_OUTDATED.label("is_outdated"), Region.name
    )
    return [
        Pending(row.id, row.sha256, row.trouble != Trouble.NONE or bool(row.is_outdated), row.name)
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
    """The user's spot checks among these rows, those drawn first.

    One that was drawn and is held up since then stands for nothing that is approved now: it does not count as drawn.
    """
    now_is = {row.row_id: row.sha256 for row in rows}
    can_be = {row.row_id for row in ready(rows)}
    found = session.execute(
        sa.select(BatchCheck.row_id, BatchCheck.is_drawn, BatchCheck.looked_sha256)
        .where(BatchCheck.user_id == user.id, BatchCheck.row_id.in_(list(now_is)))
        .order_by(BatchCheck.is_drawn.desc(), BatchCheck.row_id)
    )
    return [
        Check(row.row_id, row.is_drawn and row.row_id in can_be, row.looked_sha256 == now_is[row.row_id])
        for row in found
    ]


def draw(session: Session, actor: User, batch: Batch) -> int:
    """Draw as many rows as are needed for this approver, by lot; how many were drawn now. The caller commits.

    Drawn from what the list would approve. What was drawn stays drawn until it is decided on; where one is sent
    back or held up, another is drawn in its place.
    """
    lock(session, batch)
    rows = ready(pending(session, batch, actor))
    known = checks(session, actor, rows)
    drawn = {check.row_id for check in known if check.is_drawn}
    others = [row.row_id for row in rows if row.row_id not in drawn]
    missing = max(0, needed(len(rows)) - len(drawn))
    chosen = secrets.SystemRandom().sample(others, missing)
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
            pending=len(rows),
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
    drawn = [check for check in known if check.is_drawn]
    open_checks = [check for check in drawn if not check.is_looked_at]
    missing = max(0, needed(len(approved)) - len(drawn)) + len(open_checks)
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


Renderer = Callable[[Sequence[Frozen]], Iterator[Printed | Exception]]


def approve_rows(session: Session, run: Run, render: Renderer) -> dict[str, Any]:
    """Do a job of the kind APPROVE: each row is checked and approved as a single agreement is, by the hash shown.

    The papers are printed outside any transaction; each row's approval is a transaction of its own, kept with
    where the job is, so that a run that follows goes on behind it.
    """
    run.check_owner(Permission.AGREEMENTS_APPROVE)
    rows: list[tuple[int, str]] = [(row_id, seen) for row_id, seen in run.params["rows"]]
    counts = Counter(done=0, refused=0)
    for told in run.earlier:
        counts.update(told)
    start = len(run.earlier)
    session.rollback()
    coming = _begun(session, run, rows[start : start + GROUP], render)
    while start < len(rows):
        group, frozen, printed = coming
        # The next ones are printed while these are kept.
        coming = _begun(session, run, rows[start + len(group) : start + len(group) + GROUP], render)
        for (row_id, _seen), one in zip(group, frozen, strict=True):
            paper = next(printed) if isinstance(one, Frozen) else None
            told = _keep(session, run, row_id, one, paper)
            counts.update(told)
            start += 1
            if not run.step(told, done=start, total=len(rows)):
                return {**counts, "batch_id": run.params["batch_id"]}
    return {**counts, "batch_id": run.params["batch_id"]}


_Begun = tuple[Sequence[tuple[int, str]], list[Frozen | DomainError], Iterator[Printed | Exception]]


def _begun(session: Session, run: Run, group: Sequence[tuple[int, str]], render: Renderer) -> _Begun:
    """Take down what some rows print, outside any transaction afterwards, and begin to print it."""
    with reading():
        frozen = [_frozen(session, run, row_id, seen) for row_id, seen in group]
        session.rollback()
    return group, frozen, render([one for one in frozen if isinstance(one, Frozen)])


def _frozen(session: Session, run: Run, row_id: int, seen: str) -> Frozen | DomainError:
    try:
        row = session.get(BatchRow, row_id)
        assert row is not None and row.agreement is not None
        return approval.freeze(session, run.owner, row.agreement, seen_sha256=seen)
    except DomainError as error:
        return error


def _keep(
    session: Session, run: Run, row_id: int, frozen: Frozen | DomainError, paper: Printed | Exception | None
) -> dict[str, int]:
    """Approve one row with its paper; what keeps it from that stays with the row."""
    run.check_owner(Permission.AGREEMENTS_APPROVE)
    row = session.get(BatchRow, row_id)
    assert row is not None and row.agreement is not None
    error: DomainError | None = frozen if isinstance(frozen, DomainError) else None
    if isinstance(frozen, Frozen):
        if isinstance(paper, DomainError):
            error = paper
        elif paper is None or isinstance(paper, Exception):
            error = DomainError(N_("Its paper could not be printed. Approve it alone to see why."))
        else:
            try:
                with session.begin_nested():
                    approval.keep(session, run.owner, row.agreement, frozen, paper)
            except DomainError as refused:
                error = refused
    if error is not None:
        row.refusal = refusal(error)
        return {"done": 0, "refused": 1}
    row.refusal = {}
    told = {"done": 1, "refused": 0}
    # Approved all the same; the agreement's own step says why.
    return {**told, "unsealed": 1} if _lacks_seal(paper) else told


def _lacks_seal(paper: Printed | Exception | None) -> bool:
    """Whether a paper that was kept should carry the electronic seal and does not."""
    return paper is not None and not isinstance(paper, Exception) and paper.unsealed_because is not None
