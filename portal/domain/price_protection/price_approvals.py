"""Counsel's approvals of binding prices: number, kind, territory, validity (P6, P8; PLACEHOLDERS 4.1)."""

from datetime import date
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now, today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.models import PriceApproval, PriceKind, Product
from portal.domain.price_protection.products import printable, reason_of
from portal.domain.text import clean
from portal.domain.users.models import User


class ApprovalState(StrEnum):
    """Whether a price approval holds on a day; screen words are found by these values, so none is reused."""

    VALID = "approval_valid"
    UPCOMING = "approval_upcoming"
    EXPIRED = "approval_expired"
    REVOKED = "approval_revoked"


def enter_approval(
    session: Session,
    actor: User,
    product: Product,
    *,
    number: str,
    kind: PriceKind,
    valid_from: date,
    valid_until: date,
    territory: str = "",
) -> PriceApproval:
    """Counsel's approval of a binding price (PLACEHOLDERS 4.1); raises DomainError unless counsel enters it.

    One number may cover several products and kinds, each entered once.
    """
    _require_counsel(actor)
    lock(session, product)
    if not kind.needs_approval:
        raise DomainError(N_("A suggested price needs no approval."), field="kind")
    number, territory = clean(number), clean(territory)
    if not number:
        raise DomainError(N_("Enter the number of the approval."), field="number")
    if len(number) > 40:
        raise DomainError(N_("The number has at most %(limit)s characters."), field="number", limit=40)
    if valid_from > valid_until:
        raise DomainError(N_("The validity ends before it begins."), field="valid_until")
    if valid_until < today():
        raise DomainError(N_("This validity has already ended."), field="valid_until")
    printable(number, "price.approval", "number")
    printable(territory, "territory_description", "territory")
    taken = sa.select(PriceApproval.id).where(
        PriceApproval.number == number,
        PriceApproval.product_id == product.id,
        PriceApproval.kind == kind,
        PriceApproval.revoked_at.is_(None),
    )
    if session.scalar(taken) is not None:
        raise DomainError(
            N_("%(number)s already covers this product and kind of price."), field="number", number=number
        )
    approval = PriceApproval(
        number=number,
        product_id=product.id,
        kind=kind,
        territory=territory,
        valid_from=valid_from,
        valid_until=valid_until,
        entered_by_id=actor.id,
        entered_at=now(),
    )
    session.add(approval)
    session.flush()
    session.expire(product, ["approvals"])
    audit.record(
        session,
        actor,
        "product.approval_entered",
        product,
        number=number,
        kind=kind.value,
        territory=territory,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    return approval


def revoke_approval(session: Session, actor: User, approval: PriceApproval, *, reason: str) -> None:
    """Take an approval back: from now on it carries no binding price, in no new approval of an agreement."""
    _require_counsel(actor)
    lock(session, approval)
    if approval.revoked_at is not None:
        raise DomainError(N_("This approval has already been revoked."))
    reason = reason_of(reason)
    approval.revoked_at, approval.revoked_by_id, approval.revoked_reason = now(), actor.id, reason
    session.flush()
    audit.record(
        session,
        actor,
        "product.approval_revoked",
        approval.product,
        number=approval.number,
        kind=approval.kind.value,
        reason=reason,
    )


def approval_state(approval: PriceApproval, on: date | None = None) -> ApprovalState:
    """Whether this approval holds on a day, today when none is named."""
    on = on or today()
    if approval.revoked_at is not None:
        return ApprovalState.REVOKED
    if on < approval.valid_from:
        return ApprovalState.UPCOMING
    return ApprovalState.EXPIRED if on > approval.valid_until else ApprovalState.VALID


def approval_of(session: Session, product: Product, approval_id: int) -> PriceApproval | None:
    """One of the product's approvals by its id."""
    return session.scalar(
        sa.select(PriceApproval).where(
            PriceApproval.id == approval_id, PriceApproval.product_id == product.id
        )
    )


def _require_counsel(actor: User) -> None:
    if not actor.can(Permission.PRICES_APPROVE):
        raise DomainError(N_("Only counsel at head office can enter and revoke price approvals."))
