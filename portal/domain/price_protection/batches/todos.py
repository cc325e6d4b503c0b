"""What waits for a user about batches, for the workbench: a list is one line, however many rows it has."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA
from portal.domain.distributors.models import Distributor
from portal.domain.i18n import N_
from portal.domain.price_protection.batches.models import Batch, BatchRow
from portal.domain.price_protection.batches.queries import may_decide, unprinted
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.people import is_mine
from portal.domain.todos import Todo
from portal.domain.users.models import User


def todos(session: Session, user: User) -> Iterator[Todo]:
    """Lists that wait for this user's approval, and those whose originals are to be printed."""
    rows = session.execute(
        sa.select(
            Batch.id,
            Batch.name,
            Batch.created_at,
            User.name.label("owner"),
            sa.func.count().label("number"),
            sa.func.min(Agreement.effective_on).label("first"),
        )
        .select_from(BatchRow)
        .join(Batch, Batch.id == BatchRow.batch_id)
        .join(Agreement, Agreement.id == BatchRow.agreement_id)
        .join(User, User.id == Batch.owner_id)
        .where(may_decide(user))
        .group_by(Batch.id, Batch.name, Batch.created_at, User.name)
        .order_by(Batch.id)
    )
    for row in rows:
        yield Todo(
            kind=N_("Approve a list"),
            title=N_("%(batch)s: %(number)s agreements"),
            sub=N_("Set up by %(by)s on %(day)s; the first begins on %(first)s"),
            verb=N_("Review and approve the list"),
            endpoint="batches.approval",
            args={"id": row.id},
            params={
                "batch": row.name,
                "number": row.number,
                "by": row.owner,
                "day": row.created_at.astimezone(CHINA).date().isoformat(),
                "first": row.first.isoformat(),
            },
            due_on=row.first,
            group="approval",
        )

    yield from _to_print(session, user)


def _to_print(session: Session, user: User) -> Iterator[Todo]:
    rows = session.execute(
        sa.select(
            Batch.id,
            Batch.name,
            sa.func.count().label("number"),
            sa.func.min(Agreement.effective_on).label("first"),
        )
        .select_from(BatchRow)
        .join(Batch, Batch.id == BatchRow.batch_id)
        .join(Agreement, Agreement.id == BatchRow.agreement_id)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .where(*unprinted(), is_mine(user))
        .group_by(Batch.id, Batch.name)
        .order_by(Batch.id)
    )
    for row in rows:
        yield Todo(
            kind=N_("Print a batch"),
            title=N_("%(batch)s: %(number)s agreements"),
            sub=N_("Approved and not printed; the first begins on %(first)s"),
            verb=N_("Print"),
            endpoint="agreements.print_many",
            args={"batch": row.id},
            params={"batch": row.name, "number": row.number, "first": row.first.isoformat()},
            due_on=row.first,
            group="signature",
        )


def is_in_batch() -> sa.ColumnElement[bool]:
    """Whether an agreement is a row of a batch: its approval waits in the list, not by itself.

    One that was taken out of its batch goes its own way.
    """
    return (
        sa.exists()
        .where(BatchRow.agreement_id == Agreement.id, BatchRow.left_out_at.is_(None))
        .correlate(Agreement)
    )
