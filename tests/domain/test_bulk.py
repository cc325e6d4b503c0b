"""Rows written in bulk are those that the ORM would have written, and fail as its rows would."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from portal.db import clock_at
from portal.domain.access.roles import Role
from portal.domain.audit import services as audit
from portal.domain.audit.models import AuditEvent
from portal.domain.bulk import Bulk
from portal.domain.distributors.models import Channel, Distributor, Level
from tests.factories import Factory

COLUMNS = ("id", "code", "code_key", "name", "name_key", "sound", "series_no", "region_id", "owner_id")
TEXT = "示例“一”号\t\\N\n商贸 \\ ' % {}"


def row(make: Factory, identity: int, code: str = "A-1") -> tuple[Any, ...]:
    region = make.region("华东大区")
    owner = make.user(Role.REGIONAL_MANAGER, region=region)
    return (identity, code, code.upper(), TEXT, TEXT, "mark", None, region.id, owner.id)


def test_a_row_has_its_values_and_the_models_defaults(session: Session, make: Factory) -> None:
    columns = (*COLUMNS, "level", "founded_on", "longitude")
    connection = session.connection()
    bulk = Bulk(connection.dialect, Distributor, columns)
    given = row(make, bulk.ids(connection, 1)[0])
    moment = datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
    with clock_at(moment):
        bulk.insert(session.connection(), [(*given, Level.RETAILER, date(2020, 2, 29), 120.25)])
    session.commit()

    record = session.scalars(sa.select(Distributor)).one()
    assert (record.id, record.name, record.series_no) == (given[0], TEXT, None)
    assert (record.level, record.channel) == (Level.RETAILER, Channel.DISTRIBUTOR)
    assert (record.founded_on, record.longitude, record.latitude) == (date(2020, 2, 29), 120.25, None)
    assert (record.created_at, record.updated_at, record.version) == (moment, moment, 1)
    assert record.short_name == "" and record.parent_id is None


def test_an_event_reads_as_one_that_the_trail_wrote(session: Session, make: Factory) -> None:
    params = {"day": date(2026, 2, 3), "level": Level.GENERAL, "pair": (None, 1), "text": TEXT, "rate": 0.5}
    moment = datetime(2026, 2, 3, tzinfo=UTC)
    user = make.user(Role.ADMINISTRATOR)
    names = ("at", "actor_id", "action", "subject", "subject_id", "region_id", "params")
    bulk = Bulk(session.connection().dialect, AuditEvent, names)
    bulk.insert(
        session.connection(), [(moment, user.id, "bulk.made", user.__tablename__, user.id, None, params)]
    )
    with clock_at(moment):
        audit.record(session, user, "bulk.made", user, **params)
    session.commit()

    events = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "bulk.made")).all()
    one, other = ({name: getattr(event, name) for name in names} for event in events)
    assert one == other


def test_ids_follow_those_that_are_taken(session: Session, make: Factory) -> None:
    connection = session.connection()
    bulk = Bulk(connection.dialect, Distributor, COLUMNS)
    first, second = bulk.ids(connection, 2)
    assert first < second
    given = row(make, second)
    bulk.insert(session.connection(), [given])
    session.commit()
    assert min(bulk.ids(session.connection(), 3)) > second
    region, owner = session.scalars(sa.select(Distributor)).one().region, make.user(Role.ADMINISTRATOR)
    later = Distributor(code="Z", code_key="Z", name="示例", name_key="示例", region=region, owner=owner)
    session.add(later)
    session.commit()
    assert later.id > second


def test_what_the_database_refuses_is_raised_as_by_the_orm(session: Session, make: Factory) -> None:
    connection = session.connection()
    bulk = Bulk(connection.dialect, Distributor, COLUMNS)
    one, other = bulk.ids(connection, 2)
    facts = row(make, one)
    with pytest.raises(IntegrityError):
        bulk.insert(session.connection(), [facts, (other, *facts[1:])])
    session.rollback()
    if connection.dialect.name == "postgresql":
        with pytest.raises(DataError):
            bulk.insert(session.connection(), [(one, "A" * 41, *facts[2:])])
        session.rollback()
    assert session.scalar(sa.select(sa.func.count(Distributor.id))) == 0
