"""The workbench: what waits for the signed-in user, most urgent first."""

from flask import request
from flask.typing import ResponseReturnValue

from portal.blueprints.workbench import bp
from portal.blueprints.workbench.items import GROUPS, Item, collected, in_time
from portal.db import now, today
from portal.domain.access.roles import Permission
from portal.domain.price_protection.fund_overview import FundOverview, fund_overview
from portal.domain.price_protection.overview import Overview, month_end, overview
from portal.extensions import db
from portal.web.access import actor, signed_in
from portal.web.htmx import render, wants_fragment
from portal.web.plots import Bars, bars


@bp.get("/")
@signed_in
def index() -> ResponseReturnValue:
    """What waits for me, by when it is due; `?show=` narrows it to one kind of work."""
    items = collected(db.session, actor())
    counts = {group: sum(item.group == group for item in items) for group in GROUPS}
    shown = request.args.get("show", "")
    shown = shown if counts.get(shown) else ""
    wanted: list[Item] = [item for item in items if not shown or item.group == shown]
    figures = None
    may_read_agreements = actor().can(Permission.AGREEMENTS_READ)
    if may_read_agreements and not wants_fragment():
        figures = overview(db.session, actor())
    return render(
        "workbench/index.html",
        fragment="workbench/_items.html",
        me=actor(),
        total=len(items),
        overdue=sum(item.is_overdue for item in items),
        tabs=[(group, title, counts[group]) for group, title in GROUPS.items() if counts[group]],
        shown=shown,
        parts=in_time(wanted, today()),
        has_amounts=any(item.amount_fen is not None for item in wanted),
        may_read_agreements=may_read_agreements,
        may_write_agreements=actor().can(Permission.AGREEMENTS_WRITE),
        month_end=month_end,
        may_read_distributors=actor().can(Permission.DISTRIBUTORS_READ),
        overview=figures,
        funds=_funds() if not wants_fragment() else None,
        plot=_chart(figures) if figures and figures.total_ending else None,
        day=today(),
        at=now(),
    )


def _funds() -> FundOverview | None:
    """The fund of the user's offices; None for whoever reads none, and for finance, whose work lists it anyway."""
    if not actor().can(Permission.FUNDS_READ) or actor().can(Permission.PAYMENTS_MAKE):
        return None
    found = fund_overview(db.session(), actor())
    return None if found.is_empty else found


def _chart(figures: Overview) -> Bars:
    """The bars of the months; January names its year, the others their number."""
    return bars(
        [(str(month.month) if month.month > 1 else f"{month:%y}/1", count) for month, count in figures.ending]
    )
