"""A dealer list handed in on the page, with what was chosen for the whole of it (D1)."""

from collections.abc import Callable, Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.roles import ROLE_PERMISSIONS, Permission
from portal.domain.distributors.importing.columns import SPEC
from portal.domain.distributors.importing.course import DealerCourse
from portal.domain.distributors.importing.report import DealerReport
from portal.domain.distributors.importing.rows import Defaults
from portal.domain.distributors.models import Channel, ImportFile, Level
from portal.domain.i18n import N_
from portal.domain.importing.lists import Lists
from portal.domain.regions import services as regions
from portal.domain.tabular import Table
from portal.domain.users.models import Grant, User

_KEEPERS = [role for role, may in ROLE_PERMISSIONS.items() if Permission.DISTRIBUTORS_WRITE in may]


class DealerLists(Lists[ImportFile, DealerReport]):
    """Dealer lists: owner, offices and defaults are chosen for the whole list."""

    name = "distributors"
    subject = "distributor_import"
    permission = Permission.DISTRIBUTORS_IMPORT
    model = ImportFile
    reports = DealerReport
    spec = SPEC
    small_bytes = 128 * 1024  # some 600 rows
    unclear = N_("Two columns could be the same field. Choose below which one to use.")

    def course(
        self,
        session: Session,
        actor: User | None,
        table: Table,
        file: ImportFile,
        *,
        writes: bool,
        may_go_on: Callable[[], None] = lambda: None,
    ) -> DealerCourse:
        """The import of this list, with what was chosen for it."""
        return DealerCourse(
            session,
            actor,
            table,
            owner_of(session, file),
            file.options.get("create_regions", False),
            defaults_of(file),
            writes=writes,
            may_go_on=may_go_on,
        )


DEALERS = DealerLists()


def choices(
    *, owner: User | None, create_regions: bool | Collection[str], defaults: Defaults | None = None
) -> Callable[[ImportFile], None]:
    """What writes these choices down with a list: `create_regions` is what `DealerCourse` `creates`."""
    defaults = defaults or Defaults()
    facts: dict[str, Any] = {
        "owner_id": owner.id if owner else None,
        "create_regions": (
            create_regions if isinstance(create_regions, bool) else sorted(set(create_regions))
        ),
        "level": defaults.level,
        "channel": defaults.channel,
    }

    def choose(file: ImportFile) -> None:
        file.options = file.options | facts

    return choose


def may_make_regions(session: Session, user: User) -> bool:
    """Whether `user` may have offices made that a list names."""
    return user.can(Permission.REGIONS_MANAGE, regions.head_office(session))


def owners(session: Session, user: User) -> list[User]:
    """Every active user who keeps the records of some office that `user` imports for."""
    paths = user.paths(Permission.DISTRIBUTORS_IMPORT)
    found = session.scalars(
        sa.select(User)
        .where(
            User.deactivated_at.is_(None),
            User.id.in_(sa.select(Grant.user_id).where(Grant.role.in_(_KEEPERS))),
        )
        .order_by(User.name, User.id)
    )
    return [
        one
        for one in found
        if any(
            path.startswith(theirs) or theirs.startswith(path)
            for path in paths
            for theirs in one.paths(Permission.DISTRIBUTORS_WRITE)
        )
    ]


def owner_of(session: Session, file: ImportFile) -> User | None:
    """The owner chosen for new records."""
    identity = file.options.get("owner_id")
    return session.get(User, identity) if identity is not None else None


def defaults_of(file: ImportFile) -> Defaults:
    """What new records are where the list does not say."""
    usual = Defaults()
    return Defaults(
        Level(file.options.get("level", usual.level)), Channel(file.options.get("channel", usual.channel))
    )


def is_picked(file: ImportFile) -> bool:
    """Whether somebody has already said office by office what is made."""
    return isinstance(file.options.get("create_regions"), list)
