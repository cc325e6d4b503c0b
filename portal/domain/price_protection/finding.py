"""Finding rows by what was typed: a part of a number of theirs, or whatever finds their distributor."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.distributors import search
from portal.domain.text import half_width


def like(column: Any, words: str) -> sa.ColumnElement[bool]:
    """Whether a column contains what was typed, in whatever width and case."""
    typed = half_width(words).strip().upper()
    part = typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    found: sa.ColumnElement[bool] = sa.func.upper(column).like(f"%{part}%", escape="\\")
    return found


def matching(session: Session, words: str, *columns: Any) -> sa.ColumnElement[bool]:
    """Whether one of these columns contains it, or it finds the distributor, to which the rows are joined."""
    found = [like(column, words) for column in columns]
    if search.matching(session, words) is not None:
        found.append(search.matches(session, words, by_turns=False))
    return sa.or_(*found)
