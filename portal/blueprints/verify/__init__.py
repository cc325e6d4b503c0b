"""Whether a paper in the hand is the approved one."""

from flask import Blueprint

bp = Blueprint("verify", __name__, url_prefix="/verify")

from portal.blueprints.verify import views  # noqa: E402, F401
