"""Handing all accounts of a user over to another at once, when the user leaves or moves (D6)."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import now
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors import choices
from portal.domain.distributors.models import Distributor
from portal.domain.distributors.services import lock_register
from portal.domain.errors import DomainError, Stale
from portal.domain.i18n import N_
from portal.domain.regions.models import Region
from portal.domain.text import clean
from portal.domain.users.models import User

_AT_ONCE = 1000
LONGEST_NOTE = 200


@dataclass(frozen=True, slots=True)
class Held:
    """How many accounts of an office a user answers for."""

    office: Region
    count: int


def held(session: Session, actor: User, user: User) -> list[Held]:
    """The user's accounts by office, as far as `actor` keeps the records there."""
    rows = session.execute(
        sa.select(Region, sa.func.count())
        .join(Distributor, Distributor.region_id == Region.id)
        .where(Distributor.owner_id == user.id, Region.id.in_(visible(actor, Permission.DISTRIBUTORS_WRITE)))
        .group_by(Region.id)
        .order_by(Region.path)
    )
    return [Held(office, count) for office, count in rows]


def accounts(session: Session, actor: User, user: User, *, limit: int) -> list[Distributor]:
    """The first of these accounts, in the order of their codes."""
    return list(
        session.scalars(
            sa.select(Distributor).where(_of(actor, user, None)).order_by(Distributor.code_key).limit(limit)
        )
    )


def successors(
    session: Session, user: User, held: list[Held]
) -> list[tuple[choices.OwnerChoice, frozenset[int]]]:
    """Who may take over at least one office's accounts, and which offices'; who may take most stands first."""
    found: dict[int, tuple[choices.OwnerChoice, set[int]]] = {}
    for part in held:
        for choice in choices.owners(session, part.office):
            if choice.id != user.id:
                found.setdefault(choice.id, (choice, set()))[1].add(part.office.id)
    order = sorted(found.values(), key=lambda entry: -len(entry[1]))
    return [(choice, frozenset(offices)) for choice, offices in order]


def hand_over(
    session: Session,
    actor: User,
    user: User,
    successor: User | None,
    *,
    office: Region | None = None,
    seen: int,
    note: str = "",
) -> int:
    """Make `successor` the owner of the user's accounts, of one office or of all; gives how many (D6).

    One event an account, with the note. Raises DomainError where the successor may not keep an office's records,
    and Stale when the accounts are not the `seen` many that the page showed.
    """
    note = clean(note)
    if successor is None or successor.id == user.id:
        raise DomainError(N_("Choose the user who takes over."), field="successor_id")
    if len(note) > LONGEST_NOTE:
        raise DomainError(N_("Use at most %(limit)s characters."), field="note", limit=LONGEST_NOTE)
    lock_register(session)
    parts = [part for part in held(session, actor, user) if office is None or part.office.id == office.id]
    if not parts:
        raise DomainError(N_("There is nothing to hand over."))
    for part in parts:
        try:
            choices.check_owner(successor, part.office)
        except DomainError as error:
            raise DomainError(error.msgid, field="successor_id", **error.params) from error
    if sum(part.count for part in parts) != seen:
        raise Stale(N_("The accounts have just changed. Check them again."))
    moved = session.execute(
        sa.select(Distributor.id, Distributor.region_id)
        .where(_of(actor, user, office))
        .order_by(Distributor.id)
        .with_for_update()
    ).all()
    moment = now()
    for start in range(0, len(moved), _AT_ONCE):
        rows = moved[start : start + _AT_ONCE]
        session.execute(
            sa.update(Distributor)
            .where(Distributor.id.in_([row.id for row in rows]))
            .values(owner_id=successor.id, version=Distributor.version + 1, updated_at=moment),
            execution_options={"synchronize_session": False},
        )
        session.execute(
            sa.insert(AuditEvent),
            [
                {
                    "at": moment,
                    "actor_id": actor.id,
                    "action": "distributor.owner_changed",
                    "subject": Distributor.__tablename__,
                    "subject_id": row.id,
                    "region_id": row.region_id,
                    "params": {"from_id": user.id, "to_id": successor.id, "reason": note},
                }
                for row in rows
            ],
        )
    audit.record(
        session,
        actor,
        "user.accounts_handed_over",
        user,
        region_id=user.home.id if user.home else None,
        to=successor.name,
        count=len(moved),
        office=office.name if office else "",
        reason=note,
    )
    session.expire_all()
    return len(moved)


def _of(actor: User, user: User, office: Region | None) -> sa.ColumnElement[bool]:
    within = Distributor.region_id.in_(visible(actor, Permission.DISTRIBUTORS_WRITE))
    mine = sa.and_(Distributor.owner_id == user.id, within)
    return mine if office is None else sa.and_(mine, Distributor.region_id == office.id)
