"""Noting the red-letter invoice and the bank's number of a payout; a typing error is mended by a new entry (3.2)."""

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

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


def mark(
    session: Session, actor: User, payout: Payout, what: Mark, text: str, *, instead_of: str = ""
) -> PayoutMark:
    """Note it: the same again changes nothing. The caller commits.

    Another number is taken only `instead_of` the one that holds, as whoever mends it saw it: that one stays in the
    record. A red-letter invoice may stand for several payouts, never for two distributors.
    """
    value = require_value(what, text)
    ledger.hold(session, payout.agreement_id)
    known = session.scalar(
        sa.select(PayoutMark)
        .where(PayoutMark.payout_id == payout.id, PayoutMark.what == what)
        .order_by(PayoutMark.no.desc())
        .limit(1)
    )
    if known is not None and known.value == value:
        return known
    if payout.correction is not None:
        raise DomainError("This payment was taken back; nothing is noted of it any more.", field="value")
    if known is not None and known.value != instead_of:
        raise DomainError(
            "%(value)s was entered for this payment before. If it is a typing error, mend it on the page of the "
            "payment %(number)s.",
            field="value",
            value=known.value,
            number=payout.number,
        )
    if what is Mark.INVOICE:
        _require_invoice(session, payout, value)
    made = PayoutMark(
        payout_id=payout.id, what=what, no=known.no + 1 if known else 1, value=value, by_id=actor.id
    )
    session.add(made)
    audit.record(
        session,
        actor,
        f"payout.{what}_noted" if known is None else f"payout.{what}_mended",
        payout,
        region_id=payout.agreement.region_id,
        number=payout.number,
        value=value if known is None else f"{known.value} → {value}",
    )
    session.flush()
    session.expire(payout, ["marks"])
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
            holds(PayoutMark),
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


def holds(mark: Any) -> sa.ColumnElement[bool]:
    """Of the marks of one kind of a payout the last: what was mended stays in the record only."""
    later = aliased(PayoutMark)
    return ~sa.exists().where(later.payout_id == mark.payout_id, later.what == mark.what, later.no > mark.no)
