"""What examining the books found; apart from the examining, which a page that shows the last need not load."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.ledger.models import Verification


def last_examination(session: Session) -> Verification | None:
    """What was found last; None when nobody looked yet."""
    return session.scalars(sa.select(Verification).order_by(Verification.id.desc()).limit(1)).first()
