"""Payments as lists and pages show them, within the offices of who asks; what cases paid only to who pays."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.domain.access.queries import visible, within
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor
from portal.domain.ledger.accounts import AccountKind
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payments.marking import holds
from portal.domain.price_protection.payments.models import (
    ClawbackNotice,
    Mark,
    Means,
    PaymentCorrection,
    Payout,
    PayoutKind,
    PayoutList,
    PayoutMark,
    Repayment,
)
from portal.domain.price_protection.payments.payable import balances
from portal.domain.regions.models import Region
from portal.domain.users.models import User

NO_INVOICE, NO_REFERENCE, TAKEN_BACK = "no_invoice", "no_reference", "taken_back"
STATES = (NO_INVOICE, NO_REFERENCE, TAKEN_BACK)


@dataclass(frozen=True)
class PaidFilter:
    """What the list of payments is narrowed to; an empty field narrows nothing."""

    q: str = ""
    region_id: int | None = None
    agreement_id: int | None = None
    kind: PayoutKind | None = None
    means: Means | None = None
    state: str = ""
    first_on: date | None = None
    last_on: date | None = None


def _reach(user: User) -> sa.ColumnElement[bool]:
    """Of a Payout joined to its Agreement: in the user's offices; what served a purpose is for who pays there.

    Awards are in no list of payments: beside a distributor and a day they would tell who reported whom.
    """
    return sa.and_(
        Agreement.region_id.in_(visible(user, P.FUNDS_READ)),
        Payout.kind != PayoutKind.AWARD,
        sa.or_(Payout.kind != PayoutKind.UNAWARDED, Agreement.region_id.in_(visible(user, P.PAYMENTS_MAKE))),
    )


def payouts_visible_to(user: User) -> sa.Select[Payout]:
    """The payouts that this user may see, with what their page tells."""
    return (
        sa.select(Payout)
        .join(Agreement, Agreement.id == Payout.agreement_id)
        .where(_reach(user))
        .options(
            joinedload(Payout.agreement).joinedload(Agreement.distributor),
            joinedload(Payout.payment_list),
            joinedload(Payout.made_by),
            selectinload(Payout.marks),
            selectinload(Payout.correction).joinedload(PaymentCorrection.by),
        )
    )


def repayments_visible_to(user: User) -> sa.Select[Repayment]:
    """The repayments that this user may see."""
    return (
        sa.select(Repayment)
        .join(Agreement, Agreement.id == Repayment.agreement_id)
        .where(Agreement.region_id.in_(visible(user, P.FUNDS_READ)))
        .options(
            joinedload(Repayment.agreement).joinedload(Agreement.distributor),
            joinedload(Repayment.made_by),
            selectinload(Repayment.correction).joinedload(PaymentCorrection.by),
        )
    )


def lists_visible_to(user: User) -> sa.Select[PayoutList]:
    """The payment lists of which this user may see a payout."""
    mine = sa.select(Payout.list_id).join(Agreement, Agreement.id == Payout.agreement_id).where(_reach(user))
    return sa.select(PayoutList).where(PayoutList.id.in_(mine))


def agreements_visible_to(user: User, permission: P) -> sa.Select[Agreement]:
    """The agreements in whose offices the user has this permission."""
    return (
        sa.select(Agreement)
        .where(Agreement.region_id.in_(visible(user, permission)))
        .options(joinedload(Agreement.distributor))
    )


def _holding(what: Mark) -> sa.Subquery:
    """The marks of one kind that hold, one a payout."""
    found = sa.select(PayoutMark.payout_id, PayoutMark.value).where(
        PayoutMark.what == what, holds(PayoutMark)
    )
    return found.subquery()


_invoice, _reference = _holding(Mark.INVOICE), _holding(Mark.REFERENCE)

SORTS: dict[str, Any] = {
    "number": Payout.id,
    "day": Payout.paid_on,
    "distributor": Distributor.name,
    "amount": Payout.amount_fen - Payout.offset_fen,
}


def paid_rows(user: User, wanted: PaidFilter, *, may_pay: bool = False) -> sa.Select[Any]:
    """The payouts, one row each, narrowed; with `may_pay` those of offices where the user pays."""
    columns: tuple[Any, ...] = (
        Payout.id,
        Payout.number,
        Payout.list_id,
        Payout.kind,
        Payout.part,
        Payout.means,
        Payout.paid_on,
        Payout.amount_fen,
        Payout.offset_fen,
        (Payout.amount_fen - Payout.offset_fen).label("paid_fen"),
        Payout.payee,
        Payout.bank_name,
        Payout.bank_account,
        Payout.note,
        Payout.agreement_id,
        Agreement.number.label("agreement"),
        Agreement.distributor_id,
        Distributor.code,
        Distributor.name.label("distributor"),
        Region.name.label("office"),
        User.name.label("made_by"),
        _invoice.c.value.label("invoice"),
        _reference.c.value.label("reference"),
        PaymentCorrection.id.label("correction_id"),
    )
    statement: sa.Select[Any] = (
        sa.select(*columns)
        .select_from(Payout)
        .join(Agreement, Agreement.id == Payout.agreement_id)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .join(Region, Region.id == Agreement.region_id)
        .join(User, User.id == Payout.made_by_id)
        .outerjoin(_invoice, _invoice.c.payout_id == Payout.id)
        .outerjoin(_reference, _reference.c.payout_id == Payout.id)
        .outerjoin(PaymentCorrection, PaymentCorrection.payout_id == Payout.id)
        .where(_reach(user))
    )
    if may_pay:
        statement = statement.where(Agreement.region_id.in_(visible(user, P.PAYMENTS_MAKE)))
    if wanted.q:
        statement = statement.where(
            sa.or_(
                *(
                    column.icontains(wanted.q, autoescape=True)
                    for column in (
                        Payout.number,
                        Agreement.number,
                        Distributor.name,
                        Distributor.code,
                        _invoice.c.value,
                        _reference.c.value,
                    )
                )
            )
        )
    if wanted.region_id is not None:
        statement = statement.where(Agreement.region_id.in_(within(wanted.region_id)))
    if wanted.agreement_id is not None:
        statement = statement.where(Payout.agreement_id == wanted.agreement_id)
    if wanted.kind is not None:
        statement = statement.where(Payout.kind == wanted.kind)
    if wanted.means is not None:
        statement = statement.where(Payout.means == wanted.means)
    if wanted.first_on is not None:
        statement = statement.where(Payout.paid_on >= wanted.first_on)
    if wanted.last_on is not None:
        statement = statement.where(Payout.paid_on <= wanted.last_on)
    return _in_state(statement, wanted.state)


def numbered(user: User, number: str) -> sa.Select[Any]:
    """The payments with such a number of their own, of an invoice or at the bank, or part of it, the latest first."""
    named = (
        column.icontains(number, autoescape=True)
        for column in (Payout.number, _invoice.c.value, _reference.c.value)
    )
    return paid_rows(user, PaidFilter()).where(sa.or_(*named)).order_by(Payout.id.desc())


def _in_state(statement: sa.Select[Any], state: str) -> sa.Select[Any]:
    if state == TAKEN_BACK:
        return statement.where(PaymentCorrection.id.is_not(None))
    if state in (NO_INVOICE, NO_REFERENCE):
        statement = statement.where(PaymentCorrection.id.is_(None))
    if state == NO_INVOICE:
        return statement.where(
            _invoice.c.payout_id.is_(None), Payout.kind.in_((PayoutKind.BASE, PayoutKind.RELEASED))
        )
    if state == NO_REFERENCE:
        return statement.where(_reference.c.payout_id.is_(None), Payout.amount_fen > Payout.offset_fen)
    return statement


def repayment_rows(user: User, agreement_id: int | None = None) -> sa.Select[Any]:
    """The repayments, one row each, the latest first."""
    columns: tuple[Any, ...] = (
        Repayment.id,
        Repayment.number,
        Repayment.received_on,
        Repayment.amount_fen,
        Repayment.means,
        Repayment.reference,
        Repayment.agreement_id,
        Agreement.number.label("agreement"),
        Distributor.name.label("distributor"),
        PaymentCorrection.id.label("correction_id"),
    )
    statement: sa.Select[Any] = (
        sa.select(*columns)
        .join(Agreement, Agreement.id == Repayment.agreement_id)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .outerjoin(PaymentCorrection, PaymentCorrection.repayment_id == Repayment.id)
        .where(Agreement.region_id.in_(visible(user, P.FUNDS_READ)))
        .order_by(Repayment.id.desc())
    )
    if agreement_id is not None:
        statement = statement.where(Repayment.agreement_id == agreement_id)
    return statement


@dataclass(frozen=True)
class OwedBack:
    """What the distributor of an agreement owes back; of it so much is due on which day, the oldest first (9.1)."""

    agreement_id: int
    number: str
    code: str
    distributor: str
    office: str
    amount_fen: int
    pieces: tuple[tuple[date, int], ...]

    @property
    def unannounced_fen(self) -> int:
        """What no statement told the distributor of yet: its days do not run."""
        return self.amount_fen - sum(fen for _, fen in self.pieces)

    @property
    def due_on(self) -> date | None:
        """By when the oldest part is to be paid back."""
        return self.pieces[0][0] if self.pieces else None


def owed_back(
    session: Session, user: User, permission: P = P.FUNDS_READ, region_id: int | None = None
) -> list[OwedBack]:
    """What distributors owe back in the user's offices: what is due first comes first."""
    agreements = sa.select(Agreement.id).where(Agreement.region_id.in_(visible(user, permission)))
    if region_id is not None:
        agreements = agreements.where(Agreement.region_id.in_(within(region_id)))
    owed = {id_: fen for (id_, _, _), fen in balances(session, agreements, [AccountKind.CLAWBACK]).items()}
    if not owed:
        return []
    notices: dict[int, list[ClawbackNotice]] = {}
    for notice in session.scalars(
        sa.select(ClawbackNotice)
        .where(ClawbackNotice.agreement_id.in_(agreements))
        .order_by(ClawbackNotice.id)
    ):
        notices.setdefault(notice.agreement_id, []).append(notice)
    rows = session.execute(
        sa.select(Agreement.id, Agreement.number, Distributor.code, Distributor.name, Region.name)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .join(Region, Region.id == Agreement.region_id)
        .where(Agreement.id.in_(agreements))
    )
    found = [
        OwedBack(id_, number, code, name, office, owed[id_], pieces(owed[id_], notices.get(id_, [])))
        for id_, number, code, name, office in rows
        if id_ in owed
    ]
    return sorted(found, key=lambda one: (one.due_on is None, one.due_on or date.max, one.code))


