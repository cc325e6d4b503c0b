"""The way into administration: the first page that the user may open."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from portal.blueprints.admin import bp
from portal.domain.access.roles import Permission as P
from portal.web.access import actor, requires

PAGES = (
    (P.USERS_MANAGE, "admin.users"),
    (P.SETTINGS_READ, "admin.settings"),
    (P.AUDIT_READ, "admin.audit_trail"),
    (P.ACCOUNTS_WRITE, "admin.lpr"),
)


@bp.get("/")
@requires(*(permission for permission, _endpoint in PAGES))
def index() -> ResponseReturnValue:
    """On to the first page of administration that is this user's."""
    endpoint = next(endpoint for permission, endpoint in PAGES if actor().can(permission))
    return redirect(url_for(endpoint), 303)
