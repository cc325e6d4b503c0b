"""Planning a meeting, changing it, copying it, calling it off."""

from dataclasses import replace
from datetime import time, timedelta

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from portal.blueprints.meetings import bp
from portal.blueprints.meetings.forms import MeetingForm, facts_of
from portal.db import CHINA, today
from portal.domain.access.queries import regions_visible_to
from portal.domain.access.roles import Permission as P
from portal.domain.meetings import costs, planning, queries, series
from portal.domain.meetings.models import Meeting, MeetingKind
from portal.domain.meetings.planning import Facts, china_at
from portal.domain.regions.models import Region
from portal.domain.users.models import User
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.meetings import meeting_or_404, own_meeting_or_404
from portal.web.requests import ROW
from portal.web.tables import number


@bp.route("/new", methods=["GET", "POST"])
@requires(P.MEETINGS_WRITE)
def new() -> ResponseReturnValue:
    """Plan a meeting, from nothing or after an old one (`?copy=`)."""
    offices = _offices()
    copied = _copied()
    form = _choices(MeetingForm(), offices) if request.method == "POST" else _proposed(offices, copied)
    if form.validate_on_submit():
        made = submit(form, lambda: _plan(form, copied))
        if made is not None:
            flash(_("%(title)s has been planned. Invite distributors next.", title=made.title))
            return leave(url_for("meetings.detail", id=made.id))
    return render("meetings/form.html", form=form, meeting=None, copied=copied, later=0)


def _plan(form: MeetingForm, copied: Meeting | None) -> Meeting:
    region = db.session.get_one(Region, form.region_id.data)
    host = db.session.get_one(User, form.host_id.data)
    return planning.plan(db.session, actor(), region, form.facts(host), copied_from=copied)


def _copied() -> Meeting | None:
    id = number("copy")
    return meeting_or_404(id) if id is not None else None


def _proposed(offices: list[Region], copied: Meeting | None) -> MeetingForm:
    """What a new meeting most probably is: here, by me, in two weeks, from nine to five; or the old one again."""
    me = actor()
    day = today() + timedelta(days=14)
    home = next((office for office in offices if me.home and office.id == me.home.id), offices[0])
    if copied is not None:
        at = copied.starts_at.astimezone(CHINA).time()
        facts = planning.again(copied, china_at(day, at), me)
        if not costs.may_see(me, copied):
            facts = replace(facts, budget_fen=None)
        home = next((office for office in offices if office.id == copied.region_id), home)
    else:
        begins, ends = china_at(day, time(9)), china_at(day, time(17))
        facts = Facts(MeetingKind.REGULAR, "", me, begins, ends, reply_by_on=day - timedelta(days=4))
    return _choices(MeetingForm.of(facts, home.id), offices)


def _offices() -> list[Region]:
    return list(db.session.scalars(regions_visible_to(actor(), P.MEETINGS_WRITE))) or abort(403)


def _choices(form: MeetingForm, offices: list[Region], *, keep: User | None = None) -> MeetingForm:
    form.region_id.choices = [SelectChoice(office.id, office.name) for office in offices]
    hosts = queries.hosts(db.session, [office.id for office in offices])
    if keep is not None and keep not in hosts:
        hosts = [keep, *hosts]
    form.host_id.choices = [SelectChoice(one.id, one.name) for one in hosts]
    return form


@bp.route(f"/<{ROW}:id>/edit", methods=["GET", "POST"])
@requires(P.MEETINGS_WRITE)
def edit(id: int) -> ResponseReturnValue:
    """Change what was planned; who saved meanwhile is not overwritten unseen."""
    meeting = own_meeting_or_404(id)
    form = (
        MeetingForm()
        if request.method == "POST"
        else MeetingForm.of(facts_of(meeting), meeting.region_id, meeting.version)
    )
    _choices(form, [meeting.region], keep=meeting.host)
    if form.validate_on_submit():

        def work() -> bool:
            host = db.session.get_one(User, form.host_id.data)
            series.change(
                db.session(),
                actor(),
                meeting,
                form.facts(host),
                seen_version=form.seen_version,
                with_later=form.with_later.data,
            )
            return True

        if submit(form, work):
            flash(_("%(name)s has been saved.", name=meeting.title))
            return leave(url_for("meetings.detail", id=id))
        form.version.data = str(meeting.version)
    later = len(series.later_ones(db.session(), meeting))
    return render("meetings/form.html", form=form, meeting=meeting, copied=None, later=later)


@bp.post(f"/<{ROW}:id>/call-off")
@requires(P.MEETINGS_WRITE)
def call_off(id: int) -> ResponseReturnValue:
    """Call a meeting off, with a reason."""
    meeting = own_meeting_or_404(id)
    submit(None, lambda: planning.call_off(db.session, actor(), meeting, request.form.get("reason", "")))
    flash(_("%(title)s has been called off.", title=meeting.title))
    return leave(url_for("meetings.detail", id=id))
