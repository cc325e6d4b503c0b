"""What is out for signature: the papers that a pile is to bring back."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.price_protection.models import (
    Agreement,
    AgreementEvent,
    AgreementPaper,
    AgreementScan,
    Status,
)
from portal.domain.regions.models import Region


def due_ids(session: Session, region: Region) -> list[int]:
    """Agreements of an office and those below it whose printed original has not come back.

    Approved and printed since; or recorded as signed, but its scan is missing and it is not over yet.
    """
    paper_made = (
        sa.select(sa.func.max(AgreementPaper.made_at))
        .where(AgreementPaper.agreement_id == Agreement.id, AgreementPaper.withdrawn_at.is_(None))
        .correlate(Agreement)
        .scalar_subquery()
    )
    is_printed = (
        sa.exists()
        .where(
            AgreementEvent.agreement_id == Agreement.id,
            AgreementEvent.kind == "printed",
            AgreementEvent.at >= paper_made,
        )
        .correlate(Agreement)
    )
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
