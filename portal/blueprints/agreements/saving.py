"""Saving what an agreement's form says: the register's missing facts, the draft, and its submission."""

import re
from typing import Any

from flask import flash, url_for
from flask_babel import gettext as _

from portal.blueprints.agreements.desk import HOLES, Desk
from portal.blueprints.agreements.differences import differences, take
from portal.blueprints.agreements.fitting import too_long
from portal.blueprints.agreements.forms import AgreementForm, TermChoice, TermField
from portal.blueprints.agreements.rows import prices, said_rows
from portal.domain.distributors import contacts
from portal.domain.distributors import services as distributors
from portal.domain.distributors.duplicates import LooksKnown
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError, Stale
from portal.domain.price_protection import defaults, drafting, steps
from portal.domain.price_protection.drafting import Entry, ViolationEntry
from portal.domain.price_protection.models import Agreement
from portal.domain.templates import services as templates
from portal.domain.users.models import User
from portal.extensions import db
from portal.printing.agreement import is_one_sheet
from portal.web.access import actor
from portal.web.htmx import submit
from portal.web.tables import as_id


def entry_from(desk: Desk, template_id: int) -> Entry:
    """What the form says; where an entry could not be read, what it started from."""
    form, base = desk.form, desk.base

    def said(name: str, otherwise: Any) -> Any:
        field = form[name]
        return otherwise if field.data is None else field.data

    values = {
        field.name: field.data
        for field in form
        if isinstance(field, TermField | TermChoice) and field.data not in (None, "")
    }
    for name in defaults.ASKED:
        if form[name].data:
            values[name] = form[name].data
    return Entry(
        template_id=template_id,
        effective_on=said("effective_on", base.effective_on),
        expires_on=said("expires_on", base.expires_on),
        rebate_ppm=said("rebate_rate", base.rebate_ppm),
        base_share=said("base_share", base.base_share),
        award_ppm=said("award_share", base.award_ppm),
        values=values,
        prices=prices(form),
        violations=[
            ViolationEntry(row.code, said(f"share-{row.code}", row.share_ppm))
            for row in desk.kinds
            if form[f"violation-{row.code}"].data
        ],
    )


def save(desk: Desk, do: str) -> str | None:
    """Write the register's missing facts and the draft, and submit it when asked; the address to go to."""
    form, me = desk.form, actor()
    is_outdated = False
    # What has to fit on one sheet is saved, printed, and only then submitted.
    is_tried = is_one_sheet(desk.edition.paper)

    def work() -> Agreement:
        nonlocal is_outdated
        is_outdated, desk.listed = False, []
        try:
            _keep_facts(desk)
            return _written(desk, me, and_submit=do == "submit" and not is_tried)
        except Stale:
            is_outdated = True
            raise
        except steps.Incomplete as error:
            desk.listed = error.problems
            raise
        except DomainError as error:
            raise DomainError(error.msgid, field=row_field(form, error.field), **error.params) from error

    saved = submit(form, work)
    if saved is not None:
        if do == "submit" and is_tried:
            return _tried(saved, me)
        if is_tried and (said := too_long(saved)):
            flash(_("%(number)s has been saved.", number=saved.number) + said, "warning")
            return url_for("agreements.detail", id=saved.id)
        if do == "submit":
            flash(_("%(number)s has been submitted for approval.", number=saved.number))
        else:
            flash(_("%(number)s has been saved.", number=saved.number))
        return url_for("agreements.detail", id=saved.id)
    if is_outdated and desk.agreement is not None:
        # Both readings are shown; saving again then replaces the other one knowingly.
        theirs = drafting.entry_of(db.session, desk.agreement)
        desk.stale = differences(db.session, theirs, entry_from(desk, desk.agreement.template_id))
        form.version.data = str(desk.agreement.version)
    return None


def _tried(saved: Agreement, me: User) -> str:
    """Submit what was saved, unless it does not fit on its sheet or something is missing; where to go then."""
    number, address = saved.number, url_for("agreements.detail", id=saved.id)
    if said := too_long(saved):
        flash(_("%(number)s was saved, not submitted.", number=number) + said, "error")
        return address
    try:
        submit(None, lambda: steps.submit(db.session, me, saved) or True)
    except steps.Incomplete:
        flash(_("Not submitted: the list below says what is still missing."), "error")
        return address + "#checks"
    flash(_("%(number)s has been submitted for approval.", number=number))
    return address


def _written(desk: Desk, me: User, *, and_submit: bool) -> Agreement:
    template = templates.ensure_template(db.session, desk.edition.key, desk.edition.version)
    entry = entry_from(desk, template.id)
    if desk.agreement is None:
        saved = drafting.draft(db.session, me, desk.distributor, entry, follows=desk.follows)
    else:
        version = as_id(str(desk.form.version.data)) or 0
        # Where two people wrote, each line is the one that was chosen.
        entry = take(entry, drafting.entry_of(db.session, desk.agreement), desk.taken)
        saved = drafting.edit(db.session, me, desk.agreement, entry, version=version)
    if and_submit:
        steps.submit(db.session, me, saved)
    return saved


def row_field(form: Any, field: str | None) -> str | None:
    """The field of the form for a row that the domain counted without the empty ones."""
    match = re.fullmatch(r"prices-(\d+)-(\w+)", field or "")
    if match is None:
        return field
    return f"{said_rows(form)[int(match[1])].name}-{match[2]}"


def _keep_facts(desk: Desk) -> None:
    """What was asked about party B goes into the register, in the same transaction."""
    form, distributor = desk.form, desk.distributor
    typed = {name: form[name].data for name in desk.asked if form[name].data}
    facts: dict[str, Any] = {
        name: typed[field] for name, field in HOLES.items() if field in typed and name != "contact"
    }
    try:
        if facts:
            _edit_party(form, distributor, facts)
        if name := typed.get("distributor_contact"):
            contacts.add(db.session, actor(), distributor, {"name": name})
    except LooksKnown as error:
        said = (
            f"{found.mention.code} {found.mention.name} ({found.mention.office})" for found in error.found
        )
        raise DomainError(
            "Other records have this credit code: %(records)s. Check it against the licence; "
            "if it is right, tick this and save again.",
            field="is_related",
            records="、".join(said),
        ) from error
    except DomainError as error:
        field = "distributor_contact" if error.field == "name" else HOLES.get(error.field or "")
        raise DomainError(error.msgid, field=field, **error.params) from error


def _edit_party(form: AgreementForm, distributor: Distributor, facts: dict[str, Any]) -> None:
    """Write what was asked; records with the same credit code are accepted once somebody has said so."""
    try:
        distributors.edit(db.session, actor(), distributor, facts, version=distributor.version)
    except LooksKnown as error:
        if not form.is_related.data:
            raise
        accepted = {found.mention.id for found in error.found}
        distributors.edit(
            db.session, actor(), distributor, facts, version=distributor.version, accepted=accepted
        )
