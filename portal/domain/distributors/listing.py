"""The register as a list: its rows, what it is narrowed and sorted by, what there is to choose from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import china_day
from portal.domain.access.queries import regions_visible_to
from portal.domain.access.roles import Permission
from portal.domain.distributors import duplicates, holes, search
from portal.domain.distributors.facts import code_key
from portal.domain.distributors.models import Distributor, DistributorPhone, Level
from portal.domain.distributors.queries import Columns, DistributorFilter, Expected, narrowed, tested
from portal.domain.regions.models import Region
from portal.domain.text import clean, half_width
from portal.domain.users.models import User

HOLES, NEAR_SAME = "holes", "near_same"
HINTS = {HOLES: holes.lacks_what_an_agreement_needs, NEAR_SAME: duplicates.has_open_flag}

SORTS: dict[str, Any] = {
    "code": Distributor.code_key,
    "name": Distributor.name,
    # Down the chain of supply, not by the word.
    "level": sa.case({level.value: place for place, level in enumerate(Level)}, value=Distributor.level),
    "office": sa.select(Region.path)
    .where(Region.id == Distributor.region_id)
    .correlate(Distributor)
    .scalar_subquery(),
    "owner": sa.select(User.name)
    .where(User.id == Distributor.owner_id)
    .correlate(Distributor)
    .scalar_subquery(),
    "standing": Distributor.standing,
    "city": Distributor.city,
    "updated": Distributor.updated_at,
}


@dataclass(frozen=True)
class Office:
    """An office whose records somebody sees; `depth` counts from the highest of them."""

    id: int
    name: str
    path: str
    depth: int


@dataclass(frozen=True)
class Reach:
    """The offices whose records somebody sees, in the order of the tree; asked once for a whole page."""

    offices: tuple[Office, ...]
    is_everything: bool

    @property
    def key(self) -> tuple[int, ...] | None:
        """What tells one reach from another."""
        return None if self.is_everything else tuple(office.id for office in self.offices)

    def below(self, region_id: int) -> tuple[int, ...]:
        """Ids of this office and those below it, as far as they are seen."""
        path = next((office.path for office in self.offices if office.id == region_id), None)
        return tuple(office.id for office in self.offices if path and office.path.startswith(path))


def reach(session: Session, user: User) -> Reach:
    """Which offices' records `user` sees."""
    statement = regions_visible_to(user, Permission.DISTRIBUTORS_READ, _OFFICE)
    found = session.connection().execute(statement).all()
    depths = [row.path.count("/") for row in found]
    top = min(depths, default=0)
    offices = tuple(
        Office(row.id, row.name, row.path, depth - top) for row, depth in zip(found, depths, strict=True)
    )
    return Reach(offices, is_everything=any(row.parent_id is None for row in found))


def sees_everything(user: User, permission: Permission = Permission.DISTRIBUTORS_READ) -> bool:
    """Whether `user` sees the records of every office there is, as far as this permission shows them."""
    return any(grant.region.parent_id is None and grant.allows(permission) for grant in user.grants)


# The reach of whoever sees everything, where the offices themselves do not matter.
EVERYTHING = Reach((), is_everything=True)

_OFFICE = (Region.id, Region.name, Region.path, Region.parent_id)


def found(
    session: Session,
    reach: Reach,
    wanted: DistributorFilter,
    expected: Expected = Expected.SOME,
) -> Columns:
    """Ids of the distributors within reach that the filter lets through."""
    offices = reach.key if wanted.region_id is None else reach.below(wanted.region_id)
    key = session.get_bind().dialect.name, offices, replace(wanted, region_id=None), expected
    if key not in _STATEMENTS:
        if len(_STATEMENTS) > 500:
            _STATEMENTS.clear()
        _STATEMENTS[key] = _found(session, *key[1:])
    return _STATEMENTS[key]


def countable(
    session: Session, reach: Reach, wanted: DistributorFilter, expected: Expected = Expected.SOME
) -> sa.Select[int] | Columns:
    """A statement with as many rows as `found`: words alone, for who sees everything, are counted in the index."""
    if wanted.q.strip() and reach.key is None and wanted == DistributorFilter(q=wanted.q):
        key = session.get_bind().dialect.name, wanted.q
        if key not in _INDEXED:
            if len(_INDEXED) > 500:
                _INDEXED.clear()
            _INDEXED[key] = search.matching(session, wanted.q)
        indexed = _INDEXED[key]
        if indexed is not None:
            return indexed
    return found(session, reach, wanted, expected)


