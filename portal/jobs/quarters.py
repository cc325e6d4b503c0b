"""The task that does a confirmed close: releases one by one, then their papers, then one file for the printer."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from tempfile import TemporaryFile
from typing import Any

from sqlalchemy.orm import Session

from portal.db import now, reading
from portal.domain.access.roles import Permission
from portal.domain.asked_once import asking_once
from portal.domain.errors import DomainError
from portal.domain.jobs import kept
from portal.domain.jobs.runs import Run
from portal.domain.price_protection.closing import executing, printing, proposing
from portal.domain.price_protection.closing.executing import Left
from portal.domain.price_protection.closing.models import Proposal, Statement
from portal.domain.price_protection.closing.printing import Frozen
from portal.printing.agreement import RenderedPaper
from portal.printing.joining import Joined
from portal.printing.statements import render_statement
from portal.web import papers

CHUNK = 8  # papers in a transaction; the next ones are printed meanwhile


def close_quarter(session: Session, run: Run) -> dict[str, Any]:
    """Do a job of the kind `proposing.KIND`; a run that follows another goes on with what is not done.

    Nothing depends on what an earlier run noted: what has a release, a statement, a paper, is not done again.
    Cancelled, it can be gone on with from the close's page.
    """
    proposal = session.get_one(Proposal, run.params["proposal_id"])
    total = 2 * proposal.agreements
    left, goes_on = _release(session, run, proposal, total)
    refused: list[dict[str, Any]] = []
    if goes_on:
        refused, goes_on = _print(session, run, proposal, total)
    result = _told(session, proposal, left, refused)
    if not goes_on:
        return result
    result["pages"] = _join(session, run, proposal, total)
    if not refused:
        executing.finish(session, proposal, left)
    return result


def _release(session: Session, run: Run, proposal: Proposal, total: int) -> tuple[list[Left], bool]:
    """Each agreement in a transaction of its own, checked to be in the name of somebody who still may."""
    left: list[Left] = []
    with reading():
        rows = executing.remaining(session, proposal)
        session.rollback()
    done = proposal.agreements - len(rows)
    for said in rows:
        run.check_owner(Permission.FUNDS_CONFIRM)
        proposing.require_confirmer(run.owner, proposal)
        found: object
        try:
            with session.begin_nested(), asking_once(session):
                found = executing.close_agreement(session, proposal, said)
        except DomainError as error:
            found = executing.refused(session, said, error)
        if isinstance(found, dict):
            left.append(found)
        done += 1
        if not run.step({}, done=done, total=total):
            return left, False
    return left, True


def _print(session: Session, run: Run, proposal: Proposal, total: int) -> tuple[list[dict[str, Any]], bool]:
    """The papers, printed outside any transaction; those that cannot be printed are told one by one."""
    refused: list[dict[str, Any]] = []
    proposal_id, done = proposal.id, total // 2
    taken: list[int] = []
    coming = _begun(session, proposal_id, taken)
    while coming is not None:
        group, printed = coming
        taken = [one.statement_id for one in group]
        coming = _begun(session, proposal_id, [*taken, *(one["statement"] for one in refused)])
        papers_ = list(printed)
        run.check_owner(Permission.FUNDS_CONFIRM)
        for one, rendered in zip(group, papers_, strict=True):
            if isinstance(rendered, RenderedPaper):
                printing.keep(session, run.owner, one.statement_id, rendered.pdf, rendered.pages)
            elif isinstance(rendered, DomainError):
                refused.append(
                    {"statement": one.statement_id, "number": one.number, "error": rendered.msgid,
                     "params": dict(rendered.params)}
                )  # fmt: skip
            else:
                raise rendered
        done += len(group)
        if not run.step({}, done=min(done, total), total=total):
            return refused, False
    return refused, True


_Begun = tuple[list[Frozen], Iterator[RenderedPaper | Exception]]


def _begun(session: Session, proposal_id: int, besides: Sequence[int]) -> _Begun | None:
    """Take down the next papers, and begin to print them; None when there are none."""
    with reading():
        group = printing.unprinted(session, proposal_id, CHUNK, besides)
        session.rollback()
    if not group:
        return None
    # Filling and writing the next one goes on while the printing processes are at the others.
    threads = ThreadPoolExecutor(len(group))
    asked = [
        threads.submit(
            render_statement,
            one.data,
            one.template_text,
            number=one.number,
            verify_url=papers.verify_url(one.code),
            made_at=one.made_at,
        )
        for one in group
    ]
    threads.shutdown(wait=False)
    return group, map(_given, asked)


def _given(asked: Future[RenderedPaper]) -> RenderedPaper | Exception:
    try:
        return asked.result()
    except Exception as error:
        return error


def _join(session: Session, run: Run, proposal: Proposal, total: int) -> int:
    """One PDF for the printer, in the order of the post, each statement on sheets of its own; its number of pages."""
    with reading():
        order = printing.in_mailing_order(session, printing.of_close(proposal))
        quarter, made_at = proposal.quarter, proposal.confirmed_at or now()
        session.rollback()
    return _into_one_file(session, run, order, quarter, made_at, total) if order else 0


def print_statements(session: Session, run: Run) -> dict[str, Any]:
    """Do a job of the kind `printing.KIND`: the statements that were asked for, as far as they may be read now."""
    run.check_owner(Permission.FUNDS_READ)
    with reading():
        asked = Statement.id.in_(run.params["statement_ids"])
        order = printing.in_mailing_order(session, asked, printing.readable(run.owner))
        session.rollback()
    quarter, total = run.params["quarter"], len(run.params["statement_ids"])
    pages = _into_one_file(session, run, order, quarter, now(), total) if order else 0
    return {"printed": len(order), "pages": pages, "quarter": quarter}


def _into_one_file(
    session: Session, run: Run, order: list[int], quarter: str, made_at: datetime, total: int
) -> int:
    with TemporaryFile(prefix="portal-print-") as file:
        joined = Joined(file)
        for no, statement_id in enumerate(order):
            with reading():
                number, company, content = printing.paper(session, statement_id)
                session.rollback()
            joined.add(content, f"{number} {company}", fills_sheet=True)
            if no % 50 == 49:
                run.progress(done=total, total=total)
        pages = joined.finish(f"基金对账单 {quarter}", made_at=made_at, duplex=True)
        kept.keep(
            session,
            run.id,
            file,
            filename=f"基金对账单 {quarter} {len(order)}份.pdf",
            media_type="application/pdf",
            hold=run.hold,
            goes_on=lambda: run.progress(done=total, total=total),
        )
    return pages


def _told(
    session: Session, proposal: Proposal, left: list[Left], refused: list[dict[str, Any]]
) -> dict[str, Any]:
    counts = executing.counts(session, proposal)
    return {**counts, "proposal_id": proposal.id, "left": [dict(one) for one in left], "refused": refused}
