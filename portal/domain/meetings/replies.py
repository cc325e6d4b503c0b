"""The list of who was asked: what they said, narrowed, and who is to be telephoned next (M1)."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.domain.distributors.models import Distributor
from portal.domain.distributors.queries import DistributorFilter, narrowed
from portal.domain.meetings.models import Invitation, Meeting
from portal.domain.meetings.queries import invitations_of
from portal.domain.regions.models import Region
from portal.domain.users.models import User

# What a filter calls those who said nothing yet.
UNANSWERED = "none"


@dataclass(frozen=True)
class ReplyFilter:
    """What the list is narrowed to; `reply` is a value of Reply, or UNANSWERED."""

    q: str = ""
    reply: str = ""
    region_id: int | None = None
    owner_id: int | None = None

    @property
    def distributors(self) -> DistributorFilter:
        """What of it the register narrows."""
        return DistributorFilter(q=self.q, region_id=self.region_id, owner_id=self.owner_id)


def asked(session: Session, meeting: Meeting, user: User, wanted: ReplyFilter) -> sa.Select[Invitation]:
    """The invitations that the user sees, narrowed."""
    statement = invitations_of(meeting, user).join(Distributor, Distributor.id == Invitation.distributor_id)
    statement = statement.join(Region, Region.id == Distributor.region_id)
    if wanted.reply == UNANSWERED:
        statement = statement.where(Invitation.reply.is_(None))
    elif wanted.reply:
        statement = statement.where(Invitation.reply == wanted.reply)
    return narrowed(session, statement, wanted.distributors)


def owners_of(session: Session, meeting: Meeting, user: User) -> list[tuple[int, str]]:
    """Who owns those that were asked, by name."""
    owning = invitations_of(meeting, user).with_only_columns(Invitation.distributor_id)
    rows = session.execute(
        sa.select(User.id, User.name)
        .where(User.id.in_(sa.select(Distributor.owner_id).where(Distributor.id.in_(owning))))
        .order_by(User.name, User.id)
    )
    return [(id_, name) for id_, name in rows]


# Who said nothing stands first: they are telephoned through, office by office.
SORTS: dict[str, Any] = {
    "reply": sa.case((Invitation.reply.is_(None), "0"), else_="1")
    .concat(Region.path)
    .concat(Distributor.name_key),
    "name": Distributor.name,
    "office": Region.path,
    "persons": sa.func.coalesce(Invitation.persons, 0),
    "replied": Invitation.replied_at,
}
WITH_WHO_IS_CALLED = (
    joinedload(Invitation.distributor).joinedload(Distributor.region),
    joinedload(Invitation.distributor).joinedload(Distributor.owner),
    joinedload(Invitation.distributor).selectinload(Distributor.phones),
    selectinload(Invitation.guests),
)
