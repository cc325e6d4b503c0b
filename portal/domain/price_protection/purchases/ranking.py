"""Who bought how much between two days, for whoever ranks distributors (D7, M1)."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor
from portal.domain.price_protection.purchases.models import Purchase
from portal.domain.users.models import User


def bought(session: Session, user: User, first_on: date, last_on: date) -> dict[int, int]:
    """Purchases less returns of each distributor that the user reads purchases of, both days included, in fen."""
    rows = session.execute(
        sa.select(Purchase.distributor_id, sa.cast(sa.func.sum(Purchase.amount_fen), sa.BigInteger))
        .join(Distributor, Distributor.id == Purchase.distributor_id)
        .where(
            Distributor.region_id.in_(visible(user, Permission.PURCHASES_READ)),
            Purchase.purchased_on.between(first_on, last_on),
        )
        .group_by(Purchase.distributor_id)
    )
    return {id_: int(amount) for id_, amount in rows}
