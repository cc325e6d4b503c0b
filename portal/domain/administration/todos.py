"""What waits for administrators, and for whoever still uses a password that somebody else knows."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission
from portal.domain.i18n import N_
from portal.domain.regions import services as regions
from portal.domain.settings import services as settings
from portal.domain.todos import Todo
from portal.domain.users.models import User


def todos(session: Session, user: User) -> Iterator[Todo]:
    """A password to replace; the company's facts that the first agreement waits for."""
    if user.is_password_temporary:
        yield Todo(
            kind=N_("My account"),
            title=N_("Choose a password of your own"),
            sub=N_("An administrator knows the present one."),
            verb=N_("Change the password"),
            endpoint="auth.account",
            group="setup",
        )
    if user.can(Permission.SETTINGS_WRITE):
        missing = settings.holes(session, regions.head_office(session))
        if missing:
            yield Todo(
                kind=N_("Set-up"),
                title=N_("%(count)s facts of the company are missing"),
                sub=N_("No agreement can be printed before they are filled in."),
                verb=N_("Fill in"),
                endpoint="admin.settings",
                params={"count": len(missing)},
                group="setup",
            )
