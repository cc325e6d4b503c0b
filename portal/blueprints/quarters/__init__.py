"""Closing quarters on screen: what one would release, two people's word on it, its run, and the statements."""

from flask import Blueprint

bp = Blueprint("quarters", __name__, url_prefix="/funds/quarters")

from portal.blueprints.quarters import accounts, answers, closes, listing, printing, register, statements  # noqa: E402, F401
