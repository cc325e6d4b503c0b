"""Originals on their way: seal applications, parcels, what is not back yet, cabinets (P1b)."""

from flask import Blueprint

bp = Blueprint("papers", __name__, url_prefix="/papers")

from portal.blueprints.papers import (  # noqa: E402, F401
    listing,
    numbers,
    parcels,
    posting,
    reminders,
    returning,
    sealing,
    trail,
)
