"""The funds of all agreements that a user may see, with the sums of their offices."""

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.funds import bp
from portal.db import today
from portal.domain.access.queries import regions_visible_to
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection import queries as agreements
from portal.domain.price_protection.funds import queries
from portal.domain.price_protection.funds.queries import FundFilter
from portal.domain.price_protection.models import Agreement
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.excel import Column, record_export, workbook
from portal.web.htmx import render
from portal.web.tables import number, page_of, sorting


def _filter() -> FundFilter:
    return FundFilter(q=request.args.get("q", "").strip()[:80], region_id=number("region"))


@bp.get("/")
@requires(P.FUNDS_READ)
def index() -> ResponseReturnValue:
    """One line for each agreement with a book: accrued, held, released, deducted, payable, owed back."""
    me, wanted = actor(), _filter()
    return render(
        "funds/index.html",
        fragment="funds/_table.html",
        page=page_of(
            db.session,
            queries.fund_rows(me, wanted),
            sorts=queries.SORTS,
            default="held",
            descending=True,
            tie=Agreement.id.desc(),
        ),
        total=queries.count_books(db.session, me),
        wanted=wanted,
        offices=agreements.regions_of(db.session, me),
        regions=queries.by_region(db.session, me),
        top=db.session.scalar(regions_visible_to(me, P.FUNDS_READ).limit(1)),
    )


@bp.get("/export")
@requires(P.FUNDS_READ)
def export() -> ResponseReturnValue:
    """The current view as an Excel file."""
    me, wanted = actor(), _filter()
    order = sorting(queries.SORTS, default="held", descending=True)
    rows = db.session.execute(
        order.apply(queries.fund_rows(me, wanted), queries.SORTS, tie=Agreement.id.desc())
    ).all()
    record_export(me, "funds", count=len(rows), wanted=vars(wanted))
    columns = [
        Column(_("Agreement number"), width=18),
        Column(_("Code"), width=14),
        Column(_("Distributor"), width=34),
        Column(_("Office"), width=16),
        *(Column(head, "money") for head in _heads()),
    ]
    cells: Any = (
        (
            r.number,
            r.distributor_code,
            r.distributor_name,
            r.region_name,
            r.accrued,
            r.held,
            r.released,
            r.deducted,
            r.payable,
            r.owed,
        )
        for r in rows
    )
    return workbook(_("Funds by agreement"), columns, cells, f"{_('Funds by agreement')} {today()}.xlsx")


def _heads() -> tuple[str, ...]:
    return (
        _("Fund accrued, net"),
        _("Fund held"),
        _("Fund released"),
        _("Fund deducted"),
        _("Payable to the distributor"),
        _("Owed back by the distributor"),
    )
