"""The books as tests look at them: whether they are whole, and how a stranger's hand gets into them."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.ledger import verify
from portal.domain.price_protection import proving

KEY = b"k" * 32  # of the seals


def whole(session: Session) -> None:
    """Verify and prove what is committed, as somebody who has seen nothing of it before."""
    session.rollback()
    with Session(session.get_bind()) as looking:
        verify.verify(looking, KEY)
        proving.prove(looking)


def without_guards(session: Session) -> None:
    """As somebody with the database's own password could."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SET session_replication_role = replica"))
        return
    session.execute(sa.text("PRAGMA foreign_keys = OFF"))
    for name in session.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
        session.execute(sa.text(f"DROP TRIGGER {name}"))
