"""Reading agreements, always within the regions of whoever asks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, selectinload

from portal.db import today
from portal.domain.access.queries import regions_visible_to, visible, within
from portal.domain.access.roles import Permission
from portal.domain.distributors import search
from portal.domain.distributors.models import Distributor, Standing
from portal.domain.distributors.queries import DistributorFilter, narrowed
from portal.domain.price_protection.entries import PriceEntry
from portal.domain.price_protection.finding import like
from portal.domain.price_protection.models import (
    Agreement,
    AgreementEvent,
    AgreementPrice,
    AgreementScan,
    AgreementTerms,
    PriceKind,
    Product,
    ProductPrice,
    Status,
)
from portal.domain.price_protection.phases import Phase, in_phase
from portal.domain.regions.models import Region
from portal.domain.templates.models import Template
from portal.domain.users.models import User

# Days before the last one on which an owner is reminded.
EXPIRY_STAGES = (90, 30, 7)


def agreements_visible_to(
    user: User, permission: Permission = Permission.AGREEMENTS_READ
) -> sa.Select[Agreement]:
    """Every agreement of the regions in which `user` has the permission."""
    return sa.select(Agreement).where(Agreement.region_id.in_(visible(user, permission)))


@dataclass(frozen=True)
class AgreementFilter:
    """What a list is narrowed to; an empty field narrows nothing."""

    q: str = ""
    phase: Phase | None = None
    region_id: int | None = None
    owner_id: int | None = None
    # The last day lies within so many days and nothing follows it yet.
    expiring_days: int | None = None
    distributor_id: int | None = None


_owner = aliased(User, name="owner_account")

COLUMNS = (
    Agreement.id,
    Agreement.number,
    Agreement.status,
    Agreement.effective_on,
    Agreement.expires_on,
    Agreement.ends_on,
    Agreement.signed_on,
    Agreement.updated_at,
    Distributor.id.label("distributor_id"),
    Distributor.code.label("distributor_code"),
    Distributor.name.label("distributor_name"),
    Region.name.label("region_name"),
    _owner.name.label("owner_name"),
    AgreementTerms.rebate_ppm,
    AgreementTerms.base_share,
    Template.id.label("template_id"),
    Template.version.label("template_version"),
    sa.select(sa.func.count(sa.distinct(AgreementPrice.product_id)))
    .where(AgreementPrice.terms_id == AgreementTerms.id)
    .correlate(AgreementTerms)
    .scalar_subquery()
    .label("product_count"),
    sa.exists().where(AgreementScan.agreement_id == Agreement.id).correlate(Agreement).label("has_scan"),
)

SORTS = {
    "number": Agreement.number,
    "distributor": Distributor.name,
    "effective": Agreement.effective_on,
    "ends": Agreement.ends_on,
    "rebate": AgreementTerms.rebate_ppm,
    "updated": Agreement.updated_at,
}


def agreement_rows(
    session: Session, user: User, wanted: AgreementFilter | None = None, *, of_many: bool = False
) -> sa.Select[Any]:
    """The columns of the list of agreements that a user sees and the filter leaves, one row each.

    `of_many` says that the filter's words find very many distributors: then each agreement's own is tested.
    """
    wanted = wanted or AgreementFilter()
    statement = (
        sa.select(*COLUMNS)
        .select_from(Agreement)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .join(Region, Region.id == Agreement.region_id)
        .join(_owner, _owner.id == Distributor.owner_id)
        .join_from(Agreement, AgreementTerms, holding())
        .join(Template, Template.id == Agreement.template_id)
        .where(Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_READ)))
    )
    return statement.where(*_conditions(session, wanted, of_many))


def holding(on: date | None = None) -> sa.ColumnElement[bool]:
    """Joins an agreement with the terms that hold on a day, today when none is named: its last amendment's by then."""
    later = aliased(AgreementTerms)
    last = (
        sa.select(sa.func.max(later.no))
        .where(
            later.agreement_id == Agreement.id,
            sa.or_(later.no == 0, later.effective_on <= (on or today())),
        )
        .correlate(Agreement)
        .scalar_subquery()
    )
    return sa.and_(AgreementTerms.agreement_id == Agreement.id, AgreementTerms.no == last)


