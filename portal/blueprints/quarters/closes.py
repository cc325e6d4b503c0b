"""A close: what was proposed, what changed since, its confirmation by a second person, its run and what came of it."""

from typing import Any

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from portal.blueprints.quarters import bp
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.jobs import kept
from portal.domain.jobs.models import Job
from portal.domain.price_protection.closing import executing, proposing, queries
from portal.domain.price_protection.closing.models import Proposal, Stage, Statement
from portal.domain.price_protection.closing.preview import preview
from portal.domain.price_protection.models import Agreement
from portal.extensions import db
from portal.jobs import start
from portal.web import files
from portal.web.access import actor, requires
from portal.web.audit_words import tell
from portal.web.excel import Column, record_export, workbook
from portal.web.htmx import leave, render, say, submit
from portal.web.requests import ROW
from portal.web.tables import page_of


def _found(id: int) -> Proposal:
    """The close; 404 outside the user's offices."""
    return db.session.scalar(proposing.proposals_visible_to(actor()).where(Proposal.id == id)) or abort(404)


@bp.get(f"/close/<{ROW}:id>")
@requires(P.FUNDS_READ)
def detail(id: int) -> ResponseReturnValue:
    """Where a close stands: to be confirmed, at work, or done."""
    return _show(_found(id), None)


def _show(found: Proposal, form: FlaskForm | None) -> ResponseReturnValue:
    me, session = actor(), db.session()
    changed = []
    if found.stage is Stage.PROPOSED:
        changed = proposing.changes(found, preview(session, found.quarter, found.region_id))
    refusal = proposing.why_not_confirm(found, me) if found.stage is Stage.PROPOSED else None
    job = session.get(Job, found.job_id) if found.job_id else None
    q = request.args.get("q", "").strip()[:80]
    numbers = dict(
        session.execute(
            Agreement.__table__.select()
            .with_only_columns(Agreement.id, Agreement.number)
            .where(Agreement.id.in_([said[0] for row, said in changed if row is None and said]))
        ).all()  # type: ignore[arg-type]
    )
    return render(
        "quarters/close.html",
        fragment="quarters/_statements.html",
        form=form,
        close=found,
        counts=executing.counts(session, found),
        changed=changed,
        remaining=proposing.remaining(found, changed),
        is_stale=proposing.must_be_proposed_again(found, changed),
        numbers=numbers,
        why_not=say(refusal) if refusal else "",
        may_confirm=me.can(P.FUNDS_CONFIRM, found.region),
        may_withdraw=found.stage is Stage.PROPOSED and me.can(P.FUNDS_CLOSE, found.region),
        job=job,
        file=kept.file_of(session, job.id) if job else None,
        left=[{**one, "why": _why(one)} for one in found.left_out],
        page=page_of(
            session,
            queries.statement_rows(me, found.id, q),
            sorts=queries.STATEMENT_SORTS,
            default="number",
            tie=Statement.id,
        ),
        q=q,
        stage=Stage,
        events=tell(db.session, me, db.session.scalars(audit.history(found)).all()),
    )  # fmt: skip


def _why(one: dict[str, Any]) -> str:
    """What refused an agreement that was as it had been confirmed; empty where it was another."""
    msgid, params = one.get("error", ""), one.get("params", {})
    return say(DomainError(msgid, **params)) if msgid else ""


@bp.post(f"/close/<{ROW}:id>/confirm")
@requires(P.FUNDS_CONFIRM)
def confirm(id: int) -> ResponseReturnValue:
    """Confirm what another person proposed, as it was seen, and begin with it."""
    found, form, seen = _found(id), FlaskForm(), request.form.get("sha256", "")
    if form.validate_on_submit():
        job = submit(form, lambda: proposing.confirm(db.session(), actor(), found, seen_sha256=seen))
        if job is not None:
            return _begun(id, job)
    return _show(_found(id), form)


@bp.post(f"/close/<{ROW}:id>/go-on")
@requires(P.FUNDS_CONFIRM)
def go_on(id: int) -> ResponseReturnValue:
    """Go on with a confirmed close whose task was stopped."""
    found, form = _found(id), FlaskForm()
    if form.validate_on_submit():
        job = submit(form, lambda: proposing.go_on(db.session(), actor(), found))
        if job is not None:
            return _begun(id, job)
    return _show(_found(id), form)


def _begun(id: int, job: Job) -> ResponseReturnValue:
    job_id = job.id
    db.session.rollback()
    start(job_id)
    return leave(url_for("jobs.detail", job_id=job_id))


@bp.post(f"/close/<{ROW}:id>/withdraw")
@requires(P.FUNDS_CLOSE)
def withdraw(id: int) -> ResponseReturnValue:
    """Take a proposal back before it is confirmed."""
    found, form = _found(id), FlaskForm()
    if form.validate_on_submit() and submit(
        form, lambda: proposing.withdraw(db.session(), actor(), found) or True
    ):
        flash(_("The proposed close is withdrawn; nothing was released."))
        return leave(url_for(".show", name=found.quarter, region=found.region_id))
    return _show(_found(id), form)


@bp.get(f"/close/<{ROW}:id>/statements.pdf")
@requires(P.FUNDS_READ)
def printed(id: int) -> ResponseReturnValue:
    """All statements of a close as one PDF for the printer, in the order of the post; kept for some days."""
    found = _found(id)
    # It holds every office's statements: who prints it reads them all.
    if not actor().can(P.FUNDS_READ, found.region):
        abort(404)
    file = kept.file_of(db.session(), found.job_id) if found.job_id else None
    if file is None:
        flash(_("This file is no longer kept. Print the statements again here."), "warning")
        return leave(url_for(".register", name=found.quarter, region=found.region_id))
    return files.of_job(file)


@bp.get(f"/close/<{ROW}:id>/finance")
@requires(P.FUNDS_READ)
def finance(id: int) -> ResponseReturnValue:
    """What was released, to whom and by when, as an Excel file for finance."""
    me, found = actor(), _found(id)
    rows = db.session.execute(queries.statement_rows(me, found.id).order_by(Statement.number)).all()
    name = found.quarter
    record_export(me, "statements", count=len(rows), wanted={"quarter": name})
    columns = [
        Column(_("Statement"), width=20),
        Column(_("Agreement number"), width=18),
        Column(_("Code"), width=14),
        Column(_("Distributor"), width=34),
        Column(_("Office"), width=16),
        Column(_("Fund held at the quarter's end"), "money"),
        Column(_("Held back"), "money"),
        Column(_("Fund released"), "money"),
        Column(_("Interest"), "money"),
        Column(_("To be paid"), "money"),
        Column(_("Release by"), "date"),
    ]
    cells = [
        (
            r.number, r.agreement, r.code, r.distributor, r.office, r.closing_fen, r.suspended_fen, r.release_fen,
            r.interest_fen, r.release_fen + r.interest_fen, r.due_on,
        )
        for r in rows
    ]  # fmt: skip
    sums = [sum(row[place] for row in cells) for place in range(5, 10)]
    title = _("Releases of a quarter")
    return workbook(
        title, columns, cells, f"{title} {name}.xlsx", total=(_("Total"), "", "", "", "", *sums, None)
    )
