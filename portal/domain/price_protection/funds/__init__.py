"""The price-protection fund: accrual, quarters, release, deduction and payment (P2-P4)."""
