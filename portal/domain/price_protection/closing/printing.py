"""The papers of a quarter's statements: what is still to be printed, kept once; and their order for the post."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.documents import services as documents
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs import services as jobs
from portal.domain.jobs.models import Job
from portal.domain.papers.statement import StatementData
from portal.domain.price_protection import letters
from portal.domain.price_protection.closing.models import Proposal, Statement
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.trail.beginning import begin
from portal.domain.regions.models import Region
from portal.domain.users.models import User

# The kind of task that puts some statements into one file once more.
KIND = "quarters.print"


@dataclass(frozen=True)
class Frozen:
    """All that a statement is printed from; plain values, so that no transaction is needed to print it."""

    statement_id: int
    number: str
    code: str
    made_at: datetime
    template_text: str
    data: StatementData


def frozen(statement: Statement) -> Frozen:
    """What is printed of a statement, today as on its first day."""
    return Frozen(
        statement_id=statement.id,
        number=statement.number,
        code=statement.code,
        made_at=statement.made_at,
        template_text=statement.template.text,
        data=statement.data,
    )


def unprinted(session: Session, proposal_id: int, limit: int, besides: Sequence[int] = ()) -> list[Frozen]:
    """The next statements of a close that have no paper yet."""
    found = session.scalars(
        sa.select(Statement)
        .where(
            Statement.proposal_id == proposal_id,
            Statement.document_id.is_(None),
            Statement.id.not_in(besides),
        )
        .options(joinedload(Statement.template, innerjoin=True))
        .order_by(Statement.id)
        .limit(limit)
    )
    return [frozen(one) for one in found]


def keep(session: Session, by: User | None, statement_id: int, pdf: bytes, pages: int) -> None:
    """Keep a statement's paper, byte for byte; the first one stays, and is among the originals. The caller commits."""
    statement = session.get_one(Statement, statement_id)
    if statement.document_id is not None:
        return
    document = documents.store(session, pdf, filename=f"{statement.number}.pdf", by=by)
    statement.document_id, statement.pages = document.id, pages
    begin(session, statement)


def ask(session: Session, actor: User, quarter: str, wanted: sa.Select[int], *, title: str) -> Job:
    """Ask for one file of these statements of a quarter, as far as they are printed; the caller commits, then starts.

    DomainError when none of them has its paper yet.
    """
    ids = list(session.scalars(wanted.where(Statement.document_id.is_not(None)).order_by(Statement.id)))
    if not ids:
        raise DomainError(N_("None of these statements has been printed yet."))
    return jobs.enqueue(session, actor, KIND, title=title, total=len(ids), quarter=quarter, statement_ids=ids)


def may_read_all(session: Session, user: User, statement_ids: Sequence[int]) -> bool:
    """Whether a user may still see every one of these statements."""
    others = (
        sa.select(Statement.id)
        .join(Agreement, Agreement.id == Statement.agreement_id)
        .where(Statement.id.in_(statement_ids), ~readable(user))
    )
    return not session.scalar(sa.select(others.exists()))


def readable(user: User) -> sa.ColumnElement[bool]:
    """Whether a statement's agreement, joined, is one that the user may see."""
    return Agreement.region_id.in_(visible(user, Permission.FUNDS_READ))


def of_close(proposal: Proposal) -> sa.ColumnElement[bool]:
    """The statements of a close."""
    return Statement.proposal_id == proposal.id


def in_mailing_order(session: Session, *wanted: sa.ColumnElement[bool]) -> list[int]:
    """The ids of printed statements as letters go out: by office, place, address and distributor."""
    places = {
        row.agreement_id: (row.id, row.region_id)
        for row in session.execute(
            sa.select(Statement.id, Statement.agreement_id, Agreement.region_id)
            .join(Agreement, Agreement.id == Statement.agreement_id)
            .where(Statement.document_id.is_not(None), *wanted)
        )
    }
    by_office: dict[int, list[int]] = {}
    for agreement_id, (_, region_id) in places.items():
        by_office.setdefault(region_id, []).append(agreement_id)
    order = session.scalars(sa.select(Region.id).where(Region.id.in_(by_office)).order_by(Region.path))
    return [
        places[letter.id][0]
        for region_id in order
        for letter in letters.of_agreements(session, None, ids=by_office[region_id])
    ]


def paper(session: Session, statement_id: int) -> tuple[str, str, bytes]:
    """Number, company and the PDF of a printed statement."""
    statement = session.get_one(Statement, statement_id)
    assert statement.document is not None
    name = str(statement.payload["values"].get("distributor_name") or "")
    return statement.number, name, documents.content(session, statement.document)
