"""One box that finds everything."""

from flask import Blueprint

bp = Blueprint("search", __name__, url_prefix="/search")

from portal.blueprints.search import views  # noqa: E402, F401
