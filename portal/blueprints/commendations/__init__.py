"""Commendations at meetings: candidates, the choice, certificates (M1)."""

from flask import Blueprint

bp = Blueprint("commendations", __name__)

from portal.blueprints.commendations import views  # noqa: E402, F401
