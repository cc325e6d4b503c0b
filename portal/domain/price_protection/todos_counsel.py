"""What waits for counsel: texts that no agreement can be approved on yet (P8)."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission
from portal.domain.i18n import N_
from portal.domain.price_protection.texts import unreleased
from portal.domain.templates import texts_in_work
from portal.domain.templates.models import TextState
from portal.domain.todos import Todo
from portal.domain.users.models import User


def todos(session: Session, user: User) -> Iterator[Todo]:
    """The main text, and of every other one in use, whose newest version counsel has not released.

    And the company's own texts: what others handed over to be published, what came back to whoever wrote it.
    """
    if not user.can(Permission.TEMPLATES_RELEASE) and not user.can(Permission.TEMPLATES_WRITE):
        return
    yield from _own_texts(session, user)
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


def _own_texts(session: Session, user: User) -> Iterator[Todo]:
    for draft in texts_in_work.in_work(session):
        params = {"name": draft.name, "version": draft.version}
        if draft.state is TextState.SUBMITTED and not texts_in_work.why_not_publish(user, draft):
            yield Todo(
                kind=N_("Own text"),
                title=N_("Read and publish %(name)s %(version)s"),
                sub=N_("Written by others; no agreement is written on it before then."),
                verb=N_("Read"),
                endpoint="own_texts.review",
                args={"id": draft.id},
                params=params,
                group="setup",
            )
        elif (back := texts_in_work.came_back(draft)) is not None and user.id in texts_in_work.writers(draft):
            yield Todo(
                kind=N_("Own text"),
                title=N_("%(name)s %(version)s was sent back: %(reason)s"),
                sub=N_("Correct it and hand it over again."),
                verb=N_("Go on writing"),
                endpoint="own_texts.edit",
                args={"id": draft.id},
                params={**params, "reason": back.note},
                group="setup",
            )
