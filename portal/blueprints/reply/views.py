"""The one page that guests see: their invitation, and the form to answer it."""

from datetime import timedelta
from typing import Any

from flask import Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, ngettext
from flask_wtf import FlaskForm
from wtforms import FieldList, Form, FormField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from portal.blueprints.reply import bp
from portal.domain.mail import services as mail
from portal.domain.meetings import links
from portal.domain.meetings.links import MOST_PEOPLE
from portal.domain.meetings.models import Invitation, Lodging, Reply
from portal.extensions import db
from portal.web.access import public
from portal.web.fields import LineField, WholeField
from portal.web.htmx import leave, submit
from portal.web.meeting_keys import reply_key
from portal.web.meeting_words import MEETING_LABELS as LABELS
from portal.web.words import WORDS


class PersonForm(Form):
    """One who comes."""

    name = LineField(lazy_pgettext("person", "Name"))
    lodging = SelectField(
        lazy_pgettext("meeting", "Room"), choices=[SelectChoice(one.value, WORDS[one]) for one in Lodging]
    )
    train = LineField(lazy_pgettext("meeting", "Train or flight"))


class ReplyForm(FlaskForm):
    """What a guest answers."""

    reply = RadioField(
        LABELS["reply"],
        choices=[SelectChoice(one.value, WORDS[one]) for one in (Reply.COMING, Reply.DECLINED)],
        validators=[InputRequired(_l("Choose whether you come."))],
    )
    persons = WholeField(LABELS["persons"])
    people: Any = FieldList(FormField(PersonForm), min_entries=0, max_entries=MOST_PEOPLE)
    note = LineField(LABELS["note"])

    @classmethod
    def of(cls, invitation: Invitation) -> "ReplyForm":
        """The form as the answer stands; of people the names, lodging and train, no telephone."""
        rows: list[dict[str, str]] = [
            {"name": one.name, "lodging": one.lodging.value, "train": one.train}
            for one in invitation.guests
            if one.erased_at is None and (one.cancelled_at is None or one.is_waiting)
        ]
        rows += [{} for _ in range(max(1, 2 - len(rows)))]
        coming = Reply.DECLINED if invitation.reply is Reply.DECLINED else Reply.COMING
        return cls(
            formdata=None,
            reply=coming.value if invitation.reply else None,
            persons=invitation.persons or None,
            people=rows[:MOST_PEOPLE],
            note="",
        )


@bp.get("/<token>")
@public
def show(token: str) -> ResponseReturnValue:
    """The invitation of this link, for whoever holds it."""
    invitation, closed = _read(token)
    if invitation is None or closed is not None:
        return _closed(invitation, closed)
    return _page(invitation, ReplyForm.of(invitation))


@bp.post("/<token>")
@public
def send(token: str) -> ResponseReturnValue:
    """Take the answer; it may be changed until replies close."""
    invitation, closed = _read(token)
    if invitation is None or closed is not None:
        return _closed(invitation, closed)
    wait = links.count_answer(db.session(), invitation.id, request.remote_addr or "?")
    db.session.commit()
    form = ReplyForm()
    if wait:
        told = ngettext(
            "Too many attempts. Try again in %(num)s minute.",
            "Too many attempts. Try again in %(num)s minutes.",
            wait,
        )
        form.form_errors = [*form.form_errors, told]
        return _page(invitation, form, 429)
    if form.validate():
        if submit(form, lambda: _answer(form, token)):
            return leave(url_for("reply.show", token=token))
        invitation, closed = _read(token)
        if invitation is None or closed is not None:
            return _closed(invitation, closed)
    return _page(invitation, form, 422)


def _answer(form: ReplyForm, token: str) -> Reply:
    return links.answer_by_link(
        db.session(),
        reply_key(),
        token,
        reply=Reply(form.reply.data),
        persons=form.persons.data or 0,
        people=[
            (row["name"].data or "", Lodging(row["lodging"].data), row["train"].data or "")
            for row in form.people
        ],
        note=form.note.data or "",
    )


def _read(token: str) -> tuple[Invitation | None, links.Closed | None]:
    row = mail.server(db.session())
    if row is None or not row.outside:
        return None, None
    return links.read(db.session(), reply_key(), token)


def _page(invitation: Invitation, form: ReplyForm, status: int = 200) -> Response:
    return _told(
        render_template(
            "reply/page.html",
            form=form,
            invitation=invitation,
            meeting=invitation.meeting,
            until=links.until(invitation.meeting) - timedelta(minutes=1),
            most=MOST_PEOPLE,
        ),
        status,
    )


def _closed(invitation: Invitation | None, closed: links.Closed | None) -> Response:
    """A polite page; of a link that was never ours it shows nothing at all."""
    meeting = invitation.meeting if invitation is not None and closed is not links.Closed.WITHDRAWN else None
    page = render_template("reply/closed.html", closed=closed, meeting=meeting)
    return _told(page, 404 if closed is None else 410)


def _told(page: str, status: int) -> Response:
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
