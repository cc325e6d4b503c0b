"""The region tree as administrators look at it: who and what each office has."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.queries import regions_visible_to
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor
from portal.domain.regions.models import Region
from portal.domain.settings.catalogue import COMPANY_NAMES
from portal.domain.settings.models import Setting
from portal.domain.users.models import Grant, User


@dataclass(frozen=True)
class Office:
    """A node of the tree with the counts of itself alone, not of what is below."""

    region: Region
    depth: int
    distributors: int
    users: int
    has_own_company: bool


def offices(session: Session, actor: User) -> list[Office]:
    """The administrator's part of the tree, in its order; depth is counted from its top."""
    regions = list(session.scalars(regions_visible_to(actor, Permission.REGIONS_MANAGE)))
    least = min((region.depth for region in regions), default=0)
    distributors = _counts(session, sa.select(Distributor.region_id, sa.func.count()))
    users = _counts(
        session,
        sa.select(Grant.region_id, sa.func.count(sa.distinct(Grant.user_id)))
        .join(User, User.id == Grant.user_id)
        .where(User.deactivated_at.is_(None)),
    )
    own = set(session.scalars(sa.select(Setting.region_id).where(Setting.key.in_(COMPANY_NAMES))))
    return [
        Office(
            region,
            region.depth - least,
            distributors.get(region.id, 0),
            users.get(region.id, 0),
            region.id in own,
        )
        for region in regions
    ]


def _counts(session: Session, statement: sa.Select[int, int]) -> dict[int, int]:
    column = next(iter(statement.selected_columns))
    return {row[0]: row[1] for row in session.execute(statement.group_by(column))}
