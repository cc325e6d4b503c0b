"""What a pile is to bring back: the papers whose signed scan is awaited."""

from typing import Any

import sqlalchemy as sa

from portal.domain.price_protection.models import Agreement, DeedPaper
from portal.domain.price_protection.trail.models import PaperTrail
from portal.domain.price_protection.trail.out import is_to_be_scanned, joined
from portal.domain.regions.models import Region


def due(region: Region) -> sa.Select[*tuple[Any, ...]]:
    """What an office and those below it have out for signature, or hold signed, and of which no scan is filed.

    Rows of the ids of (agreement, amendment, notice, statement), one of the latter three at most.
    """
    columns = (
        PaperTrail.agreement_id,
        DeedPaper.amendment_id,
        DeedPaper.termination_id,
        PaperTrail.statement_id,
    )
    return (
        joined(sa.select(*columns))
        .join(Region, Region.id == Agreement.region_id)
        .where(Region.path.startswith(region.path), is_to_be_scanned())
    )
