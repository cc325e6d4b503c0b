"""The texts that agreements are written on, and counsel's release of them."""

from flask import Blueprint

bp = Blueprint("templates", __name__, url_prefix="/templates")

from portal.blueprints.templates import views  # noqa: E402, F401
