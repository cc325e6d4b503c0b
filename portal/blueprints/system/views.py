"""Is it alive, is it ready; which keys it knows."""

import sqlalchemy as sa
from flask.typing import ResponseReturnValue

from portal.blueprints.system import bp
from portal.extensions import db
from portal.web.access import public, signed_in
from portal.web.htmx import render


@bp.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return {"status": "ok"}


@bp.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """The database answers and has its tables; 503 when not."""
    try:
        db.session.execute(sa.text("SELECT 1 FROM region LIMIT 1"))
    except sa.exc.SQLAlchemyError:
        db.session.rollback()
        return {"status": "the database does not answer"}, 503
    return {"status": "ok"}


@bp.get("/keys")
@signed_in
def keys() -> ResponseReturnValue:
    """The keyboard shortcuts: a page, or the dialog that `?` shows above any page."""
    return render("system/keys.html", fragment="system/_keys.html")
