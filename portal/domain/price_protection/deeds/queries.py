"""Reading amendments and notices of an agreement that the asker may read."""

from typing import TypeVar

import sqlalchemy as sa

from portal.domain.price_protection.models import Agreement, Amendment, Termination

Kind = TypeVar("Kind", Amendment, Termination)


def of_agreement(kind: type[Kind], agreement: Agreement) -> sa.Select[Kind]:
    """The amendments, or notices, of an agreement, the newest first."""
    return sa.select(kind).where(kind.agreement_id == agreement.id).order_by(kind.id.desc())
