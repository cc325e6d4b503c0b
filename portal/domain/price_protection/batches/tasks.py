"""What is done with a batch as a job: check every row, make the drafts, submit them. Nothing is done twice (P1)."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission
from portal.domain.asked_once import asking_once
from portal.domain.audit.services import plain
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs.runs import Run
from portal.domain.price_protection import drafting, steps, turns
from portal.domain.price_protection.batches import queries
from portal.domain.price_protection.batches.models import Batch, BatchRow, Trouble
from portal.domain.price_protection.batches.reckoning import Reckoner
from portal.domain.price_protection.models import Agreement, Status
from portal.domain.users.models import User

# Rows in a transaction: short enough that pages may write in between.
CHUNK = 20

Work = Callable[[Session, User, Batch, Reckoner, BatchRow], str]


def check_rows(session: Session, run: Run) -> dict[str, Any]:
    """Do a job of the kind CHECK: reckon every row, or those that the job names."""
    return _each(session, run, _check)


def make_drafts(session: Session, run: Run) -> dict[str, Any]:
    """Do a job of the kind DRAFT: a draft of every row that nothing blocks; one that has a draft keeps it."""
    return _each(session, run, _draft)


def submit_drafts(session: Session, run: Run) -> dict[str, Any]:
    """Do a job of the kind SUBMIT: hand over every draft that is complete; the others keep their list of holes."""
    return _each(session, run, _submit)


def batch_of(session: Session, run: Run) -> Batch:
    """The batch that a job is about."""
    batch = session.get(Batch, run.params["batch_id"])
    assert batch is not None
    return batch


def _each(session: Session, run: Run, work: Work) -> dict[str, Any]:
    """Go through the rows that are in the batch, in chunks; each chunk is committed with where it ended."""
    run.check_owner(Permission.AGREEMENTS_WRITE)
    counts = {"done": 0, "refused": 0, "passed": 0}
    last = 0
    for told in run.earlier:
        last = told["last"]
        for name in counts:
            counts[name] += told[name]
    ids = queries.row_ids(session, batch_of(session, run), run.owner, BatchRow.left_out_at.is_(None))
    if "rows" in run.params:
        asked = set(run.params["rows"])
        ids = [id for id in ids if id in asked]
    session.rollback()
    total = len(ids)
    for chunk in _chunks([id for id in ids if id > last]):
        run.check_owner(Permission.AGREEMENTS_WRITE)
        batch, owner = batch_of(session, run), run.owner
        # Whoever asks for a check asks what the batch's owner could draft.
        reckoner = Reckoner(session, batch, batch.owner if work is _check else owner)
        told = {"last": chunk[-1], **dict.fromkeys(counts, 0)}
        with asking_once(session):
            for row in queries.loaded(session, chunk):
                if row.left_out_at is None:
                    told[_once(session, owner, batch, reckoner, row, work)] += 1
        for name in counts:
            counts[name] += told[name]
        done = total - len([id for id in ids if id > chunk[-1]])
        if not run.step(told, done=done, total=total):
            break
    return {**counts, "batch_id": run.params["batch_id"]}


def _once(session: Session, owner: User, batch: Batch, reckoner: Reckoner, row: BatchRow, work: Work) -> str:
    """Do one row's work; a refusal undoes what that row had begun, and stays with the row."""
    try:
        with session.begin_nested():
            outcome = work(session, owner, batch, reckoner, row)
            session.flush()
    except DomainError as error:
        row.refusal = refusal(error)
        return "refused"
    if outcome == "done":
        row.refusal = {}
    return outcome


def refusal(error: DomainError) -> dict[str, Any]:
    """Why a row's deed was refused, as its row keeps it."""
    return {"msgid": error.msgid, "params": {name: str(plain(value)) for name, value in error.params.items()}}


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


def _check(session: Session, owner: User, batch: Batch, reckoner: Reckoner, row: BatchRow) -> str:
    draft = row.agreement
    if draft is not None and draft.status not in (Status.DRAFT, Status.SUBMITTED):
        return "passed"
    found = reckoner.write(row)
    return "done" if found.trouble is Trouble.NONE else "refused"


def _draft(session: Session, owner: User, batch: Batch, reckoner: Reckoner, row: BatchRow) -> str:
    if row.agreement_id is not None:
        return "passed"
    try:
        entry = None if reckoner.blocks(row) else reckoner.entry(row)
        if entry is not None:
            drafting.check_entry(entry)
    except DomainError:
        entry = None
    if entry is None:
        reckoner.write(row)  # the row says why
        return "refused"
    row.agreement = drafting.draft(
        session,
        owner,
        row.earlier.distributor,
        entry,
        follows=row.earlier,
        said_by=(*batch.said_by, *row.said_by),
    )
    session.flush()
    reckoner.write(row)
    return "done"


def _submit(session: Session, owner: User, batch: Batch, reckoner: Reckoner, row: BatchRow) -> str:
    draft = row.agreement
    if draft is None or draft.status is not Status.DRAFT:
        return "passed"
    if not owner.can(Permission.AGREEMENTS_WRITE, draft.region):
        raise DomainError(
            N_("%(office)s is no longer among the offices for which you draft."), office=draft.region.name
        )
    if is_unmended(draft):
        raise DomainError(N_("It was sent back and has not been changed since. Correct it first."))
    try:
        steps.submit(session, owner, draft)
    except steps.Incomplete:
        reckoner.write(row)
        return "refused"
    reckoner.write(row)
    return "done"


def is_unmended(draft: Agreement) -> bool:
    """Whether it came back from approval and nobody has changed it since."""
    back = turns.came_back(draft)
    return back is not None and not any(
        event.kind == "edited" and event.id > back.id for event in draft.events
    )
