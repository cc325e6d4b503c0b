"""Proving what the books and papers of the fund say: every row is recomputed from the facts alone (P2-P4).

By other code than booked it, on purpose, and in exact fractions, not in the integers that booked it.
"""

from sqlalchemy.orm import Session

from portal.domain.price_protection.proving import (
    accruals,
    deductions,
    late_interest,
    of_cases,
    payments,
    quarters,
    statements,
    vouchers,
)

# In this order: what comes later rests on what comes before.
_PARTS = (accruals, quarters, deductions, vouchers, payments, of_cases, late_interest, statements)


def prove(session: Session) -> int:
    """Recompute every accrual, release, deduction, payment, voucher and statement; returns how many rows.

    Raises Break for the first that is wrong.
    """
    return sum(part.prove(session) for part in _PARTS)
