"""Amendments and notices of termination: writing them, their records with both texts side by side, their steps."""

from portal.blueprints.agreements.deeds import amending, notices, pricing, record, steps

__all__ = ["amending", "notices", "pricing", "record", "steps"]
