"""Noting the red-letter invoice and the bank's number of a payout, each once (3.2: 依法开票)."""

import re

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.ledger import services as ledger
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payments.models import Mark, Payout, PayoutMark
from portal.domain.text import clean, half_width
from portal.domain.users.models import User

# 8 digits of a paper invoice, with its code of 10 or 12 before them, or 20 of one that is fully digital.
_INVOICE = re.compile(r"\d{8}|\d{18}|\d{20}")
_LONGEST = 60


def require_value(what: Mark, text: str) -> str:
    """What is kept of an entry; DomainError where it cannot be an invoice's or a bank's number."""
    value = half_width(clean(text))
    if what is Mark.INVOICE:
        value = re.sub(r"\s", "", value)
        if not _INVOICE.fullmatch(value):
            raise DomainError(
                "An invoice number has 8 digits, 18 or 20 with its code, or 20 on a digital invoice. Enter it as "
                "it stands on the red-letter invoice.",
                field="value",
            )
    elif not value:
        raise DomainError("Enter the number that the bank or the document bears.", field="value")
    if len(value) > _LONGEST:
        raise DomainError("Enter at most %(most)s characters.", field="value", most=_LONGEST)
    return value


def mark(session: Session, actor: User, payout: Payout, what: Mark, text: str) -> PayoutMark:
    """Note it, once: the same again changes nothing, another is refused. The caller commits.

    A red-letter invoice may stand for several payouts, never for two distributors.
    """
    value = require_value(what, text)
    ledger.hold(session, payout.agreement_id)
    known = session.scalar(
        sa.select(PayoutMark).where(PayoutMark.payout_id == payout.id, PayoutMark.what == what)
    )
    if known is not None:
        if known.value == value:
            return known
        raise DomainError(
            "%(value)s was entered for this payment before and stays. If it is wrong, correct the payment and pay "
            "again.",
            field="value",
            value=known.value,
        )
    if payout.correction is not None:
        raise DomainError("This payment was taken back; nothing is noted of it any more.", field="value")
    if what is Mark.INVOICE:
        _require_invoice(session, payout, value)
    made = PayoutMark(payout_id=payout.id, what=what, value=value, by_id=actor.id)
    session.add(made)
    audit.record(
        session,
        actor,
        f"payout.{what}_noted",
        payout,
        region_id=payout.agreement.region_id,
        number=payout.number,
        value=value,
    )
    session.flush()
    return made


def _require_invoice(session: Session, payout: Payout, value: str) -> None:
    if not payout.kind.is_rebate:
        raise DomainError("Only rebates take a red-letter invoice; this is none.", field="value")
    other = session.scalar(
        sa.select(Payout.number)
        .join(PayoutMark, PayoutMark.payout_id == Payout.id)
        .join(Agreement, Agreement.id == Payout.agreement_id)
        .where(
            PayoutMark.what == Mark.INVOICE,
            PayoutMark.value == value,
            Agreement.distributor_id != payout.agreement.distributor_id,
        )
        .limit(1)
    )
    if other is not None:
        raise DomainError(
            "This invoice stands with payment %(number)s of another distributor. Compare the number with the "
            "invoice.",
            field="value",
            number=other,
        )
