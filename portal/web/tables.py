"""Lists: what is sorted by, which page, and how many rows there are; all of it stands in the address."""

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from flask import request, url_for
from sqlalchemy.orm import Session

from portal.web.cuts import Shown, Sorting, rows_of

PER_PAGE = 50
Choice = TypeVar("Choice", bound=StrEnum)
Found = TypeVar("Found")


@dataclass(frozen=True)
class Page:
    """One page of a list; `rows` are plain tuples with names, not records of the session."""

    rows: Sequence[Any]
    total: int
    number: int
    per_page: int
    sort: str
    is_descending: bool

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // self.per_page))

    @property
    def first(self) -> int:
        """The number of the first row shown, from 1; 0 when the list is empty."""
        return (self.number - 1) * self.per_page + 1 if self.total else 0

    @property
    def last(self) -> int:
        """The number of the last row shown."""
        return min(self.number * self.per_page, self.total)

    @property
    def numbers(self) -> list[int | None]:
        """The pages to offer: first, last and those around this one; None stands for a gap."""
        near = {1, self.pages, *range(self.number - 2, self.number + 3)}
        shown = sorted(number for number in near if 1 <= number <= self.pages)
        numbers: list[int | None] = []
        for number in shown:
            if numbers and number - (numbers[-1] or 0) == 2:
                numbers.append(number - 1)
            elif numbers and number - (numbers[-1] or 0) > 2:
                numbers.append(None)
            numbers.append(number)
        return numbers


def sorting(sorts: Mapping[str, Any], *, default: str, descending: bool = False) -> Sorting:
    """The `sort` and `dir` of the address, if the list knows them, else the list's own order."""
    key = request.args.get("sort", "")
    if key not in sorts:
        return Sorting(default, descending)
    return Sorting(key, request.args.get("dir") == "desc")


def count(session: Session, statement: sa.Select[Any]) -> int:
    """How many rows the statement gives; one that groups or is distinct is counted as it stands."""
    counting = _counting.get(statement)
    if counting is None:
        counting = _counting[statement] = _counting_of(statement)
    return session.scalar(counting) or 0


def _counting_of(statement: sa.Select[Any]) -> sa.Select[int]:
    bare = statement.order_by(None)
    if bare._group_by_clauses or bare._distinct:
        return sa.select(sa.func.count()).select_from(bare.subquery())
    return bare.with_only_columns(sa.func.count(), maintain_column_froms=True)


# Of statements that are kept the counting is kept as long: SQLAlchemy need not find out about it anew.
_counting: WeakKeyDictionary[sa.Select[Any], sa.Select[int]] = WeakKeyDictionary()

# Counting very many rows costs more than showing a page of them, and nobody sees whether it is 20,085 or 20,086:
# a count of at least so many is remembered for a moment, a smaller one is always counted afresh.
REMEMBERED_FROM = 2_000
REMEMBERED_SECONDS = 30
_remembered: dict[Hashable, tuple[float, Any]] = {}


def counted(session: Session, statement: Callable[[], sa.Select[Any]], *, key: Hashable) -> int:
    """How many rows the statement gives; a large count may be `REMEMBERED_SECONDS` old, and asks for no statement.

    `key` says all that the statement depends on: who asks, within which offices, for what.
    """
    return remembered(
        session, lambda: count(session, statement()), key=key, when=lambda total: total >= REMEMBERED_FROM
    )


def remembered(
    session: Session,
    find: Callable[[], Found],
    *,
    key: Hashable,
    when: Callable[[Found], bool] = lambda _found: True,
) -> Found:
    """What `find` gives, or gave at most `REMEMBERED_SECONDS` ago; kept only where `when` is true of it.

    `key` says all that the finding depends on.
    """
    key = (session.get_bind().engine, key)
    until, found = _remembered.get(key, (0.0, None))
    if time.monotonic() < until:
        return found  # type: ignore[no-any-return]
    found = find()
    if when(found):
        if len(_remembered) > 5_000:
            _remembered.clear()
        _remembered[key] = (time.monotonic() + REMEMBERED_SECONDS, found)
    return found


def page_of(
    session: Session,
    statement: sa.Select[Any],
    *,
    sorts: Mapping[str, Any],
    default: str,
    tie: Any,
    descending: bool = False,
    per_page: int = PER_PAGE,
    total: int | None = None,
    shown: Shown | None = None,
) -> Page:
    """The page that the address asks for (`sort`, `dir`, `page`); what it asks wrongly is passed over.

    Select columns, not entities: the rows are only shown, and tuples cost a third of what records do. What costs
    much for each row is given as `shown`: then `statement` selects ids only, and `shown` is asked for the ids of
    the page alone, which `tie` holds. A `total` that is known already is not counted again.
    """
    order = sorting(sorts, default=default, descending=descending)
    total = count(session, statement) if total is None else total
    here = min(max(number("page") or 1, 1), max(1, -(-total // per_page)))
    if shown is not None:
        rows = rows_of(session, statement, shown, order, sorts[order.key], tie, here=here, per_page=per_page)
    else:
        start = (here - 1) * per_page
        rows = session.execute(order.apply(statement, sorts, tie=tie).limit(per_page).offset(start)).all()
    return Page(rows, total, here, per_page, order.key, order.is_descending)


def row_address(endpoint: str) -> Callable[[int], str]:
    """The address of one row after another, by its id; built once, since building costs more than a whole cell."""
    before, after = url_for(endpoint, id=0).rsplit("0", 1)
    return lambda id: f"{before}{id}{after}"


def chosen(choices: type[Choice], name: str) -> Choice | None:
    """The code that the address gives under `name`, None when it is none of the choices."""
    try:
        return choices(request.args.get(name, ""))
    except ValueError:
        return None


def number(name: str) -> int | None:
    """The id that the address gives under `name`, None when it is no number."""
    return as_id(request.args.get(name, ""))


def ids(name: str = "id") -> list[int]:
    """Every id that the address or the form gives under `name`; what is no id is passed over."""
    return [id for text in request.values.getlist(name) if (id := as_id(text)) is not None]


def as_id(text: str) -> int | None:
    """A number that a database and a page's script both hold exactly; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
