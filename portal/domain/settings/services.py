"""Reading and changing settings."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.audit import services as audit
from portal.domain.regions.models import Region
from portal.domain.settings.models import Setting
from portal.domain.users.models import User


def values(session: Session, region: Region) -> dict[str, Any]:
    """What holds in this region: the company's values, overridden by those of the offices on the way down."""
    ids = region.ancestor_ids()
    rows = session.execute(
        sa.select(Setting.region_id, Setting.key, Setting.value).where(Setting.region_id.in_(ids))
    )
    ordered = sorted(rows, key=lambda row: ids.index(row.region_id))
    return {row.key: row.value for row in ordered}


def own_values(session: Session, region: Region) -> dict[str, Any]:
    """What is said at this very node."""
    rows = session.execute(sa.select(Setting.key, Setting.value).where(Setting.region_id == region.id))
    return dict(rows.tuples())


def change(session: Session, actor: User | None, region: Region, new: dict[str, Any]) -> dict[str, list[Any]]:
    """Set these values at this node (None takes one back) and audit what differs; gives the differences."""
    old = own_values(session, region)
    differing = {
        key: [old.get(key), value]
        for key, value in new.items()
        if (value is None and key in old) or (value is not None and old.get(key) != value)
    }
    for key, (_before, value) in differing.items():
        row = session.get(Setting, (region.id, key))
        if value is None:
            if row is not None:
                session.delete(row)
        elif row is None:
            session.add(
                Setting(region_id=region.id, key=key, value=value, changed_by_id=actor.id if actor else None)
            )
        else:
            row.value = value
            row.changed_by_id = actor.id if actor else None
    if differing:
        audit.record(session, actor, "settings.changed", region, region_id=region.id, changes=differing)
    return differing
