"""Long work: how far it is, cancelling it, and what one has asked for lately."""

from flask import Blueprint

bp = Blueprint("jobs", __name__, url_prefix="/tasks")

from portal.blueprints.jobs import views  # noqa: E402, F401
