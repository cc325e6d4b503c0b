"""Turning what the features say is waiting into the lines of the workbench."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from portal.domain.administration import todos as administration_todos
from portal.domain.distributors import todos as register_todos
from portal.domain.meetings import todos as meeting_todos
from portal.domain.price_protection import todos_counsel, todos_setup
from portal.domain.price_protection.batches import todos as batch_todos
from portal.domain.price_protection.closing import todos as closing_todos
from portal.domain.price_protection.closing import todos_statements
from portal.domain.price_protection.payments import todos as payment_todos
from portal.domain.price_protection.purchases import todos as purchase_todos
from portal.domain.price_protection.todos import agreement_todos
from portal.domain.price_protection.trail import todos as trail_todos
from portal.domain.price_protection.violations import todos as case_todos
from portal.domain.todos import Todo
from portal.domain.users.models import User

# Each gives the to-dos of one user from one feature; features add theirs here.
SOURCES: tuple[Callable[[Session, User], Iterable[Todo]], ...] = (
    batch_todos.todos,
    agreement_todos,
    todos_counsel.todos,
    register_todos.todos,
    administration_todos.todos,
    trail_todos.todos,
    purchase_todos.todos,
    payment_todos.todos,
    closing_todos.todos,
    todos_statements.todos,
    todos_setup.todos,
    case_todos.todos,
    meeting_todos.todos,
)

# The tabs above the list, in this order, by `Todo.group`.
GROUPS = {
    "approval": _l("Approvals"),
    "draft": _l("Drafts"),
    "signature": _l("Printing and signing"),
    "trail": _l("Seals and post"),
    "fund": _l("Protection fund"),
    "expiry": _l("Expiring agreements"),
    "purchases": _l("Purchases"),
    "register": _l("Register"),
    "cases": _l("Violation cases"),
    "meetings": _l("Meetings"),
    "setup": _l("Setup"),
}


@dataclass(frozen=True)
class Item:
    """A line of the workbench in the user's language."""

    group: str
    kind: str
    title: str
    sub: str
    verb: str
    url: str
    due_on: date | None
    amount_fen: int | None
    is_overdue: bool

    @property
    def is_setup(self) -> bool:
        """Whether other work cannot begin before it is done."""
        return self.group == "setup" and self.due_on is None


@dataclass(frozen=True)
class Part:
    """Lines that are due at about the same time."""

    title: str
    items: list[Item]


def collected(session: Session, user: User) -> list[Item]:
    """Everything that waits for this user: what all else rests on, then by its day; what has none comes last."""
    items = [_item(todo) for source in SOURCES for todo in source(session, user)]
    return sorted(items, key=lambda item: (not item.is_setup, item.due_on is None, item.due_on or date.max))


def _item(todo: Todo) -> Item:
    words = {key: str(value) for key, value in todo.params.items()}

    def say(msgid: str) -> str:
        return str(_(msgid, **words)) if msgid else ""

    return Item(
        group=todo.group,
        kind=say(todo.kind),
        title=say(todo.title),
        sub=say(todo.sub),
        verb=say(todo.verb),
        url=url_for(todo.endpoint, **todo.args),
        due_on=todo.due_on,
        amount_fen=todo.amount_fen,
        is_overdue=todo.is_overdue,
    )


def in_time(items: Iterable[Item], day: date) -> list[Part]:
    """The lines under set-up, overdue, today, the next seven days, later, and whenever there is time."""
    week = day + timedelta(days=7)
    parts: dict[str, list[Item]] = {}
    for item in items:
        if item.is_setup:
            name = _("Set up first")
        elif item.due_on is None:
            name = _("No deadline")
        elif item.due_on < day:
            name = _("Overdue")
        elif item.due_on == day:
            name = _("Today")
        elif item.due_on <= week:
            name = _("Within a week")
        else:
            name = _("Later")
        parts.setdefault(name, []).append(item)
    return [Part(name, part) for name, part in parts.items()]
