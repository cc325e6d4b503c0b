"""A batch's page: what changes, what that comes to row by row, and the deeds that move it on."""

from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.blueprints.agreements.batches import bp, loading, words
from portal.blueprints.agreements.batches.forms import LeavingForm
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.batches import approving, queries, services
from portal.domain.price_protection.batches import changes as bulk
from portal.domain.price_protection.batches.models import Batch, BatchRow
from portal.domain.price_protection.batches.queries import RowFilter, Stage
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.excel import Column, record_export, workbook
from portal.web.grades import grade_choices, wanted_grade
from portal.web.htmx import leave, render, submit
from portal.web.originals import unasked
from portal.web.requests import ROW
from portal.web.tables import chosen, ids, page_of
from portal.web.words import word

_OPEN = (Stage.UNCHECKED, Stage.READY, Stage.HOLES, Stage.BLOCKED)


def row_filter() -> RowFilter:
    """What the address narrows the rows to."""
    return RowFilter(
        stage=chosen(Stage, "stage"),
        only_unusual=request.args.get("unusual") == "1",
        grade=wanted_grade(),
        q=request.args.get("q", "").strip()[:80],
    )


def stops(
    stages: dict[Stage, int], undrafted: int, has_changes: bool, unprinted: int
) -> list[tuple[str, str, str]]:
    """The way of a batch: title, note, and "done", "now" or ""."""
    rows = sum(count for stage, count in stages.items() if stage is not Stage.LEFT_OUT)
    unchecked = stages.get(Stage.UNCHECKED, 0)
    submitted = stages.get(Stage.SUBMITTED, 0)
    approved = stages.get(Stage.APPROVED, 0) + stages.get(Stage.DONE, 0)
    drafts = rows - undrafted
    at = 5 if unprinted else 6
    if approved < rows:
        at = 4 if submitted else 3 if drafts and not undrafted else 2
    if not drafts and unchecked:
        at = 1
    order = (
        (_("Choice"), ngettext("%(num)s agreement", "%(num)s agreements", rows)),
        (_("Bulk changes"), _("set") if has_changes else _("none yet")),
        (_("Preview and drafts"), _("%(done)s of %(total)s drafted", done=drafts, total=rows)),
        (_("Submission"), _("%(count)s submitted", count=submitted + approved)),
        (_("Approval"), _("%(done)s of %(total)s approved", done=approved, total=rows)),
        (_("Printing"), _("%(done)s of %(total)s printed", done=approved - unprinted, total=rows)),
    )
    return [
        (title, note, "done" if place < at else "now" if place == at else "")
        for place, (title, note) in enumerate(order)
    ]


@bp.get(f"/<{ROW}:id>/")
@requires(P.AGREEMENTS_READ)
def detail(id: int) -> ResponseReturnValue:
    """The record: its steps, what changes in bulk, the differences by kind, and every row."""
    return page(loading.readable(id))


def page(batch: Batch, form: LeavingForm | None = None) -> ResponseReturnValue:
    """The page of a batch, or its rows for htmx."""
    me, wanted = actor(), row_filter()
    rows = page_of(
        db.session,
        queries.rows(batch, me, wanted),
        sorts=queries.SORTS,
        default="todo",
        descending=True,
        tie=BatchRow.id,
    )
    stages = queries.stages(db.session, batch, me)
    undrafted = queries.undrafted(db.session, batch, me)
    # Asked only of a batch that has got so far.
    unprinted = queries.unprinted_count(db.session, batch, me) if stages.get(Stage.APPROVED) else 0
    may_print = unprinted > 0 and me.can(P.AGREEMENTS_WRITE)
    changes = bulk.read(batch.changes)
    facts = queries.facts(db.session, batch, me)
    return render(
        "batches/detail.html",
        fragment=loading.rows_only("batches/_rows.html"),
        form=form,
        batch=batch,
        page=rows,
        said=words.rows_said(rows.rows),
        wanted=wanted,
        stages=stages,
        grades=grade_choices(),
        all_stages=[(stage.value, words.stage_word(stage)) for stage in Stage],
        undrafted=undrafted,
        todo=sum(stages.get(stage, 0) for stage in _OPEN),
        stops=stops(stages, undrafted, bool(changes), unprinted),
        to_print=len(queries.to_print(db.session, batch, me)) if may_print else 0,
        changes=words.changes_said(changes),
        groups=words.grouped(found for _row, found in facts),
        job=services.running_job(db.session, batch),
        may_write=services.may_write(me, batch),
        unasked=unasked(batch_id=batch.id) if stages.get(Stage.APPROVED) else 0,
        waiting=len(approving.pending(db.session, batch, me)) if me.can(P.AGREEMENTS_APPROVE) else 0,
    )


