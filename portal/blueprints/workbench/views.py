"""The workbench: what waits for the signed-in user, most urgent first."""

from flask.typing import ResponseReturnValue

from portal.blueprints.workbench import bp
from portal.web.access import actor, signed_in
from portal.web.htmx import render


@bp.get("/")
@signed_in
def index() -> ResponseReturnValue:
    """What waits for me."""
    return render("workbench/index.html", me=actor())
