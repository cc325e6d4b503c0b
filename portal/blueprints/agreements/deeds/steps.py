"""The steps of an amendment or a notice as its record takes them."""

from collections.abc import Callable
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.agreements import bp, sealing
from portal.blueprints.agreements.deeds import loading, record
from portal.blueprints.agreements.deeds.forms import ServiceForm
from portal.blueprints.agreements.forms import DecisionForm, PrintForm, ReasonForm, ScanForm, SigningForm
from portal.blueprints.agreements.steps import files
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.approval import Blocked
from portal.domain.price_protection.deeds import base, deciding, life, serving, signing
from portal.domain.price_protection.deeds.base import AnyDeed
from portal.domain.price_protection.models import Amendment, DeedStatus, Service, Termination
from portal.domain.price_protection.problems import Problem
from portal.domain.price_protection.trail.beginning import of_paper
from portal.extensions import db
from portal.jobs import start_noted
from portal.web import papers
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW
from portal.web.tables import as_id

_ADDRESS = f"/<{ROW}:id>/<{loading.WHAT}:what>/<{ROW}:deed_id>"


def _back(deed: AnyDeed, said: str) -> ResponseReturnValue:
    flash(said)
    return leave(loading.address(deed))


def _step(deed: AnyDeed, work: Callable[[], None], said: str) -> ResponseReturnValue:
    def done() -> bool:
        work()
        return True

    submit(None, done)
    return _back(deed, said)


@bp.post(f"{_ADDRESS}/submit")
@requires(P.AGREEMENTS_WRITE)
def submit_deed(id: int, what: str, deed_id: int) -> ResponseReturnValue:
    """Submit for approval; what is missing is listed on the record."""
    deed = loading.writable(id, what, deed_id)
    seen = as_id(request.form.get("version", ""))
    try:
        submit(None, lambda: life.submit(db.session, actor(), deed, version=seen) or True)
    except life.Incomplete:
        flash(_("Not submitted: the list below says what is still missing."), "error")
        return leave(loading.address(deed, _anchor="checks"))
    return _back(deed, _("%(number)s has been submitted for approval.", number=deed.title))


@bp.post(f"{_ADDRESS}/take-back")
@requires(P.AGREEMENTS_WRITE)
def take_deed_back(id: int, what: str, deed_id: int) -> ResponseReturnValue:
    """Withdraw one's own submission."""
    deed = loading.writable(id, what, deed_id)
    said = _("%(number)s is a draft again.", number=deed.title)
    return _step(deed, lambda: life.withdraw(db.session, actor(), deed), said)


@bp.post(f"{_ADDRESS}/void")
@requires(P.AGREEMENTS_WRITE)
def void_deed(id: int, what: str, deed_id: int) -> ResponseReturnValue:
    """Give up a deed that took no effect."""
    deed, form = loading.writable(id, what, deed_id), ReasonForm()
    said = _("%(number)s is now void.", number=deed.title)
    return _step(deed, lambda: life.void(db.session, actor(), deed, form.reason.data or ""), said)


@bp.post(f"{_ADDRESS}/withdraw-approval")
@requires(P.AGREEMENTS_APPROVE)
def withdraw_deed_approval(id: int, what: str, deed_id: int) -> ResponseReturnValue:
    """Take an approval back; its original is superseded."""
    deed, form = loading.permitted(id, what, deed_id, P.AGREEMENTS_APPROVE), ReasonForm()
    said = _("The approval of %(number)s has been withdrawn.", number=deed.title)
    return _step(
        deed, lambda: life.withdraw_approval(db.session, actor(), deed, form.reason.data or ""), said
    )


@bp.post(f"{_ADDRESS}/counsel")
@requires(P.TEMPLATES_RELEASE)
def review_deed(id: int, what: str, deed_id: int) -> ResponseReturnValue:
    """Counsel has read an amendment that touches prices, violations or territory."""
    deed, form = loading.readable(id, what, deed_id), DecisionForm()
    if not isinstance(deed, Amendment):
        return leave(loading.address(deed))
    seen = form.seen.data or ""
    said = _("%(number)s: counsel's review is recorded.", number=deed.title)
    return _step(deed, lambda: life.review(db.session, actor(), deed, seen_sha256=seen), said)


@bp.post(f"{_ADDRESS}/look")
@requires(P.AGREEMENTS_APPROVE, P.TEMPLATES_RELEASE)
def look_at_deed(id: int, what: str, deed_id: int) -> ResponseReturnValue:
    """An amendment of a price change that was drawn as a spot check was read; back to its list."""
    deed, form = loading.readable(id, what, deed_id), DecisionForm()
    if not isinstance(deed, Amendment) or deed.price_change_id is None:
        return leave(loading.address(deed))
    change_id, seen = deed.price_change_id, form.seen.data or ""
    submit(None, lambda: deciding.look(db.session, actor(), deed, seen_sha256=seen) or True)
    flash(_("%(number)s: your reading is recorded.", number=deed.title))
    return leave(url_for("agreements.price_change", change_id=change_id))


