"""The register as a list: its rows, what it is narrowed and sorted by, what there is to choose from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.access.queries import regions_visible_to, visible
from portal.domain.access.roles import Permission
from portal.domain.distributors import duplicates, holes, search
from portal.domain.distributors.facts import code_key
from portal.domain.distributors.models import Contact, Distributor, DistributorPhone, Level, Territory
from portal.domain.distributors.queries import Columns, DistributorFilter, narrowed, tested
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


def sees_everything(user: User) -> bool:
    """Whether `user` sees the records of every office there is."""
    return any(
        grant.region.parent_id is None and grant.allows(Permission.DISTRIBUTORS_READ) for grant in user.grants
    )


# The reach of whoever sees everything, where the offices themselves do not matter.
EVERYTHING = Reach((), is_everything=True)

_OFFICE = (Region.id, Region.name, Region.path, Region.parent_id)


def found(
    session: Session,
    reach: Reach,
    wanted: DistributorFilter,
    *,
    is_many: bool = False,
    among_few: bool = False,
) -> Columns:
    """Ids of the distributors within reach that the filter lets through.

    `is_many`: they are expected to be so many that going through the register in the order of the list and
    stopping after a page is quicker than collecting them. `among_few`: so few are within reach at all that testing
    each is quicker than asking the index for all that hold the words. Both change the way, never the result.
    """
    offices = reach.key if wanted.region_id is None else reach.below(wanted.region_id)
    key = session.get_bind().dialect.name, offices, replace(wanted, region_id=None), is_many, among_few
    if key not in _STATEMENTS:
        if len(_STATEMENTS) > 500:
            _STATEMENTS.clear()
        _STATEMENTS[key] = _found(session, *key[1:])
    return _STATEMENTS[key]


def countable(
    session: Session, reach: Reach, wanted: DistributorFilter, *, among_few: bool = False
) -> sa.Select[int] | Columns:
    """A statement with as many rows as `found`: words alone, for who sees everything, are counted in the index."""
    if wanted.q.strip() and reach.key is None and wanted == DistributorFilter(q=wanted.q) and not among_few:
        indexed = search.matching(session, wanted.q)
        if indexed is not None:
            return indexed
    return found(session, reach, wanted, among_few=among_few)


# Of so few distributors each is tested for the words that are looked for.
FEW = 500

# Statements, never their rows: making one anew, and all that SQLAlchemy finds out about it, costs as much as asking it.
_STATEMENTS: dict[tuple[str, tuple[int, ...] | None, DistributorFilter, bool, bool], Columns] = {}


def _found(
    session: Session,
    offices: tuple[int, ...] | None,
    wanted: DistributorFilter,
    is_many: bool,
    among_few: bool,
) -> Columns:
    statement = narrowed(session, sa.select(Distributor.id), wanted, is_many=is_many, among_few=among_few)
    if offices is not None:
        statement = statement.where(tested(session, Distributor.region_id, is_many).in_(offices))
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


# What a row of the list shows; to be narrowed to the ids of one page, since it asks much of each row.
SHOWN: Columns = (
    sa.select(
        Distributor.id,
        Distributor.code,
        Distributor.name,
        Distributor.level,
        Distributor.standing,
        Distributor.city,
        Region.name.label("office"),
        User.name.label("owner"),
        _first_phone().label("phone"),
        Distributor.updated_at,
        holes.lacks_what_an_agreement_needs().label("has_holes"),
        duplicates.has_open_flag().label("is_flagged"),
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


def _of(user: User) -> sa.ColumnElement[bool]:
    return Distributor.region_id.in_(visible(user, Permission.DISTRIBUTORS_READ))


def _wanted(session: Session, statement: Columns, wanted: DistributorFilter) -> Columns:
    statement = narrowed(session, statement, wanted)
    return statement.where(HINTS[wanted.hint]()) if wanted.hint in HINTS else statement


# What the Excel file holds of a distributor beside its own columns.
_Supplier = aliased(Distributor)
EXPORTED = (
    "code",
    "name",
    "short_name",
    "name_en",
    "uscc",
    "legal_rep",
    "level",
    "channel",
    "standing",
    "region_id",
    "territory_id",
    "owner_id",
    "parent_id",
    "phones",
    "contact",
    "province",
    "city",
    "address",
    "email",
    "founded_on",
    "staff",
    "vehicles",
    "outlets",
    "brands",
    "bank_account_name",
    "bank_name",
    "bank_account",
    "credit_days",
    "credit_limit_fen",
    "deposit_fen",
    "invoice_title",
    "invoice_address_phone",
    "invoice_bank",
    "note",
)


def exported(
    session: Session, user: User, wanted: DistributorFilter, ids: Iterable[int] = ()
) -> list[dict[str, Any]]:
    """The facts of the same distributors by `EXPORTED`, by their codes; only `ids` when given."""
    statement = (
        sa.select(
            Distributor.id,
            *(getattr(Distributor, name) for name in EXPORTED if name in Distributor.__table__.columns),
            Region.name.label("office"),
            Territory.name.label("territory"),
            User.name.label("owner"),
            _Supplier.code.label("supplier"),
        )
        .join(Region, Region.id == Distributor.region_id)
        .join(User, User.id == Distributor.owner_id)
        .outerjoin(Territory, Territory.id == Distributor.territory_id)
        .outerjoin(_Supplier, _Supplier.id == Distributor.parent_id)
        .where(_of(user))
        .order_by(Distributor.code_key)
    )
    chosen = list(ids)
    if chosen:
        statement = statement.where(Distributor.id.in_(chosen))
    statement = _wanted(session, statement, wanted)
    found = [dict(row._mapping) for row in session.execute(statement)]
    phones = _phones(session, statement)
    people = _people(session, statement)
    return [
        row
        | {
            "region_id": row["office"],
            "territory_id": row["territory"],
            "owner_id": row["owner"],
            "parent_id": row["supplier"],
            "phones": "；".join(phones.get(row["id"], [])),
            "contact": people.get(row["id"], ""),
        }
        for row in found
    ]


def _ids_of(statement: Columns) -> sa.Select[int]:
    return statement.order_by(None).with_only_columns(Distributor.id, maintain_column_froms=True)


def _phones(session: Session, statement: Columns) -> dict[int, list[str]]:
    numbers: dict[int, list[str]] = {}
    for row in session.execute(
        sa.select(DistributorPhone.distributor_id, DistributorPhone.display, DistributorPhone.label)
        .where(DistributorPhone.distributor_id.in_(_ids_of(statement)))
        .order_by(DistributorPhone.distributor_id, DistributorPhone.no)
    ):
        shown = f"{row.display}（{row.label}）" if row.label else row.display
        numbers.setdefault(row.distributor_id, []).append(shown)
    return numbers


def _people(session: Session, statement: Columns) -> dict[int, str]:
    """The name of each one's primary contact."""
    names: dict[int, str] = {}
    for row in session.execute(
        sa.select(Contact.distributor_id, Contact.name)
        .where(Contact.distributor_id.in_(_ids_of(statement)), Contact.ended_at.is_(None))
        .order_by(Contact.distributor_id, Contact.is_primary.desc(), Contact.id)
    ):
        names.setdefault(row.distributor_id, row.name)
    return names


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
    ids = found(session, reach, DistributorFilter(q=words), is_many=is_many)
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
