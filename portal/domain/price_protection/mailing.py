"""Printing originals of many agreements and deeds for the post: the order, and what its task did (P1b)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs import services as jobs
from portal.domain.jobs.models import Job
from portal.domain.price_protection.models import Agreement, AgreementPaper, DeedPaper
from portal.domain.price_protection.steps import MOST_COPIES
from portal.domain.price_protection.trail.models import PaperTrail
from portal.domain.users.models import User

KIND = "agreements.print"


class Form(StrEnum):
    """What comes out: one file for the printer, or each original as a file of its own."""

    PDF = "pdf"
    ZIP = "zip"


@dataclass(frozen=True)
class Order:
    """What is printed and how; `ids` are in mailing order, of agreements or else of originals of any kind.

    `repeats`: the file holds every copy, those of one original one after another, and is printed once.
    `fills_sheets`: each original begins on a sheet of its own when both sides are printed.
    """

    ids: Sequence[int]
    copies: int = 2
    form: Form = Form.PDF
    has_list: bool = True
    repeats: bool = False
    fills_sheets: bool = False
    is_of_originals: bool = False

    @classmethod
    def of(cls, params: dict[str, Any]) -> "Order":
        """The order that a task's row keeps."""
        return cls(**{**params, "form": Form(params["form"])})


def order(session: Session, actor: User, wanted: Order, *, title: str = "") -> Job:
    """Ask for the printing; the caller commits and starts the task. DomainError: nothing to print, or copies."""
    if not wanted.ids:
        raise DomainError(N_("Select approved agreements; a draft has no original yet."))
    if not 1 <= wanted.copies <= MOST_COPIES:
        raise DomainError("Print between 1 and %(most)s copies.", field="copies", most=MOST_COPIES)
    return jobs.enqueue(session, actor, KIND, title=title, total=len(wanted.ids), **asdict(wanted))


def rest(session: Session, job: Job) -> list[int]:
    """What a task was asked for and did not print: left when it was cancelled, or refused."""
    column = PaperTrail.id if Order.of(job.params).is_of_originals else PaperTrail.agreement_id
    done = set(session.scalars(sa.select(column).where(_is_in_file(job))))
    return [id for id in job.params["ids"] if id not in done]


def withdrawn_since(session: Session, user: User, job: Job) -> list[PaperTrail]:
    """The originals in a task's file whose approval was withdrawn since: they must not go to the post."""
    statement = (
        sa.select(PaperTrail)
        .join(Agreement, Agreement.id == PaperTrail.agreement_id)
        .outerjoin(AgreementPaper, AgreementPaper.id == PaperTrail.paper_id)
        .outerjoin(DeedPaper, DeedPaper.id == PaperTrail.deed_paper_id)
        .where(
            _is_in_file(job),
            sa.func.coalesce(AgreementPaper.withdrawn_at, DeedPaper.withdrawn_at).is_not(None),
            Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_READ)),
        )
        .options(joinedload(PaperTrail.deed_paper))
        .order_by(PaperTrail.number)
    )
    return list(session.scalars(statement))


def is_readable(session: Session, user: User, job: Job) -> bool:
    """Whether `user` may read every original in a task's file."""
    hidden = (
        sa.select(PaperTrail.id)
        .join(Agreement, Agreement.id == PaperTrail.agreement_id)
        .where(_is_in_file(job), Agreement.region_id.not_in(visible(user, Permission.AGREEMENTS_READ)))
    )
    return session.scalar(hidden.limit(1)) is None


def printed_by(job: Job | None) -> sa.ColumnElement[bool]:
    """Whether an original (PaperTrail) is in this task's file; none is where it printed nothing."""
    if job is None or job.kind != KIND or not job.result:
        return sa.false()
    return _is_in_file(job)


def _is_in_file(job: Job) -> sa.ColumnElement[bool]:
    """The result names agreements by their papers, originals of any kind by their trails."""
    column = PaperTrail.id if Order.of(job.params).is_of_originals else PaperTrail.paper_id
    found: sa.ColumnElement[bool] = column.in_(job.result.get("papers", []))
    return found
