"""Finding the line a page is about, within what its user may see and write."""

from flask import abort

from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.purchases import queries
from portal.domain.price_protection.purchases.models import Purchase
from portal.extensions import db
from portal.web.access import actor


def readable(id: int) -> Purchase:
    """The line; 404 when its distributor belongs to an office that the user does not see."""
    return db.session.scalars(queries.purchase_with_all(actor(), id)).unique().one_or_none() or abort(404)


def writable(id: int) -> Purchase:
    """The line, to return goods of; 403 when the user only reads its office."""
    purchase = readable(id)
    if not actor().can(P.PURCHASES_WRITE, purchase.distributor.region):
        abort(403)
    return purchase
