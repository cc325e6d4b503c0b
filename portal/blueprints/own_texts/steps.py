"""Reading a text before the decision, and every step: handed over, taken or sent back, published, given up."""

from datetime import datetime

from flask import Response, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField
from wtforms.validators import InputRequired

from portal.blueprints.own_texts import bp
from portal.blueprints.own_texts.loading import draft_or_404
from portal.blueprints.own_texts.looking import refusal_to_print
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.templates import comparing, pieces, reading, texts_in_work, writing
from portal.domain.templates import services as templates
from portal.domain.templates.models import TemplateDraft, TemplateDraftStep
from portal.domain.users import queries as users
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.fields import LineField
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW
from portal.web.tables import as_id
from portal.web.template_words import words_of

STEPS = {
    "created": _l("Begun"),
    "saved": _l("Saved"),
    "submitted": _l("Handed over for publication"),
    "taken_back": _l("Taken back"),
    "sent_back": _l("Sent back"),
    "released": _l("Published"),
    "discarded": _l("Given up"),
}


class PublishForm(FlaskForm):
    """What is vouched for: the text by its hash, and on whose word."""

    sha256 = HiddenField()
    note = LineField(
        _l("Reviewed by, or legal opinion"),
        [InputRequired(_l("Enter who reviewed the text, or the legal opinion."))],
    )


@bp.get(f"/<{ROW}:id>")
@requires(P.TEMPLATES_WRITE, P.TEMPLATES_RELEASE, P.AUDIT_READ)
def review(id: int) -> ResponseReturnValue:
    """The text as it prints, what is new in it, what keeps it from being published, and the steps."""
    draft = draft_or_404(id)
    return _page(draft, PublishForm(formdata=None, sha256=templates.sha256_of(draft.text)))


def _page(draft: TemplateDraft, form: PublishForm) -> Response:
    found = writing.findings(draft)
    try:
        parts = reading.reading(draft.text, with_notes=True)
        changes = comparing.changes(draft.origin_text, draft.text, with_notes=True)
        edition = templates.Edition(draft.key, draft.text, None)
        library = edition.paper.library
    except DomainError:  # the first finding says where
        parts, changes, library = [], (), ()
    me = actor()
    return render(
        "own_texts/review.html",
        form=form,
        draft=draft,
        findings=found,
        words_of=words_of,
        parts=parts,
        changes=changes,
        library=library,
        known=PLACEHOLDERS,
        sha256=templates.sha256_of(draft.text),
        writers=[user.name for user in texts_in_work.writers(draft).values()],
        is_writer=me.id in texts_in_work.writers(draft),
        why_not=texts_in_work.why_not_publish(me, draft),
        others=users.names_holding(
            db.session, P.TEMPLATES_RELEASE, besides=list(texts_in_work.writers(draft))
        ),
        may_write=me.can(P.TEMPLATES_WRITE),
        back=texts_in_work.last(draft, "sent_back"),
        told=[_told(step) for step in reversed(draft.steps)],
        shown=pieces.shown,
    )


def _told(step: TemplateDraftStep) -> tuple[datetime, object, str, str]:
    """A step for the log: when, what, which text, who."""
    text = f"SHA-256 {step.sha256[:12]}…"
    return (
        step.at,
        STEPS.get(step.kind, step.kind),
        f"{step.note} · {text}" if step.note else text,
        step.by.name,
    )


@bp.post(f"/<{ROW}:id>/submit")
@requires(P.TEMPLATES_WRITE)
def hand_over(id: int) -> ResponseReturnValue:
    """Hand the text over to another person; it is printed with examples first, outside any transaction."""
    draft = draft_or_404(id)
    seen = as_id(request.form.get("row_version", "")) or 0
    if not writing.findings(draft) and (said := refusal_to_print(draft)):
        flash(_("Not submitted: it cannot be printed.") + said, "error")
        return leave(url_for("own_texts.review", id=id))
    try:
        submit(None, lambda: writing.submit(db.session, actor(), draft, row_version=seen) or True)
    except writing.Unfit:
        flash(_("Not submitted: the list says what has to be corrected."), "error")
        return leave(url_for("own_texts.review", id=id, _anchor="findings"))
    return _back(
        draft, _("%(key)s %(version)s is handed over for publication.", key=draft.key, version=draft.version)
    )


@bp.post(f"/<{ROW}:id>/take-back")
@requires(P.TEMPLATES_WRITE)
def take_back(id: int) -> ResponseReturnValue:
    """Go on writing."""
    draft = draft_or_404(id)
    submit(None, lambda: writing.take_back(db.session, actor(), draft) or True)
    return _back(draft, _("%(key)s %(version)s is a draft again.", key=draft.key, version=draft.version))


@bp.post(f"/<{ROW}:id>/send-back")
@requires(P.TEMPLATES_RELEASE)
def send_back(id: int) -> ResponseReturnValue:
    """Give it back to its writers."""
    draft = draft_or_404(id)
    reason = request.form.get("reason", "")
    submit(None, lambda: writing.send_back(db.session, actor(), draft, reason=reason) or True)
    return _back(
        draft, _("%(key)s %(version)s was sent back to its writers.", key=draft.key, version=draft.version)
    )


@bp.post(f"/<{ROW}:id>/discard")
@requires(P.TEMPLATES_WRITE)
def discard(id: int) -> ResponseReturnValue:
    """Give it up."""
    draft = draft_or_404(id)
    reason = request.form.get("reason", "")
    submit(None, lambda: writing.discard(db.session, actor(), draft, reason=reason) or True)
    flash(_("%(key)s %(version)s was given up.", key=draft.key, version=draft.version))
    return leave(url_for("own_texts.index"))


@bp.post(f"/<{ROW}:id>/publish")
@requires(P.TEMPLATES_RELEASE)
def publish(id: int) -> ResponseReturnValue:
    """Publish what another person wrote, word for word as it was read."""
    draft, form = draft_or_404(id), PublishForm()
    if form.validate_on_submit():
        released = submit(
            form,
            lambda: writing.publish(
                db.session, actor(), draft, sha256=form.sha256.data or "", note=form.note.data or ""
            ),
        )
        if released is not None:
            flash(_("%(key)s %(version)s is published.", key=draft.key, version=draft.version))
            return leave(url_for("templates.detail", key=draft.key, version=draft.version))
    draft = draft_or_404(id)
    form.sha256.data = templates.sha256_of(draft.text)
    return _page(draft, form)


def _back(draft: TemplateDraft, said: str) -> ResponseReturnValue:
    flash(said)
    return leave(url_for("own_texts.review", id=draft.id))
