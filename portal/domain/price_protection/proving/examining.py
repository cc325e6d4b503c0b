"""Examining the books and remembering what was found: a command, and every night."""

import time
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import snapshot
from portal.domain.i18n import N_
from portal.domain.jobs.models import DailyDeed
from portal.domain.ledger.models import Transfer, Verification
from portal.domain.ledger.verify import Break, Count, require_sealed, verify
from portal.domain.price_protection.proving import prove

SEALING = "ledger.seal"  # the deed of a day that seals the day before it


def look(session: Session, key: bytes) -> Count:
    """Verify and prove; raises Break for the first thing that does not hold, also for what cannot even be read."""
    try:
        count = verify(session, key)
        _sealed_last(session)
        prove(session)
    except (LookupError, ValueError, TypeError, AttributeError, OverflowError) as error:
        # A kind that there is none of, a day that no calendar has: nobody but a stranger writes such a thing.
        raise Break(
            N_("Something in the books cannot be read: %(error)s"),
            error=f"{type(error).__name__}: {error}"[:150],
        ) from error
    return count


def _sealed_last(session: Session) -> None:
    """The last seal is there: what a day asks for says when it was made."""
    made_on = session.scalar(sa.select(DailyDeed.done_on).where(DailyDeed.name == SEALING))
    if made_on is not None:
        require_sealed(session, made_on - timedelta(days=1))


def examine(session: Session, key: bytes) -> Verification:
    """Verify the ledger and prove the fund, in one look at the database; keeps and returns what was found.

    The caller commits. `key` is the one that the daily seals were made with.
    """
    began = time.monotonic()
    made = Verification(transfers=0, books=0)
    bind = session.get_bind()
    with snapshot(bind.engine) as connection, Session(connection) as whole:
        try:
            looked = look(whole, key)
            made.transfers, made.books = looked.transfers, looked.books
        except Break as found:
            made.break_msgid, made.break_params = found.msgid, found.params
            made.transfers = whole.scalar(sa.select(sa.func.count()).select_from(Transfer)) or 0
    made.took_ms = round((time.monotonic() - began) * 1000)
    session.add(made)
    session.flush()
    return made
