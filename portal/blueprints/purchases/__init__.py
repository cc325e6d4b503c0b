"""Purchases and returns: the list, a line's page, entering, importing, tracing codes (P2)."""

from flask import Blueprint

bp = Blueprint("purchases", __name__, url_prefix="/purchases")

from portal.blueprints.purchases import entering, importing, listing, record, tracing  # noqa: E402, F401
