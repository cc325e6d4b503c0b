"""Long lists cut into pages: ids first, along an index; what costs much is asked of the rows of one page only."""

import json
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

_SEEN_SECONDS = 30
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
    values all differ and are all known; the rows hold them as `along_value`. With `keeps_ids` a page also shows the
    ids that it was seen to hold a moment ago, with what they say now: for words that so many hold that testing one
    row after another for them costs more than the rest of the page.
    """

    rows: sa.Select[Any]
    gathered: bool = False
    key: Hashable = None
    along: str = ""
    keeps_ids: bool = False


@dataclass
class _Seen:
    """What was seen of a list in its order: by a page's number the last value before it, and the ids on it."""

    until: float
    ends: dict[int, Any] = field(default_factory=dict)
    ids: dict[int, Sequence[int]] = field(default_factory=dict)


# By list and order.
_seen: dict[Hashable, _Seen] = {}


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
    seen = _seen_of(connection.engine, shown, order)
    if here in seen.ids:
        return _rows_of_ids(connection, seen.ids[here], shown, order, column, tie)
    known = max((page for page in seen.ends if page <= here), default=1)
    is_after = known in seen.ends
    before = (here - known) * per_page
    cut = _cut(statement, order, column, tie, shown.gathered, is_after, per_page, before > 0)
    place = {}
    if before:
        place["portal_before"] = before
    if is_after:
        place["portal_after"] = seen.ends[known]
    if connection.dialect.name == "postgresql":
        # PostgreSQL plans a statement with OFFSET anew each time, which takes it longer than finding the rows: only
        # the short one has it, and only where it skips something.
        ids = connection.scalars(cut, place).all()
        rows = _rows_of_ids(connection, ids, shown, order, column, tie)
    else:
        rows = connection.execute(_of_page(cut, shown.rows, order, column, tie), place).all()
    if len(rows) == per_page and shown.key is not None and shown.along == order.key:
        seen.ends[here + 1] = rows[-1].along_value
        if shown.keeps_ids:
            seen.ids[here] = [row.id for row in rows]
    return rows


def _rows_of_ids(
    connection: sa.Connection, ids: Sequence[int], shown: Shown, order: Sorting, column: Any, tie: Any
) -> Sequence[Any]:
    if connection.dialect.name == "postgresql":
        return connection.execute(_of_array(shown.rows, order, column, tie), {"portal_ids": ids}).all()
    return connection.execute(_of_json(shown.rows, order, column, tie), {"portal_ids": json.dumps(ids)}).all()


def _seen_of(engine: sa.Engine, shown: Shown, order: Sorting) -> _Seen:
    if shown.key is None or shown.along != order.key:
        return _Seen(0.0)
    key = engine, shown.key, order
    seen = _seen.get(key)
    if seen is None or time.monotonic() >= seen.until:
        if len(_seen) >= _LISTS_MOST:
            _seen.clear()
        seen = _seen[key] = _Seen(time.monotonic() + _SEEN_SECONDS)
    return seen


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
def _of_array(shown: sa.Select[Any], order: Sorting, column: Any, tie: Any) -> sa.Select[Any]:
    """What is shown of the ids of one page, in its order; for PostgreSQL."""
    ids = sa.bindparam("portal_ids", type_=ARRAY(sa.BigInteger))
    return order.apply(shown.where(tie == sa.any_(ids)), {order.key: column}, tie=tie)


@lru_cache(maxsize=64)
def _of_json(shown: sa.Select[Any], order: Sorting, column: Any, tie: Any) -> sa.Select[Any]:
    """The same for SQLite."""
    ids = sa.func.json_each(sa.bindparam("portal_ids", type_=sa.Text)).table_valued("value")
    return order.apply(shown.where(tie.in_(sa.select(ids.c.value))), {order.key: column}, tie=tie)
