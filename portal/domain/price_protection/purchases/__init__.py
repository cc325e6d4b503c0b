"""Purchases and returns: what was bought, when, and whether an agreement protects it (P2)."""
