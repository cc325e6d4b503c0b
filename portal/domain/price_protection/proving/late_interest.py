"""Proving late interest: each sum is reckoned anew, day by day, by the rates that were known when it was booked."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.i18n import N_
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Transfer
from portal.domain.ledger.verify import Break
from portal.domain.price_protection.interest.models import LprRate
from portal.domain.price_protection.interest.rates import PUBLISHED
from portal.domain.price_protection.payments.models import LateInterest, PaymentCorrection
from portal.domain.price_protection.proving.proof import booked, half_up

A, T = AccountKind, TransferKind
_DAY = timedelta(days=1)
_WRONG = N_("The interest of payment %(id)s is another sum than its calculation comes to.")
_CHANGED = N_("The interest of payment %(id)s was changed after it was booked.")


def prove(session: Session) -> int:
    """Recompute every late interest; returns how many; raises Break for the first that is wrong."""
    rows = session.scalars(
        sa.select(LateInterest).order_by(LateInterest.id).execution_options(populate_existing=True)
    ).all()
    entered = session.scalars(sa.select(LprRate).order_by(LprRate.published_on, LprRate.no)).all()
    moved = booked(session, "late_interest", [row.id for row in rows])
    corrected = set(
        session.scalars(
            sa.select(PaymentCorrection.payout_id).where(
                PaymentCorrection.payout_id.in_([row.payout_id for row in rows])
            )
        )
    )
    for row in rows:
        then = {rate.since_on: rate.ppm for rate in PUBLISHED}
        then |= {one.published_on: one.rate_ppm for one in entered if one.entered_at <= row.at}
        sums = [_reckoned(claim, then) for claim in row.claims]
        if sums != [claim["fen"] for claim in row.claims] or sum(sums) != row.amount_fen:
            raise Break(_WRONG, id=row.payout_id)
        mine = moved.get(row.id, [])
        made = [one for one in mine if one.kind is T.LATE_INTEREST]
        back = [one for one in mine if one.kind is T.CORRECT]
        places = (A.INTEREST, ""), (A.INTEREST_DUE, row.part)
        if [(one.debit, one.credit, one.fen, one.agreement_id) for one in made] != [
            (*places, row.amount_fen, row.agreement_id)
        ] or len(back) != (row.payout_id in corrected):
            raise Break(_WRONG, id=row.payout_id)
        if any(one.facts != row.facts for one in mine):
            raise Break(_CHANGED, id=row.payout_id)
    lost = session.scalar(
        sa.select(Transfer.id)
        .where(Transfer.source == "late_interest", ~sa.exists().where(LateInterest.id == Transfer.source_id))
        .limit(1)
    )
    if lost is not None:
        raise Break(N_("Transfer %(id)s books interest that nobody confirmed."), id=lost)
    return len(rows)


def _reckoned(claim: dict[str, Any], rates: dict[date, int]) -> int:
    on, last = date.fromisoformat(claim["from_on"]) + _DAY, date.fromisoformat(claim["to_on"])
    total = Fraction(0)
    while on <= last:
        total += Fraction(rates[max(day for day in rates if day <= on)], 1_000_000)
        on += _DAY
    return half_up(total * claim["principal_fen"] * Fraction(claim["share_ppm"], 1_000_000) / 365)
