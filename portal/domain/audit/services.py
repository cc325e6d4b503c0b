"""Writing and reading the audit trail."""

from datetime import date, datetime
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import now
from portal.domain.audit.models import AuditEvent
from portal.domain.users.models import User

_PLAIN = frozenset((str, int, float, bool, type(None)))


class Subject(Protocol):
    """A record that changes are audited of."""

    id: Any
    __tablename__: str


def plain(value: Any) -> Any:
    """The value as JSON keeps it: dates and instants in ISO form."""
    if value.__class__ in _PLAIN:
        return value
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def record(
    session: Session,
    actor: User | None,
    action: str,
    subject: Subject,
    *,
    region_id: int | None = None,
    **params: Any,
) -> AuditEvent:
    """Write one event in this transaction; `subject` must have its id. The actor None is the system."""
    event = AuditEvent(
        at=now(),
        actor_id=actor.id if actor else None,
        action=action,
        subject=subject.__tablename__,
        subject_id=subject.id,
        region_id=region_id if region_id is not None else getattr(subject, "region_id", None),
        params=plain(params),
    )
    session.add(event)
    return event


def history(subject: Subject) -> sa.Select[AuditEvent]:
    """The events of one record, newest first."""
    return (
        sa.select(AuditEvent)
        .where(AuditEvent.subject == subject.__tablename__, AuditEvent.subject_id == subject.id)
        .order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
    )


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """The fields that differ, each with its value before and after."""
    return {
        key: [plain(before.get(key)), plain(after[key])] for key in after if before.get(key) != after[key]
    }
