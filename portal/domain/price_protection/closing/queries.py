"""Quarters, closes and statements as pages list them, within the regions of who asks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from portal.db import today
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor
from portal.domain.documents.models import Document
from portal.domain.price_protection.closing.models import Proposal, Stage, Statement
from portal.domain.price_protection.closing.proposing import proposals_visible_to
from portal.domain.price_protection.funds import queries as funds
from portal.domain.price_protection.funds.cover import IN_FORCE
from portal.domain.price_protection.funds.models import QuarterClose
from portal.domain.price_protection.funds.quarters import Calendar
from portal.domain.price_protection.models import Agreement
from portal.domain.regions.models import Region
from portal.domain.users.models import User

SHOWN = 8  # quarters in the list that nobody has closed anything of
STATEMENT_SORTS = {
    "number": Statement.number,
    "distributor": Distributor.name,
    "release": Statement.release_fen,
}


@dataclass
class Listed:
    """A quarter in the list, by the usual calendar, with its closes, the newest first."""

    name: str
    first_on: date
    last_on: date
    closes: list[Proposal] = field(default_factory=list)
    statements: int = 0
    release_fen: int = 0
    # What its funds hold now, of whichever agreement, in fen.
    held_fen: int = 0
    # Agreements that are in force on a day of it and have not closed it.
    open: int = 0
    is_last: bool = False

    @property
    def has_ended(self) -> bool:
        """Whether its last day has passed, for agreements that count by the calendar year."""
        return self.last_on < today()

    @property
    def is_to_close(self) -> bool:
        """Whether something of it waits: fund that is held, or the statements of the quarter that ended last."""
        return self.has_ended and bool(self.open) and bool(self.held_fen or self.is_last)

    @property
    def stage(self) -> Stage | None:
        """How far its newest close has come that was not withdrawn."""
        return next((one.stage for one in self.closes if one.stage is not Stage.WITHDRAWN), None)


def quarters(session: Session, user: User) -> list[Listed]:
    """The quarters since the first agreement, as many as SHOWN of those that nothing is left of; the newest first.

    Whatever something was closed of, or still holds fund, is listed however old; six statements.
    """
    calendar, found = Calendar(), dict[str, Listed]()
    here = calendar.of(today())
    last = calendar.preceding(here)

    def listed(name: str) -> Listed:
        quarter = calendar.named(name)
        return found.setdefault(
            name, Listed(name, quarter.first_on, quarter.last_on, is_last=quarter == last)
        )

    reach = visible(user, P.FUNDS_READ)
    first_on = session.scalar(
        sa.select(sa.func.min(Agreement.effective_on)).where(
            Agreement.status.in_(IN_FORCE), Agreement.region_id.in_(reach)
        )
    )
    listed(str(here))
    for _ in range(SHOWN - 1):
        here = calendar.preceding(here)
        if first_on is not None and here.last_on >= first_on:
            listed(str(here))
    for one in session.scalars(_closes(user)):
        listed(one.quarter).closes.append(one)
    for name, count, fen in session.execute(
        sa.select(
            Statement.quarter,
            sa.func.count(),
            sa.cast(sa.func.sum(Statement.release_fen), sa.BigInteger),
        )
        .join(Agreement, Agreement.id == Statement.agreement_id)
        .where(Agreement.region_id.in_(reach))
        .group_by(Statement.quarter)
    ):
        listed(name).statements, listed(name).release_fen = count, fen
    for name, fen in funds.held_by_quarter(session, user).items():
        listed(name).held_fen = fen
    for name, count in _open(session, reach, list(found.values())).items():
        found[name].open = count
    return sorted(found.values(), key=lambda one: one.name, reverse=True)


def closes_of(session: Session, user: User, name: str) -> Sequence[Proposal]:
    """What was proposed of a quarter, in whichever office, the newest first."""
    return session.scalars(_closes(user).where(Proposal.quarter == name)).all()


def _closes(user: User) -> sa.Select[Proposal]:
    return (
        proposals_visible_to(user)
        .options(
            joinedload(Proposal.region, innerjoin=True),
            joinedload(Proposal.proposed_by, innerjoin=True),
            joinedload(Proposal.confirmed_by),
        )
        .order_by(Proposal.id.desc())
    )


def _open(session: Session, reach: sa.Select[int], listed: Sequence[Listed]) -> dict[str, int]:
    """How many agreements are in force in each of these quarters and have not closed it: one statement."""
    columns = [
        sa.func.sum(
            sa.case(
                (
                    sa.and_(
                        Agreement.effective_on <= one.last_on,
                        Agreement.ends_on >= one.first_on,
                        ~sa.exists().where(
                            QuarterClose.agreement_id == Agreement.id, QuarterClose.quarter == one.name
                        ),
                    ),
                    1,
                ),
                else_=0,
            )
        )
        for one in listed
    ]
    row = session.execute(
        sa.select(*columns).where(Agreement.status.in_(IN_FORCE), Agreement.region_id.in_(reach))
    ).one()
    return {one.name: int(count or 0) for one, count in zip(listed, row, strict=True)}


def statements_visible_to(user: User) -> sa.Select[Statement]:
    """The statements of agreements in a user's regions."""
    return (
        sa.select(Statement)
        .join(Agreement, Agreement.id == Statement.agreement_id)
        .where(Agreement.region_id.in_(visible(user, P.FUNDS_READ)))
    )


