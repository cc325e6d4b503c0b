"""What is out for signature: the papers that a pile is to bring back."""

from typing import Any

import sqlalchemy as sa

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

_NONE = sa.cast(sa.null(), sa.Integer)


def due(region: Region) -> sa.CompoundSelect[tuple[int, int, int]]:
    """What an office and those below it have sent out for signature, or to be served, and what has not come back.

    Approved, and printed since; or recorded as signed or served, but its scan is missing and it is not over yet. A
    signed agreement that was never printed here was not sent: those of the time before the portal are nobody's to
    bring back, and there may be a hundred thousand of them.
    Rows of (agreement, amendment, notice), one of the latter two at most.
    """
    return sa.union_all(_agreements(region), _amendments(region), _notices(region))


def _agreements(region: Region) -> sa.Select[int, int, int]:
    has_scan = sa.exists().where(AgreementScan.agreement_id == Agreement.id).correlate(Agreement)
    return (
        sa.select(Agreement.id.label("agreement_id"), _NONE.label("amendment_id"), _NONE.label("notice_id"))
        .join(Region, Region.id == Agreement.region_id)
        .where(
            Region.path.startswith(region.path),
            sa.or_(
                Agreement.status == Status.APPROVED,
                sa.and_(Agreement.status == Status.SIGNED, Agreement.ends_on >= today(), ~has_scan),
            ),
            _printed_since("printed", AgreementPaper, AgreementPaper.agreement_id == Agreement.id),
        )
    )


def _amendments(region: Region) -> sa.Select[int, int, int]:
    is_printed = _printed_since(
        "amendment_printed",
        DeedPaper,
        DeedPaper.amendment_id == Amendment.id,
        AgreementEvent.params["deed"].as_integer() == Amendment.id,
    )
    has_scan = sa.exists().where(DeedScan.amendment_id == Amendment.id).correlate(Amendment)
    return (
        sa.select(Amendment.agreement_id, Amendment.id, _NONE)
        .join(Agreement, Agreement.id == Amendment.agreement_id)
        .join(Region, Region.id == Agreement.region_id)
        .where(
            Region.path.startswith(region.path),
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
    )


def _notices(region: Region) -> sa.Select[int, int, int]:
    is_printed = _printed_since(
        "notice_printed",
        DeedPaper,
        DeedPaper.termination_id == Termination.id,
        AgreementEvent.params["deed"].as_integer() == Termination.id,
    )
    has_scan = sa.exists().where(DeedScan.termination_id == Termination.id).correlate(Termination)
    return (
        sa.select(Termination.agreement_id, _NONE, Termination.id)
        .join(Agreement, Agreement.id == Termination.agreement_id)
        .join(Region, Region.id == Agreement.region_id)
        .where(
            Region.path.startswith(region.path),
            sa.or_(
                sa.and_(Termination.status == DeedStatus.APPROVED, is_printed),
                sa.and_(Termination.status == DeedStatus.SERVED, ~has_scan),
            ),
        )
    )


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
