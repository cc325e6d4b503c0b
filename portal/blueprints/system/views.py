"""Is it alive, is it ready."""

import sqlalchemy as sa
from flask.typing import ResponseReturnValue

from portal.blueprints.system import bp
from portal.extensions import db
from portal.web.access import public


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