def _ask(id: int, kind: str) -> ResponseReturnValue:
    batch = loading.writable(id)
    total = queries.total(db.session, batch)
    job = submit(None, lambda: services.ask(db.session, actor(), batch, kind, total=total))
    assert job is not None
    return loading.on_with(job)


@bp.post(f"/<{ROW}:id>/check")
@requires(P.AGREEMENTS_WRITE)
def check(id: int) -> ResponseReturnValue:
    """Check every row: what it comes to, and what is missing."""
    return _ask(id, services.CHECK)


@bp.post(f"/<{ROW}:id>/draft")
@requires(P.AGREEMENTS_WRITE)
def draft(id: int) -> ResponseReturnValue:
    """Make the drafts of all rows that nothing blocks."""
    return _ask(id, services.DRAFT)


@bp.post(f"/<{ROW}:id>/submit")
@requires(P.AGREEMENTS_WRITE)
def hand_over(id: int) -> ResponseReturnValue:
    """Submit every complete draft for approval."""
    return _ask(id, services.SUBMIT)


@bp.post(f"/<{ROW}:id>/leave-out")
@requires(P.AGREEMENTS_WRITE)
def leave_out(id: int) -> ResponseReturnValue:
    """Leave the ticked rows out with a reason, or take them in again."""
    batch, form = loading.writable(id), LeavingForm()
    ticked = ids()
    if not form.validate():
        return page(batch, form)
    if request.form.get("do") == "take_in":
        count = submit(form, lambda: services.take_back_in(db.session, actor(), batch, ticked))
        said = ngettext("%(num)s row is in again.", "%(num)s rows are in again.", count or 0)
    else:
        reason = form.reason.data or ""
        count = submit(form, lambda: services.leave_out(db.session, actor(), batch, ticked, reason))
        said = ngettext("%(num)s row is left out.", "%(num)s rows are left out.", count or 0)
    if count is None:
        return page(loading.writable(id), form)
    flash(said)
    return leave(url_for(".detail", id=id))


@bp.get(f"/<{ROW}:id>/export")
@requires(P.AGREEMENTS_READ)
def export(id: int) -> ResponseReturnValue:
    """The preview as an Excel file: each row with what was, what will be, and what is to be done."""
    batch, me, wanted = loading.readable(id), actor(), row_filter()
    rows = db.session.execute(queries.rows(batch, me, wanted).order_by(BatchRow.id)).all()
    namer = words.Namer([triple for row in rows for triple in row.facts.get("differences", ())])
    said = words.rows_said(rows)
    cells = [_cells(row, namer, said[row.id]) for row in rows]
    record_export(me, "batch", count=len(cells), wanted={"batch": batch.name, "stage": wanted.stage})
    columns = [
        Column(_("Code"), width=14),
        Column(_("Distributor"), width=34),
        Column(_("Grade"), width=8),
        Column(_("Office"), width=16),
        Column(_("Owner"), width=12),
        Column(_("Agreement of last year"), width=18),
        Column(_("Last day"), "date", 12),
        Column(_("Where it stands"), width=16),
        Column(_("New agreement"), width=18),
        Column(_("First day, new"), width=14),
        Column(_("Last day, new"), width=14),
        Column(_("Rebate rate, before"), "percent", 12),
        Column(_("Rebate rate, new"), "percent", 12),
        Column(_("Prices changed"), "whole", 10),
        Column(_("Differences"), width=80),
        Column(_("Unusual"), width=40),
        Column(_("To be done"), width=60),
        Column(_("Left out because"), width=30),
    ]
    return workbook(_("Preview"), columns, cells, f"{batch.name} {today()}.xlsx")


def _cells(row: Any, namer: words.Namer, said: words.RowSaid) -> list[Any]:
    differences = row.facts.get("differences", [])
    by_key = {key: (before, after) for key, before, after in differences}
    rate = by_key.get("rebate_ppm", (None, None))
    unusual = {key for key, *_rest in row.facts.get("unusual", ())}
    lines = [f"{one.label}：{one.before} → {one.after}" for one in namer.said(differences)]
    return [
        row.distributor_code,
        row.distributor_name,
        word(row.grade) if row.grade else "",
        row.region_name,
        row.owner_name,
        row.earlier_number,
        row.earlier_ends_on,
        words.stage_word(row.stage),
        row.number,
        by_key.get("effective_on", ("", ""))[1],
        by_key.get("expires_on", ("", ""))[1],
        rate[0],
        rate[1],
        sum(1 for key in by_key if key.startswith("price ")),
        "\n".join(lines),
        "\n".join(sorted(namer.label(key) for key in unusual)),
        "\n".join([*map(words.problem_said, said.problems), *([said.refusal] if said.refusal else [])]),
        row.left_out_reason,
    ]
