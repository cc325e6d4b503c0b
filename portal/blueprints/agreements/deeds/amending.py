"""Writing an amendment: the terms as they stand, to be changed, with both texts side by side."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.agreements import bp
from portal.blueprints.agreements import loading as agreements
from portal.blueprints.agreements.deeds import loading
from portal.blueprints.agreements.deeds.forms import AmendmentForm, build
from portal.blueprints.agreements.deeds.sides import Side, sides
from portal.blueprints.agreements.differences import shown
from portal.blueprints.agreements.forms import dress
from portal.blueprints.agreements.rows import add_rows, change_rows, hints, prices
from portal.blueprints.agreements.saving import row_field
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.papers.agreement import AgreementPaperData
from portal.domain.papers.model import LibraryRow
from portal.domain.price_protection import drafting, queries
from portal.domain.price_protection.deeds import amending, annexes, base, inforce, life
from portal.domain.price_protection.deeds.amending import Says
from portal.domain.price_protection.defaults import default_change_day
from portal.domain.price_protection.entries import Entry, ViolationEntry
from portal.domain.price_protection.models import Agreement, Amendment, DeedStatus, PriceKind
from portal.domain.price_protection.problems import Problem
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, say, submit
from portal.web.requests import ROW
from portal.web.tables import as_id


@dataclass
class Desk:
    """All that one amendment's form is about."""

    agreement: Agreement
    amendment: Amendment | None
    before: AgreementPaperData
    base: Entry
    library: list[LibraryRow]
    form: AmendmentForm
    # What keeps it from being submitted.
    listed: list[Problem] = field(default_factory=list)


@bp.route(f"/<{ROW}:id>/amend", methods=["GET", "POST"])
@requires(P.AGREEMENTS_WRITE)
def amend(id: int) -> ResponseReturnValue:
    """Draft the next amendment; one that is under way already is opened instead."""
    agreement = agreements.writable(id)
    under_way = base.open_deed(db.session, Amendment, agreement)
    if under_way is not None and request.method == "GET":
        flash(_("%(number)s is still under way.", number=under_way.title), "warning")
        return leave(loading.address(under_way))
    if request.method == "GET":
        # Before somebody types a whole page.
        amending.require_running(agreement)
        base.require_offered(db.session, base.AMENDMENT_KEY)
    return _write(agreement, None)


@bp.route(f"/<{ROW}:id>/amendments/<{ROW}:deed_id>/edit", methods=["GET", "POST"])
@requires(P.AGREEMENTS_WRITE)
def edit_amendment(id: int, deed_id: int) -> ResponseReturnValue:
    """Change a draft."""
    amendment = loading.writable(id, "amendments", deed_id)
    assert isinstance(amendment, Amendment)
    if amendment.status is not DeedStatus.DRAFT:
        flash(_("%(number)s is no longer a draft and cannot be changed.", number=amendment.title), "warning")
        return leave(loading.address(amendment))
    return _write(amendment.agreement, amendment)


def _write(agreement: Agreement, amendment: Amendment | None) -> ResponseReturnValue:
    desk = _set_up(agreement, amendment)
    do = request.form.get("do", "save") if request.method == "POST" else ""
    if do.startswith(("add-", "remove-")):
        change_rows(desk.form, desk.base, do)
    elif do in ("save", "submit") and desk.form.validate():
        saved = _save(desk, do)
        if saved is not None:
            return leave(loading.address(saved))
    return _show(desk)


def _set_up(agreement: Agreement, amendment: Amendment | None) -> Desk:
    if amendment is not None:
        before = amending.base_of(db.session, amendment)
        says = amending.says_of(amendment)
    else:
        before = inforce.said(db.session, agreement)
        earliest = max(today(), agreement.terms[-1].effective_on)
        says = Says(default_change_day(earliest, agreement.ends_on), "")
    library = annexes.kinds(db.session, agreement, before["violations"])
    base_entry = drafting.entry_of(db.session, agreement)
    form = build(
        [entry for entry in amending.amendable(agreement, actor()) if entry.name != "territory_description"],
        [row.code for row in library],
        formdata=request.form if request.method == "POST" else None,
        data=_data(before, says, library, amendment),
    )
    if request.method == "GET" and not form.prices.entries:
        add_rows(form, base_entry, 1)
    dress(form, queries.product_choices(db.session, besides=[row.product_id for row in base_entry.prices]))
    return Desk(agreement, amendment, before, base_entry, library, form)


