"""What the code on every page of a paper leads to."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from portal.blueprints.verify import bp
from portal.db import now
from portal.domain.price_protection.verification import normal_code, verify
from portal.extensions import db
from portal.web.access import actor, signed_in
from portal.web.htmx import leave, render


@bp.get("/")
@signed_in
def index() -> ResponseReturnValue:
    """Type a code off a paper, when there is no camera at hand."""
    code = normal_code(request.args.get("code", ""))
    if code:
        return leave(url_for("verify.show", code=code))
    return render("verify/index.html")


@bp.get("/<code>")
@signed_in
def show(code: str) -> ResponseReturnValue:
    """The verdict on a paper and, with `?p=`, on one of its pages; an unknown code gets one answer only."""
    verdict = verify(db.session, actor(), code, request.args.get("p", ""))
    response = render("verify/show.html", verdict=verdict, code=normal_code(code), at=now())
    # What holds today may not hold tomorrow; a phone must ask again.
    response.headers["Cache-Control"] = "no-store"
    return response
