"""Reading the audit trail, within the regions of whoever asks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from portal.db import CHINA
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.audit.models import AuditEvent
from portal.domain.users.models import User


@dataclass(frozen=True)
class TrailFilter:
    """What the trail is narrowed to; days are China's, both ends included; an empty field narrows nothing."""

    actor_id: int | None = None
    # "agreement" for every action of agreements, "agreement.approved" for one.
    action: str = ""
    subject: str = ""
    subject_id: int | None = None
    since: date | None = None
    until: date | None = None
    # Part of a record's number, code or name; `RecordNames` says where these stand.
    record: str = ""


# A table's name → the columns that a record of it is known by.
RecordNames = Mapping[str, Sequence[InstrumentedAttribute[str]]]


def trail_visible_to(user: User) -> sa.Select[AuditEvent]:
    """Events of the user's regions; what concerns no region in particular is the head office's to read."""
    return sa.select(AuditEvent).where(_within(user))


def _reads_all(user: User) -> bool:
    return any(held.allows(Permission.AUDIT_READ) and held.region.parent_id is None for held in user.grants)


def _within(user: User) -> sa.ColumnElement[bool]:
    # Who reads the whole tree reads every event: no region is compared, which counts a hundred thousand at once.
    if _reads_all(user):
        return sa.true()
    return AuditEvent.region_id.in_(visible(user, Permission.AUDIT_READ))


def narrowed(statement: sa.Select[Any], wanted: TrailFilter, names: RecordNames) -> sa.Select[Any]:
    """The statement with the filter's conditions."""
    if wanted.record:
        statement = statement.where(_about(wanted.record, names))
    if wanted.actor_id is not None:
        statement = statement.where(AuditEvent.actor_id == wanted.actor_id)
    if wanted.action:
        statement = statement.where(
            AuditEvent.action == wanted.action
            if "." in wanted.action
            else AuditEvent.action.startswith(wanted.action + ".", autoescape=True)
        )
    if wanted.subject:
        statement = statement.where(AuditEvent.subject == wanted.subject)
    if wanted.subject_id is not None:
        statement = statement.where(AuditEvent.subject_id == wanted.subject_id)
    if wanted.since is not None:
        statement = statement.where(AuditEvent.at >= _midnight(wanted.since))
    if wanted.until is not None:
        statement = statement.where(AuditEvent.at < _midnight(wanted.until + timedelta(days=1)))
    return statement


def actors(user: User) -> sa.Select[int, str]:
    """Ids and names of those who stand in the trail that this user reads, for a filter."""
    # The whole trail: one event of each user is enough, found by the index on actors. A part of it: read that part.
    wrote = (
        sa.exists().where(AuditEvent.actor_id == User.id)
        if _reads_all(user)
        else User.id.in_(sa.select(AuditEvent.actor_id).where(_within(user)))
    )
    return sa.select(User.id, User.name).where(wrote).order_by(User.name)


def _about(text: str, names: RecordNames) -> sa.ColumnElement[bool]:
    """Events about a record whose number, code or name holds the text."""
    conditions: list[sa.ColumnElement[bool]] = []
    for table, columns in names.items():
        found = sa.or_(*(column.icontains(text, autoescape=True) for column in columns))
        key = columns[0].class_.__table__.c.id
        conditions.append(
            sa.and_(AuditEvent.subject == table, AuditEvent.subject_id.in_(sa.select(key).where(found)))
        )
    return sa.or_(*conditions)


def names_of(
    session: Session, events: Sequence[AuditEvent], columns: Mapping[str, InstrumentedAttribute[str]]
) -> dict[tuple[str, int], str]:
    """What the events' subjects are called today, by table and id: one query a table.

    `columns` says for a table's name which of its columns names a record.
    """
    found: dict[tuple[str, int], str] = {}
    for subject, ids in _ids(events).items():
        column = columns.get(subject)
        if column is None:
            continue
        key = column.class_.__table__.c.id
        rows = session.execute(sa.select(key, column).where(key.in_(ids)))
        found.update({(subject, row[0]): str(row[1]) for row in rows if row[1] is not None})
    return found


def _ids(events: Sequence[AuditEvent]) -> dict[str, Collection[int]]:
    ids: dict[str, set[int]] = {}
    for event in events:
        ids.setdefault(event.subject, set()).add(event.subject_id)
    return dict(ids)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, CHINA)
