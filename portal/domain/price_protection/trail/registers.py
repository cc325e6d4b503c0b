"""Lists of seal applications and parcels, always within the regions of whoever asks."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors import search
from portal.domain.distributors.models import Distributor
from portal.domain.price_protection.finding import like
from portal.domain.price_protection.trail.models import (
    HOME,
    PaperTrail,
    Parcel,
    ParcelRow,
    Seal,
    SealApplication,
    SealApplicationRow,
    SealStatus,
)
from portal.domain.regions.models import Region
from portal.domain.users.models import User


def applications_visible_to(
    user: User, permission: Permission = Permission.AGREEMENTS_READ
) -> sa.Select[SealApplication]:
    """The seal applications of the regions in which a user has the permission, and the user's own."""
    return sa.select(SealApplication).where(_is_application_visible(user, permission))


def _is_application_visible(user: User, permission: Permission) -> sa.ColumnElement[bool]:
    in_reach = SealApplication.region_id.in_(visible(user, permission))
    return sa.or_(in_reach, SealApplication.asked_by_id == user.id)


_asker = aliased(User, name="asker_account")
_still_in = sa.and_(
    SealApplicationRow.application_id == SealApplication.id, SealApplicationRow.left_out_at.is_(None)
)
APPLICATION_COLUMNS = (
    SealApplication.id,
    SealApplication.number,
    SealApplication.status,
    SealApplication.seal,
    SealApplication.purpose,
    SealApplication.asked_at,
    SealApplication.sealed_at,
    Region.name.label("region_name"),
    _asker.name.label("asker_name"),
    sa.select(sa.func.count()).where(_still_in).correlate(SealApplication).scalar_subquery().label("papers"),
    sa.select(sa.func.coalesce(sa.func.sum(SealApplicationRow.copies), 0))
    .where(_still_in)
    .correlate(SealApplication)
    .scalar_subquery()
    .label("copies"),
)
APPLICATION_SORTS = {"number": SealApplication.number, "asked": SealApplication.asked_at}


def application_rows(
    user: User, *, q: str = "", status: SealStatus | None = None, seal: Seal | None = None
) -> sa.Select[Any]:
    """The columns of the list of seal applications."""
    statement = (
        sa.select(*APPLICATION_COLUMNS)
        .join(Region, Region.id == SealApplication.region_id)
        .join(_asker, _asker.id == SealApplication.asked_by_id)
        .where(_is_application_visible(user, Permission.AGREEMENTS_READ))
    )
    if q.strip():
        statement = statement.where(
            sa.or_(like(SealApplication.number, q), like(SealApplication.purpose, q), like(_asker.name, q))
        )
    if status is not None:
        statement = statement.where(SealApplication.status == status)
    if seal is not None:
        statement = statement.where(SealApplication.seal == seal)
    return statement


def parcels_visible_to(user: User, permission: Permission = Permission.AGREEMENTS_READ) -> sa.Select[Parcel]:
    """The parcels of the regions in which a user has the permission."""
    return sa.select(Parcel).where(Parcel.region_id.in_(visible(user, permission)))


PARCEL_STATES = ("open", "unnumbered", "sent", "delivered", "cancelled")


def _is_back() -> sa.ColumnElement[bool]:
    """Whether nothing of a parcel is still out: what came back needs nobody's word that it arrived."""
    return ~(
        sa.exists()
        .where(
            ParcelRow.parcel_id == Parcel.id,
            PaperTrail.id == ParcelRow.trail_id,
            PaperTrail.stage.not_in(HOME),
        )
        .correlate(Parcel)
    )


PARCEL_COLUMNS = (
    Parcel.id,
    Parcel.number,
    Parcel.recipient,
    Parcel.phone,
    Parcel.address,
    Parcel.courier,
    Parcel.tracking,
    Parcel.is_by_hand,
    Parcel.is_lost,
    Parcel.packed_at,
    Parcel.sent_on,
    Parcel.delivered_on,
    Parcel.cancelled_at,
    sa.and_(Parcel.sent_on.is_not(None), _is_back()).label("is_back"),
    Distributor.name.label("distributor_name"),
    Distributor.code.label("distributor_code"),
    Region.name.label("region_name"),
    sa.select(sa.func.count())
    .where(ParcelRow.parcel_id == Parcel.id)
    .correlate(Parcel)
    .scalar_subquery()
    .label("papers"),
    sa.select(sa.func.coalesce(sa.func.sum(ParcelRow.copies), 0))
    .where(ParcelRow.parcel_id == Parcel.id)
    .correlate(Parcel)
    .scalar_subquery()
    .label("copies"),
)
PARCEL_SORTS = {
    "number": Parcel.number,
    "distributor": Distributor.name,
    "sent": Parcel.sent_on,
    "packed": Parcel.packed_at,
}


def parcel_rows(session: Session, user: User, *, q: str = "", state: str = "") -> sa.Select[Any]:
    """The columns of the list of parcels; `state` is one of PARCEL_STATES or empty."""
    statement = (
        sa.select(*PARCEL_COLUMNS)
        .join(Distributor, Distributor.id == Parcel.distributor_id)
        .join(Region, Region.id == Parcel.region_id)
        .where(Parcel.region_id.in_(visible(user, Permission.AGREEMENTS_READ)))
    )
    if q.strip():
        found = [like(column, q) for column in (Parcel.number, Parcel.tracking, Parcel.recipient)]
        if search.matching(session, q) is not None:
            found.append(search.matches(session, q, by_turns=False))
        statement = statement.where(sa.or_(*found))
    is_here = sa.and_(Parcel.sent_on.is_(None), Parcel.cancelled_at.is_(None))
    narrowed = {
        "open": is_here,
        "unnumbered": sa.and_(is_here, Parcel.tracking == "", Parcel.is_by_hand.is_(False)),
        "sent": sa.and_(
            Parcel.sent_on.is_not(None),
            Parcel.delivered_on.is_(None),
            Parcel.cancelled_at.is_(None),
            ~_is_back(),
        ),
        "delivered": sa.and_(Parcel.delivered_on.is_not(None), Parcel.cancelled_at.is_(None)),
        "cancelled": Parcel.cancelled_at.is_not(None),
    }
    return statement.where(narrowed[state]) if state in narrowed else statement


def contents_of(session: Session, parcels: list[int]) -> dict[int, list[tuple[str, int]]]:
    """Number and copies of every original in these parcels, by parcel."""
    found: dict[int, list[tuple[str, int]]] = {}
    for row in session.execute(
        sa.select(ParcelRow.parcel_id, PaperTrail.number, ParcelRow.copies)
        .join(PaperTrail, PaperTrail.id == ParcelRow.trail_id)
        .where(ParcelRow.parcel_id.in_(parcels))
        .order_by(PaperTrail.number, PaperTrail.id)
    ):
        found.setdefault(row.parcel_id, []).append((row.number, row.copies))
    return found
