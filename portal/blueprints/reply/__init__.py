"""A guest's own invitation, opened from outside by its link: it shows this invitation and nothing else (M1)."""

from flask import Blueprint

bp = Blueprint("reply", __name__, url_prefix="/reply")

from portal.blueprints.reply import views  # noqa: E402, F401