def pieces(owed_fen: int, notices: list[ClawbackNotice]) -> tuple[tuple[date, int], ...]:
    """What of it is due on which day: what was given back counts for what was told first.

    Each notice tells of all that was owed on its day, so what it adds to the one before is new.
    """
    told: list[tuple[date, int]] = []
    before = 0
    for notice in notices:
        told.append((notice.due_on, max(0, notice.amount_fen - before)))
        before = notice.amount_fen
    left = min(owed_fen, notices[-1].amount_fen) if notices else 0
    found: list[tuple[date, int]] = []
    for due_on, fen in reversed(told):
        taken = min(left, fen)
        left -= taken
        if taken:
            found.append((due_on, taken))
    if left and found:
        found[-1] = (found[-1][0], found[-1][1] + left)
    return tuple(reversed(found))


@dataclass(frozen=True)
class Unawarded:
    """What a decision took, awarded to nobody, and not used yet."""

    agreement_id: int
    agreement: str
    office: str
    case_part: str
    amount_fen: int


def unawarded(session: Session, user: User) -> list[Unawarded]:
    """Deductions that wait for the purpose of clause 8.2, in the offices where the user pays."""
    agreements = sa.select(Agreement.id).where(Agreement.region_id.in_(visible(user, P.PAYMENTS_MAKE)))
    found = balances(session, agreements, [AccountKind.UNAWARDED])
    names = {
        id_: (number, office)
        for id_, number, office in session.execute(
            sa.select(Agreement.id, Agreement.number, Region.name)
            .join(Region, Region.id == Agreement.region_id)
            .where(Agreement.id.in_({id_ for id_, _, _ in found}))
        )
    }
    return [
        Unawarded(id_, *names[id_], part, fen)
        for (id_, _, part), fen in sorted(found.items(), key=lambda one: (one[0][2], one[0][0]))
    ]
