"""Reading the register, always within the regions of whoever asks."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from portal.domain.access.queries import visible, within
from portal.domain.access.roles import Permission
from portal.domain.distributors import search
from portal.domain.distributors.models import Distributor, Grade, Level, Standing
from portal.domain.users.models import User

# A statement of as many columns as it happens to have.
Columns: TypeAlias = sa.Select[*tuple[Any, ...]]


def distributors_visible_to(
    user: User, permission: Permission = Permission.DISTRIBUTORS_READ
) -> sa.Select[Distributor]:
    """Every distributor of the regions in which `user` has the permission."""
    return sa.select(Distributor).where(Distributor.region_id.in_(visible(user, permission)))


# What a filter calls those that have no grade yet.
UNGRADED = "none"


def has_grade(wanted: str) -> sa.ColumnElement[bool]:
    """Whether a distributor has this grade, a value of Grade; or none, by UNGRADED."""
    return Distributor.grade.is_(None) if wanted == UNGRADED else Distributor.grade == Grade(wanted)


@dataclass(frozen=True)
class DistributorFilter:
    """What a list is narrowed to; an empty field narrows nothing."""

    q: str = ""
    region_id: int | None = None
    level: Level | None = None
    grade: str = ""  # a value of Grade, or UNGRADED
    standing: Standing | None = None
    owner_id: int | None = None
    hint: str = ""  # one of listing.HINTS


class Expected(Enum):
    """How many records a statement is likely to find: it changes the way they are looked for, never the result."""

    SOME = 0  # collected by an index, then put in order
    MANY = 1  # gone through in the order of the list until a page is full
    FROM_FEW = 2  # so few are within reach at all that each of them is tested


def narrowed(
    session: Session,
    statement: Columns,
    wanted: DistributorFilter,
    expected: Expected = Expected.SOME,
) -> Columns:
    """The statement with the filter's conditions; a region stands for its whole subtree."""
    if wanted.q.strip():
        found = search.matching(session, wanted.q)
        if found is None:
            statement = statement.where(sa.false())
        elif expected is not Expected.SOME:
            statement = statement.where(search.matches(session, wanted.q, by_turns=expected is Expected.MANY))
        else:
            statement = statement.where(Distributor.id.in_(found))
    if wanted.region_id is not None:
        statement = statement.where(Distributor.region_id.in_(within(wanted.region_id)))
    if wanted.level is not None:
        statement = statement.where(Distributor.level == wanted.level)
    if wanted.grade:
        statement = statement.where(has_grade(wanted.grade))
    if wanted.standing is not None:
        statement = statement.where(tested(session, Distributor.standing, expected) == wanted.standing)
    if wanted.owner_id is not None:
        statement = statement.where(tested(session, Distributor.owner_id, expected) == wanted.owner_id)
    return statement


def tested(session: Session, column: InstrumentedAttribute[Any], expected: Expected) -> sa.ColumnElement[Any]:
    """The column; when many rows are expected, in a form that SQLite only tests and does not look up by an index.

    Having found so many rows by an index it would sort them all; PostgreSQL weighs that by itself.
    """
    if expected is not Expected.MANY or session.get_bind().dialect.name != "sqlite":
        return column.expression
    return sa.type_coerce(sa.literal_column(f"+{column.expression}"), column.type)
