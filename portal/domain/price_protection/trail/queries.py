"""Lists of the paper trail, always within the regions of whoever asks."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.db import today
from portal.domain.access.queries import visible, within
from portal.domain.access.roles import Permission
from portal.domain.distributors import search
from portal.domain.distributors.models import Distributor
from portal.domain.price_protection.batches.models import BatchRow
from portal.domain.price_protection.models import (
    BINDING,
    Agreement,
    AgreementEvent,
    AgreementPaper,
    AgreementScan,
    Amendment,
    DeedPaper,
    DeedScan,
    DeedStatus,
    Status,
    Termination,
)
from portal.domain.price_protection.trail.models import (
    PaperKind,
    PaperTrail,
    Parcel,
    SealApplication,
    Stage,
)
from portal.domain.price_protection.trail.originals import PRINTED
from portal.domain.regions.models import Region
from portal.domain.text import half_width
from portal.domain.users.models import User


@dataclass(frozen=True)
class TrailFilter:
    """What the list of originals is narrowed to; an empty field narrows nothing."""

    q: str = ""
    kind: PaperKind | None = None
    stage: Stage | None = None
    region_id: int | None = None
    owner_id: int | None = None
    # Out for at least so many days.
    out_days: int | None = None
    # Of the agreements that were renewed in this batch.
    batch_id: int | None = None


_owner = aliased(User, name="owner_account")
# Whether it waits for its signature, or to be served.
_is_waiting = sa.case(
    (PaperTrail.kind == PaperKind.AGREEMENT, Agreement.status == Status.APPROVED),
    (PaperTrail.kind == PaperKind.AMENDMENT, Amendment.status == DeedStatus.APPROVED),
    else_=Termination.status == DeedStatus.APPROVED,
)
_withdrawn_at = sa.func.coalesce(AgreementPaper.withdrawn_at, DeedPaper.withdrawn_at)
_deed_id = sa.func.coalesce(DeedPaper.amendment_id, DeedPaper.termination_id)
# What is in force, and what was superseded while it is on its way: somebody has to get it back.
_is_listed = sa.or_(
    sa.and_(
        _withdrawn_at.is_(None),
        sa.or_(PaperTrail.kind != PaperKind.AGREEMENT, Agreement.status.in_(BINDING)),
    ),
    PaperTrail.stage.in_((Stage.SENT, Stage.PACKED)),
)
_has_scan = sa.case(
    (
        PaperTrail.kind == PaperKind.AGREEMENT,
        sa.exists().where(AgreementScan.agreement_id == PaperTrail.agreement_id).correlate(PaperTrail),
    ),
    else_=sa.exists()
    .where(
        sa.or_(
            DeedScan.amendment_id == DeedPaper.amendment_id,
            DeedScan.termination_id == DeedPaper.termination_id,
        )
    )
    .correlate(DeedPaper),
)
_is_printed = (
    sa.exists()
    .where(
        AgreementEvent.agreement_id == PaperTrail.agreement_id,
        AgreementEvent.kind == sa.case(*((PaperTrail.kind == kind, said) for kind, said in PRINTED.items())),
        AgreementEvent.at >= sa.func.coalesce(AgreementPaper.made_at, DeedPaper.made_at),
        sa.or_(
            PaperTrail.kind == PaperKind.AGREEMENT, AgreementEvent.params["deed"].as_integer() == _deed_id
        ),
    )
    .correlate(PaperTrail, AgreementPaper, DeedPaper)
)

COLUMNS: tuple[Any, ...] = (
    PaperTrail.id,
    PaperTrail.kind,
    PaperTrail.number,
    PaperTrail.agreement_id,
    _deed_id.label("deed_id"),
    _withdrawn_at.label("withdrawn_at"),
    _is_waiting.label("is_waiting"),
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
    Parcel.delivered_on,
    SealApplication.id.label("application_id"),
    SealApplication.number.label("application_number"),
    _has_scan.label("has_scan"),
    _is_printed.label("is_printed"),
)

SORTS = {
    "number": PaperTrail.number,
    "distributor": Distributor.name,
    "owner": _owner.name,
    "sent": PaperTrail.sent_on,
    "cabinet": PaperTrail.cabinet,
}


def original_rows(session: Session, user: User, wanted: TrailFilter | None = None) -> sa.Select[Any]:
    """The originals that a user sees and the filter leaves, one row each; superseded ones only while they are out."""
    wanted = wanted or TrailFilter()
    statement: sa.Select[Any] = (
        _joined(sa.select(*COLUMNS))
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .join(Region, Region.id == Agreement.region_id)
        .join(_owner, _owner.id == Distributor.owner_id)
        .outerjoin(Parcel, Parcel.id == PaperTrail.parcel_id)
        .outerjoin(SealApplication, SealApplication.id == PaperTrail.application_id)
        .where(Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_READ)), _is_listed)
    )
    return statement.where(*_conditions(session, wanted))


def _joined(statement: sa.Select[Any]) -> sa.Select[Any]:
    """Trails with their agreements, their papers and what these are papers of."""
    return (
        statement.select_from(PaperTrail)
        .join(Agreement, Agreement.id == PaperTrail.agreement_id)
        .outerjoin(AgreementPaper, AgreementPaper.id == PaperTrail.paper_id)
        .outerjoin(DeedPaper, DeedPaper.id == PaperTrail.deed_paper_id)
        .outerjoin(Amendment, Amendment.id == DeedPaper.amendment_id)
        .outerjoin(Termination, Termination.id == DeedPaper.termination_id)
    )


def _conditions(session: Session, wanted: TrailFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.q.strip():
        found.append(_matching(session, wanted.q))
    if wanted.kind is not None:
        found.append(PaperTrail.kind == wanted.kind)
    if wanted.stage is Stage.NONE:
        # What was signed without a trail is over; what waits for its signature is still to be sealed.
        found += [PaperTrail.stage == Stage.NONE, _is_waiting]
    elif wanted.stage is not None:
        found.append(PaperTrail.stage == wanted.stage)
    if wanted.batch_id is not None:
        renewed = sa.select(BatchRow.agreement_id).where(
            BatchRow.batch_id == wanted.batch_id, BatchRow.left_out_at.is_(None)
        )
        found.append(PaperTrail.agreement_id.in_(renewed.where(BatchRow.agreement_id.is_not(None))))
    if wanted.region_id is not None:
        found.append(Agreement.region_id.in_(within(wanted.region_id)))
    if wanted.owner_id is not None:
        found.append(Distributor.owner_id == wanted.owner_id)
    if wanted.out_days is not None:
        found.append(is_out(wanted.out_days))
    return found


def is_out(days: int = 0, on: date | None = None) -> sa.ColumnElement[bool]:
    """Whether copies that are to come back have been out for at least so many days."""
    since = (on or today()) - timedelta(days=days)
    return sa.and_(PaperTrail.stage == Stage.SENT, PaperTrail.sent_on <= since)


def like(column: Any, words: str) -> sa.ColumnElement[bool]:
    """Whether a column contains what was typed, in whatever width and case."""
    typed = half_width(words).strip().upper()
    part = typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    found: sa.ColumnElement[bool] = sa.func.upper(column).like(f"%{part}%", escape="\\")
    return found


def _matching(session: Session, words: str) -> sa.ColumnElement[bool]:
    """By number, cabinet, courier's number, parcel or application, or whatever finds the distributor."""
    columns = (
        PaperTrail.number,
        Agreement.number,
        PaperTrail.cabinet,
        Parcel.tracking,
        Parcel.number,
        SealApplication.number,
    )
    found = [like(column, words) for column in columns]
    if search.matching(session, words) is not None:
        found.append(search.matches(session, words, by_turns=False))
    return sa.or_(*found)


_COUNTED: tuple[Any, ...] = (PaperTrail.stage, sa.func.count().label("total"))


def stage_counts(session: Session, user: User, kind: PaperKind | None = None) -> dict[Stage, int]:
    """How many originals stand where, for the tabs; NONE counts those that wait for their signature unsealed."""
    statement = _joined(sa.select(*_COUNTED)).where(
        Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_READ)),
        _is_listed,
        sa.or_(PaperTrail.stage != Stage.NONE, _is_waiting),
    )
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
