"""Writing a policy and its next versions, letting it take effect, withdrawing it."""

from datetime import timedelta

import sqlalchemy as sa
from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from portal.blueprints.policies import bp
from portal.blueprints.policies.forms import PolicyForm, ReleaseForm
from portal.blueprints.policies.loading import own_policy_or_404, policy_or_404
from portal.db import today
from portal.domain.access.queries import regions_visible_to
from portal.domain.access.roles import Permission as P
from portal.domain.meetings.policies import drafting, queries, releasing
from portal.domain.meetings.policies.drafting import Said
from portal.domain.meetings.policies.models import Policy, PolicyState
from portal.domain.regions.models import Region
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW

_AHEAD = timedelta(days=30)


@bp.route("/policies/new", methods=["GET", "POST"])
@requires(P.MEETINGS_WRITE)
def new() -> ResponseReturnValue:
    """Write a policy."""
    form = PolicyForm()
    data, filename = _file(form)
    offices = _offices()
    _choices(form, offices, offices)
    if request.method == "GET":
        home = actor().home
        form.region_id.data = next((one.id for one in offices if home and one.id == home.id), offices[0].id)
        form.offices.data = [form.region_id.data]
        form.wanted_on.data = today() + _AHEAD
    if form.validate_on_submit():

        def work() -> int:
            region = db.session.get_one(Region, form.region_id.data)
            return drafting.draft(db.session(), actor(), region, _said(form, data, filename)).id

        made = submit(form, work)
        if made is not None:
            flash(_("The policy has been drafted. Put it on a meeting next."))
            return leave(url_for(".detail", id=made))
    return render("policies/form.html", form=form, policy=None)


@bp.route(f"/policies/<{ROW}:id>/edit", methods=["GET", "POST"])
@requires(P.MEETINGS_WRITE)
def edit(id: int) -> ResponseReturnValue:
    """Write another version; who saved meanwhile is not overwritten unseen."""
    form = PolicyForm()
    data, filename = _file(form)
    policy = own_policy_or_404(id)
    below = [one for one in _offices() if one.path.startswith(policy.region.path)]
    _choices(form, [policy.region], below, policy)
    if request.method == "GET":
        text = policy.text
        form.version.data, form.title.data, form.body.data = str(policy.version), policy.title, text.body
        form.region_id.data, form.wanted_on.data = policy.region_id, policy.wanted_on
        form.offices.data = [one.region_id for one in policy.scopes]
        form.replaces_id.data = policy.replaces_id or 0
    if form.validate_on_submit():

        def work() -> bool:
            said = _said(form, data, filename)
            drafting.rewrite(db.session(), actor(), policy, said, seen_version=form.seen_version)
            return True

        if submit(form, work):
            flash(_("%(name)s has been saved.", name=policy.title))
            return leave(url_for(".detail", id=id))
        form.version.data = str(policy.version)
    return render("policies/form.html", form=form, policy=policy)


def _file(form: PolicyForm) -> tuple[bytes, str]:
    """The file, read before the first query: a slow upload must not hold the database."""
    file = form.file.data
    return (file.read(), file.filename or "") if file else (b"", "")


def _said(form: PolicyForm, data: bytes, filename: str) -> Said:
    wanted = form.offices.data or []
    return Said(
        title=form.title.data or "",
        body=form.body.data or "",
        wanted_on=form.wanted_on.data,
        offices=list(db.session.scalars(sa.select(Region).where(Region.id.in_(wanted)))),
        replaces=db.session.get(Policy, form.replaces_id.data) if form.replaces_id.data else None,
        pdf=data,
        filename=filename,
    )


def _offices() -> list[Region]:
    return list(db.session.scalars(regions_visible_to(actor(), P.MEETINGS_WRITE))) or abort(403)


def _choices(
    form: PolicyForm, issuers: list[Region], offices: list[Region], policy: Policy | None = None
) -> None:
    form.region_id.choices = [SelectChoice(one.id, one.name) for one in issuers]
    form.offices.choices = [SelectChoice(one.id, "　" * one.depth + one.name) for one in offices]
    in_force = db.session.scalars(
        queries.policies_visible_to(actor())
        .where(
            Policy.state == PolicyState.RELEASED,
            Policy.superseded_on.is_(None),
            Policy.region_id.in_([one.id for one in issuers]),
        )
        .order_by(Policy.number.desc())
    ).all()
    found = {one.id: f"{one.number} {one.title}" for one in in_force}
    if policy is not None and policy.replaces is not None:
        found.setdefault(policy.replaces.id, f"{policy.replaces.number} {policy.replaces.title}")
    form.replaces_id.choices = [
        SelectChoice(0, _("none")),
        *(SelectChoice(id_, words) for id_, words in found.items()),
    ]
    if form.replaces_id.data is None:
        form.replaces_id.data = 0


@bp.route(f"/policies/<{ROW}:id>/release", methods=["GET", "POST"])
@requires(P.POLICIES_RELEASE)
def release(id: int) -> ResponseReturnValue:
    """Let a policy take effect, from a day on."""
    policy = policy_or_404(id)
    if not releasing.may_release(actor(), policy):
        abort(403)
    form = ReleaseForm()
    if request.method == "GET":
        form.effective_on.data = max(policy.wanted_on, today())
    if form.validate_on_submit():

        def work() -> bool:
            releasing.release(db.session(), actor(), policy, form.effective_on.data)
            return True

        if submit(form, work):
            flash(_("%(name)s has been released.", name=policy.title))
            return leave(url_for(".detail", id=id))
    return render(
        "policies/release.html",
        form=form,
        policy=policy,
        progress=queries.progress(db.session(), policy),
        missing=queries.missing(db.session(), policy),
    )


@bp.post(f"/policies/<{ROW}:id>/withdraw")
@requires(P.MEETINGS_WRITE)
def withdraw(id: int) -> ResponseReturnValue:
    """End a policy, with a reason."""
    policy = own_policy_or_404(id)
    submit(None, lambda: releasing.withdraw(db.session(), actor(), policy, request.form.get("reason", "")))
    flash(_("%(title)s has been withdrawn.", title=policy.title))
    return leave(url_for(".detail", id=id))
