"""A paper of a case: read, confirmed or sent back, issued, sent, served."""

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.violations import bp
from portal.blueprints.violations.cases import READERS
from portal.blueprints.violations.forms import SendForm, ServeForm
from portal.blueprints.violations.loading import case_of, paper_of
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.models import Service
from portal.domain.price_protection.violations import printed, steps, writing
from portal.domain.price_protection.violations.models import Case, CasePaper
from portal.extensions import db
from portal.printing.cases import render_case, render_case_html
from portal.web.access import actor, requires
from portal.web.files import shown
from portal.web.htmx import leave, render, submit
from portal.web.requests import CASE_CODE, ROW
from portal.web.vault import vault
from portal.web.words import word

PAPER = f"/<{CASE_CODE}:code>/papers/<{ROW}:paper_id>"


@bp.get(f"{PAPER}/")
@requires(*READERS)
def paper(code: str, paper_id: int) -> ResponseReturnValue:
    """One paper: what it says, how far it has come, and what this user may do with it."""
    case = case_of(code)
    return _shown(case, paper_of(case, paper_id))


def _shown(
    case: Case, found: CasePaper, form: SendForm | ServeForm | None = None, name: str = ""
) -> ResponseReturnValue:
    me, data = actor(), printed.data_of(found)
    template, is_released = printed.template_of(db.session(), found) if data else (None, False)
    forms = {
        "send": SendForm(formdata=None),
        "serve": ServeForm(formdata=None, data={"served_on": today()}),
    }
    if form is not None:
        forms[name] = form
    return render(
        "violations/paper.html",
        form=form,
        forms=forms,
        case=case,
        paper=found,
        is_draft=steps.is_draft(found),
        may_confirm=steps.may_confirm(me, case, found),
        may_issue=steps.may_issue(me, case, found),
        is_named=case.is_investigator(me),
        sheet=render_case_html(data, template.text) if data and template else None,
        is_released=is_released,
    )


@bp.get(f"{PAPER}.pdf")
@requires(*READERS)
def paper_pdf(code: str, paper_id: int) -> ResponseReturnValue:
    """An issued paper, as it is sent and as it is filed."""
    case = case_of(code)
    found = paper_of(case, paper_id)
    data = printed.data_of(found)
    if data is None or found.issued_at is None or case.number is None:
        abort(404)
    template, is_released = printed.template_of(db.session(), found)
    text, number, made_at, kind = template.text, case.number, found.issued_at, word(found.kind)
    db.session.rollback()
    made = render_case(data, text, number=number, draft=not is_released, made_at=made_at)
    return shown(made.pdf, "application/pdf", f"{kind}-{number}.pdf")


@bp.post(f"{PAPER}/confirm")
@requires(P.CASES_INVESTIGATE)
def confirm(code: str, paper_id: int) -> ResponseReturnValue:
    """Confirm that the paper gives no reporter away."""
    case = case_of(code, P.CASES_INVESTIGATE)
    found, seen = paper_of(case, paper_id), request.form.get("seen", "")
    submit(
        None,
        lambda: (
            writing.confirm_redaction(db.session(), vault(), actor(), case, found, seen_sha256=seen),
            True,
        ),
    )
    return _back(case, found, _("Confirmed. The paper can be issued."))


@bp.post(f"{PAPER}/send-back")
@requires(P.CASES_INVESTIGATE)
def send_back(code: str, paper_id: int) -> ResponseReturnValue:
    """Give a draft back to its writer."""
    case = case_of(code, P.CASES_INVESTIGATE)
    found = paper_of(case, paper_id)
    submit(None, lambda: (writing.send_back(db.session(), actor(), case, found), True))
    flash(_("Sent back. Its writer writes it anew."))
    return leave(url_for("violations.detail", code=case.code))


@bp.post(f"{PAPER}/issue")
@requires(P.CASES_INVESTIGATE, P.CASES_DECIDE, P.CASES_APPEAL)
def issue(code: str, paper_id: int) -> ResponseReturnValue:
    """Let a confirmed paper go."""
    case = case_of(code, P.CASES_INVESTIGATE, P.CASES_DECIDE, P.CASES_APPEAL)
    found = paper_of(case, paper_id)
    submit(None, lambda: (steps.issue(db.session(), vault(), actor(), case, found), True))
    return _back(case, found, _("Issued. Send it by courier."))


@bp.post(f"{PAPER}/send")
@requires(P.CASES_INVESTIGATE)
def send(code: str, paper_id: int) -> ResponseReturnValue:
    """Record courier and number."""
    case, form = case_of(code, P.CASES_INVESTIGATE), SendForm()
    found = paper_of(case, paper_id)
    if form.validate() and submit(
        form,
        lambda: (
            writing.sent(
                db.session(),
                actor(),
                case,
                found,
                form.courier_company.data or "",
                form.courier_number.data or "",
            ),
            True,
        ),
    ):
        return _back(case, found, _("The courier is recorded."))
    return _shown(case_of(code), found, form, "send")


@bp.post(f"{PAPER}/serve")
@requires(P.CASES_INVESTIGATE)
def serve(code: str, paper_id: int) -> ResponseReturnValue:
    """Record the day on which it arrived."""
    case, form = case_of(code, P.CASES_INVESTIGATE), ServeForm()
    found = paper_of(case, paper_id)
    if form.validate() and submit(
        form,
        lambda: (
            steps.serve(
                db.session(),
                actor(),
                case,
                found,
                served_on=form.served_on.data,
                how=Service(form.how.data),
            ),
            True,
        ),
    ):
        flash(_("The service is recorded."))
        return leave(url_for("violations.detail", code=case.code))
    return _shown(case_of(code), found, form, "serve")


def _back(case: Case, found: CasePaper, said: str) -> ResponseReturnValue:
    flash(said)
    return leave(url_for("violations.paper", code=case.code, paper_id=found.id))
