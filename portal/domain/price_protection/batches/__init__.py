"""Agreements by the hundred: chosen, changed in bulk, drafted, submitted and approved as one list (P1)."""
