"""Which regions a user reaches: the query that every scoped list, count, export and search goes through."""

from collections.abc import Sequence
from typing import Any, Protocol

import sqlalchemy as sa

from portal.domain.access.roles import Permission
from portal.domain.regions.models import Region


class Holder(Protocol):
    """Whoever holds grants."""

    def paths(self, permission: Permission) -> list[str]:
        """Paths of the regions whose subtrees the permission reaches."""


def visible(user: Holder, permission: Permission) -> sa.Select[int]:
    """Ids of the regions in which `user` has `permission`, as a Select for `.in_()`."""
    paths = user.paths(permission)
    if not paths:
        return sa.select(Region.id).where(sa.false())
    return sa.select(Region.id).where(sa.or_(*(Region.path.startswith(path) for path in paths)))


def regions_visible_to(
    user: Holder, permission: Permission, columns: Sequence[Any] = (Region,)
) -> sa.Select[*tuple[Any, ...]]:
    """The regions themselves, or some columns of them, in the order of the tree."""
    return sa.select(*columns).where(Region.id.in_(visible(user, permission))).order_by(Region.path)
