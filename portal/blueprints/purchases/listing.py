"""Purchases as a list with its sums, and the same list as an Excel file."""

from datetime import date
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.purchases import bp
from portal.db import today
from portal.domain import text
from portal.domain.access.queries import regions_visible_to
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor
from portal.domain.distributors.queries import distributors_visible_to
from portal.domain.errors import DomainError
from portal.domain.price_protection.purchases import listing, queries
from portal.domain.price_protection.purchases.listing import PurchaseFilter
from portal.domain.price_protection.purchases.models import Purchase, Unprotected
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.cuts import Shown
from portal.web.excel import Column, record_export, workbook
from portal.web.htmx import render
from portal.web.tables import count, number, page_of, sorting
from portal.web.words import word

_STATES = (listing.PROTECTED, listing.UNPROTECTED, *Unprotected)
MOST_EXPORTED = 100_000


def _filter() -> PurchaseFilter:
    """What the address narrows the list to; what it says wrongly narrows nothing."""
    state, kind = request.args.get("state", ""), request.args.get("kind", "")
    return PurchaseFilter(
        q=request.args.get("q", "").strip()[:80],
        region_id=number("region"),
        distributor_id=number("distributor"),
        product_id=number("product"),
        first_on=_day("from"),
        last_on=_day("until"),
        state=state if state in _STATES else "",
        kind=kind if kind in (listing.PURCHASES, listing.RETURNS) else "",
    )


def _day(name: str) -> date | None:
    try:
        return text.date_on(request.args.get(name, ""))
    except DomainError:
        return None


@bp.get("/")
@requires(P.PURCHASES_READ)
def index() -> ResponseReturnValue:
    """The list: the latest first; narrowed and sorted as the address says."""
    me, wanted = actor(), _filter()
    sums = listing.totals(db.session, me, wanted)
    return render(
        "purchases/index.html",
        fragment="purchases/_table.html",
        page=page_of(
            db.session,
            listing.found(db.session, me, wanted),
            sorts=listing.SORTS,
            default="day",
            descending=True,
            tie=Purchase.id,
            total=sums.lines,
            shown=Shown(listing.SHOWN),
        ),
        sums=sums,
        total=sums.lines
        if wanted == PurchaseFilter()
        else count(db.session, queries.purchases_visible_to(me)),
        wanted=wanted,
        offices=[
            (region.id, region.name, region.depth)
            for region in db.session.scalars(regions_visible_to(me, P.PURCHASES_READ))
        ],
        products=queries.product_choices(db.session),
        distributor=_named(wanted.distributor_id),
        reasons=list(Unprotected),
        may_write=me.can(P.PURCHASES_WRITE),
        may_import=me.can(P.PURCHASES_IMPORT),
    )


def _named(distributor_id: int | None) -> Distributor | None:
    """The distributor that the list is narrowed to, if the user may see it."""
    if distributor_id is None:
        return None
    return db.session.scalar(distributors_visible_to(actor()).where(Distributor.id == distributor_id))


@bp.get("/export")
@requires(P.PURCHASES_READ)
def export() -> ResponseReturnValue:
    """The current view as an Excel file; who took it is on record."""
    me, wanted = actor(), _filter()
    order = sorting(listing.SORTS, default="day", descending=True)
    found = listing.rows_with_agreements(db.session, me, wanted)
    statement = order.apply(found, listing.SORTS, tie=Purchase.id)
    rows = db.session.execute(statement.limit(MOST_EXPORTED)).all()
    record_export(me, "purchases", count=len(rows), wanted=_told(wanted))
    columns = [
        Column(_("Date of purchase"), "date"),
        Column(_("Document number"), width=20),
        Column(_("Line"), "whole", 8),
        Column(_("Distributor code")),
        Column(_("Distributor"), width=34),
        Column(_("Office")),
        Column(_("Product code")),
        Column(_("Product"), width=34),
        Column(_("Quantity")),
        Column(_("Sales unit"), width=8),
        Column(_("Amount (yuan)"), "money"),
        Column(_("Purchase or return")),
        Column(_("Rebate in all"), "money"),
        Column(_("Base rebate"), "money"),
        Column(_("Protection fund"), "money"),
        Column(_("Agreement number"), width=18),
        Column(_("Quarter")),
        Column(_("Not protected because"), width=24),
        Column(_("Note"), width=30),
    ]
    cells = (_cells(row) for row in rows)
    return workbook(_("Purchases"), columns, cells, f"{_('Purchases')} {today()}.xlsx")


def _cells(row: Any) -> list[Any]:
    return [
        row.purchased_on,
        row.document_number,
        row.line_no,
        row.distributor_code,
        row.distributor,
        row.office,
        row.product_code,
        row.product,
        quantity(row.quantity_milli),
        row.unit,
        row.amount_fen,
        _("Return of goods") if row.returns_id else _("Purchase"),
        row.rebate_fen,
        row.base_fen,
        row.fund_fen,
        row.agreement,
        row.quarter,
        word(row.unprotected) if row.rebate_fen is None and row.unprotected else "",
        row.note,
    ]


def quantity(milli: int | None) -> str:
    """Thousandths of a unit as people write them: 120, 12.5; nothing for none."""
    if milli is None:
        return ""
    return f"{milli // 1000}.{milli % 1000:03d}".rstrip("0").rstrip(".")


def _told(wanted: PurchaseFilter) -> dict[str, Any]:
    return {
        key: value.isoformat() if isinstance(value, date) else value
        for key, value in vars(wanted).items()
        if value not in (None, "")
    }
