"""One price change: what became of it, page after page, and its amendments decided on as a list."""

from typing import Any

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import HiddenField

from portal.blueprints.agreements import bp
from portal.blueprints.agreements.batches.loading import rows_only
from portal.blueprints.agreements.batches.words import refusal_said
from portal.blueprints.agreements.deeds.pricing import otherwise_said, rule_says
from portal.blueprints.agreements.deeds.sides import sides
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.price_protection import queries
from portal.domain.price_protection.batches.approving import AT_LEAST, SHARE_PERCENT
from portal.domain.price_protection.deeds import amending, deciding, pricing
from portal.domain.price_protection.deeds.deciding import Decision
from portal.domain.price_protection.models import Agreement, Amendment, DeedStatus, PriceChange
from portal.extensions import db
from portal.jobs import start
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, say, submit
from portal.web.originals import unasked
from portal.web.requests import ROW
from portal.web.tables import page_of


class SeenForm(FlaskForm):
    """The digest of the list that was shown."""

    seen = HiddenField()


def _readable(change_id: int) -> PriceChange:
    """The change; 404 when none of its agreements lies in an office that the user sees."""
    change = db.session.get(PriceChange, change_id)
    if change is None:
        abort(404)
    me = actor()
    if (
        change.author_id != me.id
        and not db.session.scalars(
            queries.agreements_visible_to(me).where(Agreement.id.in_(change.agreement_ids)).limit(1)
        ).first()
    ):
        abort(404)
    return change


@bp.get(f"/prices/<{ROW}:change_id>/")
@requires(P.AGREEMENTS_READ)
def price_change(change_id: int) -> ResponseReturnValue:
    """What became of a change: its amendments, what was refused, and what can be decided together."""
    return _page(_readable(change_id), SeenForm(formdata=None))


def _page(change: PriceChange, form: SeenForm) -> ResponseReturnValue:
    me = actor()
    amendments = pricing.amendments_of(me, change)
    found = db.session.execute(
        amendments.with_only_columns(
            Amendment.id,
            Amendment.agreement_id,
            Amendment.no,
            Agreement.number,
            Amendment.status,
            Amendment.refusal,
        )
    ).all()
    page = page_of(
        db.session,
        amendments.order_by(None),
        sorts={"number": Agreement.number},
        default="number",
        tie=Amendment.id,
        total=len(found),
    )
    made = (DeedStatus.APPROVED, DeedStatus.SIGNED)
    return render(
        "agreements/pricing/record.html",
        fragment=rows_only("agreements/pricing/_amendments.html"),
        form=form,
        change=change,
        rule_says=rule_says(change),
        counted=pricing.counted(change),
        page=page,
        rows=[(deed, sides(_changes(deed))) for (deed,) in page.rows],
        refused=[
            (id, number, say(DomainError(msgid, **params)))
            for id, number, msgid, params in pricing.refusals(db.session, me, change)
        ],
        held_up=[
            (row, f"{row.number}-S{row.no}", refusal_said(row.refusal))
            for row in found
            if row.refusal and row.status == DeedStatus.SUBMITTED
        ],
        printable=sum(row.status in made for row in found) if me.can(P.AGREEMENTS_WRITE) else 0,
        unasked=unasked(change_id=change.id) if any(row.status in made for row in found) else 0,
        left_out=pricing.left_out(db.session, me, change),
        lists=[shown for decision in Decision if (shown := _list(change, decision))],
        share=SHARE_PERCENT,
        at_least=AT_LEAST,
    )


def _changes(deed: Amendment) -> list[dict[str, Any]]:
    """Both texts as they were submitted or decided on; those of a draft as they stand."""
    if deed.sha256 and deed.status is not DeedStatus.DRAFT:
        return deed.changes
    return [dict(row) for row in amending.data_of(db.session, deed)["changes"]]


def _list(change: PriceChange, decision: Decision) -> dict[str, Any] | None:
    """What waits for this decision of this user, with its spot checks; None when nothing does."""
    me = actor()
    rows = deciding.pending(db.session, me, change, decision)
    if not rows:
        return None
    checks = deciding.checks(db.session, me, rows)
    missing = deciding.undrawn(rows, checks)
    return {
        "decision": decision.value,
        "count": len(rows),
        "seen": deciding.seen(rows),
        "checks": checks,
        "missing": missing,
        "open": deciding.open_checks(rows, checks),
        "because": otherwise_said(checks),
    }


@bp.post(f"/prices/<{ROW}:change_id>/counsel")
@requires(P.TEMPLATES_RELEASE)
def review_price_change(change_id: int) -> ResponseReturnValue:
    """Counsel has read the list of a change; its spot checks are drawn first."""
    return _decide(change_id, Decision.REVIEW)


@bp.post(f"/prices/<{ROW}:change_id>/approve")
@requires(P.AGREEMENTS_APPROVE)
def approve_price_change(change_id: int) -> ResponseReturnValue:
    """Approve the list of a change, by a task that makes the originals; its spot checks are drawn first."""
    return _decide(change_id, Decision.APPROVE)


def _decide(change_id: int, decision: Decision) -> ResponseReturnValue:
    change, form = _readable(change_id), SeenForm()
    if request.form.get("do") == "draw":
        drawn = submit(form, lambda: (deciding.draw(db.session, actor(), change, decision), True))
        if drawn is None:
            return _page(_readable(change_id), form)
        return leave(url_for("agreements.price_change", change_id=change_id, _anchor=decision.value))
    count = len(deciding.pending(db.session, actor(), change, decision))
    title, shown = _("%(count)s amendments", count=count), form.seen.data or ""
    job_id = submit(
        form, lambda: deciding.ask(db.session, actor(), change, decision, shown=shown, title=title).id
    )
    if job_id is None:
        return _page(_readable(change_id), form)
    start(job_id)
    return leave(url_for("jobs.detail", job_id=job_id))
