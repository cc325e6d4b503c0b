"""Purchases that nothing protected when they were entered, and that an agreement signed since does: once (P2)."""

import logging
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.jobs import services as jobs
from portal.domain.jobs.runs import Run
from portal.domain.price_protection.funds.accruing import accrue
from portal.domain.price_protection.funds.cover import IN_FORCE
from portal.domain.price_protection.models import Agreement, AgreementPrice, AgreementTerms
from portal.domain.price_protection.purchases.models import Accrual, Purchase
from portal.domain.users.models import User

logger = logging.getLogger(__name__)
KIND = "purchases.accrue"  # a job: `accrue_list`
CHUNK = 500


def ask(session: Session, actor: User, distributor_id: int) -> None:
    """Ask, in the transaction of a signing, for what its distributor bought before: a job, where anything waits.

    The caller holds the distributor (`hold_distributor`), so every purchase is either seen here or sees the signing.
    The job is to be sent after the commit (`portal.jobs.start_noted`); a worker's sweeper finds it in any case.
    """
    if session.scalar(_pending([distributor_id]).with_only_columns(Purchase.id).limit(1)) is None:
        return
    name = session.get_one(Distributor, distributor_id).name
    job = jobs.enqueue(session, actor, KIND, title=name, distributor_id=distributor_id)
    jobs.note(session, job)


def has_accrued(session: Session, agreement_id: int, since_on: date) -> bool:
    """Whether a line of this day, or of a later one, has accrued under the agreement."""
    return bool(
        session.scalar(
            sa.select(
                sa.exists()
                .where(
                    Accrual.agreement_id == agreement_id,
                    Purchase.id == Accrual.purchase_id,
                    Purchase.purchased_on >= since_on,
                )
                .select_from(Accrual, Purchase)
            )
        )
    )


class Looked(NamedTuple):
    """How many lines were looked at, how many of them accrued, and which was the last."""

    lines: int
    accrued: int
    last_id: int


def accrue_waiting(
    session: Session, statement: sa.Select[Purchase], *, after_id: int = 0, limit: int = CHUNK
) -> Looked:
    """Look again at the next lines of those that accrued nothing, the oldest first; the caller commits."""
    lines = session.scalars(statement.where(Purchase.id > after_id).order_by(Purchase.id).limit(limit)).all()
    return Looked(len(lines), accrue(session, None, lines), lines[-1].id if lines else after_id)


def accrue_list(session: Session, run: Run) -> dict[str, Any]:
    """Do a job of the kind KIND: all that a distributor bought and that accrued nothing, some hundred at a time."""
    run.check_owner()
    distributor_id = int(run.params["distributor_id"])
    statement = _pending([distributor_id])
    last = max((step["last"] for step in run.earlier), default=0)
    looked = sum(step["lines"] for step in run.earlier)
    accrued = sum(step["accrued"] for step in run.earlier)
    refused = sum(step.get("refused", 0) for step in run.earlier)
    total = looked + (
        session.scalar(sa.select(sa.func.count()).select_from(statement.where(Purchase.id > last).subquery()))
        or 0
    )
    while True:
        done, bad = _accrue_part(session, run.owner, statement, last)
        if not done.lines:
            break
        last, looked, accrued = done.last_id, looked + done.lines, accrued + done.accrued
        refused += bad
        step = {"last": last, "lines": done.lines, "accrued": done.accrued, "refused": bad}
        if not run.step(step, done=looked, total=max(total, looked)):
            break
    if accrued:
        distributor = session.get_one(Distributor, distributor_id)
        audit.record(session, run.owner, "distributor.purchases_accrued", distributor, count=accrued)
    return {"distributor_id": distributor_id, "accrued": accrued, "refused": refused}


