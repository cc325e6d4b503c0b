"""Price-protection agreements: the list, writing one, its record, its approval, paper and signing."""

from flask import Blueprint

bp = Blueprint("agreements", __name__, url_prefix="/agreements")

from portal.blueprints.agreements import deciding, deeds, listing, printing, record, sealing, steps, writing  # noqa: E402, F401
