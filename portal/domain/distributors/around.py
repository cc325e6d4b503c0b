"""What stands around a record: who supplies it, whom it supplies, which others bear its credit code (D1)."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.distributors import tree
from portal.domain.distributors.mentions import MENTIONED, Mention, read_rows
from portal.domain.distributors.models import Distributor
from portal.domain.distributors.tree import Node
from portal.domain.regions.models import Region
from portal.domain.users.models import User

_ABOVE, _SAME, _BELOW = "above", "same", "below"


@dataclass(frozen=True)
class Around:
    """The suppliers, the topmost first; the branch below; the related parties by their codes."""

    suppliers: list[Mention]
    branch: list[Node]
    related: list[Mention]


def _around() -> sa.Select[*tuple[Any, ...]]:
    """All three in one statement: on a server's database each costs as much as what it finds."""
    up = tree.chain_above()

    def of(kind: str, place: Any, below: Any) -> sa.Select[*tuple[Any, ...]]:
        return sa.select(
            *MENTIONED,
            Distributor.level,
            Distributor.standing,
            sa.literal(kind).label("kind"),
            place.label("place"),
            below.label("below"),
        ).join(Region, Region.id == Distributor.region_id)

    nothing = sa.literal(0)
    uscc: sa.BindParameter[str] = sa.bindparam("uscc", type_=sa.String)
    one: sa.BindParameter[int] = sa.bindparam("one", type_=sa.BigInteger)
    found = sa.union_all(
        of(_ABOVE, -up.c.step, nothing).join(up, up.c.id == Distributor.id),
        of(_SAME, nothing, nothing).where(Distributor.uscc == uscc, uscc != "", Distributor.id != one),
        of(_BELOW, nothing, tree.supplied_by(Distributor)).where(Distributor.parent_id == one),
    ).subquery("around")
    return sa.select(found).order_by(found.c.place, found.c.code)


# Put together once: that costs many times what asking costs.
_STATEMENT = _around()


def around(session: Session, actor: User, distributor: Distributor) -> Around:
    """Everything around a record; of those outside the reader's offices only what a mention says."""
    # No record has the id 0: one without a supplier has no chain above it.
    given = {"start": distributor.parent_id or 0, "uscc": distributor.uscc, "one": distributor.id}
    rows = session.connection().execute(_STATEMENT, given).all()
    kinds: dict[str, list[tuple[Mention, Any]]] = defaultdict(list)
    for mention, row in zip(read_rows(actor, rows), rows, strict=True):
        kinds[row.kind].append((mention, row))
    top = [tree.node(mention, row.level, row.standing, row.below) for mention, row in kinds[_BELOW]]
    return Around(
        suppliers=[mention for mention, _row in kinds[_ABOVE]],
        branch=tree.grown(session, actor, top),
        related=[mention for mention, _row in kinds[_SAME]],
    )
