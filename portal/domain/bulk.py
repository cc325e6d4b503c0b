"""Rows by the thousand, written as the driver takes them: one statement for all, a row is a plain tuple.

SQLAlchemy's own way over a row of thirty columns costs as much as writing the row. What stands here follows the
model all the same: its columns, its types, its defaults.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError

from portal.db import Base


def _iso(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no JSON: {value!r}")


_json = json.JSONEncoder(check_circular=False, ensure_ascii=False, default=_iso).encode


class _Bound(dict[Any, Any]):
    """Values as the driver takes them: a date, a moment, a code comes again and again."""

    def __init__(self, bind: Callable[[Any], Any]) -> None:
        self._bind = bind

    def __missing__(self, value: Any) -> Any:
        bound = self[value] = self._bind(value)
        return bound


class Bulk:
    """Inserts rows given as the values of `columns`, in this order; the model's defaults fill the others."""

    def __init__(self, dialect: Dialect, model: type[Base], columns: Sequence[str]) -> None:
        self.table = Base.metadata.tables[model.__tablename__]
        given = [self.table.c[name] for name in columns]
        rest = [column for column in self.table.columns if column.default is not None]
        self._rest = [column for column in rest if column.name not in columns]
        written = [*given, *self._rest]
        self._given = len(given)
        self._steps = [
            (place, _json if isinstance(column.type, sa.JSON) else process)
            for place, column in enumerate(written)
            if (process := column.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        ]
        name_of = dialect.identifier_preparer
        into = f"{name_of.format_table(self.table)} ({', '.join(map(name_of.format_column, written))})"
        self._copies = dialect.name == "postgresql"
        marks = ", ".join("?" * len(written))
        insertion = f"INSERT INTO {into} VALUES ({marks})"  # noqa: S608
        self._statement = f"COPY {into} FROM STDIN" if self._copies else insertion

    def ids(self, connection: Connection, count: int) -> Sequence[int]:
        """So many ids that nobody else gets, in order; on SQLite the transaction already holds the table."""
        if self._copies:
            sequence = sa.func.pg_get_serial_sequence(self.table.name, "id")
            wanted = sa.func.generate_series(1, count).table_valued("value")
            rows = connection.scalars(sa.select(sa.func.nextval(sequence)).select_from(wanted))
            return sorted(rows)
        last = connection.execute(sa.select(sa.func.coalesce(sa.func.max(self.table.c.id), 0))).scalar_one()
        return range(last + 1, last + 1 + count)

    def insert(self, connection: Connection, rows: Iterable[Sequence[Any]]) -> None:
        """Insert the rows; raises what SQLAlchemy would raise."""
        self.write(connection, self.prepare(rows))

    def prepare(self, rows: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
        """The rows as `write` wants them; the database is not asked."""
        given = self._given
        rest = [_default(column) for column in self._rest]
        for place, process in self._steps:
            if place >= given:
                rest[place - given] = process(rest[place - given])
        steps: list[tuple[int, Callable[[Any], Any]]] = [
            (place, process if process is _json else _Bound(process).__getitem__)
            for place, process in self._steps
            if place < given
        ]
        prepared = []
        for row in rows:
            values = [*row, *rest]
            for place, bind in steps:
                values[place] = bind(values[place])
            prepared.append(tuple(values))
        return prepared

    def write(self, connection: Connection, prepared: Sequence[tuple[Any, ...]]) -> None:
        """Insert what `prepare` gave; raises what SQLAlchemy would raise."""
        if not prepared:
            return
        if not self._copies:
            connection.exec_driver_sql(self._statement, prepared)
            return
        dialect = connection.dialect
        try:
            cursor: Any = connection.connection.cursor()
            with cursor, cursor.copy(self._statement) as copy:
                for line in prepared:
                    copy.write_row(line)
        except dialect.loaded_dbapi.Error as error:
            raise DBAPIError.instance(
                self._statement, None, error, dialect.loaded_dbapi.Error, dialect=dialect
            ) from error


def _default(column: sa.Column[Any]) -> Any:
    """What a column holds that nobody named; the moment is one for all rows."""
    default: Any = column.default
    return default.arg(None) if default.is_callable else default.arg
