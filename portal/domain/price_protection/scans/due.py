"""What is out for signature: the papers that a pile is to bring back."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.price_protection.models import (
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
from portal.domain.regions.models import Region


def due_ids(session: Session, region: Region) -> list[int]:
    """Agreements of an office and those below it whose printed original has not come back.

    Approved and printed since; or recorded as signed, but its scan is missing and it is not over yet.
    """
    is_printed = _printed_since("printed", AgreementPaper, AgreementPaper.agreement_id == Agreement.id)
    has_scan = sa.exists().where(AgreementScan.agreement_id == Agreement.id).correlate(Agreement)
    return list(
        session.scalars(
            sa.select(Agreement.id)
            .join(Region, Region.id == Agreement.region_id)
            .where(
                Region.path.startswith(region.path),
                sa.or_(
                    sa.and_(Agreement.status == Status.APPROVED, is_printed),
                    sa.and_(Agreement.status == Status.SIGNED, Agreement.ends_on >= today(), ~has_scan),
                ),
            )
            .order_by(Agreement.id)
        )
    )


def due_amendments(session: Session, region: Region) -> list[tuple[int, int]]:
    """Amendments that are out in the same way, each with its agreement: (agreement, amendment)."""
    is_printed = _printed_since(
        "amendment_printed",
        DeedPaper,
        DeedPaper.amendment_id == Amendment.id,
        AgreementEvent.params["deed"].as_integer() == Amendment.id,
    )
    has_scan = sa.exists().where(DeedScan.amendment_id == Amendment.id).correlate(Amendment)
    return _due(
        session,
        region,
        Amendment,
        sa.or_(
            sa.and_(Amendment.status == DeedStatus.APPROVED, is_printed),
            sa.and_(
                Amendment.status == DeedStatus.SIGNED,
                Agreement.status == Status.SIGNED,
                Agreement.ends_on >= today(),
                ~has_scan,
            ),
        ),
    )


def due_notices(session: Session, region: Region) -> list[tuple[int, int]]:
    """Notices that were printed to be sent, or served without what proves it: (agreement, notice)."""
    is_printed = _printed_since(
        "notice_printed",
        DeedPaper,
        DeedPaper.termination_id == Termination.id,
        AgreementEvent.params["deed"].as_integer() == Termination.id,
    )
    has_scan = sa.exists().where(DeedScan.termination_id == Termination.id).correlate(Termination)
    return _due(
        session,
        region,
        Termination,
        sa.or_(
            sa.and_(Termination.status == DeedStatus.APPROVED, is_printed),
            sa.and_(Termination.status == DeedStatus.SERVED, ~has_scan),
        ),
    )


def _due(
    session: Session,
    region: Region,
    kind: type[Amendment] | type[Termination],
    is_due: sa.ColumnElement[bool],
) -> list[tuple[int, int]]:
    rows = session.execute(
        sa.select(kind.agreement_id, kind.id)
        .join(Agreement, Agreement.id == kind.agreement_id)
        .join(Region, Region.id == Agreement.region_id)
        .where(Region.path.startswith(region.path), is_due)
        .order_by(kind.id)
    )
    return [(row[0], row[1]) for row in rows]


def _printed_since(
    event: str, paper: Any, of_paper: sa.ColumnElement[bool], *of_event: sa.ColumnElement[bool]
) -> sa.ColumnElement[bool]:
    """Whether the paper in force was printed after it was made."""
    made_at = sa.select(sa.func.max(paper.made_at)).where(of_paper, paper.withdrawn_at.is_(None))
    outer = (Agreement, Amendment, Termination)
    return (
        sa.exists()
        .where(
            AgreementEvent.agreement_id == Agreement.id,
            AgreementEvent.kind == event,
            AgreementEvent.at >= made_at.correlate(*outer).scalar_subquery(),
            *of_event,
        )
        .correlate(*outer)
    )
