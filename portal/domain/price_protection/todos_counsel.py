"""What waits for counsel: texts that no agreement can be approved on yet (P8)."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission
from portal.domain.i18n import N_
from portal.domain.price_protection.texts import unreleased
from portal.domain.todos import Todo
from portal.domain.users.models import User


def todos(session: Session, user: User) -> Iterator[Todo]:
    """The main text, and of every other one in use, whose newest version counsel has not released."""
    if not user.can(Permission.TEMPLATES_RELEASE):
        return
    for edition in unreleased(session):
        yield Todo(
            kind=N_("Template"),
            title=N_("Review and release %(title)s %(version)s"),
            sub=N_("No agreement based on it can be approved before then."),
            verb=N_("Review"),
            endpoint="templates.detail",
            args={"key": edition.key, "version": edition.version},
            params={"title": edition.title, "version": edition.version},
            group="setup",
        )
