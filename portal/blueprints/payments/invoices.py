"""Red-letter invoice and bank numbers for many payments: a column to fill in, and an Excel file out and back in."""

from dataclasses import replace

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.blueprints.payments import bp
from portal.blueprints.payments.asking import paid_filter
from portal.blueprints.payments.forms import NumbersForm, SaysNothing
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection import queries as agreements
from portal.domain.price_protection.payments import noting, queries
from portal.domain.price_protection.payments.models import Payout
from portal.domain.price_protection.payments.noting import Answer, Entry, Outcome
from portal.domain.tabular import Table, read_table
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.excel import Column, record_export, workbook
from portal.web.htmx import apart, leave, render, say, submit
from portal.web.tables import page_of
from portal.web.words import word

MOST_EXPORTED = 5000
MOST_FILLED_IN = 200


@bp.route("/invoices", methods=["GET", "POST"])
@requires(P.PAYMENTS_MAKE)
def invoices() -> ResponseReturnValue:
    """The payments without invoice with a column to fill in; what is right is kept, the rest says why not."""
    me, form, answers = actor(), SaysNothing(), list[Answer]()
    if request.method == "POST" and form.validate():
        entries = [
            Entry(no, number.strip(), invoice.strip())
            for no, (number, invoice) in enumerate(
                zip(request.form.getlist("number"), request.form.getlist("invoice"), strict=False), 1
            )
            if invoice.strip()
        ][:MOST_FILLED_IN]
        done = submit(form, lambda: noting.note(db.session, me, entries))
        answers = done or []
        noted = sum(one.outcome is not Outcome.REFUSED for one in answers)
        if noted:
            flash(ngettext("%(num)s number is entered.", "%(num)s numbers are entered.", noted))
        if done is not None and noted == len(answers):
            return leave(url_for("payments.invoices", **_asked()))
    narrowed = replace(paid_filter(), state=queries.NO_INVOICE)
    return render(
        "payments/invoices.html",
        form=form,
        page=page_of(
            db.session,
            queries.paid_rows(me, narrowed, may_pay=True),
            sorts=queries.SORTS,
            default="number",
            descending=True,
            tie=Payout.id,
        ),
        refused={
            one.entry.number: (one.entry.invoice, say(one.reason))
            for one in answers
            if one.reason is not None
        },
        wanted=narrowed,
        asked=_asked(),
        offices=agreements.regions_of(db.session, me),
    )


def _asked() -> dict[str, str]:
    return {name: value for name, value in request.args.items() if name in ("q", "region", "page") and value}


@bp.get("/invoices/export")
@requires(P.PAYMENTS_MAKE)
def export_invoices() -> ResponseReturnValue:
    """The list to be filled in elsewhere: it comes back as it is, with its numbers."""
    me = actor()
    narrowed = replace(paid_filter(), state=queries.NO_INVOICE)
    rows = db.session.execute(
        queries.paid_rows(me, narrowed, may_pay=True).order_by(Payout.id).limit(MOST_EXPORTED)
    ).all()
    record_export(me, "invoices_to_enter", count=len(rows), wanted=_asked())
    columns = [
        Column(_("Payment number"), width=20),
        Column(_("Red-letter invoice number"), width=26),
        Column(_("Bank or document number"), width=26),
        Column(_("Day of payment"), "date"),
        Column(_("Distributor code")),
        Column(_("Distributor"), width=34),
        Column(_("What for"), width=16),
        Column(_("Quarter")),
        Column(_("Payable"), "money"),
        Column(_("Means"), width=16),
    ]
    cells = (
        (
            row.number,
            "",
            row.reference,
            row.paid_on,
            row.code,
            row.distributor,
            word(row.kind),
            row.part,
            row.amount_fen,
            word(row.means),
        )
        for row in rows
    )
    name = _("Invoice numbers to enter")
    return workbook(name, columns, cells, f"{name} {today()}.xlsx")


@bp.route("/invoices/file", methods=["GET", "POST"])
@requires(P.PAYMENTS_MAKE)
def invoices_file() -> ResponseReturnValue:
    """The list comes back filled in: what is right is kept, every row says what became of it."""
    form, answers = NumbersForm(), None
    if form.validate_on_submit() and (table := apart(form, lambda: _table(form))) is not None:
        answers = submit(form, lambda: noting.note(db.session, actor(), noting.read(table)))
    ordered = sorted(answers or [], key=lambda one: one.outcome is not Outcome.REFUSED)
    return render(
        "payments/invoices_file.html",
        form=form,
        answers=None
        if answers is None
        else [(one, say(one.reason) if one.reason is not None else "") for one in ordered],
        counted=[(outcome, sum(one.outcome is outcome for one in ordered)) for outcome in Outcome],
    )


def _table(form: NumbersForm) -> Table:
    return read_table(form.file.data.read(), form.file.data.filename or "", noting.SPEC)
