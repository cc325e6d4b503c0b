"""The statements of a quarter as a register: sent, delivered, back and agreed or objected to, or silent (10.1)."""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.db import today
from portal.domain.access.queries import visible, within
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor
from portal.domain.price_protection.closing.models import Statement, StatementReply, StatementScan, Verdict
from portal.domain.price_protection.finding import matching
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.trail.models import HOME, PaperTrail, Parcel
from portal.domain.regions.models import Region
from portal.domain.users.models import User


class Standing(StrEnum):
    """Where a statement stands; the later of two that hold."""

    UNPRINTED = "statement_unprinted"
    TO_SEND = "statement_to_send"
    SENT = "statement_sent"  # nobody knows yet that it arrived
    DELIVERED = "statement_delivered"  # the days to object run
    SILENT = "statement_silent"  # they are over and nothing came: presumed right
    BACK = "statement_back"  # it is here, and nobody said what is ticked on it
    AGREED = "statement_agreed"
    OBJECTED = "statement_objected"  # the company's answer is awaited
    ANSWERED = "statement_answered"


# What somebody has still to bring back.
OWED = (Standing.SENT, Standing.DELIVERED, Standing.SILENT)


@dataclass(frozen=True)
class Wanted:
    """What the register is narrowed to; an empty field narrows nothing."""

    quarter: str
    q: str = ""
    standing: Standing | None = None
    region_id: int | None = None
    owner_id: int | None = None


_owner = aliased(User, name="owner_account")
_newest = (
    sa.select(sa.func.max(StatementReply.id))
    .where(StatementReply.statement_id == Statement.id)
    .correlate(Statement)
    .scalar_subquery()
)
has_scan = sa.exists().where(StatementScan.statement_id == Statement.id).correlate(Statement)


def standing_on(day: date) -> sa.Case[str]:
    """Where a statement of `joined` rows stands on a day."""
    objects = sa.or_(StatementReply.fund == Verdict.OBJECTED, StatementReply.account == Verdict.OBJECTED)
    return sa.case(
        (Statement.document_id.is_(None), Standing.UNPRINTED.value),
        (sa.and_(objects, StatementReply.answered_on.is_(None)), Standing.OBJECTED.value),
        (objects, Standing.ANSWERED.value),
        (StatementReply.id.is_not(None), Standing.AGREED.value),
        (sa.or_(PaperTrail.stage.in_(HOME), has_scan), Standing.BACK.value),
        (Statement.objections_until < day, Standing.SILENT.value),
        (Statement.delivered_on.is_not(None), Standing.DELIVERED.value),
        (PaperTrail.sent_copies > 0, Standing.SENT.value),
        else_=Standing.TO_SEND.value,
    )


def joined(*columns: Any) -> sa.Select[Any]:
    """Statements with their agreements, distributors and owners, where they stand, and their newest answer."""
    return (
        sa.select(*columns)
        .select_from(Statement)
        .join(Agreement, Agreement.id == Statement.agreement_id)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .join(Region, Region.id == Agreement.region_id)
        .join(_owner, _owner.id == Distributor.owner_id)
        .outerjoin(PaperTrail, PaperTrail.statement_id == Statement.id)
        .outerjoin(Parcel, Parcel.id == PaperTrail.parcel_id)
        .outerjoin(StatementReply, StatementReply.id == _newest)
    )


SORTS = {
    "number": Statement.number,
    "distributor": Distributor.name,
    "owner": _owner.name,
    "sent": PaperTrail.sent_on,
    "until": Statement.objections_until,
}


def ids(session: Session, user: User, wanted: Wanted) -> sa.Select[int]:
    """The statements of the register, one id each."""
    return joined(Statement.id).where(*_conditions(session, user, wanted))


def rows(session: Session, user: User, wanted: Wanted) -> sa.Select[Any]:
    """The columns of the register that a user sees."""
    statement = joined(
        Statement.id,
        Statement.number,
        Statement.agreement_id,
        Agreement.number.label("agreement"),
        Distributor.id.label("distributor_id"),
        Distributor.code.label("distributor_code"),
        Distributor.name.label("distributor"),
        Region.name.label("office"),
        _owner.id.label("owner_id"),
        _owner.name.label("owner"),
        Statement.closing_fen,
        Statement.release_fen,
        Statement.issued_on,
        PaperTrail.id.label("trail_id"),
        PaperTrail.sent_on,
        PaperTrail.back_on,
        Parcel.id.label("parcel_id"),
        Parcel.number.label("parcel_number"),
        Parcel.courier,
        Parcel.tracking,
        Parcel.is_by_hand,
        Statement.delivered_on,
        Statement.objections_until,
        StatementReply.received_on,
        StatementReply.fund,
        StatementReply.fund_objection,
        StatementReply.account,
        StatementReply.account_objection,
        StatementReply.answer_by,
        StatementReply.answered_on,
        StatementReply.finding,
        has_scan.label("has_scan"),
        standing_on(today()).label("standing"),
    )
    return statement.where(*_conditions(session, user, wanted))


def counts(session: Session, user: User, wanted: Wanted) -> dict[Standing, int]:
    """How many statements stand where, for the tabs: of the same filter without its standing."""
    standing = standing_on(today()).label("standing")
    everywhere = replace(wanted, standing=None)
    found = session.execute(
        joined(standing, sa.func.count().label("total"))
        .where(*_conditions(session, user, everywhere))
        .group_by(standing)
    )
    return {Standing(row.standing): row.total for row in found}


@dataclass(frozen=True)
class Owes:
    """What one owner still has to bring back of a quarter, and how much of it is presumed right by now."""

    owner_id: int
    owner: str
    count: int
    silent: int


def by_owner(session: Session, user: User, wanted: Wanted) -> list[Owes]:
    """What is out by owner, those with most first."""
    where = standing_on(today())
    is_silent = sa.case((where == Standing.SILENT.value, 1), else_=0)
    everything = replace(wanted, standing=None, owner_id=None)
    found = session.execute(
        joined(_owner.id, _owner.name, sa.func.count().label("total"), sa.func.sum(is_silent).label("silent"))
        .where(*_conditions(session, user, everything), where.in_([one.value for one in OWED]))
        .group_by(_owner.id, _owner.name)
    )
    listed = [Owes(row.id, row.name, row.total, int(row.silent)) for row in found]
    return sorted(listed, key=lambda one: (-one.count, one.owner))


def _conditions(session: Session, user: User, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [
        Agreement.region_id.in_(visible(user, Permission.FUNDS_READ)),
        Statement.quarter == wanted.quarter,
    ]
    if wanted.standing is not None:
        found.append(standing_on(today()) == wanted.standing.value)
    if wanted.region_id is not None:
        found.append(Agreement.region_id.in_(within(wanted.region_id)))
    if wanted.owner_id is not None:
        found.append(Distributor.owner_id == wanted.owner_id)
    if wanted.q.strip():
        numbers = (Statement.number, Agreement.number, Parcel.tracking, Parcel.number)
        found.append(matching(session, wanted.q, *numbers))
    return found
