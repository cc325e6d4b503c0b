"""The list of quarters, and the preview of one: what each agreement would get, and what is held back and why."""

from collections import Counter
from typing import Any

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from portal.blueprints.quarters import bp
from portal.db import today
from portal.domain.access.queries import regions_visible_to
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.price_protection import queries as agreements
from portal.domain.price_protection.closing import proposing, queries
from portal.domain.price_protection.closing.models import Stage
from portal.domain.price_protection.closing.preview import CLOSING, Outcome, Row, digest, preview, totals
from portal.domain.price_protection.funds.quarters import Calendar
from portal.domain.price_protection.receivables.standing import Printing
from portal.domain.regions.models import Region
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.excel import Column, record_export, workbook
from portal.web.htmx import leave, render, submit
from portal.web.tables import PER_PAGE, Page, chosen, number
from portal.web.words import WORDS

NAME = "string(length=6)"


@bp.get("/")
@requires(P.FUNDS_READ)
def index() -> ResponseReturnValue:
    """The quarters, the newest first, with how far each has come."""
    return render("quarters/index.html", quarters=queries.quarters(db.session(), actor()), stage=Stage)


def asked_name(name: str) -> str:
    """The quarter of an address; 404 for what is none."""
    try:
        return str(Calendar().named(name))
    except DomainError:
        abort(404)


def asked_region() -> Region:
    """The office that the address names, else the highest that the user reads funds of; 404 for another's."""
    me, wanted = actor(), number("region")
    statement = regions_visible_to(me, P.FUNDS_READ)
    if wanted is not None:
        statement = statement.where(Region.id == wanted)
    found: Region | None = db.session.scalar(statement.limit(1))
    return found or abort(404)


def _narrowed(rows: list[Row]) -> list[Row]:
    q, outcome = request.args.get("q", "").strip().casefold()[:80], chosen(Outcome, "outcome")
    return [
        row
        for row in rows
        if (outcome is None or row.outcome is outcome)
        and (not q or q in row.number.casefold() or q in row.distributor.casefold())
    ]


def page_of_rows(rows: list[Any]) -> Page:
    """A page of what is reckoned, not asked from the database."""
    here = min(max(number("page") or 1, 1), max(1, -(-len(rows) // PER_PAGE)))
    start = (here - 1) * PER_PAGE
    return Page(rows[start : start + PER_PAGE], len(rows), here, PER_PAGE, "", False)


@bp.get(f"/<{NAME}:name>")
@requires(P.FUNDS_READ)
def show(name: str) -> ResponseReturnValue:
    """What closing the quarter would do now; proposed from here by who may."""
    return _show(asked_name(name), None)


def _show(name: str, form: FlaskForm | None) -> ResponseReturnValue:
    me, region = actor(), asked_region()
    rows = preview(db.session(), name, region.id)
    whole, offices = totals(rows)
    closes = queries.closes_of(db.session(), me, name)
    found = _narrowed(rows)
    page = page_of_rows(found)
    return render(
        "quarters/preview.html",
        fragment="quarters/_rows.html",
        form=form,
        name=name,
        region=region,
        page=page,
        stated=queries.statements_of(db.session(), me, name, [row.agreement_id for row in page.rows]),
        total=len(rows),
        whole=whole,
        offices_of=offices,
        offices=agreements.regions_of(db.session, me),
        outcomes=[(str(one), WORDS[one]) for one in Outcome],
        sha256=digest(rows),
        closing=[row for row in rows if row.outcome in CLOSING],
        earlier=sorted(Counter(row.earlier for row in rows if row.earlier).items()),
        open=next((one for one in closes if one.is_open and one.region_id == region.id), None),
        others=[one for one in closes if one.is_open and one.region_id != region.id],
        confirmed=Stage.CONFIRMED,
        accounts=Counter(row.printing for row in rows if row.outcome in CLOSING and row.printing),
        printing=Printing,
        has_accounts=any(row.printing for row in rows),
        may_propose=me.can(P.FUNDS_CLOSE, region),
    )


@bp.post(f"/<{NAME}:name>/propose")
@requires(P.FUNDS_CLOSE)
def propose(name: str) -> ResponseReturnValue:
    """Propose the close as it was seen; what was proposed before is withdrawn by it."""
    name, form, region, seen = asked_name(name), FlaskForm(), asked_region(), request.form.get("sha256", "")
    if form.validate_on_submit():
        made = submit(form, lambda: proposing.propose(db.session(), actor(), name, region, seen_sha256=seen))
        if made is not None:
            flash(
                _("The close of %(quarter)s is proposed. A second person confirms it.", quarter=made.quarter)
            )
            return leave(url_for(".detail", id=made.id))
    return _show(name, form)


@bp.get(f"/<{NAME}:name>/export")
@requires(P.FUNDS_READ)
def export(name: str) -> ResponseReturnValue:
    """The preview, as it is narrowed, as an Excel file."""
    name, me = asked_name(name), actor()
    rows = _narrowed(preview(db.session(), name, asked_region().id))
    record_export(me, "quarter", count=len(rows), wanted={"quarter": name})
    columns = [
        Column(_("Agreement number"), width=18),
        Column(_("Distributor"), width=34),
        Column(_("Office"), width=16),
        Column(_("Outcome"), width=20),
        Column(_("Fund of the quarter"), "money"),
        Column(_("Interest"), "money"),
        Column(_("Fund released"), "money"),
        Column(_("Release by"), "date"),
        Column(_("Cases"), width=24),
        Column(_("Lines entered late"), "whole"),
        Column(_("Account reconciliation"), width=18),
    ]
    cells = (
        (
            row.number, row.distributor, row.office, WORDS[row.outcome], row.fund_fen, row.interest_fen,
            row.released_fen, row.due_on, "、".join(row.cases), row.late_lines,
            WORDS[row.printing] if row.printing else "",
        )
        for row in rows
    )  # fmt: skip
    return workbook(_("Quarter close"), columns, cells, f"{_('Quarter close')} {name} {today()}.xlsx")
