"""Users, offices, settings, the audit trail and the system check."""

from flask import Blueprint

bp = Blueprint("admin", __name__, url_prefix="/admin")

from portal.blueprints.admin import (  # noqa: E402, F401
    grants,
    handing_over,
    health,
    index,
    lpr,
    mail,
    numbering,
    regions,
    settings,
    trail,
    users,
    workdays,
)
