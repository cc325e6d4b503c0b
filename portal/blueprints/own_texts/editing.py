"""Writing a text: article by article, checked while it is written, saved whatever is wrong in it."""

from collections.abc import Sequence

from flask import Response, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import HiddenField

from portal.blueprints.own_texts import bp
from portal.blueprints.own_texts.loading import draft_or_404, is_open
from portal.blueprints.own_texts.typed import Typed, stored, typed, with_article_after, without_article
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError, Stale
from portal.domain.papers.placeholders import Placeholder, Source
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.templates import checking, comparing, kinds, pieces, shipped, texts_in_work, writing
from portal.domain.templates.comparing import Change
from portal.domain.templates.examples import example_of
from portal.domain.templates.models import TemplateDraft
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW
from portal.web.tables import as_id
from portal.web.template_words import SOURCES, words_of


class TextForm(FlaskForm):
    """What is not words: the version of the row that was opened."""

    row_version = HiddenField()


@bp.route(f"/<{ROW}:id>/edit", methods=["GET", "POST"])
@requires(P.TEMPLATES_WRITE)
def edit(id: int) -> ResponseReturnValue:
    """The boxes of a draft; `do` says which button was pressed."""
    draft = draft_or_404(id)
    if not is_open(draft):
        flash(_("This text is not being written at the moment; it can only be read."), "warning")
        return leave(url_for("own_texts.review", id=id))
    form = TextForm()
    if request.method == "GET":
        form.row_version.data = str(draft.row_version)
        return _page(draft, form, stored(draft))
    sent = typed(draft)
    do, _colon, which = request.form.get("do", "save").partition(":")
    if do == "check":
        return _page(draft, form, sent)
    if do == "add":
        return _page(draft, form, with_article_after(sent, which))
    if do == "remove":
        return _page(draft, form, without_article(sent, which))
    return _save(draft, form, sent, do)


def _save(draft: TemplateDraft, form: TextForm, sent: Typed, do: str) -> ResponseReturnValue:
    if not form.validate() or sent.refused:
        return _page(draft, form, sent, status=422)
    text, changes = sent.text, ()
    is_outdated = False

    def work() -> TemplateDraft:
        nonlocal is_outdated
        is_outdated = False
        try:
            return writing.save(
                db.session, actor(), draft, text, row_version=as_id(str(form.row_version.data)) or 0
            )
        except Stale:
            is_outdated = True
            raise

    if submit(form, work) is not None:
        flash(_("%(key)s %(version)s has been saved.", key=draft.key, version=draft.version))
        onward = "own_texts.review" if do == "review" else "own_texts.edit"
        return leave(url_for(onward, id=draft.id))
    if is_outdated:
        # Both are shown; saving again keeps this one knowingly.
        changes = _changes(draft.text, text)
        form.row_version.data = str(draft.row_version)
    return _page(draft, form, sent, status=422, theirs=changes)


def _changes(before: str, after: str) -> tuple[Change, ...]:
    """What one says otherwise than the other; nothing while one of them cannot be read as a text."""
    try:
        return comparing.changes(before, after, with_notes=True)
    except DomainError:
        return ()


def _page(
    draft: TemplateDraft,
    form: TextForm,
    sent: Typed,
    *,
    status: int = 200,
    theirs: Sequence[Change] = (),
) -> Response:
    found = checking.findings(sent.text, draft.base_key)
    counted: dict[str, int] = {}
    for one in found:
        if one.section is not None:
            counted[one.section] = counted.get(one.section, 0) + 1
    response = render(
        "own_texts/edit.html",
        fragment="own_texts/_findings.html",
        form=form,
        draft=draft,
        sent=sent,
        findings=found,
        counted=counted,
        needed=[entry.zh for entry in shipped.required(draft.base_key)],
        placeholders=_listed(draft.base_key),
        theirs=theirs,
        known=PLACEHOLDERS,
        back=texts_in_work.last(draft, "sent_back"),
        shown=pieces.shown,
        rows_of=kinds.rows_of,
        words_of=words_of,
    )
    response.status_code = max(response.status_code, status)
    return response


def _listed(base_key: str) -> list[tuple[str, list[tuple[Placeholder, str, bool]]]]:
    """Every placeholder of such a text by where its value comes from, with its example and whether it must stand."""
    must = {entry.name for entry in shipped.required(base_key)}
    letter = shipped.LETTERS[base_key]
    groups: dict[Source, list[tuple[Placeholder, str, bool]]] = {source: [] for source in SOURCES}
    for entry in pieces.placeable().values():
        if letter in entry.papers:
            groups[entry.source].append((entry, example_of(entry), entry.name in must))
    return [(str(SOURCES[source]), found) for source, found in groups.items() if found]
