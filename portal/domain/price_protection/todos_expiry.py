"""Agreements that end and that nothing follows yet, for the workbench: one by one, or as one line when many end."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor
from portal.domain.i18n import N_
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.queries import EXPIRY_STAGES, is_expiring
from portal.domain.todos import Todo
from portal.domain.users.models import User

# Days before the last one on which those who may approve hear of another person's account.
APPROVERS_STAGE = 30
# So many that end on one day are one line: they are renewed in one go.
TOGETHER = 5


def expiring(session: Session, user: User, on: date | None = None) -> list[Todo]:
    """Agreements that nothing follows yet: the user's own accounts' from 90 days before the last day on.

    Who may approve in a region is told of everybody's from 30 days on, while there is time to step in.
    """
    on = on or today()
    is_own = sa.and_(
        Distributor.owner_id == user.id, Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_WRITE))
    )
    is_pressing = sa.and_(
        Agreement.ends_on <= on + timedelta(days=APPROVERS_STAGE),
        Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_APPROVE)),
    )
    rows = session.execute(
        sa.select(
            Agreement.id,
            Agreement.number,
            Agreement.ends_on,
            Distributor.name.label("distributor"),
            Distributor.owner_id,
            User.name.label("owner"),
        )
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .join(User, User.id == Distributor.owner_id)
        .where(is_expiring(on, max(EXPIRY_STAGES)), sa.or_(is_own, is_pressing))
        .order_by(Agreement.ends_on, Agreement.id)
    )
    return [
        Todo(
            kind=N_("Ends within %(stage)s days"),
            title=N_("%(number)s %(distributor)s"),
            sub=N_("Last day %(last)s, %(days)s days left; not renewed yet")
            if row.owner_id == user.id
            else N_("Last day %(last)s, %(days)s days left; not renewed yet. Owner: %(owner)s"),
            verb=N_("Renew"),
            endpoint="agreements.new",
            args={"follows": row.id},
            params={
                "number": row.number,
                "distributor": row.distributor,
                "last": row.ends_on.isoformat(),
                "stage": expiry_stage(row.ends_on, on),
                "days": (row.ends_on - on).days,
                "owner": row.owner,
                "is_own": row.owner_id == user.id,
            },
            due_on=row.ends_on,
            group="expiry",
        )
        for row in rows
    ]


def expiry_stage(ends_on: date, on: date) -> int | None:
    """The narrowest of 90, 30 and 7 days that the last day lies within; None when it is further away or past."""
    if ends_on < on:
        return None
    return next((stage for stage in sorted(EXPIRY_STAGES) if ends_on <= on + timedelta(days=stage)), None)


def together(todos: Sequence[Todo], user: User) -> Iterator[Todo]:
    """The same to-dos, but those of one day as a single line when they are many: it leads to their batch."""
    by_day: dict[date | None, list[Todo]] = {}
    for todo in todos:
        by_day.setdefault(todo.due_on, []).append(todo)
    for day, of_day in by_day.items():
        if day is None or len(of_day) < TOGETHER:
            yield from of_day
            continue
        args = {"from": day.isoformat(), "until": day.isoformat()}
        if all(todo.params["is_own"] for todo in of_day):
            args["owner"] = str(user.id)
        yield Todo(
            kind=of_day[0].kind,
            title=N_("%(count)s agreements end on %(last)s"),
            sub=N_("%(days)s days left; not renewed yet"),
            verb=N_("Renew together"),
            endpoint="batches.new",
            args=args,
            params={**of_day[0].params, "count": len(of_day)},
            due_on=day,
            group=of_day[0].group,
        )
