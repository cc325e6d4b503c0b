"""Importing purchases: hand a list in, look at what it would do, import it, take back what was refused."""

from typing import Any

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired

from portal.blueprints.purchases import bp
from portal.domain.access.roles import Permission as P
from portal.domain.jobs.models import JobState
from portal.domain.price_protection.purchases.importing import SPEC, files
from portal.domain.price_protection.purchases.models import PurchaseImport
from portal.extensions import db
from portal.jobs import start
from portal.web import importing as words
from portal.web.access import actor, requires
from portal.web.excel import Column, record_export, workbook
from portal.web.htmx import leave, render, say, submit
from portal.web.requests import ROW

SHOWN = 100  # rows of each kind on the page; Excel has the rest


class HandInForm(FlaskForm):
    """The list itself."""

    file = FileField(_l("File"), validators=[FileRequired(_l("Choose a file."))])


def _found(import_id: int) -> PurchaseImport:
    """The list; 404 when it was handed in for offices that the user does not import for."""
    found = db.session.scalar(files.files_visible_to(actor()).where(PurchaseImport.id == import_id))
    return found or abort(404)


@bp.route("/import", methods=["GET", "POST"])
@requires(P.PURCHASES_IMPORT)
def import_file() -> ResponseReturnValue:
    """Hand in a list; nothing is imported yet."""
    form = HandInForm()
    # Read before the first query: a slow upload must not hold the database.
    data = form.file.data.read() if form.file.data else b""
    if form.validate_on_submit():
        name = form.file.data.filename or ""
        made = submit(form, lambda: files.hand_in(db.session, actor(), data, filename=name))
        if made is not None:
            return _on(made)
    return render(
        "purchases/import.html", form=form, columns=[(_(one.title), one.headings[:4]) for one in SPEC.columns]
    )


@bp.get(f"/import/<{ROW}:import_id>")
@requires(P.PURCHASES_IMPORT)
def import_preview(import_id: int) -> ResponseReturnValue:
    """What importing the list would do, row by row; once imported, what it did."""
    file = _found(import_id)
    if file.applied_at is None and file.job is not None and file.job.state is not JobState.DONE:
        return leave(url_for("jobs.detail", job_id=file.job.id))
    return _preview(file, FlaskForm(formdata=None))


def _preview(file: PurchaseImport, form: FlaskForm) -> ResponseReturnValue:
    report = files.report_of(file)
    why = None if report else files.why_not(files.table_of(db.session, file))
    return render(
        "purchases/import_preview.html",
        form=form,
        file=file,
        report=report,
        why=say(why) if why else "",
        headings=[] if file.applied_at else files.headings(db.session, file),
        fields=[(column.field, _(column.title)) for column in SPEC.columns],
        words=words,
        shown=SHOWN,
    )


@bp.post(f"/import/<{ROW}:import_id>/plan")
@requires(P.PURCHASES_IMPORT)
def import_again(import_id: int) -> ResponseReturnValue:
    """Look again, with columns matched by hand."""
    file = _found(import_id)
    form = FlaskForm()
    mapping = _mapping(file)

    def work() -> bool:
        files.plan_again(db.session, actor(), file, mapping=mapping)
        return True

    if form.validate_on_submit() and submit(form, work):
        return _on(_found(import_id))
    return _preview(_found(import_id), form)


def _mapping(file: PurchaseImport) -> dict[str, str]:
    """What the page says of each column."""
    known = {column.field for column in SPEC.columns}
    said = {}
    for place, heading in enumerate(files.headings(db.session, file)):
        chosen = request.form.get(f"column-{place}", "")
        said[heading.text] = chosen if chosen in known else ""
    return said


@bp.post(f"/import/<{ROW}:import_id>/apply")
@requires(P.PURCHASES_IMPORT)
def import_apply(import_id: int) -> ResponseReturnValue:
    """Import the list as it was planned."""
    file = _found(import_id)
    form = FlaskForm()
    if form.validate_on_submit() and submit(form, lambda: files.start(db.session, actor(), file)):
        return _on(_found(import_id))
    return _preview(_found(import_id), form)


def _on(file: PurchaseImport) -> ResponseReturnValue:
    """Do what the list asks for, or send it to a worker; then to the list's page, or to the progress."""
    if file.job is not None:
        start(file.job.id, here=files.is_small(file))
    return leave(url_for(".import_preview", import_id=file.id))


@bp.get(f"/import/<{ROW}:import_id>/refused")
@requires(P.PURCHASES_IMPORT)
def import_refused(import_id: int) -> ResponseReturnValue:
    """The refused rows as an Excel file with the reason beside each, to be mended and handed in again."""
    file = _found(import_id)
    report = files.report_of(file)
    if report is None:
        return leave(url_for(".import_preview", import_id=import_id))
    reasons: dict[tuple[str, int], list[str]] = {}
    for refusal in report.refusals:
        said = _("%(label)s: %(text)s", label=words.column(refusal), text=words.reason(refusal))
        reasons.setdefault((refusal.sheet, refusal.row), []).append(said)
    heads, rows = files.refused_rows(db.session, file)
    cells = [
        [sheet, number, _(" · ").join(reasons.get((sheet, number), [])), *values]
        for sheet, number, values in rows
    ]
    record_export(actor(), "purchase_import", count=len(cells), wanted={"import_id": import_id})
    columns = [
        Column(_("Sheet")),
        Column(_("Row"), "whole", 8),
        Column(_("Reason for refusal"), width=50),
        *(Column(head, width=20) for head in heads),
    ]
    return workbook(_("Refused rows"), columns, cells, f"{_('Refused rows')} {import_id}.xlsx")


@bp.get("/import/template")
@requires(P.PURCHASES_IMPORT)
def import_template() -> ResponseReturnValue:
    """An empty list with every column that is understood."""
    columns = [Column(_(column.title), width=18) for column in SPEC.columns]
    rows: list[list[Any]] = []
    return workbook(_("Purchases"), columns, rows, _("Purchase list template") + ".xlsx")
