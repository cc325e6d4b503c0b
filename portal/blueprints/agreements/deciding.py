"""Approving: what is approved is shown with its checks and what is unusual in it, and the decision taken."""

from dataclasses import replace

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.agreements import bp, loading, record, sealing
from portal.blueprints.agreements.differences import Difference, differences
from portal.blueprints.agreements.forms import DecisionForm
from portal.domain.access.roles import Permission as P
from portal.domain.papers.agreement import payload_sha256
from portal.domain.price_protection import approval, drafting, queries, steps, turns
from portal.domain.price_protection.models import Agreement, AgreementEvent, Status
from portal.domain.price_protection.payload import payload
from portal.domain.price_protection.problems import Problem, obstacles, problems_of
from portal.extensions import db
from portal.printing.agreement import render_agreement_html
from portal.web import papers
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW


@bp.route(f"/<{ROW}:id>/review", methods=["GET", "POST"])
@requires(P.AGREEMENTS_APPROVE)
def review(id: int) -> ResponseReturnValue:
    """The page of the decision; approving makes the original, which takes a moment."""
    agreement = loading.permitted(id, P.AGREEMENTS_APPROVE)
    form = DecisionForm()
    listed: list[Problem] = []
    if request.method == "POST":
        done, listed = _decide(agreement, form)
        if done:
            return leave(url_for("agreements.detail", id=id))
    if agreement.status is not Status.SUBMITTED:
        flash(_("%(number)s is no longer awaiting approval.", number=agreement.number), "warning")
        return leave(url_for("agreements.detail", id=id))
    data = payload(db.session, agreement)
    form.seen.data = payload_sha256(data)
    found = [*problems_of(agreement, data), *obstacles(db.session, agreement)]
    earlier, changed = _compared(agreement)
    back = turns.came_back(agreement)
    mended = _mended(agreement, back) if back else []
    powers = record.powers(agreement)
    return render(
        "agreements/review.html",
        form=form,
        agreement=agreement,
        problems=found or listed,
        why_not=powers.why_not_approve,
        paper=render_agreement_html(data, agreement.template.text, number=agreement.number),
        earlier=earlier,
        changed=changed,
        back=back,
        mended=mended,
        prices=data["prices"],
        powers=powers,
        submitted=next((event for event in agreement.events if event.kind == "submitted"), None),
    )


def _decide(agreement: Agreement, form: DecisionForm) -> tuple[bool, list[Problem]]:
    """Take the decision; what keeps it from being taken is put on the form or listed."""
    number, listed = agreement.number, []
    if not form.validate():
        return False, []
    if request.form.get("do") == "send_back":
        if submit(
            form, lambda: steps.send_back(db.session, actor(), agreement, form.reason.data or "") or True
        ):
            flash(_("%(number)s was sent back to its author.", number=number))
            return True, []
        return False, []

    def work() -> bool:
        try:
            approval.approve(
                db.session, actor(), agreement, seen_sha256=form.seen.data or "", render=papers.original
            )
        except approval.Blocked as error:
            listed.extend(error.problems)
            raise
        return True

    if submit(form, work):
        sealing.tell_approved(agreement, "approved", number)
        return True, []
    return False, listed


def _mended(agreement: Agreement, back: AgreementEvent) -> list[Difference]:
    """What its author changed since it came back."""
    before = turns.entry_when(db.session, agreement, back)
    return differences(db.session, before, drafting.entry_of(db.session, agreement))


def _compared(agreement: Agreement) -> tuple[Agreement | None, list[Difference]]:
    """What is new against the distributor's last agreement, or unusual against the company's proposals."""
    now = drafting.entry_of(db.session, agreement)
    earlier = queries.forerunner(db.session, agreement)
    if earlier is not None:
        before = drafting.entry_of(db.session, earlier)
    else:
        before = replace(
            drafting.proposal(db.session, agreement.distributor, agreement.template),
            effective_on=now.effective_on,
            expires_on=now.expires_on,
            prices=queries.at_proposed_prices(db.session, now.prices),
        )
    return earlier, differences(db.session, before, now)
