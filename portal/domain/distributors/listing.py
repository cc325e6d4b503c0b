"""The register as a list: its rows, what it is narrowed and sorted by, what there is to choose from."""

from collections.abc import Iterable
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.access.queries import regions_visible_to, visible
from portal.domain.access.roles import Permission
from portal.domain.distributors import duplicates, holes, search
from portal.domain.distributors.facts import code_key
from portal.domain.distributors.models import Contact, Distributor, DistributorPhone, Level, Territory
from portal.domain.distributors.queries import DistributorFilter, narrowed
from portal.domain.regions.models import Region
from portal.domain.text import clean, half_width
from portal.domain.users.models import User

# A statement of as many columns as it happens to have.
Columns: TypeAlias = sa.Select[*tuple[Any, ...]]

HOLES, NEAR_SAME = "holes", "near_same"
HINTS = {HOLES: holes.lacks_what_an_agreement_needs, NEAR_SAME: duplicates.has_open_flag}

SORTS: dict[str, Any] = {
    "code": Distributor.code_key,
    "name": Distributor.name,
    # Down the chain of supply, not by the word.
    "level": sa.case({level.value: place for place, level in enumerate(Level)}, value=Distributor.level),
    "office": Region.path,
    "owner": User.name,
    "standing": Distributor.standing,
    "city": Distributor.city,
    "updated": Distributor.updated_at,
}


def _of(user: User) -> sa.ColumnElement[bool]:
    return Distributor.region_id.in_(visible(user, Permission.DISTRIBUTORS_READ))


def _wanted(session: Session, statement: Columns, wanted: DistributorFilter) -> Columns:
    statement = narrowed(session, statement, wanted)
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


def rows(session: Session, user: User, wanted: DistributorFilter) -> Columns:
    """What the list shows of every distributor that `user` sees and the filter lets through."""
    statement = (
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
        )
        .join(Region, Region.id == Distributor.region_id)
        .join(User, User.id == Distributor.owner_id)
        .where(_of(user))
    )
    return _wanted(session, statement, wanted)


def total(session: Session, user: User) -> int:
    """How many distributors `user` sees."""
    return session.scalar(sa.select(sa.func.count()).select_from(Distributor).where(_of(user))) or 0


def offices(session: Session, user: User) -> list[tuple[int, str, int]]:
    """(id, name, depth) of the offices whose records `user` sees, in the order of the tree."""
    found = list(session.scalars(regions_visible_to(user, Permission.DISTRIBUTORS_READ)))
    top = min((region.depth for region in found), default=0)
    return [(region.id, region.name, region.depth - top) for region in found]


def owners(session: Session, user: User) -> list[tuple[int, str]]:
    """(id, name) of the users who own a distributor that `user` sees."""
    owned = sa.select(Distributor.owner_id).where(_of(user))
    statement = sa.select(User.id, User.name).where(User.id.in_(owned)).order_by(User.name, User.id)
    return [(row.id, row.name) for row in session.execute(statement)]


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


def hits(session: Session, user: User, words: str) -> Columns | None:
    """What the words find among the distributors that `user` sees, the likeliest first; None for no words.

    The code itself comes before what begins with it, then names that begin so or
    hold the words as they were typed, then all else.
    """
    found = search.matching(session, words)
    if found is None:
        return None
    typed = clean(words)
    key = code_key(half_width(typed))
    rank = sa.case(
        (Distributor.code_key == key, 0),
        (Distributor.code_key.startswith(key, autoescape=True), 1),
        (Distributor.short_name == typed, 2),
        (Distributor.name.startswith(typed, autoescape=True), 3),
        (Distributor.name.contains(typed, autoescape=True), 4),
        else_=5,
    )
    return (
        sa.select(
            Distributor.id,
            Distributor.code,
            Distributor.name,
            Distributor.level,
            Distributor.standing,
            Region.name.label("office"),
            User.name.label("owner"),
            (Distributor.code_key == key).label("is_meant"),
        )
        .join(Region, Region.id == Distributor.region_id)
        .join(User, User.id == Distributor.owner_id)
        .where(_of(user), Distributor.id.in_(found))
        .order_by(rank, Distributor.code_key)
    )
