"""Handing a user's accounts over to another: choose who takes over, see what goes, do it at once (D6)."""

from flask import Response, flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from portal.blueprints.admin import bp
from portal.blueprints.admin.loading import user_or_404
from portal.domain.access.roles import Permission as P
from portal.domain.administration import users as administration
from portal.domain.distributors import handing_over
from portal.domain.users.models import User
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.fields import LineField
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW

SHOWN = 200


class HandOverForm(FlaskForm):
    """Which accounts go to whom; `seen` is how many the page showed of each office."""

    office_id = SelectField(_l("Accounts to hand over"), coerce=int)
    successor_id = SelectField(
        _l("Taken over by"), coerce=int, validators=[InputRequired(_l("Choose the user who takes over."))]
    )
    note = LineField(_l("Reason"))
    seen = HiddenField()


@bp.route(f"/users/<{ROW}:id>/hand-over", methods=["GET", "POST"])
@requires(P.USERS_MANAGE)
def hand_over(id: int) -> ResponseReturnValue:
    """Give all accounts of this user, or those of one office, another owner."""
    user, me = user_or_404(id), actor()
    held = handing_over.held(db.session, me, user)
    form = _form(user, held)
    if form.validate_on_submit():
        office = next((part.office for part in held if part.office.id == form.office_id.data), None)
        successor = db.session.get(User, form.successor_id.data)
        done = submit(
            form,
            lambda: handing_over.hand_over(
                db.session,
                me,
                user,
                successor,
                office=office,
                seen=_seen(form),
                note=form.note.data or "",
            ),
        )
        if done is not None and successor is not None:
            flash(
                ngettext(
                    "%(name)s has taken over %(num)s distributor from %(before)s.",
                    "%(name)s has taken over %(num)s distributors from %(before)s.",
                    done,
                    name=successor.name,
                    before=user.name,
                )
            )
            return leave(url_for("admin.user", id=id))
        held = handing_over.held(db.session, me, user)
    return _page(user, held, form)


def _form(user: User, held: list[handing_over.Held]) -> HandOverForm:
    form = HandOverForm()
    total = sum(part.count for part in held)
    form.office_id.choices = [SelectChoice(0, _("all offices (%(count)s)", count=total))] + [
        SelectChoice(part.office.id, f"{part.office.name} ({part.count})") for part in held
    ]
    form.successor_id.choices = [SelectChoice(0, _("choose"))] + [
        SelectChoice(choice.id, _who(choice.name, choice.office, len(offices), len(held)))
        for choice, offices in handing_over.successors(db.session, user, held)
    ]
    return form


def _who(name: str, office: str, may: int, of: int) -> str:
    who = f"{name} · {office}"
    return who if may == of else _("%(who)s (%(may)s of %(of)s offices)", who=who, may=may, of=of)


def _seen(form: HandOverForm) -> int:
    """How many accounts the page showed of the chosen office: `0:12,4:7,9:5`."""
    shown = dict(part.split(":", 1) for part in (form.seen.data or "").split(",") if ":" in part)
    count = shown.get(str(form.office_id.data), "")
    return int(count) if count.isdecimal() else -1


def _page(user: User, held: list[handing_over.Held], form: HandOverForm) -> Response:
    me = actor()
    total = sum(part.count for part in held)
    form.seen.data = ",".join([f"0:{total}", *(f"{part.office.id}:{part.count}" for part in held)])
    return render(
        "admin/hand_over.html",
        form=form,
        user=user,
        held=held,
        total=total,
        elsewhere=administration.accounts_owned(db.session, user) - total,
        accounts=handing_over.accounts(db.session, me, user, limit=SHOWN),
    )
