"""The papers of a meeting: sign-in sheet, badges, table cards, agenda, invitations (M1)."""

from flask import Blueprint

bp = Blueprint("meeting_papers", __name__, url_prefix="/meetings")

from portal.blueprints.meeting_papers import views  # noqa: E402, F401
