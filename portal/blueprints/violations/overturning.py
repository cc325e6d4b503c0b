"""A decision taken back: proposed with the judgment or counsel's opinion, confirmed by a second person."""

from flask import Response, abort, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.violations import bp
from portal.blueprints.violations.cases import tried
from portal.blueprints.violations.forms import TakeBackForm
from portal.blueprints.violations.loading import case_of, done, unkept
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.violations import overturning as domain
from portal.domain.price_protection.violations.models import Case, TakingBack, TakingBackGround
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.files import name
from portal.web.htmx import submit
from portal.web.requests import CASE_CODE, ROW
from portal.web.vault import vault

CASE = f"/<{CASE_CODE}:code>/set-aside"
ONE = f"{CASE}/<{ROW}:no>"
_ENDINGS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png", "image/tiff": "tif"}


def _one(case: Case, no: int) -> TakingBack:
    return next((row for row in case.takings_back if row.no == no), None) or abort(404)


@bp.post(CASE)
@requires(P.CASES_DECIDE)
def set_aside(code: str) -> ResponseReturnValue:
    """Propose to take a decision back, as a court or counsel has said."""
    case, form = case_of(code, P.CASES_DECIDE), TakeBackForm()
    file = request.files.get("file")
    data = file.read() if file and file.filename else b""
    return tried(
        case,
        "set_aside",
        form,
        lambda: domain.propose(
            db.session(),
            vault(),
            actor(),
            case,
            ground=TakingBackGround(form.ground.data),
            said=form.said.data or "",
            data=data,
        ),
        _("Proposed. A second person reads the file and confirms it; nothing is restored before."),
    )


@bp.post(f"{ONE}/confirm")
@requires(P.CASES_DECIDE)
def confirm_set_aside(code: str, no: int) -> ResponseReturnValue:
    """Take the decision back, as a second person."""
    case = case_of(code, P.CASES_DECIDE)
    found = _one(case, no)
    return done(
        case,
        lambda: domain.confirm(db.session(), vault(), actor(), case, found),
        _("The decision is overturned and every balance restored."),
    )


@bp.post(f"{ONE}/drop")
@requires(P.CASES_DECIDE)
def drop_set_aside(code: str, no: int) -> ResponseReturnValue:
    """Give the proposal up."""
    case = case_of(code, P.CASES_DECIDE)
    found = _one(case, no)
    return done(
        case,
        lambda: domain.drop(db.session(), vault(), actor(), case, found),
        _("The proposal is dropped; the decision stands."),
    )


@bp.post(f"{ONE}/file")
@requires(P.CASES_DECIDE, P.CASES_INVESTIGATE)
def judgment(code: str, no: int) -> ResponseReturnValue:
    """Give the judgment or the opinion to who decides or investigates; a post, since the look is written down."""
    case = case_of(code)
    found = _one(case, no)
    opened = submit(None, lambda: domain.open_file(db.session(), vault(), actor(), case, found))
    assert opened is not None
    media_type, data = opened
    response = Response(data, mimetype=media_type)
    name(response, f"{case.number}-{found.no}.{_ENDINGS.get(media_type, 'bin')}", "attachment")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return unkept(response)
