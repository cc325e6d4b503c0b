"""Who bought how much in a time, returns taken off: for whoever may see purchases, of the distributors they see."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor
from portal.domain.price_protection.purchases.models import Purchase
from portal.domain.users.models import User


@dataclass(frozen=True, slots=True)
class Bought:
    """Bought since a day: at least, or at most, so much (fen), or being among so many who bought most."""

    since_on: date
    at_least_fen: int | None = None
    at_most_fen: int | None = None
    most: int | None = None


def buyers(user: User, wanted: Bought, among: sa.Select[int]) -> sa.Select[int]:
    """Ids of those `among` distributors of whom that holds; who bought nothing bought 0.

    Nobody for who sees no purchases.
    """
    total = sa.func.coalesce(sa.func.sum(Purchase.amount_fen), 0)
    statement = (
        sa.select(Distributor.id)
        .outerjoin(
            Purchase,
            sa.and_(Purchase.distributor_id == Distributor.id, Purchase.purchased_on >= wanted.since_on),
        )
        .where(Distributor.region_id.in_(visible(user, Permission.PURCHASES_READ)), Distributor.id.in_(among))
        .group_by(Distributor.id)
    )
    if wanted.at_least_fen is not None:
        statement = statement.having(total >= wanted.at_least_fen)
    if wanted.at_most_fen is not None:
        statement = statement.having(total <= wanted.at_most_fen)
    if wanted.most is not None:
        statement = statement.having(total > 0).order_by(total.desc(), Distributor.id).limit(wanted.most)
    return statement
