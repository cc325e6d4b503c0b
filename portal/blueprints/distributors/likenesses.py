"""Saying what two records that look alike are."""

from flask import abort, flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.distributors import bp
from portal.blueprints.distributors.forms import VerdictForm
from portal.blueprints.distributors.loading import writable
from portal.domain.access.roles import Permission as P
from portal.domain.distributors import duplicates, mentions
from portal.domain.distributors.models import Distributor, NearSame, Verdict
from portal.domain.distributors.queries import distributors_visible_to
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW


def _flag(distributor: Distributor, flag_id: int) -> NearSame:
    found = db.session.scalar(duplicates.flags_of(distributor).where(NearSame.id == flag_id))
    return found if found is not None else abort(404)


@bp.route(f"/<{ROW}:id>/likeness/<{ROW}:flag_id>", methods=["GET", "POST"])
@requires(P.DISTRIBUTORS_WRITE)
def likeness(id: int, flag_id: int) -> ResponseReturnValue:
    """Both records side by side, as far as the user may see them, and the verdict."""
    distributor = writable(id)
    flag = _flag(distributor, flag_id)
    form = VerdictForm()
    other = duplicates.other_side(flag, distributor)

    def settle() -> bool:
        duplicates.settle(
            db.session,
            actor(),
            distributor,
            flag,
            verdict=Verdict(form.verdict.data),
            why=form.why.data or "",
        )
        return True

    if form.validate_on_submit() and submit(form, settle):
        flash(_("Resolved. Both records keep the answer."), "success")
        return leave(url_for(".detail", id=id))
    return render(
        "distributors/likeness.html",
        form=form,
        d=distributor,
        flag=flag,
        twin=mentions.mentions(db.session, actor(), [other])[other],
        other=db.session.scalar(distributors_visible_to(actor()).where(Distributor.id == other)),
    )
