"""Finding the amendment or notice that a page is about, through its agreement and within what its user may do."""

import sqlalchemy as sa
from flask import abort, url_for

from portal.blueprints.agreements import loading
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.deeds.base import AnyDeed
from portal.domain.price_protection.models import Amendment, Termination
from portal.extensions import db
from portal.web.access import actor

# Part of the address → the kind of deed.
KINDS: dict[str, type[Amendment] | type[Termination]] = {"amendments": Amendment, "notices": Termination}
WHAT = "any(amendments, notices)"


def readable(id: int, what: str, deed_id: int) -> AnyDeed:
    """The deed; 404 when its agreement belongs to an office that the user does not see."""
    agreement = loading.readable(id)
    kind = KINDS[what]
    found: AnyDeed | None = db.session.scalar(
        sa.select(kind).where(kind.id == deed_id, kind.agreement_id == agreement.id)
    )
    return found if found is not None else abort(404)


def permitted(id: int, what: str, deed_id: int, permission: P) -> AnyDeed:
    """The deed; 403 when the user sees it but the permission ends elsewhere."""
    deed = readable(id, what, deed_id)
    if not actor().can(permission, deed.agreement.region):
        abort(403)
    return deed


def writable(id: int, what: str, deed_id: int) -> AnyDeed:
    """The deed, to be written or moved on."""
    return permitted(id, what, deed_id, P.AGREEMENTS_WRITE)


def what_of(deed: AnyDeed) -> str:
    """The part of the address that says what a deed is."""
    return "amendments" if isinstance(deed, Amendment) else "notices"


def address(deed: AnyDeed, endpoint: str = "deed", **more: object) -> str:
    """The address of a deed's record, or of one of its steps."""
    return url_for(
        f"agreements.{endpoint}", id=deed.agreement_id, what=what_of(deed), deed_id=deed.id, **more
    )
