"""Evidence: added, opened, described, passed on, opened to the accused; named investigators only."""

from flask import Response, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.violations import bp
from portal.blueprints.violations.forms import DescribeForm
from portal.blueprints.violations.loading import case_of, done, evidence_of, unkept
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.violations import evidence as domain
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.files import name
from portal.web.htmx import leave, render, submit
from portal.web.requests import CASE_CODE, ROW
from portal.web.vault import vault

CASE = f"/<{CASE_CODE}:code>/evidence"
ONE = f"{CASE}/<{ROW}:no>"


@bp.post(CASE)
@requires(P.CASES_INVESTIGATE)
def add_evidence(code: str) -> ResponseReturnValue:
    """Add files to the case."""
    case = case_of(code, P.CASES_INVESTIGATE)
    files = [(file.filename or "", file.read()) for file in request.files.getlist("files") if file.filename]
    return done(
        case, lambda: domain.add(db.session(), vault(), actor(), case, files), _("The evidence is kept.")
    )


@bp.post(f"{ONE}/open")
@requires(P.CASES_INVESTIGATE)
def open_evidence(code: str, no: int) -> ResponseReturnValue:
    """Give the file to a named investigator; the look is in its trail."""
    case = case_of(code, P.CASES_INVESTIGATE)
    row = evidence_of(case, no)
    found = submit(None, lambda: domain.open_file(db.session(), vault(), actor(), row, case))
    assert found is not None
    filename, media_type, data = found
    response = Response(data, mimetype=media_type)
    name(response, filename, "attachment")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return unkept(response)


@bp.route(f"{ONE}/words", methods=["GET", "POST"])
@requires(P.CASES_INVESTIGATE)
def describe(code: str, no: int) -> ResponseReturnValue:
    """Say in redacted words what it is."""
    case = case_of(code, P.CASES_INVESTIGATE)
    row = evidence_of(case, no)
    form = DescribeForm(data={"name": row.name, "summary": row.summary, "proves": row.proves})
    if request.method == "POST" and form.validate():
        said = submit(
            form,
            lambda: (
                domain.describe(
                    db.session(),
                    vault(),
                    actor(),
                    case,
                    row,
                    name=form.name.data or "",
                    summary=form.summary.data or "",
                    proves=form.proves.data or "",
                ),
                True,
            ),
        )
        if said is not None:
            flash(_("Evidence no. %(no)s is described.", no=row.no))
            return leave(url_for("violations.detail", code=code))
    return render("violations/describe.html", form=form, case=case, row=row)


@bp.post(f"{ONE}/pass-on")
@requires(P.CASES_INVESTIGATE)
def pass_on(code: str, no: int) -> ResponseReturnValue:
    """Write down to whom it was passed."""
    case = case_of(code, P.CASES_INVESTIGATE)
    row, note = evidence_of(case, no), request.form.get("reason", "")
    return done(
        case, lambda: domain.pass_on(db.session(), actor(), case, row, note), _("Recorded in the file.")
    )


@bp.post(f"{ONE}/disclose")
@requires(P.CASES_INVESTIGATE)
def disclose(code: str, no: int) -> ResponseReturnValue:
    """Open it to the accused."""
    case = case_of(code, P.CASES_INVESTIGATE)
    row = evidence_of(case, no)
    return done(
        case,
        lambda: domain.disclose(db.session(), actor(), case, row),
        _("The accused may inspect it from today."),
    )