def statement_by_code(session: Session, code: str) -> Statement | None:
    """The printed statement whose pages carry this code."""
    return session.scalar(
        sa.select(Statement).where(Statement.code == code, Statement.document_id.is_not(None))
    )


def statement_with(session: Session, sha256: str) -> Statement | None:
    """The printed statement that is this file, byte for byte."""
    file = sa.select(Document.id).where(Document.sha256 == sha256)
    return session.scalar(sa.select(Statement).where(Statement.document_id.in_(file)).limit(1))


def statements_of(
    session: Session, user: User, name: str, agreement_ids: Sequence[int]
) -> dict[int, tuple[int, str]]:
    """Id and number of the statements of a quarter, by agreement."""
    rows = session.execute(
        statements_visible_to(user)
        .with_only_columns(Statement.agreement_id, Statement.id, Statement.number)
        .where(Statement.quarter == name, Statement.agreement_id.in_(agreement_ids))
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def statement_rows(user: User, proposal_id: int, q: str = "") -> sa.Select[*tuple[object, ...]]:
    """The statements of a close as its page lists them."""
    statement = (
        sa.select(
            Statement.id,
            Statement.number,
            Agreement.number.label("agreement"),
            Distributor.name.label("distributor"),
            Distributor.code,
            Region.name.label("office"),
            Statement.closing_fen,
            Statement.suspended_fen,
            Statement.release_fen,
            Statement.interest_fen,
            Statement.due_on,
            Statement.pages,
        )
        .join(Agreement, Agreement.id == Statement.agreement_id)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .join(Region, Region.id == Agreement.region_id)
        .where(Agreement.region_id.in_(visible(user, P.FUNDS_READ)), Statement.proposal_id == proposal_id)
    )
    if q:
        like = f"%{q.replace('%', '').replace('_', '')}%"
        statement = statement.where(
            sa.or_(Statement.number.ilike(like), Agreement.number.ilike(like), Distributor.name.ilike(like))
        )
    return statement


def numbered(user: User, number: str) -> sa.Select[Any]:
    """The statements with such a number, or part of it, the latest first."""
    columns: tuple[Any, ...] = (
        Statement.id,
        Statement.number,
        Agreement.number.label("agreement"),
        Distributor.name.label("distributor"),
        Region.name.label("office"),
    )
    return (
        statements_visible_to(user)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .join(Region, Region.id == Agreement.region_id)
        .with_only_columns(*columns)
        .where(Statement.number.icontains(number, autoescape=True))
        .order_by(Statement.id.desc())
    )
