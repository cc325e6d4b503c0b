"""Minutes of meetings and the tasks that come of them (M1)."""

from flask import Blueprint

bp = Blueprint("minutes", __name__)

from portal.blueprints.minutes import tasks, views  # noqa: E402, F401
