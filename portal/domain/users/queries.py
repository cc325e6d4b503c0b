"""Asking what the users of the portal may do together."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.roles import COMPANY_WIDE, ROLE_PERMISSIONS, Permission
from portal.domain.regions.models import Region
from portal.domain.users.models import Grant, User


def names_holding(session: Session, permission: Permission, *, besides: Collection[int] = ()) -> list[str]:
    """Names of the active users who have a permission of the whole company, in the order of their names.

    `besides` are the ids of those who do not count.
    """
    roles = [role for role, given in ROLE_PERMISSIONS.items() if permission in given]
    statement = (
        sa.select(User.name)
        .join(Grant, Grant.user_id == User.id)
        .join(Region, Region.id == Grant.region_id)
        .where(
            Grant.role.in_(roles),
            User.deactivated_at.is_(None),
            Region.parent_id.is_(None),
            User.id.not_in(list(besides)),
        )
        .distinct()
        .order_by(User.name)
    )
    return list(session.scalars(statement))


def paths_held(session: Session, permission: Permission) -> list[str]:
    """Paths of the regions in whose subtrees at least one active user has the permission."""
    roles = [role for role, given in ROLE_PERMISSIONS.items() if permission in given]
    statement = (
        sa.select(Region.path)
        .join(Grant, Grant.region_id == Region.id)
        .join(User, User.id == Grant.user_id)
        .where(Grant.role.in_(roles), User.deactivated_at.is_(None))
        .distinct()
        .order_by(Region.path)
    )
    if permission in COMPANY_WIDE:
        statement = statement.where(Region.parent_id.is_(None))
    return list(session.scalars(statement))


def widest_holder(session: Session, permission: Permission) -> User | None:
    """The active user who has the permission in the highest region; of several, whose account is the oldest."""
    roles = [role for role, given in ROLE_PERMISSIONS.items() if permission in given]
    statement = (
        sa.select(User)
        .join(Grant, Grant.user_id == User.id)
        .join(Region, Region.id == Grant.region_id)
        .where(Grant.role.in_(roles), User.deactivated_at.is_(None))
        .order_by(sa.func.length(Region.path), User.id)
        .limit(1)
    )
    if permission in COMPANY_WIDE:
        statement = statement.where(Region.parent_id.is_(None))
    return session.scalar(statement)
