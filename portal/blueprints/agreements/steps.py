"""The steps of an agreement's life as its pages take them, approval apart."""

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from portal.blueprints.agreements import bp, loading
from portal.blueprints.agreements.fitting import too_long
from portal.blueprints.agreements.forms import (
    PrintForm,
    ReasonForm,
    ScanForm,
    SigningDateForm,
    SigningForm,
)
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.price_protection import steps
from portal.domain.price_protection.models import Agreement, Status
from portal.domain.price_protection.payload import current_paper
from portal.extensions import db
from portal.jobs import start_noted
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW
from portal.web.tables import as_id


def _back(agreement: Agreement, said: str) -> ResponseReturnValue:
    flash(said)
    return leave(url_for("agreements.detail", id=agreement.id))


@bp.post(f"/<{ROW}:id>/submit")
@requires(P.AGREEMENTS_WRITE)
def hand_over(id: int) -> ResponseReturnValue:
    """Submit for approval; what is missing is listed on the record."""
    agreement = loading.writable(id)
    seen = as_id(request.form.get("version", ""))
    if said := too_long(agreement):
        flash(said, "error")
        return leave(url_for("agreements.detail", id=id))
    try:
        submit(None, lambda: steps.submit(db.session, actor(), agreement, version=seen) or True)
    except steps.Incomplete:
        flash(_("Not submitted: the list below says what is still missing."), "error")
        return leave(url_for("agreements.detail", id=id, _anchor="checks"))
    return _back(agreement, _("%(number)s has been submitted for approval.", number=agreement.number))


@bp.post(f"/<{ROW}:id>/take-back")
@requires(P.AGREEMENTS_WRITE)
def take_back(id: int) -> ResponseReturnValue:
    """Withdraw one's own submission."""
    agreement = loading.writable(id)
    submit(None, lambda: steps.withdraw_submission(db.session, actor(), agreement) or True)
    return _back(agreement, _("%(number)s is a draft again.", number=agreement.number))


@bp.post(f"/<{ROW}:id>/void")
@requires(P.AGREEMENTS_WRITE)
def void(id: int) -> ResponseReturnValue:
    """Give up an agreement that nobody signed."""
    agreement = loading.writable(id)
    form = ReasonForm()
    submit(None, lambda: steps.void(db.session, actor(), agreement, form.reason.data or "") or True)
    return _back(agreement, _("%(number)s is now void.", number=agreement.number))


@bp.post(f"/<{ROW}:id>/withdraw-approval")
@requires(P.AGREEMENTS_APPROVE)
def withdraw_approval(id: int) -> ResponseReturnValue:
    """Take an approval back before anybody signed; its original is superseded."""
    agreement = loading.permitted(id, P.AGREEMENTS_APPROVE)
    form = ReasonForm()
    submit(
        None, lambda: steps.withdraw_approval(db.session, actor(), agreement, form.reason.data or "") or True
    )
    return _back(agreement, _("The approval of %(number)s has been withdrawn.", number=agreement.number))


@bp.post(f"/<{ROW}:id>/print")
@requires(P.AGREEMENTS_WRITE)
def print_original(id: int) -> ResponseReturnValue:
    """Record the printing, then on to the original."""
    agreement = loading.writable(id)
    form = PrintForm()
    copies = form.copies.data if form.copies.data is not None else 0
    submit(None, lambda: steps.record_print(db.session, actor(), agreement, copies) or True)
    return leave(url_for("agreements.contract", id=id))


@bp.route(f"/<{ROW}:id>/signing", methods=["GET", "POST"])
@requires(P.AGREEMENTS_WRITE)
def signing(id: int) -> ResponseReturnValue:
    """Record the signing with its scan, or file a scan of what was signed before."""
    agreement = loading.writable(id)
    is_signed = agreement.status in (Status.SIGNED, Status.TERMINATED)
    form = ScanForm() if is_signed else SigningForm()
    if request.method == "POST" and form.validate():
        sent = files(form.scans.data)
        if is_signed:
            done = submit(form, lambda: steps.file_scans(db.session, actor(), agreement, sent) or True)
        else:
            done = submit(
                form,
                lambda: steps.sign(db.session, actor(), agreement, form.signed_on.data, sent) or True,
            )
        if done:
            start_noted(db.session())
            return _back(agreement, _signed_words(agreement, sent))
    paper = current_paper(agreement)
    return render("agreements/signing.html", form=form, agreement=agreement, is_signed=is_signed, paper=paper)


@bp.route(f"/<{ROW}:id>/signing-date", methods=["GET", "POST"])
@requires(P.AGREEMENTS_WRITE)
def signing_date(id: int) -> ResponseReturnValue:
    """Put a wrong day of signing right, while nothing has taken effect by it."""
    agreement = loading.writable(id)
    if agreement.status is not Status.SIGNED or agreement.signed_on is None:
        raise DomainError("Only the signing date of a signed agreement can be corrected.")
    form, recorded = SigningDateForm(data={"signed_on": agreement.signed_on}), agreement.signed_on
    if request.method == "POST" and form.validate():

        def work() -> bool:
            day, reason = form.signed_on.data, form.reason.data or ""
            steps.correct_signing(db.session, actor(), agreement, day, reason)
            return True

        if submit(form, work):
            return _back(
                agreement, _("The signing date of %(number)s is corrected.", number=agreement.number)
            )
    return render("agreements/signing_date.html", form=form, agreement=agreement, recorded=recorded)


def _signed_words(agreement: Agreement, files: list[tuple[str, bytes]]) -> str:
    if files:
        return _("The signed paper of %(number)s is filed.", number=agreement.number)
    return _("The signing of %(number)s is recorded; its scan is still to be filed.", number=agreement.number)


def files(sent: list[FileStorage | str] | None) -> list[tuple[str, bytes]]:
    """Name and content of every file that was chosen; a browser sends an empty part for none."""
    return [
        (file.filename, file.read()) for file in sent or [] if isinstance(file, FileStorage) and file.filename
    ]
