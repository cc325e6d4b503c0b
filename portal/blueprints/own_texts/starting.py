"""Which texts of the company's own there are, and beginning one from an edition."""

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms.validators import InputRequired

from portal.blueprints.own_texts import bp
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection import texts
from portal.domain.templates import services as templates
from portal.domain.templates import texts_in_work, writing
from portal.domain.users import queries as users
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.fields import LineField
from portal.web.htmx import leave, render, submit
from portal.web.template_words import LANGUAGES

NEEDED = _l("This field is required.")


class BeginForm(FlaskForm):
    """What a new text, or a new version, is called."""

    name = LineField(_l("Name within the company"), [InputRequired(NEEDED)])
    key = LineField(_l("Identifier on paper"), [InputRequired(NEEDED)])
    version = LineField(_l("Version"), [InputRequired(NEEDED)])


@bp.get("/")
@requires(P.TEMPLATES_WRITE)
def index() -> ResponseReturnValue:
    """The drafts, and the editions that a text can be made from."""
    return render(
        "own_texts/index.html",
        drafts=[
            (draft, texts_in_work.writers(draft), writing.findings(draft))
            for draft in texts_in_work.drafts(db.session)
        ],
        editions=texts.agreement_editions(db.session),
        languages=LANGUAGES,
        publishers=users.names_holding(db.session, P.TEMPLATES_RELEASE),
    )


@bp.route("/new", methods=["GET", "POST"])
@requires(P.TEMPLATES_WRITE)
def new() -> ResponseReturnValue:
    """Copy the edition that the address names: `?from=key@version`."""
    key, _at, version = request.args.get("from", f"{texts.MAIN_KEY}@").partition("@")
    origin = texts.agreement_edition(db.session, key, version or None) or abort(404)
    is_own = not templates.is_shipped(origin.key)
    given = {
        "key": origin.key if is_own else "",
        "name": origin.template.name if origin.template is not None else "",
        "version": writing.next_version(db.session, origin.key) if is_own else "1.0.0",
    }
    form = BeginForm(data=given)
    if form.validate_on_submit():
        made = submit(
            form,
            lambda: writing.begin(
                db.session,
                actor(),
                origin,
                key=form.key.data or "",
                version=form.version.data or "",
                name=form.name.data or "",
            ),
        )
        if made is not None:
            flash(_("The draft is begun: nothing on it is printed for signature before it is published."))
            return leave(url_for("own_texts.edit", id=made.id))
    return render(
        "own_texts/new.html", form=form, origin=origin, is_own=is_own, ending=writing.suffix(origin.base_key)
    )
