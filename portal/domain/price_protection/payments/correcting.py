"""Taking a payment back: by the mirror of its transfers, whole and once, with a reason; nothing is changed."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import TransferKind
from portal.domain.ledger.models import Transfer
from portal.domain.ledger.services import Held
from portal.domain.price_protection.funds import deducting
from portal.domain.price_protection.payments.awards import award_is_payable
from portal.domain.price_protection.payments.models import LateInterest, PaymentCorrection, Payout, Repayment
from portal.domain.text import clean
from portal.domain.users.models import User


def _take_back_interest(session: Session, actor: User, held: Held, payout_id: int) -> None:
    """What was not paid was not paid late on that day; refused where the interest itself is paid (take that back)."""
    for transfer in session.scalars(
        sa.select(Transfer)
        .join(LateInterest, LateInterest.id == Transfer.source_id)
        .where(
            LateInterest.payout_id == payout_id,
            Transfer.source == LateInterest.__tablename__,
            Transfer.kind == TransferKind.LATE_INTEREST,
        )
    ).all():
        ledger.reverse(held, actor, transfer, f"{transfer.key}:{TransferKind.CORRECT}")


def _paid_of(session: Session, payment: Payout) -> int:
    """What of the payment's account stays paid, in fen."""
    return session.scalars(
        sa.select(sa.cast(sa.func.coalesce(sa.func.sum(Payout.amount_fen), 0), sa.BigInteger)).where(
            Payout.agreement_id == payment.agreement_id,
            Payout.kind == payment.kind,
            Payout.part == payment.part,
            ~sa.exists().where(PaymentCorrection.payout_id == Payout.id),
        )
    ).one()


def correct(session: Session, actor: User, payment: Payout | Repayment, reason: str) -> PaymentCorrection:
    """Take the payment back; what it paid is owed again. Refused without a reason and a second time.

    Of a case only while its decision is in effect, and of its payment only what the decision still leaves is owed
    again (8.4, 9.1). The caller commits.
    """
    agreement = payment.agreement
    if not actor.can(Permission.PAYMENTS_MAKE, agreement.region):
        raise DomainError("You make no payments for this office. Ask its finance to do it.")
    said = clean(reason)
    if len(said) < 4:
        raise DomainError("Enter why the payment is taken back; it stays in the record.", field="reason")
    is_payout = isinstance(payment, Payout)
    held = ledger.hold(session, agreement.id)
    mine = PaymentCorrection.payout_id if is_payout else PaymentCorrection.repayment_id
    if session.scalar(sa.select(PaymentCorrection.id).where(mine == payment.id)) is not None:
        raise DomainError("%(number)s was taken back already.", number=payment.number)
    if (
        isinstance(payment, Payout)
        and payment.kind.is_of_a_case
        and not award_is_payable(session, payment.part)
    ):
        raise DomainError("The decision is no longer in effect, so this payment stays; the company bears it.")
    source = payment.__tablename__
    transfers = session.scalars(
        sa.select(Transfer)
        .where(
            Transfer.source == source,
            Transfer.source_id == payment.id,
            Transfer.kind != TransferKind.CORRECT,
        )
        .order_by(Transfer.id.desc())
    ).all()
    for transfer in transfers:
        ledger.reverse(held, actor, transfer, f"{source}:{payment.id}:{TransferKind.CORRECT}:{transfer.kind}")
    if is_payout:
        _take_back_interest(session, actor, held, payment.id)
    made = PaymentCorrection(
        payout_id=payment.id if is_payout else None,
        repayment_id=None if is_payout else payment.id,
        reason=said[:200],
        corrected_on=today(),
        by_id=actor.id,
    )
    session.add(made)
    if isinstance(payment, Payout) and payment.kind.is_of_a_case:
        session.flush()
        deducting.relieve(
            session,
            actor,
            held,
            (payment.kind.account, payment.part),
            _paid_of(session, payment),
            f"{source}:{payment.id}:{TransferKind.RELIEVE}",
        )
    audit.record(
        session,
        actor,
        f"{source}.corrected",
        payment,
        region_id=agreement.region_id,
        number=payment.number,
        why=said,
    )
    session.flush()
    return made
