"""The agreements as a list, and the same list as an Excel file."""

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.agreements import bp
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection import queries
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.phases import Phase, phase_of
from portal.domain.price_protection.queries import EXPIRY_STAGES, AgreementFilter
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.excel import Column, record_export, workbook
from portal.web.htmx import render
from portal.web.tables import chosen, ids, number, page_of, sorting
from portal.web.template_words import names_of
from portal.web.words import word

# What the address may say of a filter.
NARROWING = ("q", "phase", "region", "owner", "expiring", "distributor")


def asked_filter() -> AgreementFilter:
    """What the address narrows the list to; what it says wrongly narrows nothing."""
    days = number("expiring")
    return AgreementFilter(
        q=request.args.get("q", "").strip()[:80],
        phase=chosen(Phase, "phase"),
        region_id=number("region"),
        owner_id=number("owner"),
        expiring_days=days if days in EXPIRY_STAGES else None,
        distributor_id=number("distributor"),
    )


@bp.get("/")
@requires(P.AGREEMENTS_READ)
def index() -> ResponseReturnValue:
    """The list: narrowed, sorted and cut into pages as the address says."""
    me, wanted = actor(), asked_filter()
    everything = queries.agreement_rows(db.session, me)
    return render(
        "agreements/index.html",
        fragment="agreements/_table.html",
        page=page_of(
            db.session,
            queries.agreement_rows(db.session, me, wanted),
            sorts=queries.SORTS,
            default="updated",
            descending=True,
            tie=Agreement.id.desc(),
        ),
        total=queries.count(db.session, everything),
        wanted=wanted,
        phase_of=phase_of,
        phases=list(Phase),
        offices=queries.regions_of(db.session, me),
        owners=queries.owners(db.session, me),
        stages=EXPIRY_STAGES,
        may_write=me.can(P.AGREEMENTS_WRITE),
        narrowed_by={name: request.args[name] for name in NARROWING if request.args.get(name)},
    )


_COLUMNS: tuple[tuple[str, str, int], ...] = (
    ("number", "text", 18),
    ("phase", "text", 14),
    ("distributor_code", "text", 14),
    ("distributor_name", "text", 34),
    ("region_name", "text", 16),
    ("owner_name", "text", 12),
    ("effective_on", "date", 12),
    ("expires_on", "date", 12),
    ("ends_on", "date", 12),
    ("signed_on", "date", 12),
    ("rebate_ppm", "percent", 10),
    ("base_share", "whole", 10),
    ("product_count", "whole", 10),
    ("has_scan", "text", 12),
    ("template_name", "text", 32),
    ("updated_at", "moment", 18),
)


def _heads() -> dict[str, str]:
    return {
        "number": _("Agreement number"),
        "phase": _("Status"),
        "distributor_code": _("Code"),
        "distributor_name": _("Distributor"),
        "region_name": _("Office"),
        "owner_name": _("Owner"),
        "effective_on": _("First day"),
        "expires_on": _("Agreed last day"),
        "ends_on": _("Actual last day"),
        "signed_on": _("Signed on"),
        "rebate_ppm": _("Rebate rate"),
        "base_share": _("Base share of 100"),
        "product_count": _("Products"),
        "has_scan": _("Signed scan"),
        "template_name": _("Template"),
        "updated_at": _("Updated"),
    }


@bp.get("/export")
@requires(P.AGREEMENTS_READ)
def export() -> ResponseReturnValue:
    """The current view, or the ticked rows of it, as an Excel file; who took it is on record."""
    me, wanted = actor(), asked_filter()
    statement = queries.agreement_rows(db.session, me, wanted)
    if ticked := ids():
        statement = statement.where(Agreement.id.in_(ticked))
    order = sorting(queries.SORTS, default="updated", descending=True)
    rows = db.session.execute(order.apply(statement, queries.SORTS, tie=Agreement.id.desc())).all()
    heads = _heads()
    texts = names_of(db.session, {row.template_id for row in rows})
    cells = [[_cell(row, name, texts) for name, _kind, _width in _COLUMNS] for row in rows]
    told = {key: value for key, value in vars(wanted).items() if value not in (None, "")}
    record_export(me, "agreements", count=len(rows), wanted=told)
    columns = [Column(heads[name], kind, width) for name, kind, width in _COLUMNS]  # type: ignore[arg-type]
    return workbook(_("Agreements"), columns, cells, f"{_('Agreements')} {today()}.xlsx")


def _cell(row: Any, name: str, texts: dict[int, str]) -> Any:
    if name == "phase":
        return word(phase_of(row.status, row.effective_on, row.ends_on))
    if name == "has_scan":
        return _("filed") if row.has_scan else ""
    if name == "template_name":
        return texts[row.template_id]
    return getattr(row, name)
