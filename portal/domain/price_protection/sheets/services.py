"""Handing a table of drafts in: kept, looked at as a job, then written as another one."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.asked_once import asking_once
from portal.domain.distributors.models import Distributor
from portal.domain.documents import services as documents
from portal.domain.documents.models import Document
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs import services as jobs
from portal.domain.jobs.models import Job, JobState
from portal.domain.jobs.runs import Run
from portal.domain.price_protection.batches.models import BatchRow
from portal.domain.price_protection.models import (
    Agreement,
    AgreementPrice,
    AgreementTerms,
    Product,
    Status,
)
from portal.domain.price_protection.sheets.columns import SPEC
from portal.domain.price_protection.sheets.course import answers, groups_of
from portal.domain.tabular import Table, read_table
from portal.domain.users.models import User

PLAN, APPLY = "drafts.plan", "drafts.apply"
SMALL_BYTES = 64 * 1024
CHUNK = 20


def lines(user: User, batch_id: int | None = None) -> sa.Select[*tuple[Any, ...]]:
    """The drafts that this user may change as rows of the table, a row for each price; of one batch, or all."""
    statement: sa.Select[*tuple[Any, ...]] = (
        sa.select(
            Agreement.number,
            Agreement.version,
            Distributor.name.label("distributor_name"),
            Agreement.effective_on,
            Agreement.expires_on,
            AgreementTerms.rebate_ppm,
            AgreementTerms.base_share,
            AgreementTerms.award_ppm,
            Product.code,
            Product.name.label("product_name"),
            AgreementPrice.kind,
            AgreementPrice.amount_fen,
        )
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .join(AgreementTerms, sa.and_(AgreementTerms.agreement_id == Agreement.id, AgreementTerms.no == 0))
        .outerjoin(AgreementPrice, AgreementPrice.terms_id == AgreementTerms.id)
        .outerjoin(Product, Product.id == AgreementPrice.product_id)
        .where(
            Agreement.status == Status.DRAFT,
            Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_WRITE)),
        )
        .order_by(Agreement.number, AgreementPrice.no)
    )
    if batch_id is not None:
        of_batch = sa.select(BatchRow.agreement_id).where(
            BatchRow.batch_id == batch_id, BatchRow.left_out_at.is_(None)
        )
        statement = statement.where(Agreement.id.in_(of_batch))
    return statement


def read(data: bytes, filename: str) -> Table:
    """The table of a file; DomainError, field "file", when it cannot be read. Takes a second for many rows."""
    table = read_table(data, filename, SPEC)
    clash = next((clash for sheet in table.sheets for clash in sheet.match.clashes), None)
    if clash is not None:
        raise DomainError(
            N_("Two columns could be the same field: %(headings)s. Rename one of them."),
            field="file",
            headings="、".join(clash.headings),
        )
    return table


def hand_in(session: Session, actor: User, table: Table, data: bytes, *, filename: str) -> Job:
    """Keep the file of a table that was read, and have it looked at."""
    document = documents.store(session, data, filename=filename, by=actor, field="file")
    return jobs.enqueue(
        session, actor, PLAN, title=document.filename, total=table.count, document_id=document.id
    )


def start_applying(session: Session, actor: User, planned: Job) -> Job:
    """Have a table written as it was looked at."""
    if planned.kind != PLAN or planned.state is not JobState.DONE or planned.owner_id != actor.id:
        raise DomainError(N_("This table cannot be written. Hand it in again."))
    if not planned.result.get("changed"):
        raise DomainError(N_("There is nothing to change."))
    return jobs.enqueue(
        session,
        actor,
        APPLY,
        title=planned.title,
        total=len(planned.result["answers"]),
        document_id=planned.params["document_id"],
    )


def is_small(session: Session, job: Job) -> bool:
    """Whether a request does the job itself."""
    document = session.get(Document, job.params["document_id"])
    return document is not None and document.size <= SMALL_BYTES


def plan(session: Session, run: Run) -> dict[str, Any]:
    """Do a job of the kind PLAN: what writing the table would do; nothing is written."""
    return _go(session, run, writes=False)


def apply(session: Session, run: Run) -> dict[str, Any]:
    """Do a job of the kind APPLY: each agreement for itself, twenty in a transaction; what is bad is refused."""
    return _go(session, run, writes=True)


def _go(session: Session, run: Run, *, writes: bool) -> dict[str, Any]:
    run.check_owner(Permission.AGREEMENTS_WRITE)
    document = session.get(Document, run.params["document_id"])
    assert document is not None
    data, filename = documents.content(session, document), document.filename
    session.rollback()  # nobody waits for the reading
    table = read_table(data, filename, SPEC)
    groups = groups_of(table)
    told: list[dict[str, Any]] = [one for step in run.earlier for one in step["answers"]]
    session.rollback()
    while len(told) < len(groups):
        run.check_owner(Permission.AGREEMENTS_WRITE)
        chunk: Sequence[Any] = groups[len(told) : len(told) + CHUNK]
        with asking_once(session):
            said = [one.as_json() for one in answers(session, run.owner, chunk, writes=writes)]
        told += said
        if not writes:
            session.rollback()
        if not run.step({"answers": said}, done=len(told), total=len(groups)):
            break
    counts = {action: sum(one["action"] == action for one in told) for action in _ACTIONS}
    return {**counts, "answers": told}


_ACTIONS = ("changed", "unchanged", "refused")
