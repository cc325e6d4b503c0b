"""The register of a quarter's statements: where each stands, who still owes one, and the same as Excel."""

from collections.abc import Iterable
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.quarters import bp
from portal.blueprints.quarters.listing import NAME, asked_name
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection import queries as agreements
from portal.domain.price_protection.closing import register as statements
from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.closing.register import Standing, Wanted
from portal.domain.price_protection.trail.calling import NOBODY, Call, calls
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.excel import Column, record_export, workbook
from portal.web.htmx import render
from portal.web.tables import chosen, number, page_of, sorting
from portal.web.words import word


def asked_for(name: str) -> Wanted:
    """What the register is narrowed to by the address."""
    return Wanted(
        quarter=name,
        q=request.args.get("q", "").strip()[:80],
        standing=chosen(Standing, "standing"),
        region_id=number("region"),
        owner_id=number("owner"),
    )


@bp.get(f"/<{NAME}:name>/statements")
@requires(P.FUNDS_READ)
def register(name: str) -> ResponseReturnValue:
    """The statements of a quarter, with how many stand where and who still has to bring some back."""
    me, wanted = actor(), asked_for(asked_name(name))
    page = page_of(
        db.session,
        statements.rows(db.session, me, wanted),
        sorts=statements.SORTS,
        default="number",
        tie=Statement.id,
    )
    counts = statements.counts(db.session, me, wanted)
    return render(
        "quarters/register.html",
        fragment="quarters/_register.html",
        page=page,
        name=wanted.quarter,
        wanted=wanted,
        tabs=[(standing, counts.get(standing, 0)) for standing in Standing],
        total=sum(counts.values()),
        by_owner=statements.by_owner(db.session, me, wanted),
        calls=_calls(page.rows),
        standing_of=Standing,
        owed=statements.OWED,
        offices=agreements.regions_of(db.session, me),
        owners=agreements.owners(db.session, me),
        may_handle=me.can(P.PAPERS_HANDLE),
    )


def _calls(rows: Iterable[Any]) -> dict[int, Call]:
    """Whom to phone about what is not back."""
    return calls(db.session, {row.distributor_id for row in rows if row.standing in statements.OWED})


@bp.get(f"/<{NAME}:name>/statements/export")
@requires(P.FUNDS_READ)
def export_register(name: str) -> ResponseReturnValue:
    """The register as it is narrowed, as an Excel file; who took it is on record."""
    me, wanted = actor(), asked_for(asked_name(name))
    order = sorting(statements.SORTS, default="number")
    found = db.session.execute(
        order.apply(statements.rows(db.session, me, wanted), statements.SORTS, tie=Statement.id)
    ).all()
    said = {key: str(value) for key, value in vars(wanted).items() if value not in (None, "")}
    record_export(me, "statement_register", count=len(found), wanted=said)
    columns = [
        Column(_("Statement"), width=20),
        Column(_("Agreement number"), width=18),
        Column(_("Code"), width=14),
        Column(_("Distributor"), width=34),
        Column(_("Office"), width=16),
        Column(_("Owner"), width=12),
        Column(_("Contact"), width=12),
        Column(_("Phone"), width=18),
        Column(_("Fund held at the quarter's end"), "money"),
        Column(_("Fund released"), "money"),
        Column(_("Status"), width=22),
        Column(_("Parcel"), width=18),
        Column(_("Courier"), width=12),
        Column(_("Courier's number"), width=20),
        Column(_("Sent on"), "date"),
        Column(_("Day of delivery"), "date"),
        Column(_("Objections until"), "date"),
        Column(_("Came back on"), "date"),
        Column(_("Fund part"), width=12),
        Column(_("Objection to the fund part"), width=36),
        Column(_("Account part"), width=12),
        Column(_("Objection to the account part"), width=36),
        Column(_("Answer by"), "date"),
        Column(_("Answered on"), "date"),
        Column(_("What was answered"), width=20),
        Column(_("Signed scan"), width=12),
    ]
    called = _calls(found)
    cells = [_cells(row, called.get(row.distributor_id, NOBODY)) for row in found]
    title = _("Register of statements")
    return workbook(title, columns, cells, f"{title} {wanted.quarter} {today()}.xlsx")


def _cells(row: Any, call: Call) -> tuple[Any, ...]:
    return (
        row.number, row.agreement, row.distributor_code, row.distributor, row.office, row.owner, call.contact,
        call.phone, row.closing_fen, row.release_fen, word(Standing(row.standing)), row.parcel_number,
        _("in person") if row.is_by_hand else row.courier, row.tracking, row.sent_on, row.delivered_on,
        row.objections_until, row.received_on or row.back_on, word(row.fund) if row.fund else "",
        row.fund_objection, word(row.account) if row.account else "", row.account_objection, row.answer_by,
        row.answered_on, word(row.finding) if row.finding else "", _("filed") if row.has_scan else "",
    )  # fmt: skip