@bp.post(f"{_ADDRESS}/decide")
@requires(P.AGREEMENTS_APPROVE)
def decide_deed(id: int, what: str, deed_id: int) -> ResponseReturnValue:
    """Approve what was shown, which makes the original, or send it back with a reason."""
    deed, form = loading.permitted(id, what, deed_id, P.AGREEMENTS_APPROVE), DecisionForm()
    title, listed = deed.title, list[Problem]()
    if not form.validate():
        return record.page(deed, form)
    if request.form.get("do") == "send_back":
        reason = form.reason.data or ""
        if submit(form, lambda: life.send_back(db.session, actor(), deed, reason) or True):
            return _back(deed, _("%(number)s was sent back to its author.", number=title))
        return record.page(deed, form)
    seen = form.seen.data or ""

    def work() -> bool:
        try:
            life.approve(db.session, actor(), deed, seen_sha256=seen, render=papers.deed_original)
        except Blocked as error:
            listed.extend(error.problems)
            raise
        return True

    if submit(form, work):
        if deed.status is DeedStatus.SUBMITTED:
            return _back(
                deed, _("Your approval of %(number)s is recorded; a second one is needed.", number=title)
            )
        kind = "amendment_approved" if isinstance(deed, Amendment) else "notice_approved"
        sealing.tell_approved(deed.agreement, kind, title)
        return leave(loading.address(deed))
    return record.page(deed, form, listed)


@bp.post(f"{_ADDRESS}/seal")
@requires(P.AGREEMENTS_APPROVE)
def seal_deed(id: int, what: str, deed_id: int) -> ResponseReturnValue:
    """Put the electronic seal on an original that was kept without."""
    deed = loading.permitted(id, what, deed_id, P.AGREEMENTS_APPROVE)
    address = loading.address(deed)
    sealing.put_on(base.current_paper(deed), deed.title)
    return leave(address)


@bp.post(f"{_ADDRESS}/print")
@requires(P.AGREEMENTS_WRITE)
def print_deed(id: int, what: str, deed_id: int) -> ResponseReturnValue:
    """Record the printing, then on to the original."""
    deed, form = loading.writable(id, what, deed_id), PrintForm()
    copies = form.copies.data if form.copies.data is not None else 0
    submit(None, lambda: life.record_print(db.session, actor(), deed, copies) or True)
    return leave(loading.address(deed, "deed_paper"))


@bp.route(f"{_ADDRESS}/signing", methods=["GET", "POST"])
@requires(P.AGREEMENTS_WRITE)
def sign_deed(id: int, what: str, deed_id: int) -> ResponseReturnValue:
    """Record the signing of an amendment or the service of a notice, or file what came back later."""
    deed = loading.writable(id, what, deed_id)
    is_done = deed.status in (DeedStatus.SIGNED, DeedStatus.SERVED)
    form: ScanForm | SigningForm | ServiceForm
    if is_done:
        form = ScanForm()
    elif isinstance(deed, Amendment):
        form = SigningForm()
    else:
        form = ServiceForm(data={"served_on": today(), "how": Service.COURIER, **_as_posted(deed)})
    if request.method == "POST" and form.validate():
        sent = files(form.scans.data)

        def work() -> bool:
            if isinstance(form, ScanForm):
                life.file_scans(db.session, actor(), deed, sent)
            elif isinstance(form, SigningForm):
                assert isinstance(deed, Amendment)
                signing.sign(db.session, actor(), deed, form.signed_on.data, sent)
            else:
                assert isinstance(deed, Termination)
                serving.serve(
                    db.session,
                    actor(),
                    deed,
                    served_on=form.served_on.data,
                    how=form.how.data,
                    note=form.note.data or "",
                    scans=sent,
                )
            return True

        if submit(form, work):
            start_noted(db.session())
            return _back(deed, _done_words(deed, is_filing=is_done))
    elif request.method == "GET" and not is_done:
        base.require_status(deed, DeedStatus.APPROVED)
    return render(
        "agreements/deeds/signing.html",
        form=form,
        deed=deed,
        agreement=deed.agreement,
        is_done=is_done,
        is_amendment=isinstance(deed, Amendment),
        lapsing=_lapsing(deed),
        paper=base.current_paper(deed),
        address=loading.address,
    )


def _lapsing(deed: AnyDeed) -> list[Amendment]:
    """The amendments that the service of a notice makes lapse, were it served today."""
    if not isinstance(deed, Termination) or deed.status is not DeedStatus.APPROVED:
        return []
    return serving.overtaken(db.session, deed.agreement, serving.last_day(db.session, deed, today()))


def _as_posted(deed: AnyDeed) -> dict[str, Any]:
    """What the parcel that a notice travelled in says of its service: courier and number, and the day it arrived."""
    paper = base.current_paper(deed)
    parcel = of_paper(db.session, paper).parcel if paper is not None else None
    if parcel is None or parcel.sent_on is None or parcel.cancelled_at is not None:
        return {}
    if parcel.is_by_hand:
        return {"how": Service.IN_PERSON}
    arrived = {"served_on": parcel.delivered_on} if parcel.delivered_on else {}
    return {"note": f"{parcel.courier} {parcel.tracking}".strip(), **arrived}


def _done_words(deed: AnyDeed, *, is_filing: bool) -> str:
    if is_filing:
        return _("The file has been added to %(number)s.", number=deed.title)
    if isinstance(deed, Amendment):
        return _(
            "The signing of %(number)s is recorded; it takes effect on %(day)s.",
            number=deed.title,
            day=deed.effective_on.isoformat(),
        )
    return _(
        "The service of %(number)s is recorded; the agreement ends on %(day)s.",
        number=deed.title,
        day=deed.agreement.ends_on.isoformat(),
    )