def _accrue_part(
    session: Session, actor: User, statement: sa.Select[Purchase], after_id: int
) -> tuple[Looked, int]:
    """The next lines within the transaction at hand; one that cannot be booked is left, and its history says why.

    With how many were left. The daily sweep tries them again, once what was in their way is mended.
    """
    try:
        with session.begin_nested():
            return accrue_waiting(session, statement, after_id=after_id), 0
    except DomainError as error:
        logger.info("lines behind purchase %s are accrued one by one: %s", after_id, error)
    wanted = _next(session, statement, after_id)
    accrued = refused = 0
    for id_ in wanted:
        try:
            with session.begin_nested():
                accrued += accrue(session, None, [session.get_one(Purchase, id_)])
        except DomainError as error:
            logger.warning("purchase %s does not accrue: %s", id_, error)
            refused += 1
            line = session.get_one(Purchase, id_)
            said = {name: str(value) for name, value in error.params.items()}
            audit.record(
                session,
                actor,
                "purchase.not_accrued",
                line,
                region_id=line.distributor.region_id,
                refusal=error.msgid,
                said=said,
            )
    return Looked(len(wanted), accrued, wanted[-1] if wanted else after_id), refused


def sweep(session: Session) -> int:
    """Accrue whatever an agreement in force protects and has not accrued, wherever it was left; commits by parts.

    Returns how many lines accrued. Only lines that a term covers are looked at, so that a day without any costs one
    question. A line that cannot be booked keeps no other back: its refusal is raised when all had their turn.
    """
    covered = (
        sa.exists()
        .where(
            Agreement.distributor_id == Purchase.distributor_id,
            Agreement.status.in_(IN_FORCE),
            Agreement.effective_on <= Purchase.purchased_on,
            Agreement.ends_on >= Purchase.purchased_on,
            AgreementTerms.agreement_id == Agreement.id,
            AgreementPrice.terms_id == AgreementTerms.id,
            AgreementPrice.product_id == Purchase.product_id,
        )
        .correlate(Purchase)
    )
    origin = sa.orm.aliased(Accrual)
    is_return = sa.exists().where(origin.purchase_id == Purchase.returns_id).correlate(Purchase)
    is_purchase = sa.and_(Purchase.returns_id.is_(None), covered)
    statement = _pending(None).where(sa.or_(is_purchase, is_return))
    accrued = last = 0
    refusal: DomainError | None = None
    while True:
        try:
            done = accrue_waiting(session, statement, after_id=last)
            session.commit()
        except DomainError:
            session.rollback()
            done, refused = _one_by_one(session, statement, last)
            refusal = refused or refusal
        if not done.lines:
            break
        accrued, last = accrued + done.accrued, done.last_id
    if refusal is not None:
        raise refusal
    return accrued


def _one_by_one(
    session: Session, statement: sa.Select[Purchase], after_id: int
) -> tuple[Looked, DomainError | None]:
    """Look again at the next lines, each in a transaction of its own; with the last refusal among them."""
    wanted = _next(session, statement, after_id)
    accrued, refusal = 0, None
    for id_ in wanted:
        try:
            accrued += accrue(session, None, [session.get_one(Purchase, id_)])
            session.commit()
        except DomainError as error:
            session.rollback()
            refusal = error
            logger.warning("purchase %s does not accrue: %s", id_, error)
    return Looked(len(wanted), accrued, wanted[-1] if wanted else after_id), refusal


def _next(session: Session, statement: sa.Select[Purchase], after_id: int) -> Sequence[int]:
    ids = statement.where(Purchase.id > after_id).order_by(Purchase.id).limit(CHUNK)
    return session.scalars(ids.with_only_columns(Purchase.id)).all()


def _pending(distributor_ids: Collection[int] | None) -> sa.Select[Purchase]:
    """The lines, of these distributors or of all, that accrued nothing."""
    statement = sa.select(Purchase).where(
        Purchase.unprotected.is_not(None), ~sa.exists().where(Accrual.purchase_id == Purchase.id)
    )
    return (
        statement
        if distributor_ids is None
        else statement.where(Purchase.distributor_id.in_(distributor_ids))
    )
