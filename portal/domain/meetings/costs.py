"""What a meeting cost, row by row, and what that is for each who came (M1); sums in fen.

A row is written once. What was entered wrongly is reversed by the same sum with the other sign and a reason, then
entered again; both stay in sight.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from portal.db import lock, today
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings.models import Cost, CostKind, Meeting
from portal.domain.meetings.planning import require_host
from portal.domain.money import per_head
from portal.domain.text import clean
from portal.domain.users.models import User

MOST_FEN = 10**11  # 10^9 yuan: more is a slip of the keyboard


def may_see(user: User, meeting: Meeting) -> bool:
    """Whether the user sees what a meeting cost: who holds its office's meetings, and who reads its money."""
    return any(user.can(permission, meeting.region) for permission in (P.MEETINGS_WRITE, P.FUNDS_READ))


@dataclass(frozen=True)
class Spent:
    """A payment as somebody typed it."""

    kind: CostKind
    amount_fen: int
    paid_on: date
    note: str = ""


def enter(session: Session, actor: User, meeting: Meeting, spent: Spent, *, key: str) -> Cost:
    """Write a payment down, once for each key. The caller commits.

    DomainError: nothing or too much, a day to come, or a key that stands for something else. Also a meeting that was
    called off has costs.
    """
    lock(session, meeting)
    require_host(actor, meeting)
    note = clean(spent.note)[:200]
    if (known := _known(session, key)) is not None:
        if (known.meeting_id, known.kind, known.amount_fen, known.paid_on, known.note, known.reverses_id) != (
            meeting.id, spent.kind, spent.amount_fen, spent.paid_on, note, None,
        ):  # fmt: skip
            raise DomainError(N_("This form was sent before with something else. Open it again."))
        return known
    if not 0 < spent.amount_fen <= MOST_FEN:
        raise DomainError(N_("Enter what was paid, more than nothing."), "amount")
    if spent.paid_on > today():
        raise DomainError(N_("This day is still to come. Enter what has been paid."), "paid_on")
    if spent.kind is CostKind.OTHER and not note:
        raise DomainError(N_("Say what it was for."), "note")
    made = Cost(
        meeting_id=meeting.id,
        kind=spent.kind,
        amount_fen=spent.amount_fen,
        paid_on=spent.paid_on,
        note=note,
        key=key,
        entered_by_id=actor.id,
    )
    session.add(made)
    session.flush()
    audit.record(session, actor, "meeting.cost_entered", meeting, kind=made.kind, amount_fen=made.amount_fen)
    return made


def reverse(session: Session, actor: User, cost: Cost, reason: str) -> Cost:
    """Take a payment back that was entered wrongly, once, with the reason; asked again it is the same reversal."""
    lock(session, cost.meeting)
    require_host(actor, cost.meeting)
    why = clean(reason)[:200]
    if len(why) < 2:
        raise DomainError(N_("Enter why it is taken back; it stays in the record."), "reason")
    if cost.reverses_id is not None:
        raise DomainError(N_("This takes another entry back already. Enter the payment again instead."))
    known = session.scalar(sa.select(Cost).where(Cost.reverses_id == cost.id))
    if known is not None:
        return known
    made = Cost(
        meeting_id=cost.meeting_id,
        kind=cost.kind,
        amount_fen=-cost.amount_fen,
        paid_on=cost.paid_on,
        note=why,
        reverses_id=cost.id,
        key=f"reverses:{cost.id}",
        entered_by_id=actor.id,
    )
    session.add(made)
    session.flush()
    audit.record(
        session, actor, "meeting.cost_reversed", cost.meeting,
        kind=cost.kind, amount_fen=cost.amount_fen, why=why,
    )  # fmt: skip
    return made


def _known(session: Session, key: str) -> Cost | None:
    return session.scalar(sa.select(Cost).where(Cost.key == key))


@dataclass(frozen=True)
class Bill:
    """What a meeting cost: the rows in the order of payment, sums by kind, in all, and for each who came."""

    rows: Sequence[Cost]
    by_kind: list[tuple[CostKind, int]]
    total_fen: int
    budget_fen: int | None
    reversed_ids: frozenset[int]
    persons: int
    companies: int

    @property
    def left_fen(self) -> int | None:
        """What is left of the budget, negative where it was exceeded; None without a budget."""
        return None if self.budget_fen is None else self.budget_fen - self.total_fen

    @property
    def per_person_fen(self) -> int | None:
        """For each person who came, rounded half up to the fen; None where nobody came."""
        return per_head(self.total_fen, self.persons)

    @property
    def per_company_fen(self) -> int | None:
        """For each distributor of which somebody came, rounded likewise."""
        return per_head(self.total_fen, self.companies)


def bill(session: Session, meeting: Meeting, *, persons: int, companies: int) -> Bill:
    """What a meeting cost so far, for so many persons of so many distributors who came."""
    rows = session.scalars(
        sa.select(Cost)
        .where(Cost.meeting_id == meeting.id)
        .order_by(Cost.paid_on, Cost.id)
        .options(joinedload(Cost.entered_by).lazyload(User.grants))
    ).all()
    return made_up(rows, meeting.budget_fen, persons=persons, companies=companies)


def made_up(rows: Sequence[Cost], budget_fen: int | None, *, persons: int, companies: int) -> Bill:
    """Add the rows up."""
    sums = {kind: sum(row.amount_fen for row in rows if row.kind is kind) for kind in CostKind}
    return Bill(
        rows=rows,
        by_kind=[(kind, fen) for kind, fen in sums.items() if fen],
        total_fen=sum(sums.values()),
        budget_fen=budget_fen,
        reversed_ids=frozenset(row.reverses_id for row in rows if row.reverses_id is not None),
        persons=persons,
        companies=companies,
    )
