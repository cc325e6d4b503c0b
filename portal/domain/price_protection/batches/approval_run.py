"""The task that approves a list: its papers printed outside any transaction, its rows approved one by one (P1)."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy.orm import Session

from portal.db import reading
from portal.domain.access.roles import Permission
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs.runs import Run
from portal.domain.price_protection import approval
from portal.domain.price_protection.approval import Frozen, Printed
from portal.domain.price_protection.batches.models import BatchRow
from portal.domain.price_protection.batches.tasks import refusal

# Papers that are printed at once; their rows are then kept one by one, while the next ones are printed.
GROUP = 4

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
