"""The register reaches down: general distributor → second-tier → retailer, to any depth (D1)."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.distributors.mentions import Mention, mentioned, read_rows
from portal.domain.distributors.models import Distributor, Level, Standing
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.users.models import User

FEW = 60  # lines that one still overlooks
DEEPEST = 200  # what no chain of supply reaches; it only keeps a damaged tree from running for ever


@dataclass(slots=True)
class Node:
    """A distributor in the tree; of one outside the reader's offices only what `mention` says.

    `below` counts those it supplies itself; `children` holds them where they were read already.
    """

    mention: Mention
    level: Level | None
    standing: Standing | None
    below: int
    children: list["Node"] = field(default_factory=list)


def node(mention: Mention, level: Level, standing: Standing, below: int) -> Node:
    """A node; of a record that the reader may not open, level and standing are not told."""
    return Node(mention, level if mention.is_open else None, standing if mention.is_open else None, below)


def supplied_by(supplier: type[Distributor]) -> sa.ScalarSelect[int]:
    """How many records this one supplies itself."""
    supplied = sa.orm.aliased(Distributor)
    return (
        sa.select(sa.func.count())
        .where(supplied.parent_id == supplier.id)
        .correlate(supplier)
        .scalar_subquery()
    )


def _children() -> sa.Select[*tuple[Any, ...]]:
    return (
        mentioned()
        .add_columns(
            Distributor.parent_id,
            Distributor.level,
            Distributor.standing,
            supplied_by(Distributor).label("below"),
        )
        .where(Distributor.parent_id.in_(sa.bindparam("parents", expanding=True)))
        .order_by(Distributor.code_key)
    )


def chain_above() -> sa.CTE:
    """Ids and steps from the record `start` up to the topmost supplier."""
    up = (
        sa.select(Distributor.id, Distributor.parent_id, sa.literal(0).label("step"))
        .where(Distributor.id == sa.bindparam("start"))
        .cte("up", recursive=True)
    )
    up = up.union_all(
        sa.select(Distributor.id, Distributor.parent_id, up.c.step + 1)
        .join(up, Distributor.id == up.c.parent_id)
        .where(up.c.step < DEEPEST)
    )
    return up


def _chain() -> sa.Select[int]:
    up = chain_above()
    return sa.select(up.c.id).order_by(up.c.step)


# Put together once: that costs many times what asking costs.
_CHILDREN, _CHAIN = _children(), _chain()


def children(session: Session, actor: User, parents: Collection[int]) -> dict[int, list[Node]]:
    """Whom each of these supplies, by the supplier's id, in the order of their codes."""
    if not parents:
        return {}
    rows = session.execute(_CHILDREN, {"parents": list(parents)}).all()
    levels: dict[int, list[Node]] = defaultdict(list)
    for mention, row in zip(read_rows(actor, rows), rows, strict=True):
        *_mentioned, parent, level, standing, count = row
        levels[parent].append(node(mention, level, standing, count))
    return levels


def grown(session: Session, actor: User, top: list[Node], *, depth: int = 2) -> list[Node]:
    """The nodes of a first level with what hangs below them: up to `depth` levels while they are few.

    Deeper and larger levels are read when somebody opens them.
    """
    level = top
    for _step in range(depth - 1):
        if sum(node.below for node in level) > FEW:
            break
        found = children(session, actor, [node.mention.id for node in level if node.below])
        for one in level:
            one.children = found.get(one.mention.id, [])
        level = [child for one in level for child in one.children]
    return top


def branch(session: Session, actor: User, root: int) -> list[Node]:
    """What hangs below a record, as `grown` reads it."""
    return grown(session, actor, children(session, actor, [root]).get(root, []))


def chain(session: Session, start: int | None) -> list[int]:
    """Ids from this record up to the topmost supplier."""
    if start is None:
        return []
    return list(session.scalars(_CHAIN, {"start": start}))


def is_below(session: Session, node: int, root: int) -> bool:
    """Whether `node` is `root` itself or hangs below it."""
    return root in chain(session, node)


def check_supplier(session: Session, distributor_id: int | None, parent: Distributor | None) -> None:
    """Refuse a supplier that this distributor itself supplies, directly or through others.

    The caller holds the register's lock: two changes at once could close a circle that neither sees.
    """
    if distributor_id is None or parent is None:
        return
    if parent.id == distributor_id:
        raise DomainError(N_("A distributor cannot be its own supplier."), field="parent")
    if is_below(session, parent.id, distributor_id):
        raise DomainError(
            N_("%(code)s %(name)s is supplied by this distributor, so it cannot be its supplier."),
            field="parent",
            code=parent.code,
            name=parent.name,
        )


def flat(nodes: Iterable[Node]) -> Iterable[Node]:
    """Every node that was read, supplier before supplied."""
    for node in nodes:
        yield node
        yield from flat(node.children)
