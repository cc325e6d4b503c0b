"""Naming distributors of other offices: code, name and office, nothing else (D1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission
from portal.domain.distributors import search
from portal.domain.distributors.facts import code_key
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.regions.models import Region
from portal.domain.text import clean, half_width
from portal.domain.users.models import User


@dataclass(frozen=True, slots=True)
class Mention:
    """What anybody who reads the register may know of any distributor; `is_open` when they may open it."""

    id: int
    code: str
    name: str
    office: str
    is_open: bool

    def __str__(self) -> str:
        """Code and name, as one types a supplier."""
        return f"{self.code} {self.name}"


# What `read_rows` reads of a statement on distributors joined with their regions.
MENTIONED = (Distributor.id, Distributor.code, Distributor.name, Region.name.label("office"), Region.path)


def read(
    session: Session, actor: User | None, statement: sa.Select[int, str, str, str, str]
) -> list[Mention]:
    """The mentions that a statement on `mentioned()` gives, in its order."""
    return read_rows(actor, session.execute(statement))


def read_rows(actor: User | None, rows: Iterable[sa.Row[*tuple[Any, ...]]]) -> list[Mention]:
    """The same of rows that are read already; further columns are passed over."""
    paths = actor.paths(Permission.DISTRIBUTORS_READ) if actor else []
    return [
        Mention(row.id, row.code, row.name, row.office, any(row.path.startswith(path) for path in paths))
        for row in rows
    ]


def mentioned() -> sa.Select[int, str, str, str, str]:
    """What `read` reads; narrow and order it."""
    return sa.select(*MENTIONED).join(Region, Region.id == Distributor.region_id)


def mentions(session: Session, actor: User | None, ids: Iterable[int]) -> dict[int, Mention]:
    """The mentions of these distributors by id, whichever office they belong to."""
    wanted = set(ids)
    if not wanted:
        return {}
    found = read(session, actor, mentioned().where(Distributor.id.in_(wanted)))
    return {mention.id: mention for mention in found}


def choose(session: Session, actor: User, query: str, *, limit: int = 12) -> list[Mention]:
    """Distributors to choose from while somebody types: own offices' by anything, others' by code or name.

    A stranger's telephone or credit code would tell whose it is, so they are not searched.
    """
    wanted = half_width(clean(query))
    matching = search.matching(session, wanted)
    if matching is None:
        return []
    own = sa.or_(
        *(Region.path.startswith(path) for path in actor.paths(Permission.DISTRIBUTORS_READ)), sa.false()
    )
    named = sa.or_(
        Distributor.code_key.startswith(code_key(wanted), autoescape=True),
        Distributor.name.contains(wanted, autoescape=True),
    )
    statement = (
        mentioned()
        .where(sa.or_(sa.and_(own, Distributor.id.in_(matching)), named))
        .order_by(sa.case((own, 0), else_=1), Distributor.code_key)
        .limit(limit)
    )
    return read(session, actor, statement)


def resolve(session: Session, typed: str, *, field: str | None = None) -> Distributor | None:
    """The one distributor meant by a code, a name, or both with a blank between; None for nothing typed.

    Raises DomainError when there is none, or when several bear the name.
    """
    wanted = clean(typed)
    if not wanted:
        return None
    first = half_width(wanted).split()[0]
    keys = [code_key(half_width(wanted)), code_key(first)]
    by_code = {row.code_key: row for row in session.scalars(_any(Distributor.code_key.in_(keys)))}
    for key in keys:
        if key in by_code:
            return by_code[key]
    named = session.scalars(_any(sa.or_(Distributor.name == wanted, Distributor.short_name == wanted))).all()
    if len(named) == 1:
        return named[0]
    if named:
        raise DomainError(
            N_("Several distributors are named %(name)s: %(codes)s. Give the code."),
            field=field,
            name=wanted,
            codes="、".join(row.code for row in named[:5]),
        )
    raise DomainError(
        N_("There is no distributor with the code or name %(typed)s."), field=field, typed=wanted
    )


def _any(condition: sa.ColumnElement[bool]) -> sa.Select[Distributor]:
    return sa.select(Distributor).where(condition).order_by(Distributor.code_key).limit(6)
