"""A statement: its sums, its lines with what is behind each, its paper, and the release of what a case held back."""

from flask import abort, flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from portal.blueprints.quarters import bp
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.price_protection.closing import (
    executing,
    printing,
    queries,
    replying,
    statements,
)
from portal.domain.price_protection.closing.clawed_back import clawed_back
from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.closing.off_deductions import off_deductions
from portal.domain.price_protection.funds import suspending
from portal.domain.price_protection.funds.accruing import SOURCE as PURCHASE
from portal.domain.price_protection.funds.behind import STATED
from portal.domain.price_protection.funds.releasing import SOURCE as RELEASE
from portal.extensions import db
from portal.web import files
from portal.web.access import actor, requires
from portal.web.audit_words import tell
from portal.web.closing_words import ACCOUNT_SUMS, LINE_KINDS, NUMBERED_SUMS, SUMS
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW


def statement_of(id: int) -> Statement:
    """The statement; 404 outside the user's offices."""
    return db.session.scalar(queries.statements_visible_to(actor()).where(Statement.id == id)) or abort(404)


@bp.get(f"/statements/<{ROW}:id>")
@requires(P.FUNDS_READ)
def statement(id: int) -> ResponseReturnValue:
    """What the statement says, each line leading to the purchase, or the transfers, that it comes from."""
    return _show(statement_of(id), None)


def _show(found: Statement, form: FlaskForm | None) -> ResponseReturnValue:
    me, session = actor(), db.session()
    place = (found.agreement_id, found.quarter)
    return render(
        "quarters/statement.html",
        form=form,
        statement=found,
        said=found.payload["values"],
        lines=found.payload["lines"],
        afterwards=statements.afterwards(session, found),
        off_deductions=off_deductions(session, found),
        clawed_back=clawed_back(session, found),
        purchase=PURCHASE,
        sums=SUMS,
        sources=_sources(found),
        account_sums=ACCOUNT_SUMS,
        kinds=LINE_KINDS,
        holds=suspending.holds(session, *place),
        late=suspending.released(session, *place) if found.release_id is None else None,
        is_due=place in executing.due(session, found.agreement_id),
        may_release=me.can(P.FUNDS_CONFIRM, found.agreement.region),
        may_handle=me.can(P.PAPERS_HANDLE, found.agreement.region),
        may_answer=me.can(P.FUNDS_CLOSE, found.agreement.region),
        is_presumed=replying.is_presumed_right(found),
        is_late=replying.is_late,
        numbered=dict(NUMBERED_SUMS),
        events=tell(session, me, session.scalars(audit.history(found)).all()),
    )


def _sources(found: Statement) -> dict[str, str]:
    """The addresses of what is behind each sum: the transfers that it adds up."""
    names = {
        name: url_for("funds.transfers", id=found.agreement_id, statement=found.id, figure=name)
        for name in STATED
    }
    if found.release_id is not None:
        of_release = url_for(
            "funds.transfers", id=found.agreement_id, source=RELEASE, source_id=found.release_id
        )
        names |= {"release": of_release, "interest": of_release}
    return names | {"suspended": url_for("violations.index", q=found.agreement.number)}


@bp.get(f"/statements/<{ROW}:id>/paper")
@requires(P.FUNDS_READ)
def paper(id: int) -> ResponseReturnValue:
    """The statement as it was printed, byte for byte, however often."""
    found = statement_of(id)
    if found.document is None:
        abort(404)
    _number, _company, data = printing.paper(db.session(), found.id)
    return files.shown(data, found.document.media_type, f"{found.number}.pdf")


@bp.post(f"/statements/<{ROW}:id>/release")
@requires(P.FUNDS_CONFIRM)
def release(id: int) -> ResponseReturnValue:
    """Release what a case held back, now that it has ended: a deed of its own, the quarter stays closed."""
    found, form = statement_of(id), FlaskForm()
    if form.validate_on_submit():
        made = submit(
            form, lambda: executing.release_late(db.session(), actor(), found.agreement, found.quarter)
        )
        if made is not None:
            flash(_("The fund of %(quarter)s is released.", quarter=found.quarter))
            return leave(url_for(".statement", id=id))
    return _show(statement_of(id), form)
