"""What waits for owners in the register: records that look alike, licences that end, facts that agreements need."""

from collections.abc import Iterator
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.roles import Permission
from portal.domain.distributors.licences import WARNING_DAYS
from portal.domain.distributors.models import Distributor, Licence, NearSame, Standing
from portal.domain.distributors.queries import distributors_visible_to
from portal.domain.i18n import N_
from portal.domain.todos import Todo
from portal.domain.users.models import User

# More than this many lines of one kind are one line that leads to the list.
_MOST = 5


def todos(session: Session, user: User) -> Iterator[Todo]:
    """Everything in the register that waits for this user as an owner who may write there."""
    if not user.can(Permission.DISTRIBUTORS_WRITE):
        return
    yield from _alike(session, user)
    yield from _ending_licences(session, user)


def _alike(session: Session, user: User) -> Iterator[Todo]:
    mine = distributors_visible_to(user, Permission.DISTRIBUTORS_WRITE).where(Distributor.owner_id == user.id)
    flags = (
        mine.join(NearSame, NearSame.distributor_id == Distributor.id)
        .where(NearSame.settled_at.is_(None))
        .with_only_columns(Distributor.id, Distributor.code, Distributor.name)
        .distinct()
        .order_by(Distributor.code)
    )
    count = session.scalar(sa.select(sa.func.count()).select_from(flags.order_by(None).subquery())) or 0
    if count > _MOST:
        yield Todo(
            kind=N_("Possible duplicates"),
            title=N_("%(count)s of your distributors look like others in the register"),
            sub=N_("Say of each whether it is the same company or another one."),
            verb=N_("Compare"),
            endpoint="distributors.index",
            args={"hint": "near_same", "owner": user.id},
            params={"count": count},
            group="register",
        )
        return
    for row in session.execute(flags):
        yield Todo(
            kind=N_("Possible duplicates"),
            title=N_("%(code)s %(name)s"),
            sub=N_("It looks like another distributor in the register."),
            verb=N_("Compare"),
            endpoint="distributors.detail",
            args={"id": row.id},
            params={"code": row.code, "name": row.name},
            group="register",
        )


def _ending_licences(session: Session, user: User) -> Iterator[Todo]:
    rows = session.execute(
        distributors_visible_to(user, Permission.DISTRIBUTORS_WRITE)
        .join(Licence, Licence.distributor_id == Distributor.id)
        .where(
            Distributor.owner_id == user.id,
            Distributor.standing != Standing.ELIMINATED,
            Licence.ended_at.is_(None),
            Licence.expires_on <= today() + timedelta(days=WARNING_DAYS),
        )
        .with_only_columns(Distributor.id, Distributor.name, Licence.kind, Licence.expires_on)
        .order_by(Licence.expires_on)
    )
    for row in rows:
        yield Todo(
            kind=N_("Licence"),
            title=N_("%(licence)s of %(name)s"),
            sub=N_("Valid until %(day)s"),
            verb=N_("View"),
            endpoint="distributors.detail",
            args={"id": row.id},
            params={"licence": row.kind, "name": row.name, "day": row.expires_on.isoformat()},
            due_on=row.expires_on,
            group="register",
        )
