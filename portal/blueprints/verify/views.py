"""What the code on every page of a paper leads to, and what a file says of itself."""

from hashlib import sha256

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.verify import bp, files
from portal.db import now
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.closing.queries import statement_by_code, statement_with
from portal.domain.price_protection.file_verification import FileAnswer
from portal.domain.price_protection.verification import normal_code, verify
from portal.domain.text import clean
from portal.extensions import db
from portal.web.access import actor, signed_in
from portal.web.htmx import leave, render


@bp.get("/")
@signed_in
def index() -> ResponseReturnValue:
    """Type a code off a paper, when there is no camera at hand; or hand in a PDF."""
    code = normal_code(request.args.get("code", ""))
    if code:
        return leave(url_for("verify.show", code=code))
    return render(
        "verify/index.html",
        form=files.FileForm(formdata=None),
        limits=files.LIMITS,
        asked="code" in request.args,
    )


@bp.post("/")
@signed_in
def check() -> ResponseReturnValue:
    """The verdict on a PDF, which is kept nowhere; the page is the answer, since there is nothing to lead to."""
    form = files.FileForm()
    verdict = files.verdict_on(form, actor()) if form.validate() else None
    if verdict is None:
        return render("verify/index.html", form=form, limits=files.LIMITS)
    if verdict.answer is FileAnswer.UNKNOWN:
        form.file.data.seek(0)
        statement = statement_with(db.session(), sha256(form.file.data.read()).hexdigest())
        if statement is not None:
            flash(_("The file is this statement's original, byte for byte."))
            return leave(url_for("verify.show", code=statement.code))
    name = clean(form.file.data.filename or "")[:120]
    response = render("verify/file.html", verdict=verdict, filename=name, at=now())
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/<code>")
@signed_in
def show(code: str) -> ResponseReturnValue:
    """The verdict on a paper and, with `?p=`, on one of its pages; an unknown code gets one answer only."""
    statement = statement_by_code(db.session(), normal_code(code))
    if statement is not None:
        return _statement(statement, code)
    verdict = verify(db.session, actor(), code, request.args.get("p", ""))
    response = render("verify/show.html", verdict=verdict, code=normal_code(code), at=now())
    # What holds today may not hold tomorrow; a phone must ask again.
    response.headers["Cache-Control"] = "no-store"
    return response


def _statement(statement: Statement, code: str) -> ResponseReturnValue:
    """A quarterly statement is never superseded: what it says of its quarter stays; only its pages may be others."""
    page = request.args.get("p", "")
    asked = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else None
    response = render(
        "verify/statement.html",
        statement=statement,
        page=asked,
        is_wrong_page=asked is not None and not 1 <= asked <= (statement.pages or 0),
        is_readable=actor().can(P.FUNDS_READ, statement.agreement.region),
        code=normal_code(code),
        at=now(),
    )
    response.headers["Cache-Control"] = "no-store"
    return response