def _conditions(session: Session, wanted: AgreementFilter, of_many: bool) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.q.strip():
        found.append(_matching(session, wanted.q, of_many))
    if wanted.phase is not None:
        found.append(in_phase(wanted.phase))
    if wanted.region_id is not None:
        found.append(Agreement.region_id.in_(within(wanted.region_id)))
    if wanted.owner_id is not None:
        found.append(Distributor.owner_id == wanted.owner_id)
    if wanted.distributor_id is not None:
        found.append(Agreement.distributor_id == wanted.distributor_id)
    if wanted.expiring_days is not None:
        found.append(is_expiring(today(), wanted.expiring_days))
    return found


def _matching(session: Session, words: str, of_many: bool) -> sa.ColumnElement[bool]:
    """A number, or a part of it from its end, or whatever finds the distributor."""
    by_number = like(Agreement.number, words)
    found = search.matching(session, words)
    if found is None:
        return by_number
    by_distributor = (
        search.matches(session, words, by_turns=True) if of_many else Agreement.distributor_id.in_(found)
    )
    return sa.or_(by_number, by_distributor)


def is_expiring(on: date, within_days: int) -> sa.ColumnElement[bool]:
    """In force, its last day at most so many days away, and no successor in hand."""
    return sa.and_(
        Agreement.status == Status.SIGNED,
        Agreement.ends_on >= on,
        Agreement.ends_on <= on + timedelta(days=within_days),
        ~has_successor(),
    )


def has_successor() -> sa.ColumnElement[bool]:
    """Whether another agreement, not a void one, follows this one."""
    later = aliased(Agreement)
    return (
        sa.exists().where(later.follows_id == Agreement.id, later.status != Status.VOID).correlate(Agreement)
    )


def is_printed() -> sa.ColumnElement[bool]:
    """Whether the paper of the last approval was printed; what was printed of an earlier one is not this paper."""

    def last(kind: str) -> sa.ScalarSelect[Any]:
        return (
            sa.select(sa.func.max(AgreementEvent.id))
            .where(AgreementEvent.agreement_id == Agreement.id, AgreementEvent.kind == kind)
            .correlate(Agreement)
            .scalar_subquery()
        )

    return sa.func.coalesce(last("printed"), 0) > last("approved")


def partners(session: Session, user: User, q: str = "") -> sa.Select[Distributor]:
    """The distributors with whom this user may write an agreement, narrowed by what finds one.

    What tells whether one can be printed comes along.
    """
    statement = (
        sa.select(Distributor)
        .where(
            Distributor.region_id.in_(visible(user, Permission.AGREEMENTS_WRITE)),
            Distributor.standing != Standing.ELIMINATED,
        )
        .options(
            selectinload(Distributor.contacts),
            selectinload(Distributor.phones),
            selectinload(Distributor.region),
            selectinload(Distributor.owner),
        )
    )
    return narrowed(session, statement, DistributorFilter(q=q)).order_by(Distributor.code_key)


def agreements_of(user: User, distributor: Distributor) -> sa.Select[Agreement]:
    """A distributor's agreements that this user sees, the newest first."""
    return (
        agreements_visible_to(user)
        .where(Agreement.distributor_id == distributor.id)
        .order_by(Agreement.effective_on.desc(), Agreement.id.desc())
    )


def forerunner(session: Session, agreement: Agreement) -> Agreement | None:
    """The agreement that this one follows, or else the distributor's last signed one."""
    if agreement.follows_id is not None:
        return session.get(Agreement, agreement.follows_id)
    return session.scalar(
        sa.select(Agreement)
        .where(
            Agreement.distributor_id == agreement.distributor_id,
            Agreement.id != agreement.id,
            Agreement.status.in_((Status.SIGNED, Status.TERMINATED)),
        )
        .order_by(Agreement.ends_on.desc(), Agreement.id.desc())
        .limit(1)
    )


@dataclass(frozen=True)
class Running:
    """An agreement that is not over: enough to go on with it."""

    id: int
    number: str
    status: Status
    ends_on: date
    # A signed one that has begun and that nothing follows yet.
    is_renewable: bool


