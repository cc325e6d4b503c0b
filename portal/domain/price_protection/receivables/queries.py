"""The accounts of a quarter as pages list them, within the regions of who asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from portal.domain.access.queries import visible, within
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor
from portal.domain.price_protection.funds.quarters import Quarter
from portal.domain.price_protection.receivables import standing
from portal.domain.price_protection.receivables.models import AccountFigures
from portal.domain.price_protection.receivables.standing import OfLedger, Receivable, Stated
from portal.domain.regions.models import Region
from portal.domain.users.models import User


class State(StrEnum):
    """How an account of a quarter stands."""

    MISSING = "missing"  # finance has not entered it
    ENTERED = "entered"
    GAP = "gap"  # it opens with another sum than the quarter before closed with
    UNEQUAL = "unequal"  # its rebates are not the ledger's any more: it is not printed
    STATED = "stated"  # a statement was made with it


@dataclass(frozen=True)
class Listed:
    """A distributor that had an agreement in the quarter, and its account where there is one."""

    distributor_id: int
    code: str
    name: str
    region_id: int
    office: str
    quarter: Quarter
    account: Receivable | None
    ledger: OfLedger
    # What an account of it should open with; None where the quarter before has none.
    last_fen: int | None
    stated: Stated | None

    @property
    def state(self) -> State:
        """How it stands, the worst first."""
        if self.account is None:
            return State.MISSING
        if self.stated is not None:
            return State.STATED
        if not self.account.is_equal:
            return State.UNEQUAL
        return State.GAP if self.account.gap_fen else State.ENTERED

    @property
    def is_corrected(self) -> bool:
        """Whether it was corrected after its statement: that says another closing sum."""
        return bool(
            self.stated and self.account and self.account.entry.closing_fen != self.stated.closing_fen
        )


def listed(session: Session, name: str, distributors: sa.Select[int]) -> list[Listed]:
    """The distributors of a quarter by office and code, each with its account; no more than eight statements."""
    places = standing.places(session, name, distributors)
    accounts = standing.accounts(session, name, distributors)
    ledger = standing.of_ledger(session, {id_: place.quarter for id_, place in places.items()}, distributors)
    before = standing.latest(session, standing.previous(name), distributors)
    stated = standing.stated_of(session, name, distributors)
    rows = session.execute(
        sa.select(
            Distributor.id,
            Distributor.code,
            Distributor.name,
            Distributor.region_id,
            Region.name.label("office"),
        )
        .join(Region, Region.id == Distributor.region_id)
        .where(Distributor.id.in_(distributors))
        .order_by(Region.path, Distributor.code)
    )
    return [
        Listed(
            distributor_id=row.id,
            code=row.code,
            name=row.name,
            region_id=row.region_id,
            office=row.office,
            quarter=places[row.id].quarter,
            account=accounts.get(row.id),
            ledger=ledger.get(row.id, OfLedger(0, 0)),
            last_fen=before[row.id].closing_fen if row.id in before else None,
            stated=stated.get(row.id),
        )
        for row in rows
        if row.id in places
    ]


def of_office(user: User, region_id: int, permission: P = P.FUNDS_READ) -> sa.Select[int]:
    """Ids of the distributors of an office and those below it, within a user's own."""
    return sa.select(Distributor.id).where(
        Distributor.region_id.in_(visible(user, permission)), Distributor.region_id.in_(within(region_id))
    )


def one_of(session: Session, user: User, name: str, distributor_id: int) -> Listed | None:
    """One distributor's account; None outside the user's offices, and where it had no agreement in the quarter."""
    ids = sa.select(Distributor.id).where(
        Distributor.region_id.in_(visible(user, P.FUNDS_READ)), Distributor.id == distributor_id
    )
    return next(iter(listed(session, name, ids)), None)


def entries(session: Session, name: str, distributor_id: int) -> Sequence[AccountFigures]:
    """Everything that was entered for it, the latest first."""
    return session.scalars(
        sa.select(AccountFigures)
        .where(AccountFigures.quarter == name, AccountFigures.distributor_id == distributor_id)
        .options(joinedload(AccountFigures.entered_by))
        .order_by(AccountFigures.no.desc())
    ).all()
