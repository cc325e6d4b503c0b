"""What the page of one record shows beside its own facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from portal.blueprints.distributors.fields import TOLD
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors import documents, duplicates, licences
from portal.domain.distributors.around import around
from portal.domain.distributors.holes import Hole, holes
from portal.domain.distributors.mentions import Mention
from portal.domain.distributors.models import Distributor, NearSame, Standing
from portal.domain.distributors.tree import Node
from portal.domain.meetings import evidence
from portal.domain.meetings import queries as meetings
from portal.domain.meetings.commending import services as commending
from portal.domain.meetings.evidence import Evidence
from portal.domain.meetings.models import Invitation
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.phases import Phase, phase
from portal.domain.price_protection.queries import agreements_of
from portal.domain.users.models import User
from portal.web.audit_words import Told, tell

EVENTS_SHOWN = 12
# Read with the record in one statement; what its owner may do is not asked.
AT_ONCE = (
    joinedload(Distributor.region, innerjoin=True),
    joinedload(Distributor.territory),
    joinedload(Distributor.owner, innerjoin=True).lazyload(User.grants),
    # A few each. Contacts and documents grow over the years, and the rows would be multiplied.
    joinedload(Distributor.phones),
    joinedload(Distributor.licences),
)
AGREEMENTS_SHOWN = 10
MEETINGS_SHOWN = 5


@dataclass(frozen=True)
class Flag:
    """A likeness of this record with another one."""

    flag: NearSame
    other: Mention


@dataclass(frozen=True)
class Page:
    """Everything around the facts; lists are empty where there is nothing, or nothing this user may see."""

    holes: list[Hole]
    # In groups of four, as on a card.
    bank_account: str
    suppliers: list[Mention]
    nodes: list[Node]
    agreements: list[tuple[Agreement, Phase]]
    documents: Sequence[Any]
    flags: list[Flag]
    related: list[Mention]
    events: list[Told]
    events_left: int
    licence_states: dict[int, str]
    # None for whoever reads no meetings of its office.
    attended: Evidence | None
    commendations: list[Any]
    invitations: list[Invitation]
    may_write: bool
    may_read_agreements: bool
    may_write_agreement: bool

    @property
    def needed(self) -> list[Hole]:
        """What an agreement needs and nobody has told."""
        return [hole for hole in self.holes if hole.is_needed]

    @property
    def others(self) -> list[Hole]:
        """What else is missing."""
        return [hole for hole in self.holes if not hole.is_needed]

    @property
    def open_flags(self) -> list[Flag]:
        """Likenesses that nobody has settled."""
        return [flag for flag in self.flags if flag.flag.settled_at is None]


def page(session: Session, me: User, distributor: Distributor, *, whole_history: bool = False) -> Page:
    """Read what the record's page shows."""
    region = distributor.region
    history = audit.history(distributor).options(joinedload(AuditEvent.actor).lazyload(User.grants))
    shown = session.scalars(history if whole_history else history.limit(EVENTS_SHOWN)).all()
    left = 0 if len(shown) < EVENTS_SHOWN or whole_history else _count(session, history) - len(shown)
    may_read = me.can(P.AGREEMENTS_READ, region)
    found = session.scalars(agreements_of(me, distributor).limit(AGREEMENTS_SHOWN)) if may_read else ()
    near = around(session, me, distributor)
    reads_meetings = me.can(P.MEETINGS_READ, region)
    this_year = evidence.year_of(today())
    return Page(
        holes=holes(distributor),
        bank_account=TOLD["bank_account"](distributor.bank_account),
        suppliers=near.suppliers,
        nodes=near.branch,
        agreements=[(agreement, phase(agreement)) for agreement in found],
        documents=documents.filed(session, distributor),
        flags=[Flag(flag, other) for flag, other in duplicates.flags_with_others(session, me, distributor)],
        related=near.related,
        events=tell(session, me, shown),
        events_left=left,
        licence_states={licence.id: licences.state(licence) for licence in distributor.licences_held},
        commendations=commending.of_distributor(session, distributor.id) if reads_meetings else [],
        attended=evidence.attendance_of(session, distributor.id, this_year) if reads_meetings else None,
        invitations=meetings.to_come(session, distributor.id) if reads_meetings else [],
        may_write=me.can(P.DISTRIBUTORS_WRITE, region),
        may_read_agreements=may_read,
        may_write_agreement=me.can(P.AGREEMENTS_WRITE, region)
        and distributor.standing is not Standing.ELIMINATED,
    )


def _count(session: Session, statement: sa.Select[AuditEvent]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(statement.order_by(None).subquery())) or 0


def last_event(session: Session, me: User, distributor: Distributor) -> Told | None:
    """What was done to the record last, and by whom."""
    return next(iter(tell(session, me, session.scalars(audit.history(distributor).limit(1)).all())), None)
