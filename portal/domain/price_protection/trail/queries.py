"""Lists of the paper trail, always within the regions of whoever asks."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.db import today
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors import search
from portal.domain.distributors.models import Distributor
from portal.domain.price_protection.models import (
    BINDING,
    Agreement,
    AgreementEvent,
    AgreementPaper,
    AgreementScan,
    Status,
)
from portal.domain.price_protection.trail.models import (
    PaperTrail,
    Parcel,
    ParcelRow,
    Seal,
    SealApplication,
    SealApplicationRow,
    SealStatus,
    Stage,
)
from portal.domain.regions.models import Region
from portal.domain.text import half_width
from portal.domain.users.models import User


@dataclass(frozen=True)
class TrailFilter:
    """What the list of originals is narrowed to; an empty field narrows nothing."""

    q: str = ""
    stage: Stage | None = None
    region_id: int | None = None
    owner_id: int | None = None
    # Out for at least so many days.
    out_days: int | None = None


_owner = aliased(User, name="owner_account")
_stage = sa.func.coalesce(PaperTrail.stage, Stage.NONE.value)

COLUMNS: tuple[Any, ...] = (
    AgreementPaper.id,
    AgreementPaper.no,
    AgreementPaper.withdrawn_at,
    Agreement.id.label("agreement_id"),
    Agreement.number,
    Agreement.status,
    Distributor.code.label("distributor_code"),
    Distributor.name.label("distributor_name"),
    Region.name.label("region_name"),
    _owner.id.label("owner_id"),
    _owner.name.label("owner_name"),
    PaperTrail.stage,
    sa.func.coalesce(PaperTrail.sealed_copies, 0).label("sealed_copies"),
    sa.func.coalesce(PaperTrail.sent_copies, 0).label("sent_copies"),
    sa.func.coalesce(PaperTrail.expected_copies, 0).label("expected_copies"),
    sa.func.coalesce(PaperTrail.back_copies, 0).label("back_copies"),
    PaperTrail.sealed_on,
    PaperTrail.sent_on,
    PaperTrail.back_on,
    PaperTrail.filed_on,
    sa.func.coalesce(PaperTrail.cabinet, "").label("cabinet"),
    Parcel.id.label("parcel_id"),
    Parcel.number.label("parcel_number"),
    Parcel.courier,
    Parcel.tracking,
    Parcel.delivered_on,
    SealApplication.id.label("application_id"),
    SealApplication.number.label("application_number"),
    sa.exists().where(AgreementScan.agreement_id == Agreement.id).correlate(Agreement).label("has_scan"),
    sa.exists()
    .where(
        AgreementEvent.agreement_id == Agreement.id,
        AgreementEvent.kind == "printed",
        AgreementEvent.at >= AgreementPaper.made_at,
    )
    .correlate(Agreement, AgreementPaper)
    .label("is_printed"),
)

SORTS = {
    "number": Agreement.number,
    "distributor": Distributor.name,
    "owner": _owner.name,
    "sent": PaperTrail.sent_on,
    "cabinet": PaperTrail.cabinet,
}


def original_rows(session: Session, user: User, wanted: TrailFilter | None = None) -> sa.Select[Any]:
    """The originals that a user sees and the filter leaves, one row each; superseded ones only while they are out."""
    wanted = wanted or TrailFilter()
    statement: sa.Select[Any] = (
        sa.select(*COLUMNS)
        .select_from(AgreementPaper)
        .join(Agreement, Agreement.id == AgreementPaper.agreement_id)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .join(Region, Region.id == Agreement.region_id)
        .join(_owner, _owner.id == Distributor.owner_id)
        .outerjoin(PaperTrail, PaperTrail.paper_id == AgreementPaper.id)
        .outerjoin(Parcel, Parcel.id == PaperTrail.parcel_id)
        .outerjoin(SealApplication, SealApplication.id == PaperTrail.application_id)
        .where(
            Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_READ)),
            sa.or_(
                sa.and_(AgreementPaper.withdrawn_at.is_(None), Agreement.status.in_(BINDING)),
                PaperTrail.stage.in_((Stage.SENT, Stage.PACKED)),
            ),
        )
    )
    return statement.where(*_conditions(session, wanted))


def _conditions(session: Session, wanted: TrailFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.q.strip():
        found.append(_matching(session, wanted.q))
    if wanted.stage is Stage.NONE:
        # What was signed without a trail is over; what waits for its signature is still to be sealed.
        found += [_stage == Stage.NONE.value, Agreement.status == Status.APPROVED]
    elif wanted.stage is not None:
        found.append(PaperTrail.stage == wanted.stage)
    if wanted.region_id is not None:
        found.append(_within(Agreement.region_id, wanted.region_id))
    if wanted.owner_id is not None:
        found.append(Distributor.owner_id == wanted.owner_id)
    if wanted.out_days is not None:
        found.append(is_out(wanted.out_days))
    return found


def is_out(days: int = 0, on: date | None = None) -> sa.ColumnElement[bool]:
    """Whether copies that are to come back have been out for at least so many days."""
    since = (on or today()) - timedelta(days=days)
    return sa.and_(PaperTrail.stage == Stage.SENT, PaperTrail.sent_on <= since)


def _within(column: Any, region_id: int) -> sa.ColumnElement[bool]:
    path = sa.select(Region.path).where(Region.id == region_id).scalar_subquery()
    inside: sa.ColumnElement[bool] = column.in_(sa.select(Region.id).where(Region.path.startswith(path)))
    return inside


def _like(column: Any, words: str) -> sa.ColumnElement[bool]:
    typed = half_width(words).strip().upper()
    part = typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    found: sa.ColumnElement[bool] = sa.func.upper(column).like(f"%{part}%", escape="\\")
    return found


def _matching(session: Session, words: str) -> sa.ColumnElement[bool]:
    """By number, cabinet, courier's number, parcel or application, or whatever finds the distributor."""
    columns = (
        Agreement.number,
        PaperTrail.cabinet,
        Parcel.tracking,
        Parcel.number,
        SealApplication.number,
    )
    found = [_like(column, words) for column in columns]
    if search.matching(session, words) is not None:
        found.append(search.matches(session, words, by_turns=False))
    return sa.or_(*found)


