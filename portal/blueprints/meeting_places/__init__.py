"""Where a meeting's guests sit and sleep: tables, seats, desks for materials, rooms (M1)."""

from flask import Blueprint

bp = Blueprint("meeting_places", __name__, url_prefix="/meetings")

from portal.blueprints.meeting_places import rooms, seats  # noqa: E402, F401
