"""After how many days originals that are out are asked after."""

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.papers import bp
from portal.blueprints.papers.forms import RemindersForm
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.trail.reminders import Reminders, change_reminders, reminders
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit


@bp.route("/reminders", methods=["GET", "POST"])
@requires(P.SETTINGS_WRITE)
def remind() -> ResponseReturnValue:
    """The days of the whole company."""
    holding = reminders(db.session)
    form = RemindersForm(data=vars(holding))
    if request.method == "POST" and form.validate():
        new = Reminders(form.owner_days.data, form.manager_days.data)
        done = submit(form, lambda: (change_reminders(db.session, actor(), new),))
        if done is not None:
            flash(_("The reminders are changed.") if done[0] else _("Nothing was changed."))
            return leave(url_for("papers.out"))
    return render("papers/reminders.html", form=form)
