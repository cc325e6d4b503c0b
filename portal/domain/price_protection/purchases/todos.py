"""Purchases that accrue nothing, for the workbench: of one's own accounts, and of the offices one enters them for."""

from collections.abc import Iterator
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor
from portal.domain.i18n import N_
from portal.domain.price_protection.purchases.models import Purchase, Unprotected
from portal.domain.todos import Todo
from portal.domain.users.models import User

# What was bought longer ago than that without an agreement is past mending.
DAYS = 92
_SAYS: dict[Unprotected, tuple[str, str]] = {
    Unprotected.NOT_SIGNED: (
        N_("%(count)s purchases wait for an agreement or a change that has not come back"),
        N_("Record the signing or the service; then they accrue by themselves."),
    ),
    Unprotected.NOT_COVERED: (
        N_("%(count)s purchases of products that the agreement does not name"),
        N_("Look whether an amendment should take them in."),
    ),
    Unprotected.NO_AGREEMENT: (
        N_("%(count)s purchases of distributors without an agreement"),
        N_("Draft an agreement where one is wanted."),
    ),
    Unprotected.AFTER_TERM: (
        N_("%(count)s purchases after the agreement’s last day"),
        N_("Renew the agreement from the day on which the last one ended."),
    ),
}


def todos(session: Session, user: User) -> Iterator[Todo]:
    """One line for each reason: what was bought in the last three months, by how many lines, for how much."""
    is_own = sa.and_(
        Distributor.owner_id == user.id,
        Distributor.region_id.in_(visible(user, Permission.AGREEMENTS_WRITE)),
    )
    is_entered = Distributor.region_id.in_(visible(user, Permission.PURCHASES_WRITE))
    writes = user.can(Permission.AGREEMENTS_WRITE)
    if not writes and not user.can(Permission.PURCHASES_WRITE):
        return
    rows = session.execute(
        sa.select(
            Purchase.unprotected,
            sa.func.count(),
            sa.cast(sa.func.sum(Purchase.amount_fen), sa.BigInteger),
            sa.func.min(Purchase.purchased_on),
        )
        .join(Distributor, Distributor.id == Purchase.distributor_id)
        .where(
            Purchase.unprotected.in_(list(_SAYS)),
            Purchase.purchased_on >= today() - timedelta(days=DAYS),
            sa.or_(is_own, is_entered),
        )
        .group_by(Purchase.unprotected)
    )
    found = {reason: (count, fen, first_on) for reason, count, fen, first_on in rows}
    for reason, (title, sub) in _SAYS.items():
        if reason not in found:
            continue
        count, fen, first_on = found[reason]
        yield Todo(
            kind=N_("Not protected"),
            title=title,
            sub=sub,
            verb=N_("View"),
            endpoint="purchases.index",
            args={"state": reason.value, "from": first_on.isoformat()},
            params={"count": count},
            amount_fen=fen,
            group="purchases",
        )
