"""Finding the agreement or distributor that a page is about, within what its user may see and do."""

from flask import abort

from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor
from portal.domain.price_protection import queries
from portal.domain.price_protection.models import Agreement
from portal.extensions import db
from portal.web.access import actor


def readable(id: int) -> Agreement:
    """The agreement; 404 when it belongs to an office that the user does not see."""
    found = db.session.scalar(queries.agreements_visible_to(actor()).where(Agreement.id == id))
    return found if found is not None else abort(404)


def permitted(id: int, permission: P) -> Agreement:
    """The agreement; 404 when the user does not see its office, 403 when the permission ends elsewhere."""
    agreement = readable(id)
    if not actor().can(permission, agreement.region):
        abort(403)
    return agreement


def writable(id: int) -> Agreement:
    """The agreement, to be written or moved on."""
    return permitted(id, P.AGREEMENTS_WRITE)


def partner(id: int) -> Distributor:
    """The distributor that an agreement is written with; 404 where the user writes none."""
    found = db.session.scalar(queries.partners(db.session, actor()).where(Distributor.id == id))
    return found if found is not None else abort(404)
