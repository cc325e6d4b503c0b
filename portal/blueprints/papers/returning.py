"""寄回与归档: what came back, what was counted wrongly, and the cabinet."""

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.blueprints.papers import bp
from portal.blueprints.papers.forms import BackForm, CabinetForm, CorrectionForm
from portal.blueprints.papers.loading import apart, copies_of, picked
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.trail import returning
from portal.domain.price_protection.trail.originals import Original, originals
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, say, submit
from portal.web.originals import original_page
from portal.web.requests import ROW


@bp.route("/back", methods=["GET", "POST"])
@requires(P.PAPERS_HANDLE)
def back() -> ResponseReturnValue:
    """Record how many copies of the chosen originals came back."""
    form, found = BackForm(data={"back_on": today()}), picked()
    ready, others = apart(found, {row.id: row.why_not_back() for row in found})
    if request.method == "POST" and form.validate():
        done = submit(
            form,
            lambda: returning.take_back(db.session, actor(), copies_of(found), form.back_on.data),
        )
        if done is not None:
            flash(ngettext("%(num)s original is back.", "%(num)s originals are back.", len(done)))
            return leave(_next(found, "back"))
    return render(
        "papers/back.html",
        form=form,
        ready=ready,
        others=[(row, say(reason)) for row, reason in others],
        copies={row.id: request.form.get(f"copies-{row.id}", _missing(row)) for row in ready},
    )


def _missing(original: Original) -> int:
    return max(original.trail.copies_missing, 1)


@bp.route("/file", methods=["GET", "POST"])
@requires(P.PAPERS_HANDLE)
def file() -> ResponseReturnValue:
    """Put the chosen originals into a cabinet; one without a scan is filed as well, and named."""
    form, found = CabinetForm(), picked()
    ready, others = apart(found, {row.id: row.why_not_file() for row in found})
    if request.method == "POST" and form.validate():
        unscanned = submit(
            form,
            lambda: returning.put_away(
                db.session, actor(), [row.id for row in found], form.cabinet.data or ""
            ),
        )
        if unscanned is not None:
            flash(
                ngettext(
                    "%(num)s original is in cabinet %(cabinet)s.",
                    "%(num)s originals are in cabinet %(cabinet)s.",
                    len(found),
                    cabinet=form.cabinet.data,
                )
            )
            if unscanned:
                numbers = _(", ").join(row.number for row in unscanned[:20])
                flash(_("Filed without a scan: %(numbers)s", numbers=numbers), "warning")
            return leave(_next(found, "filed"))
    return render(
        "papers/file.html",
        form=form,
        ready=ready,
        others=[(row, say(reason)) for row, reason in others],
    )


def _next(found: list[Original], stage: str) -> str:
    """Where one goes on: at the one agreement or deed, or at the list of those that now stand there."""
    if len(found) == 1:
        return original_page(found[0])
    return url_for("papers.index", stage=stage)


@bp.route(f"/<{ROW}:id>/correct", methods=["GET", "POST"])
@requires(P.PAPERS_HANDLE)
def correct(id: int) -> ResponseReturnValue:
    """Put a wrongly counted return right, with the reason."""
    (original,) = originals(db.session, actor(), [id]) or abort(404)
    form = CorrectionForm(data={"copies": original.trail.back_copies})
    if request.method == "POST" and form.validate():

        def work() -> bool:
            returning.correct_back(db.session, actor(), id, form.copies.data, form.reason.data or "")
            return True

        if submit(form, work):
            flash(_("The return of %(number)s is corrected.", number=original.number))
            return leave(original_page(original))
    return render("papers/correct.html", form=form, original=original)
