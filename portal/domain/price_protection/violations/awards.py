"""Paying the award: finance sees a code and a sum; who gets it, only the payer named for it sees, on record (8.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session, contains_eager, selectinload

from portal.db import lock, today
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind
from portal.domain.price_protection.funds.suspending import case_part
from portal.domain.price_protection.payments.awards import register
from portal.domain.price_protection.payments.correcting import correct
from portal.domain.price_protection.payments.keys import of_award
from portal.domain.price_protection.payments.making import How, pay_from_case
from portal.domain.price_protection.payments.models import PaymentCorrection, Payout, PayoutKind
from portal.domain.price_protection.violations import reporters
from portal.domain.price_protection.violations.deadlines import pay_award_by
from portal.domain.price_protection.violations.models import Award, Case, State
from portal.domain.price_protection.violations.vault import Vault
from portal.domain.users.models import User


def is_in_effect(session: Session, part: str) -> bool:
    """Whether the decision of the case that accounts name so is in effect: only then anything is paid of it (8.3)."""
    found = part.removeprefix("C")
    return found.isdecimal() and bool(
        session.scalar(sa.select(sa.exists().where(Case.id == int(found), Case.state == State.EFFECTIVE)))
    )


register(is_in_effect)


@dataclass(frozen=True)
class Payee:
    """Whom an award is paid to, as its payer sees it."""

    name: str
    phone: str
    account: str


def payable(user: User) -> sa.Select[Award]:
    """The awards that this user may see as a code and a sum: in effect, not paid, in the offices where they pay."""
    return (
        sa.select(Award)
        .join(Case)
        .where(
            Case.state == State.EFFECTIVE,
            Award.paid_on.is_(None),
            Case.region_id.in_(visible(user, Permission.PAYMENTS_MAKE)),
        )
        .options(contains_eager(Award.case), selectinload(Award.payer))
        .order_by(Award.code)
    )


def amounts(session: Session, awards: Sequence[Award]) -> dict[int, int]:
    """What there is to pay of each, by its id, in fen: returns and restorations are off it already."""
    found = ledger.balances(session, [award.case.agreement_id for award in awards])
    return {
        award.id: found.get(award.case.agreement_id, {}).get((AccountKind.AWARD, case_part(award.case_id)), 0)
        for award in awards
    }


def amount(session: Session, award: Award) -> int:
    """The same of one."""
    return amounts(session, [award])[award.id]


def pay_by(award: Award) -> date | None:
    """The last day to pay it (8.3)."""
    return pay_award_by(award.case)


def payers(session: Session, case: Case) -> list[User]:
    """Who makes payments for the case's office."""
    found = session.scalars(sa.select(User).where(User.deactivated_at.is_(None)).order_by(User.name, User.id))
    return [one for one in found if one.can(Permission.PAYMENTS_MAKE, case.region)]


def name_payer(session: Session, actor: User, award: Award, payer: User) -> None:
    """Name the one person who pays this award; a named investigator's."""
    lock(session, award)
    reporters.require_named(award.case, actor)
    _require_unpaid(award)
    if not payer.can(Permission.PAYMENTS_MAKE, award.case.region):
        raise DomainError(N_("%(name)s makes no payments for this office."), field="payer", name=payer.name)
    award.payer_id = payer.id
    audit.record(session, actor, "case.payer_named", award.case, code=award.code, payer=payer.name)
    session.flush()


def see_payee(session: Session, vault: Vault, actor: User, award: Award) -> Payee:
    """Show the payer whom to pay, and put the look on record; the caller commits."""
    require_payer(award, actor)
    audit.record(session, actor, "case.payee_seen", award.case, code=award.code)
    known = reporters.unsealed(session, vault, award.case)
    name, phone, account = known.name, known.phone, known.account
    if known.distributor_id is not None:
        distributor = session.get_one(Distributor, known.distributor_id)
        name = distributor.bank_account_name or distributor.name
        account = account or " ".join(
            part for part in (distributor.bank_name, distributor.bank_account) if part
        )
    elif known.user_id is not None:
        name = name or session.get_one(User, known.user_id).name
    return Payee(name, phone, account)


_PAID_OTHERWISE = N_(
    "The award was paid already, with another day, number or tax. Look at it before you go on."
)


class Why(StrEnum):
    """Why the payment of an award is taken back: chosen, since words of one's own could tell whom it was for."""

    MISTAKE = "mistake"
    RETURNED = "returned"


# As the correction keeps it; the company's books are in Chinese whoever keeps them.
_REASONS = {Why.MISTAKE: "误记，款项并未支付", Why.RETURNED: "银行退回"}


