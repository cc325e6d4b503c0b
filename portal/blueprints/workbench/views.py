"""The workbench: what waits for the signed-in user, most urgent first."""

from flask import request
from flask.typing import ResponseReturnValue

from portal.blueprints.workbench import bp
from portal.blueprints.workbench.items import GROUPS, Item, collected, in_time
from portal.db import now, today
from portal.extensions import db
from portal.web.access import actor, signed_in
from portal.web.htmx import render


@bp.get("/")
@signed_in
def index() -> ResponseReturnValue:
    """What waits for me, by when it is due; `?show=` narrows it to one kind of work."""
    items = collected(db.session, actor())
    counts = {group: sum(item.group == group for item in items) for group in GROUPS}
    shown = request.args.get("show", "")
    shown = shown if counts.get(shown) else ""
    wanted: list[Item] = [item for item in items if not shown or item.group == shown]
    return render(
        "workbench/index.html",
        fragment="workbench/_items.html",
        me=actor(),
        total=len(items),
        overdue=sum(item.is_overdue for item in items),
        tabs=[(group, title, counts[group]) for group, title in GROUPS.items() if counts[group]],
        shown=shown,
        parts=in_time(wanted, today()),
        day=today(),
        at=now(),
    )
