"""Taking in a report: one form, sent once; nothing of it stands in an address."""

from flask import request, session, url_for
from flask.typing import ResponseReturnValue
from wtforms.fields.choices import SelectChoice

from portal.blueprints.violations import bp
from portal.blueprints.violations.forms import ReportForm
from portal.blueprints.violations.loading import unkept
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.violations import finding
from portal.domain.price_protection.violations import reporting as domain
from portal.domain.price_protection.violations.reporters import Reporter, Source
from portal.domain.price_protection.violations.reporting import Report
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.vault import vault

_RECEIVED = "received"


@bp.route("/report", methods=["GET", "POST"])
@requires(P.CASES_REPORT)
def report() -> ResponseReturnValue:
    """Report a violation, for oneself or for somebody else; who it is from is sealed at once."""
    # Said at the same address, and once: a page of its own would stand in logs and in a browser's history.
    if request.method == "GET" and session.pop(_RECEIVED, False):
        return unkept(render("violations/reported.html"))
    form = ReportForm()
    form.kinds.choices = [SelectChoice(row.code, row.kind) for row in finding.kinds(db.session())]
    if request.method == "POST" and form.validate():
        files = [
            (file.filename or "", file.read()) for file in form.files.data or [] if file and file.filename
        ]
        if submit(form, lambda: _reported(form, files)) is not None:
            session[_RECEIVED] = True
            return leave(url_for("violations.report"))
    return unkept(render("violations/report.html", form=form))


def _reported(form: ReportForm, files: list[tuple[str, bytes]]) -> bool:
    books = db.session()
    source = Source(form.source.data)
    other = (
        finding.distributor(books, form.reporter_distributor.data or "")
        if source is Source.DISTRIBUTOR
        else None
    )
    domain.report(
        books,
        vault(),
        actor(),
        finding.agreement(books, form.accused.data or "", form.act_on.data),
        Report(
            act_on=form.act_on.data,
            kinds=form.kinds.data or [],
            reporter=Reporter(
                source=source,
                name=form.name.data or "",
                phone=form.phone.data or "",
                account=form.account.data or "",
                uscc=form.uscc.data or "",
                distributor_id=other.id if other else None,
                place=form.place.data or "",
                story=form.story.data or "",
            ),
            product_id=finding.product_id(books, form.product.data or ""),
            files=files,
        ),
    )
    return True
