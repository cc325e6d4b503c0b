"""The minutes of a meeting: as they stand, written, issued, printed."""

from typing import Any

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_wtf import FlaskForm
from wtforms import FieldList, Form, FormField, HiddenField

from portal.blueprints.minutes import bp
from portal.db import now
from portal.domain.access.roles import Permission as P
from portal.domain.meetings.expected import sees_all
from portal.domain.meetings.minutes import tasks, writing
from portal.domain.meetings.minutes.models import Minutes
from portal.domain.meetings.minutes.writing import Block, Said
from portal.domain.meetings.models import Meeting
from portal.extensions import db
from portal.printing.meetings import minutes as printing
from portal.printing.meetings.facts import facts_of
from portal.web.access import actor, requires
from portal.web.fields import LineField, LinesField
from portal.web.files import shown
from portal.web.htmx import leave, render, submit
from portal.web.meetings import may_hold, meeting_or_404, own_meeting_or_404
from portal.web.requests import ROW
from portal.web.tables import number

_SPARE = 2
_MOST = 80


class BlockForm(Form):
    """What was said about one topic."""

    topic = LineField(lazy_pgettext("agenda", "Topic"))
    speaker = LineField(lazy_pgettext("agenda", "Speaker"))
    text = LinesField(_l("What was said"))


class MinutesForm(FlaskForm):
    """The minutes as they are typed; `seen` marks the version that the form showed."""

    seen = HiddenField()
    chaired_by = LineField(_l("Chaired by"))
    taken_by = LineField(_l("Minutes taken by"))
    blocks: Any = FieldList(FormField(BlockForm), min_entries=0, max_entries=_MOST)
    decisions = LinesField(_l("Decisions"))

    @classmethod
    def of(cls, said: Said, seen: str) -> "MinutesForm":
        """The form as the minutes stand, with room for topics that were on no agenda."""
        rows = [one.kept for one in said.blocks] + [Block("").kept for _ in range(_SPARE)]
        return cls(
            formdata=None,
            seen=seen,
            chaired_by=said.chaired_by,
            taken_by=said.taken_by,
            blocks=rows[:_MOST],
            decisions="\n".join(said.decisions),
        )

    @property
    def said(self) -> Said:
        """What was typed, as the domain takes it."""
        return Said(
            [
                Block(row["topic"].data or "", row["speaker"].data or "", row["text"].data or "")
                for row in self.blocks
            ],
            (self.decisions.data or "").split("\n"),
            self.chaired_by.data or "",
            self.taken_by.data or "",
        )


@bp.get(f"/meetings/<{ROW}:id>/minutes")
@requires(P.MEETINGS_READ)
def of_meeting(id: int) -> ResponseReturnValue:
    """The minutes as they stand, their versions, the tasks."""
    meeting = meeting_or_404(id)
    versions = _versions(meeting)
    last = versions[-1] if versions else None
    figures = _figures(meeting, last) if last is not None else None
    return render(
        "minutes/of_meeting.html",
        meeting=meeting,
        versions=versions,
        last=last,
        mark=writing.mark(last),
        figures=figures,
        tasks=tasks.of_meeting(db.session(), meeting, actor()),
        may_hold=may_hold(meeting),
        has_begun=meeting.cancelled_at is None and meeting.starts_at <= now(),
    )


def _versions(meeting: Meeting) -> list[Minutes]:
    """What the user may read: whose office only sends distributors there reads what was issued."""
    found = writing.versions(db.session(), meeting)
    return found if sees_all(meeting, actor()) else [one for one in found if one.issued_at is not None]


def _figures(meeting: Meeting, minutes: Minutes) -> dict[str, Any]:
    """Who was there; which companies stayed away is told to who sees them all."""
    figures = minutes.figures if minutes.issued_at else writing.figures(db.session(), meeting)
    return figures if sees_all(meeting, actor()) else {**figures, "absent": []}


@bp.route(f"/meetings/<{ROW}:id>/minutes/edit", methods=["GET", "POST"])
@requires(P.MEETINGS_WRITE)
def edit(id: int) -> ResponseReturnValue:
    """Write the minutes; what is issued already gets another version."""
    meeting = own_meeting_or_404(id)
    versions = writing.versions(db.session(), meeting)
    last = versions[-1] if versions else None
    form = (
        MinutesForm()
        if request.method == "POST"
        else MinutesForm.of(writing.proposed(meeting, last, actor()), writing.mark(last))
    )
    if form.validate_on_submit():

        def work() -> bool:
            writing.write(db.session(), actor(), meeting, form.said, seen=form.seen.data or "")
            return True

        if submit(form, work):
            flash(_("The minutes have been saved. Issue them once they are complete."))
            return leave(url_for(".of_meeting", id=id))
        versions = writing.versions(db.session(), meeting)
        form.seen.data = writing.mark(versions[-1] if versions else None)
    return render("minutes/form.html", form=form, meeting=meeting, last=last)


@bp.post(f"/meetings/<{ROW}:id>/minutes/issue")
@requires(P.MEETINGS_WRITE)
def issue(id: int) -> ResponseReturnValue:
    """Issue the draft that `?seen=` marks."""
    meeting, seen = own_meeting_or_404(id), request.args.get("seen", "")
    submit(None, lambda: writing.issue(db.session(), actor(), meeting, seen=seen))
    flash(_("The minutes have been issued."))
    return leave(url_for(".of_meeting", id=id))


@bp.get(f"/meetings/<{ROW}:id>/minutes.pdf")
@requires(P.MEETINGS_READ)
def paper(id: int) -> ResponseReturnValue:
    """会议纪要: the last version, or the one that `?no=` asks for; a draft says so."""
    meeting = meeting_or_404(id)
    versions = _versions(meeting)
    wanted = number("no") or (versions[-1].no if versions else None)
    found = next((one for one in versions if one.no == wanted), None) or abort(404)
    facts = facts_of(meeting)
    given = tasks.of_meeting(db.session(), meeting, actor())
    if found.issued_at is None:
        told = [writing.told(one) for one in given if one.state != "dropped"]
    else:
        mine = {one.no for one in given}
        told = [one for one in found.tasks if one["no"] in mine]
    text = printing.text_of(found, _figures(meeting, found), told)
    db.session.rollback()
    pdf = printing.minutes(facts, text, made_at=now())
    return shown(pdf, "application/pdf", f"会议纪要-{facts.number}.pdf")
