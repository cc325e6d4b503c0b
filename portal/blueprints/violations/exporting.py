"""The list of cases as a workbook: what those who see them know of them, and nothing of a report."""

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.violations import bp
from portal.blueprints.violations.cases import READERS
from portal.db import today
from portal.domain.price_protection.violations import deadlines, queries
from portal.domain.price_protection.violations.models import Case, State
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.excel import Column, record_export, workbook
from portal.web.tables import chosen
from portal.web.words import word


@bp.get("/export")
@requires(*READERS)
def export() -> ResponseReturnValue:
    """The cases of the current view that were opened, as an Excel file."""
    me = actor()
    q, state = request.args.get("q", "").strip()[:80], chosen(State, "status")
    rows = [_cells(*row) for row in queries.exported(db.session(), me, q=q, state=state)]
    record_export(me, "cases", count=len(rows), wanted={"q": q, "status": state.value if state else ""})
    columns = [
        Column(_("Case"), width=18),
        Column(_("Status"), width=16),
        Column(_("Code"), width=14),
        Column(_("Accused"), width=34),
        Column(_("Agreement"), width=18),
        Column(_("Office"), width=16),
        Column(_("Kind of violation"), width=24),
        Column(_("Quarter concerned"), width=12),
        Column(_("Opened on"), "date", 12),
        Column(_("Notice served"), "date", 12),
        Column(_("Decided"), "date", 12),
        Column(_("In effect"), "date", 12),
        Column(_("Next deadline"), "date", 12),
        Column(_("Deducted"), "money"),
        Column(_("Of that left"), "money"),
    ]
    return workbook(_("Violation cases"), columns, rows, f"{_('Violation cases')} {today()}.xlsx")


def _cells(case: Case, deducted: int | None, left: int | None) -> tuple[Any, ...]:
    accused = case.agreement.distributor
    return (
        case.number,
        word(deadlines.standing(case, today()).state),
        accused.code,
        accused.name,
        case.agreement.number,
        case.region.name,
        case.kind,
        case.quarter,
        case.opened_on,
        case.notified_on,
        case.decided_on,
        case.effective_on,
        deadlines.next_due(case),
        deducted,
        left,
    )
