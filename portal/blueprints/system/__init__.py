"""For whoever watches over the service."""

from flask import Blueprint

bp = Blueprint("system", __name__)

from portal.blueprints.system import views  # noqa: E402, F401
