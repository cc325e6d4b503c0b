"""Lists of the paper trail, always within the regions of whoever asks."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.access.queries import visible, within
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor
from portal.domain.jobs.models import Job
from portal.domain.price_protection import mailing
from portal.domain.price_protection.batches.models import BatchRow
from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.finding import matching
from portal.domain.price_protection.models import (
    BINDING,
    Agreement,
    Amendment,
)
from portal.domain.price_protection.trail.models import (
    PaperKind,
    PaperTrail,
    Parcel,
    SealApplication,
    Stage,
)
from portal.domain.price_protection.trail.out import (
    deed_id,
    first_out,
    has_scan,
    is_not_back,
    is_printed,
    is_waiting,
    joined,
    out_since_order,
    printed_at,
    withdrawn_at,
)
from portal.domain.regions.models import Region
from portal.domain.users.models import User


@dataclass(frozen=True)
class TrailFilter:
    """What the list of originals is narrowed to; an empty field narrows nothing."""

    q: str = ""
    kind: PaperKind | None = None
    stage: Stage | None = None
    region_id: int | None = None
    owner_id: int | None = None
    # Not back for at least so many days.
    out_days: int | None = None
    # Of the agreements that were renewed in this batch.
    batch_id: int | None = None
    # Of the amendments that this price change made.
    change_id: int | None = None
    # Printed into the file of this task.
    job_id: int | None = None
    # Statements of this quarter.
    quarter: str = ""


_owner = aliased(User, name="owner_account")
# What is in force, and what was superseded while it is on its way: somebody has to get it back.
_is_listed = sa.or_(
    sa.and_(
        withdrawn_at.is_(None),
        sa.or_(PaperTrail.kind != PaperKind.AGREEMENT, Agreement.status.in_(BINDING)),
    ),
    PaperTrail.stage.in_((Stage.SENT, Stage.PACKED)),
)

COLUMNS: tuple[Any, ...] = (
    PaperTrail.id,
    PaperTrail.kind,
    PaperTrail.number,
    PaperTrail.agreement_id,
    deed_id.label("deed_id"),
    withdrawn_at.label("withdrawn_at"),
    is_waiting.label("is_waiting"),
    Distributor.id.label("distributor_id"),
    Distributor.code.label("distributor_code"),
    Distributor.name.label("distributor_name"),
    Region.name.label("region_name"),
    _owner.id.label("owner_id"),
    _owner.name.label("owner_name"),
    PaperTrail.stage,
    PaperTrail.sealed_copies,
    PaperTrail.sent_copies,
    PaperTrail.expected_copies,
    PaperTrail.back_copies,
    PaperTrail.sealed_on,
    PaperTrail.sent_on,
    PaperTrail.back_on,
    PaperTrail.filed_on,
    PaperTrail.cabinet,
    Parcel.id.label("parcel_id"),
    Parcel.number.label("parcel_number"),
    Parcel.courier,
    Parcel.tracking,
    Parcel.is_by_hand,
    Parcel.delivered_on,
    SealApplication.id.label("application_id"),
    SealApplication.number.label("application_number"),
    has_scan.label("has_scan"),
    is_printed.label("is_printed"),
    printed_at.label("printed_at"),
)

SORTS = {
    "number": PaperTrail.number,
    "distributor": Distributor.name,
    "owner": _owner.name,
    "sent": out_since_order,
    "cabinet": PaperTrail.cabinet,
}
# What names an original, besides whatever finds its distributor.
_NAMING = (
    PaperTrail.number,
    Agreement.number,
    PaperTrail.cabinet,
    Parcel.tracking,
    Parcel.number,
    SealApplication.number,
)


def unasked(session: Session, user: User, wanted: TrailFilter) -> int:
    """How many printed originals the filter leaves of those that a user sees and nobody asked a seal for."""
    rows = original_rows(session, user, replace(wanted, stage=Stage.NONE)).where(is_printed)
    return session.scalar(rows.with_only_columns(sa.func.count()).order_by(None)) or 0


def original_rows(session: Session, user: User, wanted: TrailFilter | None = None) -> sa.Select[Any]:
    """The originals that a user sees and the filter leaves, one row each; superseded ones only while they are out."""
    wanted = wanted or TrailFilter()
    statement: sa.Select[Any] = (
        joined(sa.select(*COLUMNS))
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .join(Region, Region.id == Agreement.region_id)
        .join(_owner, _owner.id == Distributor.owner_id)
        .outerjoin(Parcel, Parcel.id == PaperTrail.parcel_id)
        .outerjoin(SealApplication, SealApplication.id == PaperTrail.application_id)
        .where(*is_seen_by(user), _is_listed)
    )
    return statement.where(*_conditions(session, wanted))


def is_seen_by(user: User) -> tuple[sa.ColumnElement[bool], ...]:
    """Whether a user sees a `joined` original: of their offices, and a statement only where they read funds."""
    return (
        Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_READ)),
        sa.or_(
            PaperTrail.kind != PaperKind.STATEMENT,
            Agreement.region_id.in_(visible(user, Permission.FUNDS_READ)),
        ),
    )


def _conditions(session: Session, wanted: TrailFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.q.strip():
        found.append(matching(session, wanted.q, *_NAMING))
    if wanted.kind is not None:
        found.append(PaperTrail.kind == wanted.kind)
    if wanted.quarter:
        found.append(Statement.quarter == wanted.quarter)
    if wanted.stage is Stage.NONE and wanted.kind is PaperKind.STATEMENT:
        found.append(PaperTrail.stage == Stage.NONE)
    elif wanted.stage is Stage.NONE:
        # What was signed without a trail is over; what waits for its signature is still to be sealed.
        found += [PaperTrail.stage == Stage.NONE, is_waiting]
    elif wanted.stage is not None:
        found.append(PaperTrail.stage == wanted.stage)
    if wanted.batch_id is not None:
        renewed = sa.select(BatchRow.agreement_id).where(
            BatchRow.batch_id == wanted.batch_id, BatchRow.left_out_at.is_(None)
        )
        found.append(PaperTrail.agreement_id.in_(renewed.where(BatchRow.agreement_id.is_not(None))))
    if wanted.change_id is not None:
        found.append(Amendment.price_change_id == wanted.change_id)
    if wanted.job_id is not None:
        found.append(mailing.printed_by(session.get(Job, wanted.job_id)))
    if wanted.region_id is not None:
        found.append(Agreement.region_id.in_(within(wanted.region_id)))
    if wanted.owner_id is not None:
        found.append(Distributor.owner_id == wanted.owner_id)
    if wanted.out_days is not None:
        found.append(is_not_back(wanted.out_days))
    return found


_COUNTED: tuple[Any, ...] = (PaperTrail.stage, sa.func.count().label("total"))


def stage_counts(session: Session, user: User, kind: PaperKind | None = None) -> dict[Stage, int]:
    """How many originals stand where, for the tabs; NONE counts those that wait for their signature unsealed.

    Statements wait there to be sent; they are counted where nothing else is asked for.
    """
    is_there = sa.or_(PaperTrail.stage != Stage.NONE, is_waiting)
    statement = joined(sa.select(*_COUNTED)).where(*is_seen_by(user), _is_listed)
    if kind is not PaperKind.STATEMENT:
        statement = statement.where(is_there)
    if kind is not None:
        statement = statement.where(PaperTrail.kind == kind)
    rows = session.execute(statement.group_by(PaperTrail.stage))
    return {row.stage: row.total for row in rows}


@dataclass(frozen=True)
class OwnersDebt:
    """What one owner still has to get back."""

    owner_id: int
    owner: str
    count: int
    overdue: int
    oldest_on: date


def out_by_owner(session: Session, user: User, wanted: TrailFilter, days: int) -> list[OwnersDebt]:
    """Originals that are not back, by owner, the longest wait first; `overdue` are out for `days` and more."""
    late = sa.case((is_not_back(days), 1), else_=0).label("late")
    rows = (
        original_rows(session, user, wanted).add_columns(late).where(is_not_back()).order_by(None).subquery()
    )
    found = session.execute(
        sa.select(
            rows.c.owner_id,
            rows.c.owner_name,
            sa.func.count().label("total"),
            sa.func.sum(rows.c.late).label("overdue"),
            sa.func.min(rows.c.sent_on).label("sent_on"),
            sa.func.min(rows.c.printed_at).label("printed_at"),
        ).group_by(rows.c.owner_id, rows.c.owner_name)
    )
    listed = [
        OwnersDebt(row.owner_id, row.owner_name, row.total, int(row.overdue), since)
        for row in found
        if (since := first_out(row.sent_on, row.printed_at))
    ]
    return sorted(listed, key=lambda one: (one.oldest_on, one.owner))
