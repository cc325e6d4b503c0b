"""Lists: what is sorted by, which page, and how many rows there are; all of it stands in the address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import request
from sqlalchemy.orm import Session

PER_PAGE = 50
Choice = TypeVar("Choice", bound=StrEnum)


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


@dataclass(frozen=True)
class Sorting:
    """What a list is sorted by."""

    key: str
    is_descending: bool

    def apply(self, statement: sa.Select[Any], sorts: Mapping[str, Any], *, tie: Any) -> sa.Select[Any]:
        """The statement in this order; equals stay in the order of `tie`, unknown values come last."""
        column = sorts[self.key]
        ordered = column.desc() if self.is_descending else column.asc()
        return statement.order_by(None).order_by(ordered.nulls_last(), tie)


def sorting(sorts: Mapping[str, Any], *, default: str, descending: bool = False) -> Sorting:
    """The `sort` and `dir` of the address, if the list knows them, else the list's own order."""
    key = request.args.get("sort", "")
    if key not in sorts:
        return Sorting(default, descending)
    return Sorting(key, request.args.get("dir") == "desc")


def count(session: Session, statement: sa.Select[Any]) -> int:
    """How many rows the statement gives; one that groups or is distinct is counted as it stands."""
    bare = statement.order_by(None)
    if bare._group_by_clauses or bare._distinct:
        return session.scalar(sa.select(sa.func.count()).select_from(bare.subquery())) or 0
    return session.scalar(bare.with_only_columns(sa.func.count(), maintain_column_froms=True)) or 0


def page_of(
    session: Session,
    statement: sa.Select[Any],
    *,
    sorts: Mapping[str, Any],
    default: str,
    tie: Any,
    descending: bool = False,
    per_page: int = PER_PAGE,
) -> Page:
    """The page that the address asks for (`sort`, `dir`, `page`); what it asks wrongly is passed over.

    Select columns, not entities: the rows are only shown, and tuples cost a third of what records do.
    """
    order = sorting(sorts, default=default, descending=descending)
    total = count(session, statement)
    here = min(max(number("page") or 1, 1), max(1, -(-total // per_page)))
    rows = session.execute(
        order.apply(statement, sorts, tie=tie).limit(per_page).offset((here - 1) * per_page)
    ).all()
    return Page(rows, total, here, per_page, order.key, order.is_descending)


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
