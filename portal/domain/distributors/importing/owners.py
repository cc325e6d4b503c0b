"""Who becomes the owner of a record that an import makes: an account is never without one."""

from collections import defaultdict

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission, Role
from portal.domain.distributors.choices import check_owner
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.regions.models import Region
from portal.domain.text import clean, half_width
from portal.domain.users.models import User


class OwnerBook:
    """The active users, by sign-in name, by name, and by the office they manage."""

    def __init__(self, session: Session, actor: User | None, owner: User | None) -> None:
        self.actor, self.owner = actor, owner
        users = list(session.scalars(sa.select(User).where(User.deactivated_at.is_(None)).order_by(User.id)))
        self.names = {user.id: user.name for user in users}
        self._by_username = {user.username.casefold(): user for user in users}
        self._by_name: dict[str, list[User]] = defaultdict(list)
        self._named: dict[str, User] = {}
        self._checked: set[tuple[int, int]] = set()
        self._managers: dict[int, User] = {}
        self._defaults: dict[int, User] = {}
        self._administrators: list[User] = []
        for user in users:
            self._by_name[clean(user.name)].append(user)
            for grant in user.grants:
                if grant.role is Role.REGIONAL_MANAGER:
                    self._managers.setdefault(grant.region_id, user)
                if grant.role is Role.ADMINISTRATOR:
                    self._administrators.append(user)

    def named(self, name: str) -> User:
        """The active user of this sign-in name or name; DomainError when there is none, or more than one."""
        if (known := self._named.get(name)) is None:
            known = self._named[name] = self._look_up(name)
        return known

    def check(self, owner: User, region: Region) -> None:
        """Refuse (DomainError) who does not keep the records of this office; asked once for each pair."""
        pair = (owner.id, region.id)
        if pair not in self._checked or pair[1] is None:
            check_owner(owner, region)
            self._checked.add(pair)

    def _look_up(self, name: str) -> User:
        if user := self._by_username.get(half_width(name).casefold()):
            return user
        found = self._by_name.get(name, [])
        if len(found) > 1:
            raise DomainError(
                N_("Several users are named %(name)s. Give the sign-in name: %(usernames)s"),
                name=name,
                usernames="、".join(user.username for user in found),
            )
        if not found:
            raise DomainError(N_("There is no active user %(name)s."), name=name)
        return found[0]

    def is_managed(self, region: Region) -> bool:
        """Whether the office has a manager of its own."""
        return region.id in self._managers

    def default(self, region: Region) -> User:
        """Who owns a new record of this office when its row names nobody.

        The owner chosen for the import; else the regional manager of the office or of the nearest one above;
        else whoever imports; else the first administrator of the office. DomainError when there is
        none of them.
        """
        if self.owner is not None:
            return self.owner
        if (known := self._defaults.get(region.id)) is None:
            known = self._default(region)
            if region.id is not None:  # an office that a plan would make has none
                self._defaults[region.id] = known
        return known

    def forget(self) -> None:
        """Somebody may have been deactivated, or given another task, since the last chunk."""
        self._defaults.clear()

    def _default(self, region: Region) -> User:
        managers = (self._managers.get(identity) for identity in reversed(region.ancestor_ids()))
        for user in (*managers, self.actor, *self._administrators):
            if user is not None and user.is_active and user.can(Permission.DISTRIBUTORS_WRITE, region):
                return user
        raise DomainError(
            N_("There is nobody who could own the records. Add a user first, or name the owner.")
        )
