"""What a form may offer: the offices one may write to, who can own an account there, the territories."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.queries import regions_visible_to
from portal.domain.access.roles import ROLE_PERMISSIONS, Permission
from portal.domain.distributors.models import Territory
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.regions.models import Region
from portal.domain.users.models import Grant, User

_KEEPERS = [role for role, may in ROLE_PERMISSIONS.items() if Permission.DISTRIBUTORS_WRITE in may]


@dataclass(frozen=True, slots=True)
class OwnerChoice:
    """A user who may own accounts, with the office that tells people of one name apart."""

    id: int
    name: str
    office: str


def offices(session: Session, actor: User) -> list[Region]:
    """The offices whose records `actor` keeps, in the order of the tree."""
    return list(session.scalars(regions_visible_to(actor, Permission.DISTRIBUTORS_WRITE)))


def owners(session: Session, region: Region) -> list[OwnerChoice]:
    """Every active user who keeps the records of this office, the nearest first."""
    users = session.scalars(
        sa.select(User)
        .where(
            User.deactivated_at.is_(None),
            sa.exists().where(
                Grant.user_id == User.id,
                Grant.role.in_(_KEEPERS),
                Grant.region_id.in_(region.ancestor_ids()),
            ),
        )
        .order_by(User.name, User.id)
    )
    near = sorted(users, key=lambda user: -user.home.depth if user.home else 0)
    return [OwnerChoice(user.id, user.name, user.home.name if user.home else "") for user in near]


def check_owner(owner: User, region: Region) -> None:
    """Refuse an owner who has left, or who does not keep the records of the office (D6)."""
    if not owner.is_active:
        raise DomainError(N_("%(name)s has left. Choose another owner."), field="owner_id", name=owner.name)
    if not owner.can(Permission.DISTRIBUTORS_WRITE, region):
        raise DomainError(
            N_("%(name)s cannot edit the records of %(office)s. Choose another owner."),
            field="owner_id",
            name=owner.name,
            office=region.name,
        )


def territories(session: Session, region: Region) -> list[str]:
    """Names of the office's territories."""
    return list(
        session.scalars(
            sa.select(Territory.name).where(Territory.region_id == region.id).order_by(Territory.name)
        )
    )


def territory(session: Session, region: Region, name: str) -> Territory | None:
    """The office's territory of this name, made at its first use; None for no name.

    The caller holds the register's lock, so that two cannot make it at once.
    """
    if not name:
        return None
    found = session.scalar(
        sa.select(Territory).where(Territory.region_id == region.id, Territory.name == name)
    )
    if found is None:
        found = Territory(region_id=region.id, name=name)
        session.add(found)
        session.flush()
    return found
