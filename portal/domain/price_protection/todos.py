"""What waits for a user about agreements, for the workbench."""

from collections.abc import Iterator
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor
from portal.domain.i18n import N_
from portal.domain.price_protection.batches.todos import is_in_batch
from portal.domain.price_protection.deeds.todos import deed_todos
from portal.domain.price_protection.models import (
    Agreement,
    AgreementEvent,
    AgreementScan,
    AgreementTerms,
    Status,
)
from portal.domain.price_protection.people import is_mine, is_written_by, last_submitter, last_turn
from portal.domain.price_protection.queries import is_printed
from portal.domain.price_protection.todos_expiry import expiring, together
from portal.domain.todos import Todo
from portal.domain.users.models import User

_RECORD = "agreements.detail"

_LINE = (
    Agreement.id,
    Agreement.number,
    Agreement.effective_on,
    Agreement.ends_on,
    Agreement.signed_on,
    Distributor.name.label("distributor"),
)


def agreement_todos(session: Session, user: User) -> Iterator[Todo]:
    """Everything about agreements that waits for this user."""
    yield from awaiting_my_approval(session, user)
    yield from sent_back_to(session, user)
    yield from to_print_or_sign(session, user)
    yield from scan_missing(session, user)
    yield from together(expiring(session, user), user)
    yield from deed_todos(session, user)


def awaiting_my_approval(session: Session, user: User) -> list[Todo]:
    """Submitted agreements that this user may approve: in its regions, no word of it its own, not submitted by it.

    Those of a batch wait in its list.
    """
    submitter = last_submitter()
    submitted_at = (
        sa.select(sa.func.max(AgreementEvent.at))
        .where(AgreementEvent.agreement_id == Agreement.id, AgreementEvent.kind == "submitted")
        .correlate(Agreement)
        .scalar_subquery()
        .label("submitted_at")
    )
    rows = session.execute(
        sa.select(*_LINE, AgreementTerms.rebate_ppm, User.name.label("by"), submitted_at)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .join(AgreementTerms, sa.and_(AgreementTerms.agreement_id == Agreement.id, AgreementTerms.no == 0))
        .join(User, User.id == submitter)
        .where(
            Agreement.status == Status.SUBMITTED,
            Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_APPROVE)),
            ~is_written_by(user),
            submitter != user.id,
            ~is_in_batch(),
        )
        .order_by(submitted_at)
    )
    return [
        Todo(
            kind=N_("Approve an agreement"),
            title=N_("%(number)s %(distributor)s"),
            sub=N_("Submitted by %(by)s on %(day)s; from %(first)s to %(last)s"),
            verb=N_("Review and approve"),
            endpoint="agreements.review",
            args={"id": row.id},
            params={
                "number": row.number,
                "distributor": row.distributor,
                "by": row.by,
                "day": row.submitted_at.astimezone(CHINA).date().isoformat(),
                "first": row.effective_on.isoformat(),
                "last": row.ends_on.isoformat(),
            },
            # It has to be signed before it begins.
            due_on=row.effective_on,
            group="approval",
        )
        for row in rows
    ]


def sent_back_to(session: Session, user: User) -> list[Todo]:
    """Drafts that came back from approval to whom wrote or submitted them, or to the account's owner."""
    reason = (
        sa.select(AgreementEvent.reason)
        .where(AgreementEvent.agreement_id == Agreement.id, AgreementEvent.kind == last_turn())
        .order_by(AgreementEvent.id.desc())
        .limit(1)
        .correlate(Agreement)
        .scalar_subquery()
    )
    rows = session.execute(
        sa.select(*_LINE, reason.label("reason"))
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .where(
            Agreement.status == Status.DRAFT,
            last_turn().in_(("sent_back", "approval_withdrawn")),
            sa.or_(
                Agreement.author_id == user.id,
                last_submitter() == user.id,
                Distributor.owner_id == user.id,
            ),
            Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_WRITE)),
        )
        .order_by(Agreement.effective_on, Agreement.id)
    )
    return [
        Todo(
            kind=N_("Sent back"),
            title=N_("%(number)s %(distributor)s"),
            sub=N_("Reason: %(reason)s"),
            verb=N_("Correct and submit"),
            endpoint="agreements.edit",
            args={"id": row.id},
            params={"number": row.number, "distributor": row.distributor, "reason": row.reason},
            due_on=row.effective_on,
            group="draft",
        )
        for row in rows
    ]


def to_print_or_sign(session: Session, user: User) -> list[Todo]:
    """Approved agreements of this user's accounts or pen: those not printed yet, and those out for signature."""
    rows = session.execute(
        sa.select(*_LINE, is_printed().label("is_printed"))
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        # Those of a batch are printed together: one line says so.
        .where(Agreement.status == Status.APPROVED, is_mine(user), sa.or_(is_printed(), ~is_in_batch()))
        .order_by(Agreement.effective_on, Agreement.id)
    )
    return [
        Todo(
            kind=N_("Record the signing") if row.is_printed else N_("Print an agreement"),
            title=N_("%(number)s %(distributor)s"),
            sub=N_("Begins on %(first)s"),
            verb=N_("Record the signing") if row.is_printed else N_("Print"),
            endpoint="agreements.signing" if row.is_printed else _RECORD,
            args={"id": row.id},
            params=_params(row.number, row.distributor, first=row.effective_on),
            due_on=row.effective_on,
            group="signature",
        )
        for row in rows
    ]


def scan_missing(session: Session, user: User) -> list[Todo]:
    """Signed agreements of this user's accounts or pen whose signed paper is not filed."""
    rows = session.execute(
        sa.select(*_LINE)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .where(
            Agreement.status.in_((Status.SIGNED, Status.TERMINATED)),
            ~sa.exists().where(AgreementScan.agreement_id == Agreement.id).correlate(Agreement),
            is_mine(user),
        )
        .order_by(Agreement.signed_on, Agreement.id)
    )
    return [
        Todo(
            kind=N_("Signed scan missing"),
            title=N_("%(number)s %(distributor)s"),
            sub=N_("Signed on %(signed)s"),
            verb=N_("File the scan"),
            endpoint="agreements.signing",
            args={"id": row.id},
            params=_params(row.number, row.distributor, signed=row.signed_on),
            due_on=row.signed_on,
            group="signature",
        )
        for row in rows
    ]


def _params(number: str, distributor: str, **days: date | None) -> dict[str, str]:
    shown = {name: day.isoformat() if day else "" for name, day in days.items()}
    return {"number": number, "distributor": distributor, **shown}
