"""Briefing who was absent, and undoing what was noted by mistake."""

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.policies import bp
from portal.blueprints.policies.forms import BriefingForm
from portal.blueprints.policies.loading import briefed_or_404, policy_or_404
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.meetings.policies import telling
from portal.domain.meetings.policies.models import ToldHow
from portal.domain.meetings.policies.telling import Briefing
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW


@bp.route(f"/policies/<{ROW}:id>/distributors/<{ROW}:distributor_id>", methods=["GET", "POST"])
@requires(P.MEETINGS_WRITE)
def brief(id: int, distributor_id: int) -> ResponseReturnValue:
    """Note that a distributor was briefed: when, how, whom one spoke with."""
    policy, distributor = policy_or_404(id), briefed_or_404(distributor_id)
    form = BriefingForm()
    people = distributor.people
    if request.method == "GET":
        form.how.data, form.told_on.data = ToldHow.PHONE.value, today()
        form.spoke_with.data = people[0].name if people else ""
    if form.validate_on_submit():

        def work() -> bool:
            said = Briefing(
                ToldHow(form.how.data), form.told_on.data, form.spoke_with.data or "", form.note.data or ""
            )
            telling.brief(db.session(), actor(), policy, distributor, said)
            return True

        if submit(form, work):
            flash(_("The briefing of %(name)s has been noted.", name=distributor.name))
            return leave(url_for(".detail", id=id) + "#concerned")
    return render("policies/brief.html", form=form, policy=policy, distributor=distributor, people=people)


@bp.post(f"/policies/<{ROW}:id>/distributors/<{ROW}:distributor_id>/undo")
@requires(P.MEETINGS_WRITE)
def undo(id: int, distributor_id: int) -> ResponseReturnValue:
    """Take back that a distributor was told, with a reason."""
    policy, distributor = policy_or_404(id), briefed_or_404(distributor_id)
    submit(
        None,
        lambda: telling.undo(db.session(), actor(), policy, distributor, request.form.get("reason", "")),
    )
    flash(_("%(name)s counts as not told.", name=distributor.name))
    return leave(url_for(".detail", id=id) + "#concerned")
