"""Who came: one meeting's attendance and costs, the year by distributor, office and owner, one distributor's (M1)."""

from flask import Blueprint

bp = Blueprint("meeting_reports", __name__, url_prefix="/meetings")

from portal.blueprints.meeting_reports import attendance, correcting, costs, dealers, year  # noqa: E402, F401
