"""Products, the prices that new agreements propose, and counsel's approvals of binding ones."""

from flask import Blueprint

bp = Blueprint("products", __name__, url_prefix="/products")

from portal.blueprints.products import approvals, views  # noqa: E402, F401
