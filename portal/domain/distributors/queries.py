"""Reading the register, always within the regions of whoever asks."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors import search
from portal.domain.distributors.models import Distributor, Level, Standing
from portal.domain.regions.models import Region
from portal.domain.users.models import User


def distributors_visible_to(
    user: User, permission: Permission = Permission.DISTRIBUTORS_READ
) -> sa.Select[Distributor]:
    """Every distributor of the regions in which `user` has the permission."""
    return sa.select(Distributor).where(Distributor.region_id.in_(visible(user, permission)))


@dataclass(frozen=True)
class DistributorFilter:
    """What a list is narrowed to; an empty field narrows nothing."""

    q: str = ""
    region_id: int | None = None
    level: Level | None = None
    standing: Standing | None = None
    owner_id: int | None = None
    hint: str = ""  # one of listing.HINTS


def narrowed(
    session: Session, statement: sa.Select[Distributor], wanted: DistributorFilter
) -> sa.Select[Distributor]:
    """The statement with the filter's conditions; a region stands for its whole subtree."""
    if wanted.q.strip():
        found = search.matching(session, wanted.q)
        statement = statement.where(Distributor.id.in_(found) if found is not None else sa.false())
    if wanted.region_id is not None:
        path = sa.select(Region.path).where(Region.id == wanted.region_id).scalar_subquery()
        statement = statement.where(
            Distributor.region_id.in_(sa.select(Region.id).where(Region.path.startswith(path)))
        )
    if wanted.level is not None:
        statement = statement.where(Distributor.level == wanted.level)
    if wanted.standing is not None:
        statement = statement.where(Distributor.standing == wanted.standing)
    if wanted.owner_id is not None:
        statement = statement.where(Distributor.owner_id == wanted.owner_id)
    return statement
