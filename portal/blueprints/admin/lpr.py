"""The published one-year LPR: the table, until when it is known, and entering what was published since."""

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField
from wtforms.validators import InputRequired, Length

from portal.blueprints.admin import bp
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.interest import rates
from portal.domain.price_protection.interest.models import LprRate
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.fields import DateOnField, LineField, RateField
from portal.web.htmx import leave, render, submit


class LprForm(FlaskForm):
    """A rate as it was published."""

    published_on = DateOnField(_l("Published on"), [InputRequired(_l("Enter the day."))])
    rate = RateField(_l("One-year LPR (%)"), [InputRequired(_l("Enter the rate, as in 3.00."))])
    source = LineField(_l("Where it was published"), [InputRequired(_l("Say where.")), Length(max=200)])
    is_gapless = BooleanField(
        _l("Nothing else was published since the one before, or nothing that changed it")
    )


@bp.get("/lpr")
@requires(P.SETTINGS_READ, P.ACCOUNTS_WRITE)
def lpr() -> ResponseReturnValue:
    """Every rate with its source, and until when the table is known."""
    due = rates.due(db.session(), rates.rates(db.session()))
    return _show(LprForm(data={"source": rates.SOURCE, "published_on": due if due <= today() else None}))


@bp.post("/lpr")
@requires(P.ACCOUNTS_WRITE)
def enter_lpr() -> ResponseReturnValue:
    """Enter a rate; one that was entered is never changed, a later entry for its day counts."""
    form = LprForm()
    if form.validate_on_submit():
        done = submit(form, lambda: (_enter(form),))
        if done is not None:
            flash(_("The rate is entered.") if done[0] else _("Nothing was changed."))
            return leave(url_for("admin.lpr"))
    return _show(form)


def _show(form: LprForm) -> ResponseReturnValue:
    session = db.session()
    table = rates.table(session)
    until = rates.known_until([known.rate for known in table])
    return render(
        "admin/lpr.html",
        form=form,
        table=list(reversed(table)),
        until=until,
        is_behind=until < today(),
        may_enter=rates.may_enter(session, actor()),
    )


def _enter(form: LprForm) -> LprRate | None:
    return rates.enter(
        db.session(),
        actor(),
        form.published_on.data,
        form.rate.data,
        form.source.data or "",
        is_gapless=bool(form.is_gapless.data),
    )
