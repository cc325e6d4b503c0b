"""Writing a notice of termination."""

from dataclasses import asdict, fields
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.agreements import bp
from portal.blueprints.agreements import loading as agreements
from portal.blueprints.agreements.deeds import loading
from portal.blueprints.agreements.deeds.forms import NoticeForm
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.price_protection.deeds import base, life, terminating
from portal.domain.price_protection.deeds.terminating import Notice
from portal.domain.price_protection.models import Agreement, DeedStatus, Status, Termination
from portal.domain.price_protection.problems import Problem
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW
from portal.web.tables import as_id


@bp.route(f"/<{ROW}:id>/termination", methods=["GET", "POST"])
@requires(P.AGREEMENTS_WRITE)
def termination(id: int) -> ResponseReturnValue:
    """Draft the notice that ends an agreement early; one that is under way already is opened instead."""
    agreement = agreements.writable(id)
    if agreement.status is not Status.SIGNED:
        raise DomainError("Only a signed agreement can be terminated.")
    under_way = base.open_deed(db.session, Termination, agreement)
    if under_way is not None and request.method == "GET":
        flash(_("%(number)s is still under way.", number=under_way.title), "warning")
        return leave(loading.address(under_way))
    if request.method == "GET":
        base.require_offered(db.session, base.NOTICE_KEY)  # before somebody types a whole page
    return _write(agreement, None)


@bp.route(f"/<{ROW}:id>/notices/<{ROW}:deed_id>/edit", methods=["GET", "POST"])
@requires(P.AGREEMENTS_WRITE)
def edit_notice(id: int, deed_id: int) -> ResponseReturnValue:
    """Change a draft."""
    deed = loading.writable(id, "notices", deed_id)
    assert isinstance(deed, Termination)
    if deed.status is not DeedStatus.DRAFT:
        flash(_("%(number)s is no longer a draft and cannot be changed.", number=deed.title), "warning")
        return leave(loading.address(deed))
    return _write(deed.agreement, deed)


def _write(agreement: Agreement, deed: Termination | None) -> ResponseReturnValue:
    proposed = terminating.notice_of(deed) if deed else terminating.proposal(db.session, agreement)
    form = NoticeForm(data={**asdict(proposed), "version": deed.version if deed else 0})
    listed: list[Problem] = []
    if request.method == "POST" and form.validate():
        do = request.form.get("do", "save")
        notice = _notice(form)

        def work() -> Termination:
            made = deed
            try:
                if made is None:
                    made = terminating.draft(db.session, actor(), agreement, notice)
                else:
                    version = as_id(str(form.version.data)) or 0
                    terminating.edit(db.session, actor(), made, notice, version=version)
                if do == "submit":
                    life.submit(db.session, actor(), made)
            except life.Incomplete as error:
                listed.extend(error.problems)
                raise
            return made

        saved = submit(form, work)
        if saved is not None:
            flash(
                _("%(number)s has been submitted for approval.", number=saved.title)
                if do == "submit"
                else _("%(number)s has been saved.", number=saved.title)
            )
            return leave(loading.address(saved))
    return render(
        "agreements/deeds/notice_form.html",
        form=form,
        agreement=agreement,
        deed=deed,
        listed=listed,
        downstream=terminating.downstream(db.session, agreement),
        notice_days=terminating.agreed_days(
            db.session, agreement, terminating.NOTICE_DAYS, proposed.expected_on
        ),
        cure_days=terminating.agreed_days(
            db.session, agreement, terminating.CURE_DAYS, proposed.demanded_on or today()
        ),
        here=url_for("agreements.termination", id=agreement.id)
        if deed is None
        else url_for("agreements.edit_notice", id=agreement.id, deed_id=deed.id),
    )


def _notice(form: NoticeForm) -> Notice:
    said: dict[str, Any] = {field.name: form[field.name].data for field in fields(Notice)}
    for name, value in said.items():
        if value is None and name.endswith("_fen"):
            said[name] = 0
    said["reason"] = " ".join((form.reason.data or "").split())
    return Notice(**said)
