"""Numbers of papers: one series a year, no number twice (P1b)."""

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.numbering.models import NumberSequence


def next_number(session: Session, series: str) -> int:
    """The next number of a series, from 1; two transactions never get the same one, a rollback gives it back."""
    table = NumberSequence.__table__
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    # One statement that takes the row's lock, so that a first use of the series needs no second try.
    statement = (
        insert(NumberSequence)
        .values(series=series, last=1)
        .on_conflict_do_update(index_elements=[table.c.series], set_={"last": table.c.last + 1})
        .returning(table.c.last)
    )
    return int(session.scalars(statement).one())


def agreement_number(session: Session) -> str:
    """A number for a new agreement: PPA, the year in China, six digits."""
    year = today().year
    return f"PPA-{year}-{next_number(session, f'PPA-{year}'):06d}"
