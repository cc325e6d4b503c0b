"""Typing a batch or box code shows who bought the goods."""

from flask import request
from flask.typing import ResponseReturnValue

from portal.blueprints.purchases import bp
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.purchases.checking import code_of
from portal.domain.price_protection.purchases.codes import MOST, beginning, trace
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import render


@bp.get("/codes")
@requires(P.PURCHASES_READ)
def codes() -> ResponseReturnValue:
    """Who bought goods with this code, when, and for which territory."""
    code = code_of(request.args.get("code", "")[:80])
    found = trace(db.session, actor(), code)
    return render(
        "purchases/codes.html",
        code=code,
        found=found,
        alike=[] if found else beginning(db.session, actor(), code),
        most=MOST,
    )
