"""Agreements whose rebate is base altogether: no fund is posted to, their lines are stated all the same (10.1)."""

import sqlalchemy as sa

from portal.domain.price_protection.models import AgreementTerms
from portal.domain.price_protection.purchases.models import Accrual

_WHOLE = 100  # per cent of the rebate


def quarters_with_lines(ids: sa.Select[int]) -> sa.Select[int, str]:
    """Agreement and quarter of what such agreements, among these, accrued: few, so that no other's lines are read."""
    all_base = sa.select(AgreementTerms.agreement_id).where(
        AgreementTerms.base_share == _WHOLE, AgreementTerms.agreement_id.in_(ids)
    )
    return (
        sa.select(Accrual.agreement_id, Accrual.quarter).where(Accrual.agreement_id.in_(all_base)).distinct()
    )
