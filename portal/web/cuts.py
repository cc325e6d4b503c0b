"""Long lists cut into pages: ids first, along an index; what costs much is asked of the rows of one page only."""

import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

_MARKED_SECONDS = 30
_LISTS_MOST = 1_000


@dataclass(frozen=True)
class Sorting:
    """What a list is sorted by."""

    key: str
    is_descending: bool

    def apply(self, statement: sa.Select[Any], sorts: Mapping[str, Any], *, tie: Any) -> sa.Select[Any]:
        """The statement in this order; equals stay in the order of `tie`, unknown values come last."""
        column = sorts[self.key]
        ordered = column.desc() if self.is_descending else column.asc()
        # Where nothing can be unknown it is not said: SQLite sorts by no index that has to turn NULLs round.
        if getattr(column, "nullable", True):
            ordered = ordered.nulls_last()
        return statement.order_by(None).order_by(ordered, tie)


@dataclass(frozen=True)
class Shown:
    """What a list shows of the ids of one page, and how the ids are found.

    `gathered`: they are few but scattered through the order, so they are all found first and put in order then.
    `key` says all that the list depends on. Where it is given, and the list is in the order of `along`, a page
    begins where the one before it was seen to end a moment ago, and what stands before is not gone through again:
    rows that came or went meanwhile move no row to a page that somebody has passed. `along` names a sort whose
    values all differ and are all known; the rows hold them as `along_value`.
    """

    rows: sa.Select[Any]
    gathered: bool = False
    key: Hashable = None
    along: str = ""


# By list and order: until when, and by the number of a page the last value before it.
_ends: dict[Hashable, tuple[float, dict[int, Any]]] = {}


def rows_of(
    session: Session,
    statement: sa.Select[Any],
    shown: Shown,
    order: Sorting,
    column: Any,
    tie: Any,
    *,
    here: int,
    per_page: int,
) -> Sequence[Any]:
    """The rows of page `here` of the ids that the statement selects; `tie` is the column that holds the ids."""
    # A connection's rows: that a session's might hold records takes a third of such a short statement's time.
    connection = session.connection()
    ends = _ends_of(connection.engine, shown, order)
    known = max((page for page in ends if page <= here), default=1)
    is_after = known in ends
    before = (here - known) * per_page
    cut = _cut(statement, order, column, tie, shown.gathered, is_after, per_page, before > 0)
    place = {}
    if before:
        place["portal_before"] = before
    if is_after:
        place["portal_after"] = ends[known]
    if connection.dialect.name == "postgresql":
        # PostgreSQL plans a statement with OFFSET anew each time, which takes it longer than finding the rows: only
        # the short one has it, and only where it skips something.
        ids = connection.scalars(cut, place).all()
        rows = connection.execute(_of_these(shown.rows, order, column, tie), {"portal_ids": ids}).all()
    else:
        rows = connection.execute(_of_page(cut, shown.rows, order, column, tie), place).all()
    if len(rows) == per_page and shown.key is not None and shown.along == order.key:
        ends[here + 1] = rows[-1].along_value
    return rows


def _ends_of(engine: sa.Engine, shown: Shown, order: Sorting) -> dict[int, Any]:
    if shown.key is None or shown.along != order.key:
        return {}
    key = engine, shown.key, order
    until, ends = _ends.get(key, (0.0, {}))
    if time.monotonic() >= until:
        if len(_ends) >= _LISTS_MOST:
            _ends.clear()
        ends = {}
        _ends[key] = time.monotonic() + _MARKED_SECONDS, ends
    return ends


# Statements, never their rows: making one anew, and all that SQLAlchemy finds out about it, costs as much as asking it.
@lru_cache(maxsize=256)
def _cut(
    statement: sa.Select[Any],
    order: Sorting,
    column: Any,
    tie: Any,
    gathered: bool,
    is_after: bool,
    per_page: int,
    skips: bool,
) -> sa.Select[Any]:
    """The statement in this order, cut to a page."""
    if is_after:
        after = sa.bindparam("portal_after", type_=column.type)
        statement = statement.where(column < after if order.is_descending else column > after)
    if gathered:
        # OFFSET 0 keeps both databases from looking for them one by one along the index of the order.
        few = statement.add_columns(column.label("place")).offset(0).subquery()
        cut = order.apply(sa.select(few.c[0]), {order.key: few.c.place}, tie=few.c[0])
    else:
        cut = order.apply(statement, {order.key: column}, tie=tie)
    # A number in the statement, not a value beside it: how few rows are wanted belongs to the plan.
    cut = cut.limit(sa.literal_column(str(per_page), sa.Integer))
    return cut.offset(sa.bindparam("portal_before", type_=sa.Integer)) if skips else cut


@lru_cache(maxsize=256)
def _of_page(
    cut: sa.Select[Any], shown: sa.Select[Any], order: Sorting, column: Any, tie: Any
) -> sa.Select[Any]:
    """What is shown of the page that the statement cuts, in its order."""
    here = cut.subquery("here")
    return order.apply(shown.join(here, here.c[0] == tie), {order.key: column}, tie=tie)


@lru_cache(maxsize=64)
def _of_these(shown: sa.Select[Any], order: Sorting, column: Any, tie: Any) -> sa.Select[Any]:
    """What is shown of the ids of one page, in its order."""
    ids = sa.bindparam("portal_ids", type_=ARRAY(sa.BigInteger))
    return order.apply(shown.where(tie == sa.any_(ids)), {order.key: column}, tie=tie)
