"""Setting up a batch: choosing agreements, saying what changes, exceptions and rows left out (P1)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError, Stale
from portal.domain.i18n import N_
from portal.domain.jobs import services as jobs
from portal.domain.jobs.models import Job
from portal.domain.price_protection.batches import changes as bulk
from portal.domain.price_protection.batches import queries
from portal.domain.price_protection.batches.changes import Changes
from portal.domain.price_protection.batches.choosing import MOST_ROWS, has_begun
from portal.domain.price_protection.batches.models import Batch, BatchRow
from portal.domain.price_protection.batches.reckoning import Reckoner
from portal.domain.price_protection.drafting import RENEWABLE
from portal.domain.price_protection.models import Agreement, Status
from portal.domain.text import clean
from portal.domain.users.models import User

NAME_LIMIT = 80
REASON_LIMIT = 200

CHECK, DRAFT, SUBMIT, APPROVE = "batches.check", "batches.draft", "batches.submit", "batches.approve"


def create(
    session: Session,
    actor: User,
    *,
    name: str,
    agreement_ids: Iterable[int],
    chosen_by: Mapping[str, Any] | None = None,
) -> Batch:
    """Choose signed agreements to be renewed together; nothing is drafted yet.

    Agreements of offices for which `actor` does not draft, and those that were not signed, are refused.
    """
    name = clean(name)
    if not name:
        raise DomainError(N_("Give the batch a name."), field="name")
    if len(name) > NAME_LIMIT:
        raise DomainError(N_("The name has at most %(limit)s characters."), field="name", limit=NAME_LIMIT)
    home = actor.home
    if home is None:
        raise DomainError(N_("You do not belong to any office, so you cannot own a batch."))
    ids = _chosen(session, actor, agreement_ids)
    batch = Batch(name=name, owner_id=actor.id, region_id=home.id, chosen_by=audit.plain(chosen_by or {}))
    session.add(batch)
    session.flush()
    session.execute(sa.insert(BatchRow), [{"batch_id": batch.id, "earlier_id": id} for id in ids])
    audit.record(session, actor, "batch.created", batch, name=name, count=len(ids), chosen_by=batch.chosen_by)
    return batch


def _chosen(session: Session, actor: User, agreement_ids: Iterable[int], *, besides: int = 0) -> list[int]:
    """These agreements, each once; refused where the batch would be too large or one may not be renewed.

    `besides` is how many the batch has already.
    """
    ids = list(dict.fromkeys(agreement_ids))
    if not ids:
        raise DomainError(N_("No agreement fits. Choose at least one."))
    if besides + len(ids) > MOST_ROWS:
        raise DomainError(
            N_("A batch has at most %(most)s agreements; these are %(count)s. Narrow the choice."),
            most=MOST_ROWS,
            count=besides + len(ids),
        )
    allowed = set(
        session.scalars(
            sa.select(Agreement.id).where(
                Agreement.id.in_(ids),
                Agreement.status.in_(RENEWABLE),
                has_begun(),
                Agreement.region_id.in_(visible(actor, Permission.AGREEMENTS_WRITE)),
            )
        )
    )
    if len(allowed) != len(ids):
        raise DomainError(
            N_(
                "%(count)s of these agreements are not signed, have not begun, or belong to other offices. "
                "Choose again."
            ),
            count=len(ids) - len(allowed),
        )
    return ids


def add(session: Session, actor: User, batch: Batch, agreement_ids: Iterable[int]) -> list[int]:
    """Take further agreements into a batch; gives the ids of their rows, which are still to be checked.

    One that was left out comes in again; one that stands in the batch stays as it is. What `create` refuses is
    refused here.
    """
    hold(session, actor, batch)
    ids = _chosen(session, actor, agreement_ids, besides=queries.total(session, batch))
    known = {
        row.earlier_id: row
        for row in session.execute(
            sa.select(BatchRow.id, BatchRow.earlier_id, BatchRow.left_out_at).where(
                BatchRow.batch_id == batch.id, BatchRow.earlier_id.in_(ids)
            )
        )
    }
    back = [row.id for row in known.values() if row.left_out_at is not None]
    new = [id for id in ids if id not in known]
    if not back and not new:
        raise DomainError(N_("All of these are in the batch already."))
    if back:
        take_back_in(session, actor, batch, back)
    if new:
        session.execute(sa.insert(BatchRow), [{"batch_id": batch.id, "earlier_id": id} for id in new])
        numbers = session.scalars(sa.select(Agreement.number).where(Agreement.id.in_(new))).all()
        _tell(session, actor, batch, "batch.rows_added", numbers)
    here = sa.select(BatchRow.id).where(BatchRow.batch_id == batch.id, BatchRow.earlier_id.in_(new))
    return sorted((*back, *session.scalars(here)))


def hold(session: Session, actor: User, batch: Batch, *, version: int | None = None) -> None:
    """Lock a batch to change it: its owner may, and who drafts agreements in its office; no task may be at it."""
    lock(session, batch)
    require_writer(actor, batch)
    if version is not None and batch.version != version:
        raise Stale(
            N_("Somebody else saved this batch after you opened it. Check it again before you go on.")
        )
    if running_job(session, batch) is not None:
        raise DomainError(N_("A task is working on this batch. Wait until it has ended, or cancel it."))


def may_write(actor: User, batch: Batch) -> bool:
    """Whether this user may change a batch and set its tasks going."""
    return actor.can(Permission.AGREEMENTS_WRITE, batch.region) or (
        actor.id == batch.owner_id and actor.can(Permission.AGREEMENTS_WRITE)
    )


def require_writer(actor: User, batch: Batch) -> None:
    """Refuse whoever may not change the batch."""
    if not may_write(actor, batch):
        raise DomainError(
            N_("Only %(name)s or a colleague of the office may change this batch."), name=batch.owner.name
        )


def running_job(session: Session, batch: Batch) -> Job | None:
    """The task that is working on the batch, or waits to."""
    job = session.get(Job, batch.job_id) if batch.job_id is not None else None
    return job if job is not None and not job.is_over else None


def change(session: Session, actor: User, batch: Batch, changes: Changes, *, version: int) -> None:
    """Say what changes in all agreements of which no draft is made yet; every row is to be checked again."""
    hold(session, actor, batch, version=version)
    bulk.check(changes)
    before, after = batch.changes, changes.as_json()
    if before == after:
        return
    batch.changes, batch.changes_no = after, batch.changes_no + 1
    batch.said_by = _with(batch.said_by, actor) if after else []
    audit.record(session, actor, "batch.changed", batch, name=batch.name, before=before, after=after)
    session.flush()  # whoever locks the batch next reads it afresh


def rename(session: Session, actor: User, batch: Batch, name: str) -> None:
    """Give the batch another name."""
    hold(session, actor, batch)
    batch.name = clean(name)[:NAME_LIMIT] or batch.name


def ask(
    session: Session,
    actor: User,
    batch: Batch,
    kind: str,
    *,
    total: int,
    as_approver: bool = False,
    **params: Any,
) -> Job:
    """Have a task of the batch done; one at a time. The caller commits, then starts it."""
    lock(session, batch)
    if not as_approver:
        require_writer(actor, batch)
    if running_job(session, batch) is not None:
        raise DomainError(N_("A task is working on this batch. Wait until it has ended, or cancel it."))
    job = jobs.enqueue(session, actor, kind, title=batch.name, total=total, batch_id=batch.id, **params)
    batch.job_id = job.id
    session.flush()
    return job


def except_row(
    session: Session, actor: User, batch: Batch, row: BatchRow, own: Changes, *, version: int
) -> None:
    """Say what this row changes otherwise than the batch, and check it at once; an empty change takes it back."""
    hold(session, actor, batch, version=version)
    lock(session, row)
    if row.agreement_id is not None:
        raise DomainError(N_("The draft of this row is made; change the draft itself."))
    if own.values or own.template:
        raise DomainError(N_("A row of its own changes its period, rates, shares and prices."))
    bulk.check(own)
    before, row.exceptions = row.exceptions, own.as_json()
    if before != row.exceptions:
        row.said_by = _with(row.said_by, actor) if row.exceptions else []
        audit.record(
            session,
            actor,
            "batch.row_changed",
            batch,
            name=batch.name,
            number=row.earlier.number,
            before=before,
            after=row.exceptions,
        )
    Reckoner(session, batch, actor).write(row)


def _with(ids: Iterable[int], actor: User) -> list[int]:
    return sorted({*ids, actor.id})


def leave_out(session: Session, actor: User, batch: Batch, row_ids: Sequence[int], reason: str) -> int:
    """Leave rows out of the batch, with a reason; how many.

    A draft that is made stays, and is submitted and approved by itself from now on. What is submitted is with
    its approver and stays in the batch, as does what is approved.
    """
    reason = _reason(reason)
    hold(session, actor, batch)
    rows = _rows(session, actor, batch, row_ids, BatchRow.left_out_at.is_(None))
    for row in rows:
        if row.agreement is not None and row.agreement.status not in (Status.DRAFT, Status.VOID):
            raise DomainError(
                N_("%(number)s is submitted already. Withdraw it, or have it sent back, then leave it out."),
                number=row.agreement.number,
            )
    for row in rows:
        row.left_out_at, row.left_out_by_id, row.left_out_reason = now(), actor.id, reason
    _tell(session, actor, batch, "batch.rows_left_out", _numbers(rows), reason=reason)
    return len(rows)


def take_back_in(session: Session, actor: User, batch: Batch, row_ids: Sequence[int]) -> int:
    """Take rows that were left out into the batch again; they are checked as they stand today."""
    hold(session, actor, batch)
    rows = _rows(session, actor, batch, row_ids, BatchRow.left_out_at.is_not(None))
    for row in rows:
        row.left_out_at, row.left_out_by_id, row.left_out_reason = None, None, ""
        row.checked_no = 0
    _tell(session, actor, batch, "batch.rows_taken_in", _numbers(rows))
    return len(rows)


def _rows(
    session: Session,
    actor: User,
    batch: Batch,
    row_ids: Sequence[int],
    condition: sa.ColumnElement[bool],
) -> list[BatchRow]:
    if not row_ids:
        raise DomainError(N_("Tick at least one row."))
    ids = queries.row_ids(session, batch, actor, BatchRow.id.in_(list(row_ids)), condition)
    return queries.loaded(session, ids)


def _numbers(rows: Sequence[BatchRow]) -> list[str]:
    return [row.earlier.number for row in rows]


def _tell(
    session: Session, actor: User, batch: Batch, action: str, numbers: Sequence[str], **said: Any
) -> None:
    if numbers:
        audit.record(
            session, actor, action, batch, name=batch.name, count=len(numbers), numbers=numbers[:50], **said
        )


def _reason(reason: str) -> str:
    reason = clean(reason)
    if not reason:
        raise DomainError(N_("Enter the reason."), field="reason")
    if len(reason) > REASON_LIMIT:
        raise DomainError(
            N_("The reason has at most %(limit)s characters."), field="reason", limit=REASON_LIMIT
        )
    return reason