def running_by_distributor(session: Session, ids: Iterable[int]) -> dict[int, list[Running]]:
    """The agreements that these distributors have and that are not over, by distributor, oldest first."""
    follower = aliased(Agreement)
    is_followed = sa.exists().where(follower.follows_id == Agreement.id, follower.status != Status.VOID)
    rows = session.execute(
        sa.select(
            Agreement.distributor_id,
            Agreement.id,
            Agreement.number,
            Agreement.status,
            Agreement.ends_on,
            sa.and_(Agreement.status == Status.SIGNED, Agreement.effective_on <= today(), ~is_followed).label(
                "is_renewable"
            ),
        )
        .where(
            Agreement.distributor_id.in_(list(ids)),
            Agreement.status.not_in((Status.VOID, Status.TERMINATED)),
            Agreement.ends_on >= today(),
        )
        .order_by(Agreement.ends_on, Agreement.number)
    )
    found: dict[int, list[Running]] = {}
    for row in rows:
        said = Running(row.id, row.number, row.status, row.ends_on, bool(row.is_renewable))
        found.setdefault(row.distributor_id, []).append(said)
    return found


def successor(session: Session, agreement: Agreement) -> Agreement | None:
    """The agreement that follows this one, void ones apart."""
    return session.scalar(
        sa.select(Agreement)
        .where(Agreement.follows_id == agreement.id, Agreement.status != Status.VOID)
        .order_by(Agreement.id.desc())
        .limit(1)
    )


def count(session: Session, statement: sa.Select[Any]) -> int:
    """How many agreements a list's statement gives."""
    return session.scalar(sa.select(sa.func.count()).select_from(statement.order_by(None).subquery())) or 0


def owners(session: Session, user: User) -> list[tuple[int, str]]:
    """Ids and names of the owners whose agreements this user sees, for a filter."""
    rows = session.execute(
        sa.select(_owner.id, _owner.name)
        .where(
            _owner.id.in_(
                sa.select(Distributor.owner_id)
                .join(Agreement, Agreement.distributor_id == Distributor.id)
                .where(Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_READ)))
            )
        )
        .order_by(_owner.name)
    )
    return [(row.id, row.name) for row in rows]


def regions_of(session: Session, user: User) -> list[tuple[int, str, int]]:
    """Id, name and depth of the regions that a user may filter agreements by, in the order of the tree."""
    rows = session.scalars(regions_visible_to(user, Permission.AGREEMENTS_READ)).all()
    top = min((row.depth for row in rows), default=0)
    return [(row.id, row.name, row.depth - top) for row in rows]


def product_names(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """Code and name of these products, by id."""
    rows = session.execute(sa.select(Product.id, Product.code, Product.name).where(Product.id.in_(list(ids))))
    return {row.id: f"{row.code} {row.name}" for row in rows}


def product_choices(session: Session, *, besides: Iterable[int] = ()) -> list[tuple[int, str]]:
    """The products that a row of annex 1 may name: those on sale, and those that it names already."""
    rows = session.execute(
        sa.select(Product.id, Product.code, Product.name)
        .where(sa.or_(Product.discontinued_at.is_(None), Product.id.in_(list(besides))))
        .order_by(Product.code)
    )
    return [(row.id, f"{row.code} {row.name}") for row in rows]


def proposed_price(session: Session, product_id: int, kind: PriceKind) -> int | None:
    """The price of a product and kind that new agreements propose; fen."""
    return session.scalar(
        sa.select(ProductPrice.amount_fen).where(
            ProductPrice.product_id == product_id, ProductPrice.kind == kind
        )
    )


def at_proposed_prices(session: Session, rows: Iterable[PriceEntry]) -> list[PriceEntry]:
    """The same rows at the prices that their products propose; rows without such a price are left out."""
    wanted = list(rows)
    proposed = {
        (price.product_id, price.kind): price.amount_fen
        for price in session.scalars(
            sa.select(ProductPrice).where(ProductPrice.product_id.in_([row.product_id for row in wanted]))
        )
    }
    return [
        PriceEntry(row.product_id, row.kind, proposed[row.product_id, row.kind])
        for row in wanted
        if (row.product_id, row.kind) in proposed
    ]


def by_number(session: Session, number: str) -> Agreement | None:
    """The agreement with this number, whoever asks: for commands, which no region narrows."""
    return session.scalar(sa.select(Agreement).where(Agreement.number == number.strip().upper()))