def stage_counts(session: Session, user: User) -> dict[Stage, int]:
    """How many originals stand where, for the tabs; NONE counts those that wait for their signature unsealed."""
    rows = session.execute(
        sa.select(_stage.label("stage"), sa.func.count().label("total"))
        .select_from(AgreementPaper)
        .join(Agreement, Agreement.id == AgreementPaper.agreement_id)
        .outerjoin(PaperTrail, PaperTrail.paper_id == AgreementPaper.id)
        .where(
            Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_READ)),
            sa.or_(
                sa.and_(
                    AgreementPaper.withdrawn_at.is_(None),
                    Agreement.status.in_(BINDING),
                    sa.or_(_stage != Stage.NONE.value, Agreement.status == Status.APPROVED),
                ),
                PaperTrail.stage.in_((Stage.SENT, Stage.PACKED)),
            ),
        )
        .group_by(_stage)
    )
    return {Stage(row.stage): row.total for row in rows}


@dataclass(frozen=True)
class OwnersDebt:
    """What one owner still has to get back."""

    owner_id: int
    owner: str
    count: int
    overdue: int
    oldest_on: date


def out_by_owner(session: Session, user: User, wanted: TrailFilter, days: int) -> list[OwnersDebt]:
    """Originals that are out, counted by owner, the longest wait first; `overdue` are out for `days` and more."""
    rows = original_rows(session, user, wanted).where(is_out()).order_by(None).subquery()
    late = sa.case((rows.c.sent_on <= today() - timedelta(days=days), 1), else_=0)
    found = session.execute(
        sa.select(
            rows.c.owner_id,
            rows.c.owner_name,
            sa.func.count().label("total"),
            sa.func.sum(late).label("overdue"),
            sa.func.min(rows.c.sent_on).label("oldest_on"),
        )
        .group_by(rows.c.owner_id, rows.c.owner_name)
        .order_by("oldest_on", rows.c.owner_name)
    )
    return [
        OwnersDebt(row.owner_id, row.owner_name, row.total, int(row.overdue), row.oldest_on) for row in found
    ]


def applications_visible_to(
    user: User, permission: Permission = Permission.AGREEMENTS_READ
) -> sa.Select[SealApplication]:
    """The seal applications of the regions in which a user has the permission, and the user's own."""
    return sa.select(SealApplication).where(
        sa.or_(
            SealApplication.region_id.in_(visible(user, permission)), SealApplication.asked_by_id == user.id
        )
    )


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
        .where(
            sa.or_(
                SealApplication.region_id.in_(visible(user, Permission.AGREEMENTS_READ)),
                SealApplication.asked_by_id == user.id,
            )
        )
    )
    if q.strip():
        statement = statement.where(
            sa.or_(_like(SealApplication.number, q), _like(SealApplication.purpose, q), _like(_asker.name, q))
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
        found = [_like(column, q) for column in (Parcel.number, Parcel.tracking, Parcel.recipient)]
        if search.matching(session, q) is not None:
            found.append(search.matches(session, q, by_turns=False))
        statement = statement.where(sa.or_(*found))
    is_here = sa.and_(Parcel.sent_on.is_(None), Parcel.cancelled_at.is_(None))
    narrowed = {
        "open": is_here,
        "unnumbered": sa.and_(is_here, Parcel.tracking == "", Parcel.is_by_hand.is_(False)),
        "sent": sa.and_(
            Parcel.sent_on.is_not(None), Parcel.delivered_on.is_(None), Parcel.cancelled_at.is_(None)
        ),
        "delivered": sa.and_(Parcel.delivered_on.is_not(None), Parcel.cancelled_at.is_(None)),
        "cancelled": Parcel.cancelled_at.is_not(None),
    }
    return statement.where(narrowed[state]) if state in narrowed else statement


def contents_of(session: Session, parcels: list[int]) -> dict[int, list[tuple[str, int]]]:
    """Number and copies of every agreement in these parcels, by parcel."""
    found: dict[int, list[tuple[str, int]]] = {}
    for row in session.execute(
        sa.select(ParcelRow.parcel_id, Agreement.number, ParcelRow.copies)
        .join(AgreementPaper, AgreementPaper.id == ParcelRow.paper_id)
        .join(Agreement, Agreement.id == AgreementPaper.agreement_id)
        .where(ParcelRow.parcel_id.in_(parcels))
        .order_by(Agreement.number)
    ):
        found.setdefault(row.parcel_id, []).append((row.number, row.copies))
    return found
