"""Finding what a page is about: chosen originals, an application, a parcel; within what its user may see and do."""

from collections.abc import Iterable

from flask import abort, request
from sqlalchemy.orm import joinedload, selectinload

from portal.blueprints.papers import bp
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.price_protection.trail import queries, registers
from portal.domain.price_protection.trail.models import PaperTrail, Parcel, SealApplication
from portal.domain.price_protection.trail.originals import MOST_AT_ONCE, Original, of_rows, originals
from portal.extensions import db
from portal.web.access import actor
from portal.web.originals import wanted
from portal.web.tables import as_id, ids
from portal.web.templating import same_page


def picked(permission: P = P.PAPERS_HANDLE) -> list[Original]:
    """The originals that were ticked, or with `all=1` everything that the address's filter leaves."""
    if request.method == "GET" and request.args.get("all") == "1":
        statement = queries.original_rows(db.session, actor(), wanted())
        found = db.session.scalars(
            statement.with_only_columns(PaperTrail.id).order_by(None).limit(MOST_AT_ONCE + 1)
        ).all()
        return originals(db.session, actor(), found, permission)
    return originals(db.session, actor(), ids(), permission)


@bp.app_template_global("address_of_all")
def address_of_all() -> str:
    """Where a form of chosen rows is sent: a refused one that began with all of a filter is opened again as such."""
    return same_page() if request.args.get("all") == "1" else request.path


def copies_of(found: Iterable[Original]) -> dict[int, int]:
    """The copies that were typed for each; what is no number is 0, which the domain refuses."""
    return {row.id: as_id(request.form.get(f"copies-{row.id}", "").strip()) or 0 for row in found}


def apart(
    found: list[Original], why_not: "dict[int, DomainError | None]"
) -> tuple[list[Original], list[tuple[Original, DomainError]]]:
    """Those with which it can be done, and the others with the reason."""
    ready = [row for row in found if why_not[row.id] is None]
    others = [(row, reason) for row in found if (reason := why_not[row.id]) is not None]
    return ready, others


def application_of(id: int, permission: P = P.AGREEMENTS_READ) -> SealApplication:
    """The seal application; 404 when it belongs to an office that the user does not see, 403 without permission."""
    found = db.session.scalar(
        registers.applications_visible_to(actor())
        .where(SealApplication.id == id)
        .options(
            joinedload(SealApplication.region, innerjoin=True),
            joinedload(SealApplication.asked_by, innerjoin=True),
            # Not joined: a row with an outer join cannot be locked on PostgreSQL.
            selectinload(SealApplication.decided_by),
            selectinload(SealApplication.sealed_by),
            of_rows(SealApplication.rows),
        )
    )
    if found is None:
        abort(404)
    if permission is not P.AGREEMENTS_READ and not actor().can(permission, found.region):
        abort(403)
    return found


def parcel_of(id: int, permission: P = P.AGREEMENTS_READ) -> Parcel:
    """The parcel; 404 when it belongs to an office that the user does not see, 403 without permission."""
    found = db.session.scalar(
        registers.parcels_visible_to(actor())
        .where(Parcel.id == id)
        .options(
            joinedload(Parcel.region, innerjoin=True),
            joinedload(Parcel.distributor, innerjoin=True),
            joinedload(Parcel.packed_by, innerjoin=True),
            of_rows(Parcel.rows),
        )
    )
    if found is None:
        abort(404)
    if permission is not P.AGREEMENTS_READ and not actor().can(permission, found.region):
        abort(403)
    return found
