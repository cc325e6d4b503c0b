"""The price-protection fund on screen: by agreement and quarter, each figure with the transfers behind it."""

from flask import Blueprint

bp = Blueprint("funds", __name__, url_prefix="/funds")

from portal.blueprints.funds import accounts, listing, record  # noqa: E402, F401