# Of so few distributors each is tested for the words that are looked for.
FEW = 500

# Statements, never their rows: making one anew, and all that SQLAlchemy finds out about it, costs as much as asking it.
_STATEMENTS: dict[tuple[str, tuple[int, ...] | None, DistributorFilter, Expected], Columns] = {}
_INDEXED: dict[tuple[str, str], sa.Select[int] | None] = {}


def _found(
    session: Session,
    offices: tuple[int, ...] | None,
    wanted: DistributorFilter,
    expected: Expected,
) -> Columns:
    statement = narrowed(session, sa.select(Distributor.id), wanted, expected)
    if offices is not None:
        statement = statement.where(tested(session, Distributor.region_id, expected).in_(offices))
    return statement.where(HINTS[wanted.hint]()) if wanted.hint in HINTS else statement


def _first_phone() -> sa.ScalarSelect[str]:
    return (
        sa.select(DistributorPhone.display)
        .where(DistributorPhone.distributor_id == Distributor.id)
        .order_by(DistributorPhone.no)
        .limit(1)
        .correlate(Distributor)
        .scalar_subquery()
    )


# What a row of the list shows; to be narrowed to the ids of one page, since it asks much of each row. Codes come as
# they are kept and the day as it is written: to make enums and instants of them takes a third of the fetching.
SHOWN: Columns = (
    sa.select(
        Distributor.id,
        Distributor.code,
        Distributor.name,
        sa.type_coerce(Distributor.level, sa.String).label("level"),
        sa.type_coerce(Distributor.standing, sa.String).label("standing"),
        Distributor.city,
        Region.name.label("office"),
        User.name.label("owner"),
        _first_phone().label("phone"),
        china_day(Distributor.updated_at).label("updated_on"),
        holes.lacks_what_an_agreement_needs().label("has_holes"),
        duplicates.shows_open_flag().label("is_flagged"),
        # What the default order goes along.
        Distributor.code_key.label("along_value"),
    )
    .join(Region, Region.id == Distributor.region_id)
    .join(User, User.id == Distributor.owner_id)
)


def owners(session: Session, reach: Reach) -> tuple[tuple[int, str], ...]:
    """(id, name) of the users who own a distributor within reach."""
    owned = sa.select(Distributor.id).where(Distributor.owner_id == User.id)
    if reach.key is not None:
        owned = owned.where(Distributor.region_id.in_(reach.key))
    statement = sa.select(User.id, User.name).where(owned.exists()).order_by(User.name, User.id)
    return tuple((row.id, row.name) for row in session.connection().execute(statement))


def reach_of_lists(session: Session, user: User) -> Reach:
    """The same as `reach` for lists of records: who sees everything need not be asked for the offices."""
    return EVERYTHING if sees_everything(user) else reach(session, user)


def likeliest(
    session: Session, reach: Reach, words: str, *, limit: int, is_many: bool
) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """The first of what the words find within reach, the likeliest in front.

    The code itself comes before what begins with it, then names that begin so or hold the words as they were
    typed, then all else. Of very many (`is_many`) all are as likely: they come in the order of their codes.
    """
    typed = clean(words)
    key = code_key(half_width(typed))
    is_meant = Distributor.code_key == key
    ids = found(session, reach, DistributorFilter(q=words), Expected.MANY if is_many else Expected.SOME)
    rank = sa.case(
        (is_meant, 0),
        (Distributor.code_key.startswith(key, autoescape=True), 1),
        (Distributor.short_name == typed, 2),
        (Distributor.name.startswith(typed, autoescape=True), 3),
        (Distributor.name.contains(typed, autoescape=True), 4),
        else_=5,
    )
    connection = session.connection()
    if is_many:
        meant = sa.select(Distributor.id).where(is_meant)
        if reach.key is not None:
            meant = meant.where(Distributor.region_id.in_(reach.key))
        first = connection.scalars(ids.order_by(Distributor.code_key).limit(limit)).all()
        wanted = Distributor.id.in_([*connection.scalars(meant), *first])
    else:
        wanted = Distributor.id.in_(ids)
    return connection.execute(
        sa.select(
            Distributor.id,
            Distributor.code,
            Distributor.name,
            Distributor.standing,
            Region.name.label("office"),
            User.name.label("owner"),
            is_meant.label("is_meant"),
        )
        .join(Region, Region.id == Distributor.region_id)
        .join(User, User.id == Distributor.owner_id)
        .where(wanted)
        .order_by(rank, Distributor.code_key)
        .limit(limit)
    ).all()
