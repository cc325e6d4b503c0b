"""What waits for administrators until all is set up, and for whose password somebody else knows."""

from collections.abc import Iterator
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.queries import regions_visible_to
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor
from portal.domain.i18n import N_
from portal.domain.regions import services as regions
from portal.domain.regions.models import Region
from portal.domain.settings import services as settings
from portal.domain.todos import Todo
from portal.domain.users.models import User
from portal.domain.users.queries import paths_held
from portal.domain.workdays import services as workdays

# So many offices are named in one line; of the others only the number.
_NAMED = 3


def todos(session: Session, user: User) -> Iterator[Todo]:
    """A password to replace; what the first agreement waits for; each is gone once it is done."""
    if user.is_password_temporary:
        yield Todo(
            kind=N_("My account"),
            title=N_("Choose your own password"),
            sub=N_("An administrator knows your current password."),
            verb=N_("Change the password"),
            endpoint="auth.account",
            group="setup",
        )
    if user.can(Permission.SETTINGS_WRITE):
        missing = settings.holes(session, regions.head_office(session))
        if missing:
            yield Todo(
                kind=N_("Setup"),
                title=N_("%(count)s company details are missing"),
                sub=N_("No agreement can be printed before they are filled in."),
                verb=N_("Fill in"),
                endpoint="admin.settings",
                params={"count": len(missing)},
                group="setup",
            )
        yield from _days_off(session)
    yield from _offices(session, user)
    if (
        user.can(Permission.DISTRIBUTORS_IMPORT)
        and user.can(Permission.USERS_MANAGE)
        and session.scalar(sa.select(Distributor.id).limit(1)) is None
    ):
        yield Todo(
            kind=N_("Setup"),
            title=N_("The register has no distributors yet"),
            sub=N_("The Excel list your office already keeps is fine."),
            verb=N_("Import a list"),
            endpoint="distributors.import_file",
            group="setup",
        )


def _days_off(session: Session) -> Iterator[Todo]:
    """From December on: the next year's days off, where neither the list nor anybody here has said them."""
    year = today().year + 1
    if today().month == 12 and workdays.lacks(session, year):
        yield Todo(
            kind=N_("Setup"),
            title=N_("Enter the days off of %(year)s"),
            sub=N_("Until then Monday to Friday count as working days."),
            verb=N_("Enter"),
            endpoint="admin.working_days",
            args={"year": year},
            params={"year": year},
            due_on=date(year - 1, 12, 31),
            group="setup",
        )


def _offices(session: Session, user: User) -> Iterator[Todo]:
    """Offices of the administrator's part without a place of signing, or without anyone who may approve."""
    if user.can(Permission.REGIONS_MANAGE):
        working = _working(session, user, Permission.REGIONS_MANAGE)
        places = regions.signing_places(session, working)
        placeless = [region for region in working if not places[region.id]]
        if placeless:
            yield Todo(
                kind=N_("Setup"),
                title=N_("No place of signing is set: %(offices)s"),
                sub=N_("An office without its own uses that of the office above."),
                verb=N_("Set the place"),
                endpoint="admin.regions",
                params={"offices": _named(placeless)},
                group="setup",
            )
    if user.can(Permission.USERS_MANAGE):
        held = paths_held(session, Permission.AGREEMENTS_APPROVE)
        leaderless = [
            region
            for region in _working(session, user, Permission.USERS_MANAGE)
            if not any(region.path.startswith(path) for path in held)
        ]
        if leaderless:
            yield Todo(
                kind=N_("Setup"),
                title=N_("No one can approve agreements: %(offices)s"),
                sub=N_("Assign a regional manager there, or an executive at head office."),
                verb=N_("Go to users"),
                endpoint="admin.users",
                params={"offices": _named(leaderless)},
                group="setup",
            )


def _working(session: Session, user: User, permission: Permission) -> list[Region]:
    """The offices that write agreements of their own: those with accounts, and those with no office below."""
    below = sa.select(Region.parent_id).where(Region.parent_id.is_not(None))
    accounts = sa.select(Distributor.region_id)
    return list(
        session.scalars(
            regions_visible_to(user, permission).where(
                sa.or_(Region.id.not_in(below), Region.id.in_(accounts))
            )
        )
    )


def _named(offices: list[Region]) -> str:
    names = "、".join(region.name for region in offices[:_NAMED])
    more = len(offices) - _NAMED
    return f"{names} +{more}" if more > 0 else names
