"""Approving a list: its totals, differences by kind, the outliers first, the spot checks, and all at once."""

from collections import Counter

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.blueprints.agreements.batches import bp, loading, words
from portal.blueprints.agreements.batches.forms import ListForm
from portal.domain.access.roles import Permission as P
from portal.domain.papers.agreement import payload_sha256
from portal.domain.price_protection import steps
from portal.domain.price_protection.batches import approving, queries, services
from portal.domain.price_protection.batches.models import Batch, BatchRow
from portal.domain.price_protection.models import Status
from portal.domain.price_protection.payload import payload
from portal.domain.price_protection.problems import obstacles, problems_of
from portal.extensions import db
from portal.printing.agreement import render_agreement_html
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, say, submit
from portal.web.requests import ROW
from portal.web.tables import page_of


@bp.route(f"/<{ROW}:id>/approval", methods=["GET", "POST"])
@requires(P.AGREEMENTS_APPROVE)
def approval(id: int) -> ResponseReturnValue:
    """The list that waits for this user; drawing the spot checks, and approving all once they were read."""
    batch, form = loading.readable(id), ListForm()
    if request.method == "POST" and form.validate():
        if request.form.get("do") == "draw":
            drawn = submit(form, lambda: (approving.draw(db.session, actor(), batch), True))
            if drawn is not None:
                return leave(url_for(".approval", id=id, _anchor="checks"))
        else:
            job = submit(form, lambda: approving.ask(db.session, actor(), batch, seen=form.seen.data or ""))
            if job is not None:
                return loading.on_with(job)
    return _list(loading.readable(id), form)


def _list(batch: Batch, form: ListForm) -> ResponseReturnValue:
    me = actor()
    page = page_of(
        db.session,
        queries.decidable(batch, me),
        sorts=queries.SORTS,
        default="weight",
        descending=True,
        tie=BatchRow.id,
    )
    pending = approving.pending(db.session, batch, me)
    checks = approving.checks(db.session, me, pending)
    sample = [check for check in checks if check.is_needed]
    facts = queries.facts(db.session, batch, me, queries.may_decide(me))
    moves = words.moves_said(facts)
    ids = {check.row_id for check in sample} | {move.row_id for move in moves}
    named = {row.id: row for row in queries.named(db.session, batch, me, sorted(ids))}
    found = [said for _row, said in facts]
    form.seen.data = approving.digest(pending)
    return render(
        "batches/approval.html",
        fragment=loading.rows_only("batches/_decisions.html"),
        form=form,
        batch=batch,
        page=page,
        said=words.rows_said(page.rows),
        pending=pending,
        held_up=sum(row.is_held_up for row in pending),
        sample=sample,
        named=named,
        own_terms=words.own_terms_said(named.values()),
        undrawn=approving.undrawn(pending, checks),
        open_checks=approving.open_checks(pending, checks),
        moves=moves,
        looked={check.row_id for check in checks if check.is_looked_at},
        share=approving.SHARE_PERCENT,
        at_least=approving.AT_LEAST,
        groups=words.grouped(found),
        totals=words.totals(found),
        offices=Counter(row.office for row in pending).most_common(),
        job=services.running_job(db.session, batch),
        others=queries.waiting_for_others(db.session, batch, me),
    )


@bp.route(f"/<{ROW}:id>/rows/<{ROW}:row_id>/review", methods=["GET", "POST"])
@requires(P.AGREEMENTS_APPROVE)
def review(id: int, row_id: int) -> ResponseReturnValue:
    """One row's paper beside its differences: put on record as read, or sent back to its author."""
    batch = loading.readable(id)
    row = loading.row_of(batch, row_id)
    agreement, form = row.agreement, ListForm()
    if agreement is None or agreement.status is not Status.SUBMITTED:
        flash(_("This row is not awaiting approval."), "warning")
        return leave(url_for(".detail", id=id))
    if request.method == "POST" and form.validate():
        done = (
            _send_back(batch, row, form) if request.form.get("do") == "send_back" else _look(batch, row, form)
        )
        if done is not None:
            return leave(done)
        batch = loading.readable(id)
        row = loading.row_of(batch, row_id)
        agreement = row.agreement
        assert agreement is not None
    data = payload(db.session, agreement)
    form.seen.data = payload_sha256(data)
    pending = approving.pending(db.session, batch, actor())
    checks = {check.row_id: check for check in approving.checks(db.session, actor(), pending)}
    refusal = steps.why_not_approver(db.session, actor(), agreement)
    return render(
        "batches/review.html",
        form=form,
        batch=batch,
        row=row,
        agreement=agreement,
        check=checks.get(row.id),
        remaining=sum(check.is_needed and not check.is_looked_at for check in checks.values()),
        differences=words.row_differences(row.facts),
        is_outdated=row.sha256 != form.seen.data,
        problems=[*problems_of(agreement, data), *obstacles(db.session, agreement)],
        why_not=say(refusal) if refusal else "",
        paper=render_agreement_html(data, agreement.template.text, number=agreement.number),
    )


def _look(batch: Batch, row: BatchRow, form: ListForm) -> str | None:
    """Put the reading on record; on to the next open spot check, or back to the list."""
    seen = form.seen.data or ""
    read = submit(form, lambda: (approving.look(db.session, actor(), batch, row, seen_sha256=seen),))
    if read is None:
        return None
    if not read[0]:
        flash(_("It has changed since you opened it. Please read it again."), "warning")
        return url_for(".review", id=batch.id, row_id=row.id)
    pending = approving.pending(db.session, batch, actor())
    checks = approving.checks(db.session, actor(), pending)
    left = [check for check in checks if check.is_needed and not check.is_looked_at]
    if left:
        count = len(left)
        flash(ngettext("Recorded. %(num)s spot check to go.", "Recorded. %(num)s spot checks to go.", count))
        return url_for(".review", id=batch.id, row_id=left[0].row_id)
    flash(_("Recorded. All spot checks have been read."))
    return url_for(".approval", id=batch.id)


def _send_back(batch: Batch, row: BatchRow, form: ListForm) -> str | None:
    number = row.agreement.number if row.agreement else ""
    reason = form.reason.data or ""
    if submit(form, lambda: (approving.send_back(db.session, actor(), batch, row, reason), True)) is None:
        return None
    flash(_("%(number)s was sent back to its author.", number=number))
    return url_for(".approval", id=batch.id)
