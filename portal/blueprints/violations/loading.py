"""Finding what a page is about, within what its user may see; and doing a deed about it."""

from collections.abc import Callable
from typing import Any

from flask import Response, abort, flash, url_for
from flask.typing import ResponseReturnValue

from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.violations import queries, reporters, steps
from portal.domain.price_protection.violations.models import Case, CasePaper, Evidence
from portal.extensions import db
from portal.web.access import actor
from portal.web.htmx import leave, submit

# What nobody keeps on the way, and no browser shows again from its own memory.
_NEVER_KEPT = "no-store, private"


def case_of(code: str, *needs: P) -> Case:
    """The case; 404 when the user does not see it, 403 without one of these permissions in its office."""
    found = queries.visible_case(db.session(), actor(), code) or abort(404)
    if needs and not any(actor().can(permission, found.region) for permission in needs):
        abort(403)
    return found


def paper_of(case: Case, paper_id: int) -> CasePaper:
    """A paper of the case that the user may read."""
    return steps.paper_of(case, actor(), paper_id) or abort(404)


def evidence_of(case: Case, no: int) -> Evidence:
    """A piece of its evidence by its number in the case; its named investigators' alone."""
    reporters.require_named(case, actor())
    return next((row for row in case.evidence if row.no == no), None) or abort(404)


def done(case: Case, work: Callable[[], Any], said: str) -> ResponseReturnValue:
    """Do a deed of one button, say so, and show the case again; a refusal is a page of its own."""
    submit(None, lambda: (work(), True)[1])
    flash(said)
    return leave(url_for("violations.detail", code=case.code))


def unkept(response: Response) -> Response:
    """A page that holds what is sealed elsewhere: nobody keeps it."""
    response.headers["Cache-Control"] = _NEVER_KEPT
    return response
