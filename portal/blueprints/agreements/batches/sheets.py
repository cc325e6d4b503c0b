"""Drafts with their products and prices as an Excel file: out, and in again with an answer to every row."""

from typing import Any

from flask import abort, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired

from portal.blueprints.agreements.batches import bp, loading, words
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.jobs.models import Job
from portal.domain.papers.values import percent
from portal.domain.price_protection.sheets import columns, services
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.excel import Column, record_export, workbook
from portal.web.htmx import apart, render, say, submit
from portal.web.requests import ROW
from portal.web.tables import number
from portal.web.words import word

SHOWN = 300


class TableForm(FlaskForm):
    """The table as it came back."""

    file = FileField(_l("File"), validators=[FileRequired(_l("Choose a file."))])


@bp.route("/drafts", methods=["GET", "POST"])
@requires(P.AGREEMENTS_WRITE)
def drafts() -> ResponseReturnValue:
    """Take the drafts out, or hand the changed table in; nothing is changed yet."""
    form = TableForm()
    if request.method == "POST" and form.validate():
        data, name = form.file.data.read(), form.file.data.filename or ""
        table = apart(form, lambda: services.read(data, name))
        if table is not None:
            job = submit(form, lambda: services.hand_in(db.session, actor(), table, data, filename=name))
            if job is not None:
                return _on(job)
    return render("batches/drafts.html", form=form)


@bp.get("/drafts/export")
@requires(P.AGREEMENTS_WRITE)
def drafts_export() -> ResponseReturnValue:
    """The drafts as a table, a row for each price; `?batch=` those of one batch."""
    me, batch_id = actor(), number("batch")
    batch = loading.readable(batch_id) if batch_id is not None else None
    rows = db.session.execute(services.lines(me, batch_id)).all()
    cells = [
        [
            row.number,
            row.version,
            row.distributor_name,
            row.effective_on,
            row.expires_on,
            # As text: a cell formatted as percent would come back as a bare fraction.
            percent(row.rebate_ppm, 2),
            row.base_share,
            percent(row.award_ppm),
            row.code,
            row.product_name,
            word(row.kind) if row.kind is not None else "",
            row.amount_fen,
        ]
        for row in rows
    ]
    record_export(me, "drafts", count=len(cells), wanted={"batch": batch.name if batch else ""})
    terms = {column.field: _(column.title) for column in columns.TERMS}
    heads = [
        Column(_(columns.NUMBER.title), width=18),
        Column(_(columns.VERSION.title), "whole", 8),
        Column(_("Distributor"), width=34),
        Column(terms["effective_on"], "date", 12),
        Column(terms["expires_on"], "date", 12),
        Column(terms["rebate_ppm"], width=10),
        Column(terms["base_share"], "whole", 10),
        Column(terms["award_ppm"], width=10),
        Column(_(columns.PRODUCT.title), width=14),
        Column(_("Product"), width=30),
        Column(_(columns.KIND.title), width=16),
        Column(_(columns.AMOUNT.title), "money", 12),
    ]
    return workbook(_("Drafts"), heads, cells, f"{batch.name if batch else _('Drafts')} {today()}.xlsx")


@bp.get(f"/drafts/<{ROW}:job_id>")
@requires(P.AGREEMENTS_WRITE)
def drafts_answers(job_id: int) -> ResponseReturnValue:
    """What the table changes, row by row; once it was written, what it changed."""
    return _page(_found(job_id), FlaskForm())


@bp.get(f"/drafts/<{ROW}:job_id>/refused.xlsx")
@requires(P.AGREEMENTS_WRITE)
def drafts_refused(job_id: int) -> ResponseReturnValue:
    """Every refused row with its reason, as an Excel file to mend the table by."""
    job = _found(job_id)
    cells = _refused(job.result.get("answers", []))
    record_export(actor(), "drafts", count=len(cells), wanted={"refused": job.title})
    columns = [
        Column(_("Row"), "whole", 8),
        Column(_("Agreement"), width=18),
        Column(_("Distributor"), width=34),
        Column(_("Column"), width=18),
        Column(_("Reason"), width=70),
    ]
    return workbook(_("Refused"), columns, cells, f"{_('Refused')} {today()}.xlsx")


def _refused(answers: list[dict[str, Any]]) -> list[list[Any]]:
    """Row, agreement, distributor, column and reason of everything that was refused."""
    return [
        [row, one["number"], one.get("distributor", ""), _(column), say(DomainError(msgid, **params))]
        for one in answers
        for _sheet, row, column, msgid, params in one["refusals"]
    ]


@bp.post(f"/drafts/<{ROW}:job_id>/apply")
@requires(P.AGREEMENTS_WRITE)
def drafts_apply(job_id: int) -> ResponseReturnValue:
    """Write what was shown; a draft that somebody changed meanwhile is refused and stays."""
    planned, form = _found(job_id), FlaskForm()
    if form.validate():
        job = submit(form, lambda: services.start_applying(db.session, actor(), planned))
        if job is not None:
            flash(_("The table is being written."))
            return _on(job)
    return _page(_found(job_id), form)


def _found(job_id: int) -> Job:
    """One's own task about a table of drafts."""
    job = db.session.get(Job, job_id)
    if job is None or job.owner_id != actor().id or job.kind not in (services.PLAN, services.APPLY):
        abort(404)
    return job


def _on(job: Job) -> ResponseReturnValue:
    return loading.on_with(job, here=services.is_small(db.session, job))


def _page(job: Job, form: FlaskForm) -> ResponseReturnValue:
    answers = job.result.get("answers", [])
    shown = [one for one in answers if one["action"] != "unchanged"][:SHOWN]
    namer = words.Namer([triple for one in shown for triple in one["differences"]])
    return render(
        "batches/drafts_answers.html",
        form=form,
        job=job,
        is_done=job.kind == services.APPLY,
        counts={action: job.result.get(action, 0) for action in ("changed", "unchanged", "refused")},
        changed=[(one, namer.said(one["differences"])) for one in shown if one["action"] == "changed"],
        refused=_refused(shown),
        more=max(0, sum(one["action"] != "unchanged" for one in answers) - len(shown)),
    )
