"""The register as an Excel file has it: what a list shows, with everything that is known of each record."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors.listing import HINTS
from portal.domain.distributors.models import Contact, Distributor, DistributorPhone, Territory
from portal.domain.distributors.queries import Columns, DistributorFilter, narrowed
from portal.domain.regions.models import Region
from portal.domain.users.models import User

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
    "grade",
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


def _of(user: User) -> sa.ColumnElement[bool]:
    return Distributor.region_id.in_(visible(user, Permission.DISTRIBUTORS_READ))


def _wanted(session: Session, statement: Columns, wanted: DistributorFilter) -> Columns:
    statement = narrowed(session, statement, wanted)
    return statement.where(HINTS[wanted.hint]()) if wanted.hint in HINTS else statement
