"""Amendments and notices of termination: writing them, their records with both texts side by side, their steps."""

from portal.blueprints.agreements.deeds import amending, deciding, notices, pricing, record, steps

__all__ = ["amending", "deciding", "notices", "pricing", "record", "steps"]
