"""What a case is called on the fund's pages and papers: its number, and nothing else of it (§4.11)."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.price_protection.violations.models import Case


def case_names(session: Session, parts: Collection[str]) -> dict[str, str]:
    """The numbers of cases, by the parts of accounts that name them; the part itself for what has no number."""
    ids = {part: int(part[1:]) for part in parts if part[1:].isdigit()}
    rows = session.execute(sa.select(Case.id, Case.number).where(Case.id.in_(ids.values())))
    numbers = {row.id: row.number for row in rows} if ids else {}
    return {part: numbers.get(ids.get(part, 0)) or part for part in parts}