def _data(
    before: AgreementPaperData, says: Says, library: list[LibraryRow], amendment: Amendment | None
) -> dict[str, Any]:
    values = {**before["values"], **says.values}
    rows = (
        [
            {"product_id": row["product_id"], "kind": PriceKind(str(row["kind_code"])), "amount": row["amount_figures"]}
            for row in before["prices"]
        ]
        if says.prices is None
        else [{"product_id": row.product_id, "kind": row.kind, "amount": row.amount_fen} for row in says.prices]
    )  # fmt: skip
    chosen = (
        {row["code"]: row["share"] for row in before["violations"]}
        if says.violations is None
        else {row.code: row.share_ppm for row in says.violations}
    )
    return {
        **values,
        "expires_on": date.fromisoformat(str(values["expires_on"])),
        "version": amendment.version if amendment else 0,
        "amendment_effective_on": says.effective_on,
        "amendment_reason": says.reason,
        "prices": rows,
        **{f"violation-{row.code}": row.code in chosen for row in library},
        **{f"share-{row.code}": chosen.get(row.code, row.share_ppm) for row in library},
    }


def _says(desk: Desk) -> Says:
    """What the form says; a field left empty means that the term stays."""
    form = desk.form
    values = {
        name: form[name].data
        for name in (*amending.AMENDABLE_COLUMNS, "territory_description")
        if form[name].data not in (None, "")
    }
    values |= {term.name: term.data for term in form.terms if term.data not in (None, "")}
    shares = {row.code: row.share_ppm for row in desk.library}
    return Says(
        effective_on=form.amendment_effective_on.data or today(),
        reason=form.amendment_reason.data or "",
        values=values,
        prices=prices(form),
        violations=[
            ViolationEntry(code, form[f"share-{code}"].data if form[f"share-{code}"].data is not None else share)
            for code, share in shares.items()
            if form[f"violation-{code}"].data
        ],
    )  # fmt: skip


def _save(desk: Desk, do: str) -> Amendment | None:
    says, me = _says(desk), actor()

    def work() -> Amendment:
        amendment = desk.amendment
        try:
            if amendment is None:
                amendment = amending.draft(db.session, me, desk.agreement, says)
            else:
                version = as_id(str(desk.form.version.data)) or 0
                amending.edit(db.session, me, amendment, says, version=version)
            if do == "submit":
                life.submit(db.session, me, amendment)
        except life.Incomplete as error:
            desk.listed = error.problems
            raise
        except DomainError as error:
            raise DomainError(error.msgid, field=row_field(desk.form, error.field), **error.params) from error
        return amendment

    saved = submit(desk.form, work)
    if saved is not None:
        flash(
            _("%(number)s has been submitted for approval.", number=saved.title)
            if do == "submit"
            else _("%(number)s has been saved.", number=saved.title)
        )
    return saved


def _agreed(desk: Desk) -> dict[tuple[int, PriceKind], int]:
    """What the agreement says of each price so far, in fen."""
    return {
        (int(str(row["product_id"])), PriceKind(str(row["kind_code"]))): int(str(row["amount_figures"]))
        for row in desk.before["prices"]
        if row["amount_figures"] is not None
    }


def _show(desk: Desk) -> ResponseReturnValue:
    changes: list[Side] = []
    refusal = ""
    try:
        data = amending.preview(
            db.session,
            actor(),
            desk.agreement,
            _says(desk),
            before=desk.before,
            amendment=desk.amendment,
        )
        changes = sides(data["changes"])
    except DomainError as error:
        refusal = say(error)
    return render(
        "agreements/deeds/amendment_form.html",
        fragment="agreements/deeds/_sides.html",
        form=desk.form,
        desk=desk,
        agreement=desk.agreement,
        changes=changes,
        refusal=refusal,
        now={
            name: shown(name, value)
            for name, value in desk.before["values"].items()
            if name in desk.form and value not in (None, "")
        },
        hints=hints(desk.form, _agreed(desk)),
        has_approved=True,
        here=url_for("agreements.amend", id=desk.agreement.id)
        if desk.amendment is None
        else url_for("agreements.edit_amendment", id=desk.agreement.id, deed_id=desk.amendment.id),
    )