def turn(session: Session, award: Award) -> int:
    """Which payment of this award is the next or stands: the first, and one more for each that was taken back."""
    taken_back = (
        sa.select(sa.func.count())
        .select_from(PaymentCorrection)
        .join(Payout, Payout.id == PaymentCorrection.payout_id)
        .where(*_of(award))
    )
    return 1 + (session.scalar(taken_back) or 0)


def payment(session: Session, award: Award) -> Payout | None:
    """The payment of this award that stands."""
    return session.scalar(
        sa.select(Payout).where(
            *_of(award),
            ~sa.exists().where(PaymentCorrection.payout_id == Payout.id),
        )
    )


def _of(award: Award) -> tuple[sa.ColumnElement[bool], ...]:
    case = award.case
    return (
        Payout.agreement_id == case.agreement_id,
        Payout.kind == PayoutKind.AWARD,
        Payout.part == case_part(case.id),
    )


def paid(user: User) -> sa.Select[Award]:
    """The awards that this user paid as the payer named for them, the latest first."""
    return (
        sa.select(Award)
        .join(Case)
        .where(
            Award.payer_id == user.id,
            Award.paid_on.is_not(None),
            Case.region_id.in_(visible(user, Permission.PAYMENTS_MAKE)),
        )
        .options(contains_eager(Award.case))
        .order_by(Award.paid_on.desc(), Award.code)
    )


def pay(session: Session, actor: User, award: Award, said: How, *, at_turn: int | None = None) -> int:
    """Record that the payer paid the award, once and only while the decision is in effect; gives the sum, in fen.

    Of it `said.tax_fen` is withheld. `at_turn` is the form's (`turn`): sent twice it answers as it did first. The
    caller commits.
    """
    lock(session, award.case)
    lock(session, award)
    require_payer(award, actor)
    now_at = turn(session, award)
    if at_turn is not None and (at_turn < now_at or award.paid_on is not None):
        return _paid_before(session, award, said, at_turn, now_at)
    if award.case.state is not State.EFFECTIVE:
        raise DomainError(N_("The award is paid only once the decision is in effect (clause 8.3)."))
    _require_unpaid(award)
    assert award.case.effective_on is not None
    if not award.case.effective_on <= said.paid_on <= today():
        raise DomainError(
            N_("Enter a day from %(day)s, when the decision took effect, until today."),
            field="paid_on",
            day=award.case.effective_on.isoformat(),
        )
    fen = amount(session, award)
    if fen == 0:
        raise DomainError(N_("There is nothing left to pay: returns and restorations took it all."))
    pay_from_case(
        session,
        actor,
        award.case.agreement,
        PayoutKind.AWARD,
        case_part(award.case_id),
        fen,
        said,
        key=of_award(award.id, now_at),
    )
    award.paid_on, award.paid_by_id, award.paid_fen = said.paid_on, actor.id, fen
    audit.record(session, actor, "case.award_paid", award.case, code=award.code, on=said.paid_on)
    session.flush()
    return fen


def _paid_before(session: Session, award: Award, said: How, at_turn: int, now_at: int) -> int:
    """What the form did when it was sent first; refused where it says something else, or that was taken back."""
    if at_turn != now_at:
        raise DomainError(N_("This payment was taken back since. Open the award again to pay it."))
    found = payment(session, award)
    assert found is not None
    if (found.paid_on, found.tax_fen, found.reference) != (said.paid_on, said.tax_fen, said.reference):
        raise DomainError(_PAID_OTHERWISE)
    return found.amount_fen


def take_back(session: Session, actor: User, award: Award, why: Why, *, at_turn: int | None = None) -> None:
    """Take the payment of an award back by its mirror: it is to be paid again. Its payer's alone; the caller commits.

    Nobody is told more by it than by the payment: the reason is chosen, and stands in no list of payments. `at_turn`
    is the form's (`turn`): sent again once the award was paid anew, it takes no other payment back than it showed.
    """
    lock(session, award.case)
    lock(session, award)
    require_payer(award, actor)
    found = payment(session, award)
    if award.paid_on is None or found is None:
        raise DomainError(N_("No payment of this award stands: it was taken back already, or never made."))
    if at_turn not in (None, turn(session, award)):
        raise DomainError(_PAID_OTHERWISE)
    correct(session, actor, found, _REASONS[why])
    award.paid_on = award.paid_by_id = award.paid_fen = None
    audit.record(session, actor, "case.award_taken_back", award.case, code=award.code, why=_REASONS[why])
    session.flush()


def require_payer(award: Award, actor: User) -> None:
    """Refuse everybody but the payer named for it."""
    if award.payer_id != actor.id:
        raise DomainError(N_("Only the payer named for this award may open it."))


def _require_unpaid(award: Award) -> None:
    if award.paid_on is not None:
        raise DomainError(N_("The award was paid already."))
