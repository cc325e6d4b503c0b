"""What several features need of the list of originals: what an address narrows it to, whither a row leads."""

from typing import Any

from flask import request, url_for

from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.trail import queries
from portal.domain.price_protection.trail.models import PaperKind, Stage
from portal.domain.price_protection.trail.queries import TrailFilter
from portal.extensions import db
from portal.web.access import actor
from portal.web.tables import chosen, number

# What an address narrows the list of originals by.
NARROWING = ("q", "kind", "stage", "region", "owner", "days", "batch", "change", "job", "quarter")


def wanted() -> TrailFilter:
    """What the address narrows the list to; what it says wrongly narrows nothing."""
    days = number("days")
    return TrailFilter(
        q=request.args.get("q", "").strip()[:80],
        kind=chosen(PaperKind, "kind"),
        stage=chosen(Stage, "stage"),
        region_id=number("region"),
        owner_id=number("owner"),
        batch_id=number("batch"),
        change_id=number("change"),
        job_id=number("job"),
        quarter=request.args.get("quarter", "").strip()[:6],
        out_days=days if days is not None and days <= 3650 else None,
    )


def unasked(**narrowed: int) -> int:
    """How many printed originals of a filter wait for somebody to ask for their seal; 0 for who may not ask."""
    me = actor()
    if not me.can(P.AGREEMENTS_WRITE):
        return 0
    return queries.unasked(db.session, me, TrailFilter(**narrowed))


def original_page(one: Any) -> str:
    """The address of the agreement, amendment, notice or statement that an original, or a row of their list, is of."""
    if one.kind is PaperKind.AGREEMENT:
        return url_for("agreements.detail", id=one.agreement_id, _anchor="trail")
    if one.kind is PaperKind.STATEMENT:
        return url_for("quarters.statement", id=one.deed_id, _anchor="trail")
    what = "amendments" if one.kind is PaperKind.AMENDMENT else "notices"
    return url_for("agreements.deed", id=one.agreement_id, what=what, deed_id=one.deed_id, _anchor="trail")
