"""Users, offices, settings and the audit trail."""

from flask import Blueprint

bp = Blueprint("admin", __name__, url_prefix="/admin")

from portal.blueprints.admin import grants, health, index, numbering, regions, settings, trail, users  # noqa: E402, F401
