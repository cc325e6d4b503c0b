"""Which texts there are, one of them to read, and counsel's release of it (P8)."""

from collections.abc import Sequence

from flask import Response, abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, TextAreaField
from wtforms.validators import InputRequired, Length

from portal.blueprints.templates import bp
from portal.domain.access.roles import Permission as P
from portal.domain.papers.placeholders import Placeholder, Source
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.price_protection import texts
from portal.domain.templates import comparing, offers, reading, texts_in_work
from portal.domain.templates import services as templates
from portal.domain.templates.services import Edition
from portal.domain.users import queries as users
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.fields import LineField
from portal.web.htmx import leave, render, submit
from portal.web.template_words import LANGUAGES, SOURCES, name_of, origin_of

bp.add_app_template_global(name_of, "text_name")
bp.add_app_template_global(origin_of, "origin_name")


class ReleaseForm(FlaskForm):
    """What counsel vouches for: the text by its hash, and on whose word."""

    sha256 = HiddenField()
    note = LineField(
        _l("Reviewed by, or legal opinion"),
        [InputRequired(_l("Enter who reviewed the text, or the legal opinion."))],
    )


class OfferForm(FlaskForm):
    """Why a text is no longer offered, and what becomes of agreements in work on it."""

    reason = TextAreaField(_l("Reason"), [InputRequired(_l("Enter the reason.")), Length(max=500)])
    holds_work = BooleanField(_l("Agreements in work on it may not be approved either"))


@bp.get("/")
@requires(P.TEMPLATES_READ)
def index() -> ResponseReturnValue:
    """Every text with its versions, and which of them agreements may be approved on."""
    editions = texts.editions(db.session)
    uses = texts.uses(db.session)
    offered = {(edition.key, edition.version) for edition in texts.offered_editions(db.session)}
    return render(
        "templates/index.html",
        editions=[
            (edition, (edition.key, edition.version) in offered, _use(uses, edition)) for edition in editions
        ],
        languages=LANGUAGES,
        may_release=actor().can(P.TEMPLATES_RELEASE),
        releasers=users.names_holding(db.session, P.TEMPLATES_RELEASE),
    )


@bp.get("/<key>")
@bp.get("/<key>/<version>")
@requires(P.TEMPLATES_READ)
def detail(key: str, version: str | None = None) -> ResponseReturnValue:
    """One text as it prints, with its placeholders; drafting notes for counsel."""
    edition = _edition(key, version)
    return _page(edition, ReleaseForm(formdata=None, sha256=edition.sha256))


@bp.post("/<key>/<version>/release")
@requires(P.TEMPLATES_RELEASE)
def release(key: str, version: str) -> ResponseReturnValue:
    """Release the text that was read; another one by now is refused and shown."""
    edition, form = _edition(key, version), ReleaseForm()
    if form.validate_on_submit():
        made = submit(
            form,
            lambda: templates.release_template(
                db.session,
                actor(),
                key=key,
                version=version,
                sha256=form.sha256.data or "",
                note=form.note.data or "",
            ),
        )
        if made is not None:
            flash(_("%(title)s %(version)s is released.", title=edition.title, version=version))
            return leave(url_for("templates.detail", key=key, version=version))
    edition = _edition(key, version)
    form.sha256.data = edition.sha256
    return _page(edition, form)


@bp.post("/<key>/<version>/stop")
@requires(P.TEMPLATES_RELEASE)
def stop(key: str, version: str) -> ResponseReturnValue:
    """Take a released text out of offer."""
    edition, form = _edition(key, version), OfferForm()
    template = edition.template or abort(404)
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: offers.stop(
                db.session,
                actor(),
                template,
                reason=form.reason.data or "",
                holds_work=form.holds_work.data,
            ),
        )
        if done is not None:
            flash(_("%(title)s %(version)s is no longer offered.", title=edition.title, version=version))
            return leave(url_for("templates.detail", key=key, version=version))
    return _page(_edition(key, version), ReleaseForm(formdata=None), form)


@bp.post("/<key>/<version>/resume")
@requires(P.TEMPLATES_RELEASE)
def resume(key: str, version: str) -> ResponseReturnValue:
    """Offer it again."""
    edition = _edition(key, version)
    template, reason = edition.template or abort(404), request.form.get("reason", "")
    submit(None, lambda: offers.resume(db.session, actor(), template, reason=reason))
    flash(_("%(title)s %(version)s is offered again.", title=edition.title, version=version))
    return leave(url_for("templates.detail", key=key, version=version))


def _edition(key: str, version: str | None) -> Edition:
    return texts.edition(db.session, key, version) or abort(404)


def _page(edition: Edition, form: ReleaseForm, offer: OfferForm | None = None) -> Response:
    may_release = actor().can(P.TEMPLATES_RELEASE)
    versions = templates.editions(db.session, [edition.key])
    earlier = comparing.earlier(versions, edition)
    uses = texts.uses(db.session)
    draft = texts_in_work.draft_of(db.session, edition.template) if edition.template is not None else None
    return render(
        "templates/detail.html",
        draft_id=draft.id if draft is not None else None,
        written_by=[user.name for user in texts_in_work.writers(draft).values()] if draft is not None else [],
        form=offer if offer is not None else form,
        release_form=form,
        offer_form=offer or OfferForm(formdata=None),
        may_write=actor().can(P.TEMPLATES_WRITE),
        edition=edition,
        parts=reading.reading(edition.text, with_notes=may_release),
        notes=sum(line.startswith(">") for line in edition.text.split("\n")),
        placeholders=_by_source(edition.paper.placeholders()),
        known=PLACEHOLDERS,
        languages=LANGUAGES,
        sources=SOURCES,
        versions=[(version, _use(uses, version)) for version in versions],
        used=_use(uses, edition),
        earlier=earlier,
        in_work_on_earlier=sum(
            _use(uses, version).in_work for version in versions[versions.index(edition) + 1 :]
        ),
        changes=comparing.changes(earlier.text, edition.text, with_notes=may_release) if earlier else (),
        clauses=edition.paper.clauses(),
        articles=len({number.split(".")[0] for number in edition.paper.clauses()}),
        is_offered=(edition.key, edition.version)
        in {(one.key, one.version) for one in texts.offered_editions(db.session)},
        releasers=users.names_holding(db.session, P.TEMPLATES_RELEASE),
        may_release=may_release,
    )


def _use(uses: dict[int, texts.Use], edition: Edition) -> texts.Use:
    return uses.get(edition.template.id, texts.Use()) if edition.template is not None else texts.Use()


def _by_source(names: Sequence[str]) -> list[tuple[Source, list[Placeholder]]]:
    groups: dict[Source, list[Placeholder]] = {source: [] for source in SOURCES}
    for name in names:
        if name in PLACEHOLDERS:
            groups[PLACEHOLDERS[name].source].append(PLACEHOLDERS[name])
    return [(source, found) for source, found in groups.items() if found]
