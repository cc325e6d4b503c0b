"""What becomes of a printed original: sealed, sent, returned, put into a cabinet (P1b)."""
