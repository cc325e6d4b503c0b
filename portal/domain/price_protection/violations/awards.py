"""Paying the award: finance sees a code and a sum; who gets it, only the payer named for it sees, on record (8.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

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
from portal.domain.price_protection.funds.deducting import case_part
from portal.domain.price_protection.payments.awards import register
from portal.domain.price_protection.payments.keys import of_award
from portal.domain.price_protection.payments.making import How, pay_from_case
from portal.domain.price_protection.payments.models import PayoutKind
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
    _require_payer(award, actor)
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


def pay(session: Session, actor: User, award: Award, *, paid_on: date) -> int:
    """Record that the payer paid the award, once and only while the decision is in effect; gives the sum, in fen."""
    lock(session, award.case)
    lock(session, award)
    _require_payer(award, actor)
    if award.case.state is not State.EFFECTIVE:
        raise DomainError(N_("The award is paid only once the decision is in effect (clause 8.3)."))
    _require_unpaid(award)
    assert award.case.effective_on is not None
    if not award.case.effective_on <= paid_on <= today():
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
        How(paid_on=paid_on),
        key=of_award(award.id, 1),
    )
    award.paid_on, award.paid_by_id, award.paid_fen = paid_on, actor.id, fen
    audit.record(session, actor, "case.award_paid", award.case, code=award.code, on=paid_on)
    session.flush()
    return fen


def _require_payer(award: Award, actor: User) -> None:
    if award.payer_id != actor.id:
        raise DomainError(N_("Only the payer named for this award may open it."))


def _require_unpaid(award: Award) -> None:
    if award.paid_on is not None:
        raise DomainError(N_("The award was paid already."))
