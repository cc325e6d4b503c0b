"""The list of who was asked: what they said, narrowed, and who is to be telephoned next (M1)."""

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission as P
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


def next_to_call(
    session: Session, meeting: Meeting, user: User, wanted: ReplyFilter, after: Invitation
) -> int | None:
    """Who is to be telephoned after this one: the next of the list that said nothing and whose reply the user takes.

    After the last one the first again; None when nobody is left.
    """
    everybody = replace(wanted, reply="")
    statement = asked(session, meeting, user, everybody).where(
        sa.or_(Invitation.reply.is_(None), Invitation.id == after.id)
    )
    if not user.can(P.MEETINGS_WRITE, meeting.region):
        statement = statement.where(Distributor.region_id.in_(visible(user, P.MEETINGS_WRITE)))
    order = (Region.path, Distributor.name_key, Invitation.id)
    ids = list(session.scalars(statement.with_only_columns(Invitation.id).order_by(*order)))
    place = ids.index(after.id) if after.id in ids else -1
    return next((id_ for id_ in ids[place + 1 :] + ids[: max(place, 0)] if id_ != after.id), None)


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
