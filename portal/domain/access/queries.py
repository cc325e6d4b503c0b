"""Which regions a user reaches: the query that every scoped list, count, export and search goes through."""

from collections.abc import Sequence
from functools import lru_cache
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
    return _below(tuple(user.paths(permission)))


def within(region_id: int) -> sa.Select[int]:
    """Ids of a region and of those below it, as a Select for `.in_()`."""
    path = sa.select(Region.path).where(Region.id == region_id).scalar_subquery()
    return sa.select(Region.id).where(Region.path.startswith(path))


def regions_visible_to(
    user: Holder, permission: Permission, columns: Sequence[Any] = (Region,)
) -> sa.Select[*tuple[Any, ...]]:
    """The regions themselves, or some columns of them, in the order of the tree."""
    return _regions_below(tuple(user.paths(permission)), tuple(columns))


# Statements, never their rows: making one anew costs as much as asking it.
@lru_cache(maxsize=256)
def _below(paths: tuple[str, ...]) -> sa.Select[int]:
    if not paths:
        return sa.select(Region.id).where(sa.false())
    return sa.select(Region.id).where(sa.or_(*(Region.path.startswith(path) for path in paths)))


@lru_cache(maxsize=256)
def _regions_below(paths: tuple[str, ...], columns: tuple[Any, ...]) -> sa.Select[*tuple[Any, ...]]:
    return sa.select(*columns).where(Region.id.in_(_below(paths))).order_by(Region.path)
