"""Which price approvals cover which rows of annex 1 (PLACEHOLDERS 4.1)."""

from collections.abc import Iterable
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.asked_once import once
from portal.domain.price_protection.models import PriceApproval, PriceKind

Covered = tuple[int, PriceKind]


def valid_approvals(
    session: Session, product_ids: Iterable[int], on: date, *, holds: bool = False
) -> dict[Covered, PriceApproval]:
    """The approvals of these products in force on a day, the longest by product and kind.

    With `holds` their rows are locked, so that none is revoked before the transaction ends.
    """
    ids = frozenset(product_ids)
    if holds:
        return _valid(session, ids, on, holds=True)
    return once(session, ("approvals", ids, on), lambda: _valid(session, ids, on))


def _valid(
    session: Session, product_ids: frozenset[int], on: date, *, holds: bool = False
) -> dict[Covered, PriceApproval]:
    statement = (
        sa.select(PriceApproval)
        .where(
            PriceApproval.product_id.in_(sorted(product_ids)),
            PriceApproval.revoked_at.is_(None),
            PriceApproval.valid_from <= on,
            PriceApproval.valid_until >= on,
        )
        .order_by(PriceApproval.valid_until, PriceApproval.id)
    )
    if holds:
        statement = statement.with_for_update(read=True)
    return {(row.product_id, row.kind): row for row in session.scalars(statement)}
