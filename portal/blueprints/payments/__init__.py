"""Payments: what is payable, paying it, what was paid, what is owed back, vouchers (3.2, 4.3, 8.2, 9.1)."""

from flask import Blueprint

bp = Blueprint("payments", __name__, url_prefix="/funds/payments")

from portal.blueprints.payments import (  # noqa: E402
    bookkeeping,
    invoices,
    lateness,
    listing,
    making,
    owing,
    purposes,
    record,
    settlements,
)

__all__ = [
    "bookkeeping",
    "bp",
    "invoices",
    "lateness",
    "listing",
    "making",
    "owing",
    "purposes",
    "record",
    "settlements",
]
