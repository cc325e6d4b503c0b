"""How papers are numbered, each kind by its own rule: the pattern, what it gives each office next, changing it."""

from flask import Response, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from portal.blueprints.admin import bp
from portal.domain.access.queries import regions_visible_to
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.audit.models import AuditEvent
from portal.domain.errors import DomainError
from portal.domain.numbering import services as numbers
from portal.domain.numbering.services import Numbered
from portal.domain.regions import services as regions
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.audit_words import tell
from portal.web.fields import LineField
from portal.web.htmx import leave, refuse, render, submit
from portal.web.tables import chosen


class NumberingForm(FlaskForm):
    """The rule: a pattern and how many digits its running number has."""

    pattern = LineField(_l("Pattern"), [InputRequired(_l("Enter a pattern."))])
    digits = SelectField(
        _l("Digits in the running number"),
        coerce=int,
        choices=[SelectChoice(digits, str(digits)) for digits in numbers.DIGITS],
    )


@bp.get("/numbering")
@requires(P.SETTINGS_READ)
def numbering() -> ResponseReturnValue:
    """The rule that holds, or a typed one tried out, with the next number of every office."""
    holding = numbers.rule(db.session, _paper())
    if "pattern" not in request.args:
        return _page(NumberingForm(formdata=None, obj=holding), holding)
    form = NumberingForm(formdata=request.args, meta={"csrf": False})
    return _page(form, _tried(form))


@bp.post("/numbering")
@requires(P.SETTINGS_WRITE)
def change_numbering() -> ResponseReturnValue:
    """Let the next papers of a kind be numbered by another rule."""
    form, paper = NumberingForm(), _paper()
    if form.validate_on_submit():
        new = numbers.Rule(form.pattern.data or "", form.digits.data)
        done = submit(form, lambda: numbers.change_rule(db.session, actor(), new, paper))
        if done is not None:
            flash(
                _("New papers of this kind are numbered by this rule.") if done else _("Nothing was changed.")
            )
            return leave(url_for("admin.numbering", paper=paper.value))
    return _page(form, _tried(form) if not form.errors else None)


def _paper() -> Numbered:
    """The kind of paper that the address names; agreements otherwise."""
    return chosen(Numbered, "paper") or Numbered.AGREEMENT


def _tried(form: NumberingForm) -> numbers.Rule | None:
    """The typed rule; None, with the reason on the form, when it is none."""
    if not form.validate():
        return None
    try:
        tried = numbers.read_rule(form.pattern.data or "", form.digits.data)
        numbers.require_places(tried, _paper())
        for office in db.session.scalars(regions_visible_to(actor(), P.SETTINGS_READ)):
            numbers.check_office(tried, office)
    except DomainError as error:
        refuse(form, error)
        return None
    return tried


def _page(form: NumberingForm, tried: numbers.Rule | None) -> Response:
    me, paper = actor(), _paper()
    offices = list(db.session.scalars(regions_visible_to(me, P.SETTINGS_READ)))
    head = regions.head_office(db.session)
    changes = audit.history(head).where(AuditEvent.action == paper.action).limit(20)
    return render(
        "admin/numbering.html",
        fragment="admin/_numbering.html",
        form=form,
        tried=tried,
        paper=paper,
        papers=list(Numbered),
        holding=numbers.rule(db.session, paper),
        outdated=numbers.outdated_pattern(db.session, paper),
        next=numbers.next_numbers(db.session, tried, offices) if tried else [],
        least=min((office.depth for office in offices), default=0),
        may_change=me.can(P.SETTINGS_WRITE),
        events=tell(db.session, me, db.session.scalars(changes).all()),
    )
