"""Policies: the list, one policy with who was told of it, briefing, release; the tab of a meeting (M1)."""

from flask import Blueprint

bp = Blueprint("policies", __name__)

from portal.blueprints.policies import at_meetings, papers, telling, views, writing  # noqa: E402, F401
