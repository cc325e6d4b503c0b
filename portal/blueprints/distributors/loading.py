"""Finding the record a page is about, within what its user may see and write."""

from flask import abort
from sqlalchemy.sql.base import ExecutableOption

from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor
from portal.domain.distributors.queries import distributors_visible_to
from portal.extensions import db
from portal.web.access import actor


def readable(id: int, *options: ExecutableOption) -> Distributor:
    """The record, read with these options; 404 when it belongs to an office that the user does not see."""
    statement = distributors_visible_to(actor()).where(Distributor.id == id).options(*options)
    found = db.session.scalars(statement).unique().one_or_none()
    return found if found is not None else abort(404)


def writable(id: int) -> Distributor:
    """The record, to be changed; 403 when the user only reads its office."""
    distributor = readable(id)
    if not actor().can(P.DISTRIBUTORS_WRITE, distributor.region):
        abort(403)
    return distributor
