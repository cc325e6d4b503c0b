"""Examining the books and remembering what was found: a command, every night, and a page that shows the last."""

import time

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import snapshot
from portal.domain.ledger.models import Transfer, Verification
from portal.domain.ledger.verify import Break, verify
from portal.domain.price_protection.funds.proving import prove


def examine(session: Session, key: bytes) -> Verification:
    """Verify the ledger and prove the fund, in one look at the database; keeps and returns what was found.

    The caller commits. `key` is the one that the daily seals were made with.
    """
    began = time.monotonic()
    made = Verification(transfers=0, books=0)
    bind = session.get_bind()
    with snapshot(bind.engine) as connection, Session(connection) as whole:
        try:
            looked = verify(whole, key)
            prove(whole)
            made.transfers, made.books = looked.transfers, looked.books
        except Break as found:
            made.break_msgid, made.break_params = found.msgid, found.params
            made.transfers = whole.scalar(sa.select(sa.func.count()).select_from(Transfer)) or 0
    made.took_ms = round((time.monotonic() - began) * 1000)
    session.add(made)
    session.flush()
    return made


def last_examination(session: Session) -> Verification | None:
    """What was found last; None when nobody looked yet."""
    return session.scalars(sa.select(Verification).order_by(Verification.id.desc()).limit(1)).first()
