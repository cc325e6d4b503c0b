"""The company's facts, its terms and what new agreements propose; offices with a company of their own."""

from typing import Any

from flask import Response, abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from portal.blueprints.admin import bp
from portal.blueprints.admin.loading import region_choices, region_or_404
from portal.blueprints.admin.settings_form import (
    Line,
    form_class,
    groups,
    limits,
    packed,
    said,
    shown,
    typed,
    unpacked,
)
from portal.domain.access.queries import regions_visible_to
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.papers.fill import is_empty
from portal.domain.price_protection import texts
from portal.domain.price_protection.defaults import counted_in_working_days
from portal.domain.regions.models import Region
from portal.domain.settings import services
from portal.domain.settings.catalogue import ENTRIES
from portal.domain.templates import services as templates
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.audit_words import tell
from portal.web.htmx import leave, render, submit
from portal.web.tables import number


def _region() -> Region:
    """The office that the address names, else the highest one that the user may read."""
    wanted = number("region")
    if wanted is not None:
        return region_or_404(wanted, P.SETTINGS_READ)
    statement = regions_visible_to(actor(), P.SETTINGS_READ).limit(1)
    return db.session.scalar(statement) or abort(404)


@bp.get("/settings")
@requires(P.SETTINGS_READ)
def settings() -> ResponseReturnValue:
    """All settings of a node, with defaults, limits and holes."""
    region = _region()
    own, defaults = services.own_values(db.session, region), _defaults(region)
    boxes = {name: shown(name, own, defaults) for name in ENTRIES}
    return _page(region, _form(region)(formdata=None, data=boxes | {"seen": packed(own)}))


@bp.post("/settings")
@requires(P.SETTINGS_WRITE, P.TEMPLATES_RELEASE)
def change_settings() -> ResponseReturnValue:
    """Save what differs from what the form showed."""
    region = _region()
    form = _form(region)()
    if form.validate_on_submit():
        seen = unpacked(form.seen.data or "")
        new = said(form, seen, _defaults(region))
        done = submit(form, lambda: services.change(db.session, actor(), region, new, seen=seen))
        if done is not None:
            flash(_("The settings have been saved.") if done else _("Nothing was changed."))
            return leave(url_for("admin.settings", region=None if region.parent_id is None else region.id))
    return _page(region, form)


def _changeable(region: Region) -> list[str]:
    me = actor()
    return [
        name
        for group in groups(region.parent_id is None)
        for name in group.names
        if services.may_change(me, ENTRIES[name])
    ]


def _form(region: Region) -> type[FlaskForm]:
    return form_class(_changeable(region))


def _defaults(region: Region) -> dict[str, Any]:
    """What empty boxes are prefilled with; an office's own company begins empty."""
    return services.inherited(db.session, region) if region.parent_id is None else {}


def _page(region: Region, form: FlaskForm) -> Response:
    known = services.values(db.session, region)
    own, inherited = services.own_values(db.session, region), services.inherited(db.session, region)
    holes = {entry.name for entry in services.holes(db.session, region)}
    changeable = set(_changeable(region))
    main = templates.edition(db.session, texts.MAIN_KEY)
    working = counted_in_working_days(main.paper) if main else frozenset()
    lines: list[tuple[Any, list[Line]]] = [
        (
            group,
            [
                Line(
                    entry=ENTRIES[name],
                    field=form[name] if name in changeable else None,
                    value=typed(ENTRIES[name], known.get(name)),
                    default=typed(ENTRIES[name], inherited.get(name)),
                    limits=limits(ENTRIES[name], in_working_days=name in working),
                    is_own=not is_empty(own.get(name)),
                    is_hole=name in holes,
                )
                for name in group.names
            ],
        )
        for group in groups(region.parent_id is None)
    ]
    return render(
        "admin/settings.html",
        form=form,
        region=region,
        groups=lines,
        holes=[ENTRIES[name] for name in ENTRIES if name in holes],
        offices=region_choices(P.SETTINGS_READ),
        has_own_company=services.has_own_company(db.session, region),
        may_change=bool(changeable),
        action=url_for("admin.change_settings", region=request.args.get("region") or None),
        events=tell(db.session, actor(), db.session.scalars(audit.history(region).limit(20)).all()),
    )
