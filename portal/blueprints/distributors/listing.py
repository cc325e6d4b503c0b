"""The register as a list, and the same list as an Excel file."""

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.distributors import bp
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.distributors import listing
from portal.domain.distributors.facts import LABELS
from portal.domain.distributors.models import Distributor, Level, Standing
from portal.domain.distributors.queries import DistributorFilter
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.excel import Column, record_export, workbook
from portal.web.htmx import render
from portal.web.tables import chosen, ids, number, page_of
from portal.web.words import word

_KINDS = {"credit_limit_fen": "money", "deposit_fen": "money", "founded_on": "date"} | dict.fromkeys(
    ("staff", "vehicles", "outlets", "credit_days"), "whole"
)
_WIDTHS = {"name": 34, "name_en": 34, "address": 40, "phones": 36, "uscc": 22, "bank_account": 24, "note": 40}


def _filter() -> DistributorFilter:
    """What the address narrows the list to; what it says wrongly narrows nothing."""
    hint = request.args.get("hint", "")
    return DistributorFilter(
        q=request.args.get("q", "").strip()[:80],
        region_id=number("region"),
        level=chosen(Level, "level"),
        standing=chosen(Standing, "standing"),
        owner_id=number("owner"),
        hint=hint if hint in listing.HINTS else "",
    )


@bp.get("/")
@requires(P.DISTRIBUTORS_READ)
def index() -> ResponseReturnValue:
    """The list: narrowed, sorted and cut into pages as the address says."""
    me, wanted = actor(), _filter()
    return render(
        "distributors/index.html",
        fragment="distributors/_table.html",
        page=page_of(
            db.session,
            listing.rows(db.session, me, wanted),
            sorts=listing.SORTS,
            default="code",
            tie=Distributor.id,
        ),
        total=listing.total(db.session, me),
        wanted=wanted,
        offices=listing.offices(db.session, me),
        owners=listing.owners(db.session, me),
        may_write=me.can(P.DISTRIBUTORS_WRITE),
        may_import=me.can(P.DISTRIBUTORS_IMPORT),
        levels=list(Level),
        standings=list(Standing),
    )


@bp.get("/export")
@requires(P.DISTRIBUTORS_READ)
def export() -> ResponseReturnValue:
    """The current view, or the ticked rows of it, as an Excel file; who took it is on record."""
    me, wanted = actor(), _filter()
    rows = listing.exported(db.session, me, wanted, ids())
    record_export(me, "distributors", count=len(rows), wanted=_told(wanted))
    columns = [
        Column(_(_label(name)), _KINDS.get(name, "text"), _WIDTHS.get(name, 14))  # type: ignore[arg-type]
        for name in listing.EXPORTED
    ]
    cells = ([_cell(name, row[name]) for name in listing.EXPORTED] for row in rows)
    return workbook(_("Distributors"), columns, cells, f"{_('Distributors')} {today()}.xlsx")


def _label(name: str) -> str:
    return "Contact" if name == "contact" else LABELS[name]


def _cell(name: str, value: Any) -> Any:
    return word(value) if name in ("level", "channel", "standing") else value


def _told(wanted: DistributorFilter) -> dict[str, Any]:
    return {key: value for key, value in vars(wanted).items() if value not in (None, "")}
