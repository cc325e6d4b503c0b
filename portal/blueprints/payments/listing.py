"""What is payable now, and what was paid, as lists and as Excel files."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.payments import bp
from portal.blueprints.payments.asking import code_of, paid_filter, wanted
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection import queries as agreements
from portal.domain.price_protection.payments import queries
from portal.domain.price_protection.payments.models import Means, Payout, PayoutKind
from portal.domain.price_protection.payments.payable import TO_DISTRIBUTORS, Item, payable
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.excel import Column, record_export, workbook
from portal.web.fund_told import part_word
from portal.web.htmx import render
from portal.web.tables import PER_PAGE, Page, count, number, page_of, sorting
from portal.web.words import word

MOST_EXPORTED = 50_000


def _page(items: Sequence[Item]) -> Page:
    here = min(max(number("page") or 1, 1), max(1, -(-len(items) // PER_PAGE)))
    rows = items[(here - 1) * PER_PAGE : here * PER_PAGE]
    return Page(rows, len(items), here, PER_PAGE, "distributor", False)


@bp.get("/")
@requires(P.FUNDS_READ)
def index() -> ResponseReturnValue:
    """What is payable now, one line for each sum; whoever pays ticks lines and goes on."""
    me, narrowed = actor(), wanted()
    items = payable(db.session, me, narrowed, P.FUNDS_READ)
    mine = me.can(P.PAYMENTS_MAKE)
    return render(
        "payments/index.html",
        fragment="payments/_payable.html",
        page=_page(items),
        wanted=narrowed,
        region_id=number("region"),
        sums=_sums(items),
        by_means=[(means, sum(item.to_pay_fen for item in items if item.agreed is means)) for means in Means],
        holes=sum(item.lacks_account and item.agreed is Means.MONEY for item in items),
        code_of=code_of,
        kinds=TO_DISTRIBUTORS,
        means=(Means.MONEY, Means.CREDIT_NOTE),
        offices=agreements.regions_of(db.session, me),
        may_pay=mine,
    )


def _sums(items: Sequence[Item]) -> dict[str, int]:
    return {
        "amount": sum(item.amount_fen for item in items),
        "offset": sum(item.offset_fen for item in items),
        "to_pay": sum(item.to_pay_fen for item in items),
        "distributors": len({item.distributor_id for item in items}),
    }


@bp.get("/export")
@requires(P.FUNDS_READ)
def export() -> ResponseReturnValue:
    """What is payable, as an Excel file; who took it is on record."""
    me, narrowed = actor(), wanted()
    items = payable(db.session, me, narrowed, P.FUNDS_READ)
    asked = {
        key: value
        for key, value in request.args.items()
        if key in ("q", "region", "kind", "means", "account", "due")
    }
    record_export(me, "payable", count=len(items), wanted=asked)
    columns = [
        Column(_("Distributor code")),
        Column(_("Distributor"), width=34),
        Column(_("Agreement number"), width=18),
        Column(_("What for"), width=16),
        Column(_("Quarter")),
        Column(_("Payable"), "money"),
        Column(_("Set off"), "money"),
        Column(_("To pay"), "money"),
        Column(_("Agreed means"), width=16),
        Column(_("Due on"), "date"),
        Column(_("Account name"), width=34),
        Column(_("Bank"), width=30),
        Column(_("Account number"), width=24),
    ]
    cells = (
        (
            item.code,
            item.distributor,
            item.agreement_number,
            word(item.kind),
            item.part,
            item.amount_fen,
            item.offset_fen,
            item.to_pay_fen,
            word(item.agreed),
            item.due_on,
            item.payee,
            item.bank_name,
            item.bank_account,
        )
        for item in items
    )
    return workbook(_("Sums to be paid"), columns, cells, f"{_('Sums to be paid')} {today()}.xlsx")


@bp.get("/paid")
@requires(P.FUNDS_READ)
def paid() -> ResponseReturnValue:
    """What was paid, the latest first: by agreement, by day, or what lacks its invoice."""
    me, narrowed = actor(), paid_filter()
    statement = queries.paid_rows(me, narrowed)
    return render(
        "payments/paid.html",
        fragment="payments/_paid.html",
        page=page_of(
            db.session, statement, sorts=queries.SORTS, default="number", descending=True, tie=Payout.id
        ),
        total=count(db.session, queries.paid_rows(me, queries.PaidFilter())),
        wanted=narrowed,
        kinds=[kind for kind in PayoutKind if kind is not PayoutKind.AWARD],
        means=list(Means),
        offices=agreements.regions_of(db.session, me),
        lacking=count(db.session, queries.paid_rows(me, replace(narrowed, state=queries.NO_INVOICE))),
    )


@bp.get("/paid/export")
@requires(P.FUNDS_READ)
def export_paid() -> ResponseReturnValue:
    """The current view of the payments as an Excel file."""
    me, narrowed = actor(), paid_filter()
    order = sorting(queries.SORTS, default="number", descending=True)
    rows = db.session.execute(
        order.apply(queries.paid_rows(me, narrowed), queries.SORTS, tie=Payout.id).limit(MOST_EXPORTED)
    ).all()
    record_export(me, "payments", count=len(rows), wanted=dict(request.args))
    columns = [
        Column(_("Payment number"), width=20),
        Column(_("Day of payment"), "date"),
        Column(_("Distributor code")),
        Column(_("Distributor"), width=34),
        Column(_("Office"), width=16),
        Column(_("Agreement number"), width=18),
        Column(_("What for"), width=16),
        Column(_("Quarter")),
        Column(_("Payable"), "money"),
        Column(_("Set off"), "money"),
        Column(_("Paid"), "money"),
        Column(_("Means"), width=16),
        Column(_("Payee"), width=34),
        Column(_("Account number"), width=24),
        Column(_("Bank or document number"), width=24),
        Column(_("Red-letter invoice number"), width=24),
        Column(_("Made by")),
        Column(_("taken back"), width=12),
        Column(_("Note"), width=30),
    ]
    return workbook(_("Payments"), columns, (_cells(row) for row in rows), f"{_('Payments')} {today()}.xlsx")


def _cells(row: Any) -> tuple[Any, ...]:
    return (
        row.number,
        row.paid_on,
        row.code,
        row.distributor,
        row.office,
        row.agreement,
        word(row.kind),
        part_word(row.part),
        row.amount_fen,
        row.offset_fen,
        row.paid_fen,
        word(row.means),
        row.payee,
        row.bank_account,
        row.reference,
        row.invoice,
        row.made_by,
        _("yes") if row.correction_id else "",
        row.note,
    )
