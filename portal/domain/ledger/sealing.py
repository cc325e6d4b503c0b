"""The daily seal: the heads of all books under a key that is kept outside the database."""

from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import insert_unless_there, now, today
from portal.domain.ledger.models import Book, Seal
from portal.domain.ledger.verify import heads_hmac


def seal(session: Session, key: bytes, day: date | None = None) -> bool:
    """Seal the heads as they stand, once a day (yesterday's where none is named); False when it is sealed.

    Each seal names the one before it, so nothing is sealed for a day before the last. The heads of books that hold
    nothing are left out. The caller commits.
    """
    day = day or today() - timedelta(days=1)
    before_on = session.scalar(sa.select(sa.func.max(Seal.day)))
    if before_on is not None and before_on >= day:
        return False
    rows = session.execute(
        sa.select(Book.id, Book.last_no, Book.last_sha256).where(Book.last_no > 0).order_by(Book.id)
    )
    heads: list[list[int | str]] = [[row.id, row.last_no, row.last_sha256] for row in rows]
    insert_unless_there(
        session,
        Seal,
        {
            "day": day,
            "before_on": before_on,
            "made_at": now(),
            "heads": heads,
            "hmac": heads_hmac(key, day, before_on, heads),
        },
    )
    return True
