"""The courier's list comes back: each row is answered."""

from flask.typing import ResponseReturnValue

from portal.blueprints.papers import bp
from portal.blueprints.papers.forms import NumbersForm
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.trail import courier, posting
from portal.domain.price_protection.trail.courier import Answer, Outcome
from portal.domain.tabular import Table, read_table
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import apart, render, say, submit

SHOWN = 500


@bp.route("/parcels/numbers", methods=["GET", "POST"])
@requires(P.PAPERS_HANDLE)
def numbers() -> ResponseReturnValue:
    """Take the courier's numbers in; what is right is kept, every row says what became of it."""
    form = NumbersForm(data={"sent_on": today()})
    answers: list[Answer] | None = None
    if form.validate_on_submit() and (table := apart(form, lambda: _table(form))) is not None:
        answers = submit(
            form,
            lambda: courier.take_numbers(
                db.session,
                actor(),
                table,
                courier=form.courier.data or "",
                sent_on=form.sent_on.data,
            ),
        )
    counted = [(outcome, sum(row.outcome is outcome for row in answers or [])) for outcome in Outcome]
    # What was refused comes first: somebody has to do something about it.
    ordered = sorted(answers or [], key=lambda row: row.outcome is not Outcome.REFUSED)
    return render(
        "papers/numbers.html",
        form=form,
        answers=None
        if answers is None
        else [(row, say(row.reason) if row.reason else "") for row in ordered],
        counted=counted,
        several_sheets=len({row.sheet for row in ordered}) > 1,
        shown=SHOWN,
        couriers=posting.COURIERS,
    )


def _table(form: NumbersForm) -> Table:
    return read_table(form.file.data.read(), form.file.data.filename or "", courier.SPEC)
