"""The tree of offices: seeing it, adding to it, renaming."""

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.admin import bp
from portal.blueprints.admin.forms import NewRegionForm, RegionForm
from portal.blueprints.admin.loading import region_options, region_or_404
from portal.domain.access.roles import Permission as P
from portal.domain.administration import regions as overview
from portal.domain.audit import services as audit
from portal.domain.regions import services
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.audit_words import tell
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW
from portal.web.tables import number


@bp.get("/regions")
@requires(P.REGIONS_MANAGE)
def regions() -> ResponseReturnValue:
    """The administrator's part of the tree."""
    return render(
        "admin/regions.html",
        offices=overview.offices(db.session, actor()),
        may_users=actor().can(P.USERS_MANAGE),
        may_settings=actor().can(P.SETTINGS_READ),
    )


@bp.route("/regions/new", methods=["GET", "POST"])
@requires(P.REGIONS_MANAGE)
def new_region() -> ResponseReturnValue:
    """Add an office below one that there is."""
    form = NewRegionForm()
    form.parent_id.choices = region_options(P.REGIONS_MANAGE)
    if request.method == "GET" and number("below") is not None:
        form.parent_id.data = number("below")
    if form.validate_on_submit():
        parent = region_or_404(form.parent_id.data, P.REGIONS_MANAGE)
        made = submit(
            form,
            lambda: services.add_region(
                db.session,
                code=form.code.data or "",
                name=form.name.data or "",
                parent=parent,
                signing_place=form.signing_place.data or "",
                by=actor(),
            ),
        )
        if made is not None:
            flash(_("%(name)s has been added.", name=made.name))
            return leave(url_for("admin.regions", _anchor=f"region-{made.id}"))
    return render("admin/region.html", form=form, region=None, events=[])


@bp.route(f"/regions/<{ROW}:id>", methods=["GET", "POST"])
@requires(P.REGIONS_MANAGE)
def region(id: int) -> ResponseReturnValue:
    """Rename an office or change where its agreements are signed."""
    region = region_or_404(id, P.REGIONS_MANAGE)
    form = RegionForm(obj=region)
    if form.validate_on_submit():

        def work() -> bool:
            services.edit_region(
                db.session,
                region,
                name=form.name.data or "",
                signing_place=form.signing_place.data or "",
                by=actor(),
            )
            return True

        if submit(form, work):
            flash(_("%(name)s has been saved.", name=region.name))
            return leave(url_for("admin.regions", _anchor=f"region-{region.id}"))
    return render(
        "admin/region.html",
        form=form,
        region=region,
        inherited=services.signing_place(db.session, region.parent) if region.parent else "",
        events=tell(db.session, actor(), db.session.scalars(audit.history(region).limit(30)).all()),
    )
